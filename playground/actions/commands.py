"""Application commands: registered, replaced in bulk, looked up by what a person types."""

import re
from collections.abc import Sequence

from playground import limits
from playground.entities import Command
from playground.errors import ApiError, Problem
from playground.events import Event
from playground.forms import Form, forms_of
from playground.wire import Payload
from playground.world import World

CHAT_INPUT, USER, MESSAGE = 1, 2, 3
SUB_COMMAND, SUB_COMMAND_GROUP, STRING, INTEGER = 1, 2, 3, 4
_PLAIN = frozenset(range(3, 12))
_IN_GROUP = frozenset({SUB_COMMAND})
_IN_COMMAND = frozenset(range(1, 12))
MOST_INTEGER = (1 << 53) - 1
_LOCALES = frozenset(
    {
        "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl", "no", "pl",
        "pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th", "zh-CN", "ja",
        "zh-TW", "ko",
    }
)  # fmt: skip
_NAME = re.compile(r"[-_'\w\u0900-\u097F\u0E00-\u0E7F]{1,32}")


def scope(world: World, application_id: str, guild_id: str | None) -> list[Command]:
    """The commands of an application in one scope, oldest first."""
    return [
        command
        for command in world.commands.values()
        if command.application_id == application_id and command.guild_id == guild_id
    ]


def available(world: World, application_id: str, guild_id: str | None) -> list[Command]:
    """What a person can call in a guild: its own commands, then global ones of other names."""
    own = scope(world, application_id, guild_id) if guild_id else []
    names = {(command.body["name"], command.body.get("type", 1)) for command in own}
    return own + [
        command
        for command in scope(world, application_id, None)
        if (command.body["name"], command.body.get("type", 1)) not in names
    ]


def replace_all(world: World, application_id: str, guild_id: str | None, bodies: object) -> list[Command]:
    """Bulk PUT: what is not named is gone, what is unchanged keeps id and version."""
    forms, whole = forms_of(bodies)
    read = [read_command(one) for one in forms]
    whole.check()
    _check_counts(read)
    earlier = {(c.body["name"], c.body.get("type", 1)): c for c in scope(world, application_id, guild_id)}
    kept = [
        _put(world, application_id, guild_id, body, earlier.pop((body["name"], body["type"]), None))
        for body in read
    ]
    for command in earlier.values():
        world.drop(command)
    _tell(world, application_id)
    return kept


def create(world: World, application_id: str, guild_id: str | None, body: object) -> tuple[Command, bool]:
    """POST: a command of the same name and type is replaced. Also says whether it is new."""
    form = Form(body)
    read = read_command(form)
    form.check()
    existing = scope(world, application_id, guild_id)
    same = next(
        (c for c in existing if (c.body["name"], c.body.get("type", 1)) == (read["name"], read["type"])), None
    )
    _check_counts([command.body for command in existing if command is not same] + [read])
    command = _put(world, application_id, guild_id, read, same)
    _tell(world, application_id)
    return command, same is None


def update(world: World, command: Command, body: object) -> Command:
    """PATCH: the fields given change."""
    given = Form(body)
    given.check()
    kind = {"type": command.body["type"]}
    form = Form(command.body | {key: given.raw(key) for key in given.names()} | kind)
    read = read_command(form)
    form.check()
    others = [
        one.body for one in scope(world, command.application_id, command.guild_id) if one is not command
    ]
    _check_counts([*others, read])
    changed = _put(world, command.application_id, command.guild_id, read, command)
    _tell(world, command.application_id)
    return changed


def delete(world: World, command: Command) -> None:
    """Take a command away."""
    world.drop(command)
    _tell(world, command.application_id)


def find(world: World, application_id: str, guild_id: str | None, command_id: str) -> Command:
    """A command of a scope; else 10063."""
    command = world.commands.get(command_id)
    if command is None or (command.application_id, command.guild_id) != (application_id, guild_id):
        raise ApiError(Problem.UNKNOWN_COMMAND)
    return command


def _put(
    world: World, application_id: str, guild_id: str | None, body: Payload, earlier: Command | None
) -> Command:
    if earlier is not None and earlier.body == body:
        return earlier
    new_id = world.ids.mint()
    command = Command(
        id=earlier.id if earlier else new_id,
        application_id=application_id,
        version=world.ids.mint(),
        body=body,
        guild_id=guild_id,
    )
    world.save(command)
    return command


def _check_counts(bodies: Sequence[Payload]) -> None:
    if sum(1 for body in bodies if body["type"] == CHAT_INPUT) > limits.COMMANDS_PER_SCOPE:
        raise ApiError(Problem.TOO_MANY_COMMANDS)
    names = [(body["name"], body["type"]) for body in bodies]
    if len(set(names)) != len(names):
        raise ApiError(
            Problem.INVALID_FORM,
            errors={
                "_errors": [
                    {
                        "code": "APPLICATION_COMMANDS_DUPLICATE_NAME",
                        "message": "Application command names must be unique",
                    }
                ]
            },
        )


def _tell(world: World, application_id: str) -> None:
    world.emit(
        Event(
            name="COMMANDS_UPDATE",
            shape=lambda _: {"application_id": application_id},
            page_only=True,
        )
    )


def read_command(form: Form) -> Payload:
    """A command as it is stored and given back."""
    kind = form.choice("type", {1, 2, 3, 4}) or CHAT_INPUT
    name = form.text("name", least=1, most=32, needed=True) or ""
    shaped: Payload = {"type": kind, "name": name}
    if kind == CHAT_INPUT:
        _check_name(form, "name", name)
        shaped["description"] = form.text("description", least=1, most=100, needed=True) or ""
        shaped["options"] = _options(form, _IN_COMMAND)
        if not form.refused("options") and _characters(shaped) > 8000:
            form.wrong("options", "APPLICATION_COMMAND_TOO_LARGE", "Command exceeds maximum size (8000)")
    else:
        shaped["description"] = ""
        for key in ("description", "options"):
            if form.raw(key):
                form.wrong(key, "APPLICATION_COMMAND_CONTEXT_MENU", f"Only chat input commands have {key}")
    permissions = form.integer("default_member_permissions", least=0)
    shaped["default_member_permissions"] = None if permissions is None else str(permissions)
    allowed_in_dm = form.flag("dm_permission")
    shaped["dm_permission"] = True if allowed_in_dm is None else allowed_in_dm
    shaped["nsfw"] = form.flag("nsfw") or False
    for key, known in (("contexts", range(3)), ("integration_types", range(2))):
        if form.raw(key) is not None:
            shaped[key] = form.choices(key, known)
    return shaped | _localizations(form, words=kind == CHAT_INPUT)


def _localizations(form: Form, *, words: bool) -> Payload:
    """Names and descriptions in other languages, by the same rules."""
    found: Payload = {}
    for key, most in (("name_localizations", 32), ("description_localizations", 100)):
        inner = form.inner(key)
        if inner is None:
            continue
        texts = {locale: inner.text(locale, least=1, most=most) for locale in inner.names()}
        for locale, text in texts.items():
            if locale not in _LOCALES:
                form.wrong(key, "BASE_TYPE_CHOICES", f"Unknown locale {locale!r}.")
            elif words and most == 32 and text is not None:
                _check_name(inner, locale, text)
        found[key] = texts
    return found


def _check_name(form: Form, key: str, name: str) -> None:
    if not form.refused(key) and (not _NAME.fullmatch(name) or name != name.lower()):
        form.wrong(key, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _characters(body: Payload) -> int:
    """What counts towards 8,000: names, descriptions and string values of choices, all the way down."""
    total = len(body["name"]) + len(body.get("description", ""))
    total += sum(len(c["name"]) + len(str(c["value"])) for c in body.get("choices", []))
    return total + sum(_characters(option) for option in body.get("options", []))


def _options(form: Form, allowed: frozenset[int]) -> list[Payload]:
    """The options of a command, group or subcommand, each of an allowed kind."""
    shaped = [_option(option, allowed) for _, option in form.inners("options", most=25)]
    kinds = {option["type"] in {SUB_COMMAND, SUB_COMMAND_GROUP} for option in shaped}
    if len(kinds) > 1:
        form.wrong("options", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
                   "Sub-commands and groups exclude all other option types")  # fmt: skip
    needed = [bool(option.get("required")) for option in shaped]
    if needed != sorted(needed, reverse=True):
        form.wrong("options", "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                   "Required options must be placed before non-required options")  # fmt: skip
    if len({option["name"] for option in shaped}) != len(shaped):
        form.wrong("options", "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS",
                   "Option name already exists")  # fmt: skip
    return shaped


def _option(form: Form, allowed: frozenset[int]) -> Payload:
    if form.raw("type") is None:
        form.wrong("type", "BASE_TYPE_REQUIRED", "This field is required")
    kind = form.choice("type", allowed) or STRING
    name = form.text("name", least=1, most=32, needed=True) or ""
    _check_name(form, "name", name)
    shaped: Payload = {
        "type": kind,
        "name": name,
        "description": form.text("description", least=1, most=100, needed=True) or "",
    } | _localizations(form, words=True)
    if kind in {SUB_COMMAND, SUB_COMMAND_GROUP}:
        shaped["options"] = _options(form, _IN_GROUP if kind == SUB_COMMAND_GROUP else _PLAIN)
        return shaped
    if form.flag("required"):
        shaped["required"] = True
    choices = [
        {"name": choice.text("name", least=1, most=100, needed=True), "value": choice_value(choice, kind)}
        for _, choice in form.inners("choices", most=25)
    ]
    if choices:
        shaped["choices"] = choices
    if form.flag("autocomplete"):
        shaped["autocomplete"] = True
    if choices and shaped.get("autocomplete"):
        form.wrong("", "APPLICATION_COMMAND_OPTIONS_CHOICES_AND_AUTOCOMPLETE",
                   "Choices and autocomplete cannot both be set")  # fmt: skip
    return shaped | _bounds(form, kind)


def choice_value(form: Form, kind: int) -> str | float | None:
    """The value of a choice for an option: a text of 1-100 characters, or a number within 2^53."""
    value = form.raw("value")
    if value is None:
        form.wrong("value", "BASE_TYPE_REQUIRED", "This field is required")
    elif kind == STRING:
        form.text("value", least=1, most=100)
    elif isinstance(value, str):
        form.wrong("value", "NUMBER_TYPE_COERCE", f'Value "{value}" is not a number.')
    elif kind == INTEGER:
        form.integer("value", least=-MOST_INTEGER, most=MOST_INTEGER)
    else:
        form.number("value")
    return value


def _bounds(form: Form, kind: int) -> Payload:
    """The smallest and largest that an option takes, and the kinds of its channels."""
    found: Payload = {}
    for key, least in (("min_length", 0), ("max_length", 1)):
        found[key] = form.integer(key, least=least, most=6000)
    for key in ("min_value", "max_value"):
        found[key] = form.integer(key) if kind == INTEGER else form.number(key)
    if form.raw("channel_types") is not None:
        found["channel_types"] = form.choices("channel_types", range(17))
    return {key: value for key, value in found.items() if value is not None}
