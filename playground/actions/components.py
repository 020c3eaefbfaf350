"""Components of messages and modals: checked, numbered and completed as Discord gives them back. Pure."""

from collections.abc import Iterator
from itertools import count

from playground.emoji import is_emoji
from playground.forms import Form
from playground.wire import Payload

ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
SELECTS = frozenset({3, 5, 6, 7, 8})
SECTION, TEXT_DISPLAY, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER, LABEL = 9, 10, 11, 12, 13, 14, 17, 18
_TOP = frozenset({ROW})
_TOP_MODERN = frozenset({ROW, SECTION, TEXT_DISPLAY, GALLERY, FILE, SEPARATOR, CONTAINER})
_TOP_MODAL = frozenset({ROW, TEXT_DISPLAY, LABEL})
_NESTED = ("components", "component", "accessory")
_SELECT_FIELDS = frozenset(
    {"custom_id", "placeholder", "min_values", "max_values", "disabled", "default_values", "channel_types"}
)
_KNOWN = {
    BUTTON: frozenset({"style", "label", "emoji", "custom_id", "url", "sku_id", "disabled"}),
    STRING_SELECT: _SELECT_FIELDS | {"options"},
    5: _SELECT_FIELDS,
    6: _SELECT_FIELDS,
    7: _SELECT_FIELDS,
    8: _SELECT_FIELDS,
}
"""What a message gives back of a component; what else clients send is dropped."""
_INSIDE = {
    ROW: frozenset({BUTTON}) | SELECTS,
    SECTION: frozenset({TEXT_DISPLAY}),
    CONTAINER: frozenset({ROW, SECTION, TEXT_DISPLAY, GALLERY, FILE, SEPARATOR}),
}
"""What may stand in `components` of what, in messages."""
_BESIDE = frozenset({BUTTON, THUMBNAIL})
"""What may be the accessory of a section."""
LINK_STYLE, PREMIUM_STYLE = 5, 6
LINK_SCHEMES = ("http", "https", "discord")
MEDIA_SCHEMES = ("http", "https", "attachment")
MODERN_COUNT, MODERN_CHARS, DEEPEST = 40, 4000, 5


def read_components(form: Form, *, modern: bool = False, modal: bool = False) -> list[Payload]:
    """The `components` of a form, each with its integer id."""
    allowed = _TOP_MODAL if modal else _TOP_MODERN if modern else _TOP
    reader = _Reader(modal=modal)
    found = form.inners("components", most=None if modern else 5)
    shaped = [reader.read(one) for _, one in found if _is_one_of(one, allowed)]
    _number(form, shaped)
    if modern and reader.count > MODERN_COUNT:
        form.wrong("components", "BASE_TYPE_MAX_LENGTH", f"Must be {MODERN_COUNT} or fewer in length.")
    if modern and reader.chars > MODERN_CHARS:
        form.wrong(
            "components", "COMPONENT_MAX_TOTAL_TEXT", f"Text must be {MODERN_CHARS} or fewer in length."
        )
    return shaped


def _is_one_of(form: Form, allowed: frozenset[int]) -> bool:
    """Whether a component is of a kind that may stand where it stands; else that is noted."""
    kind = form.integer("type")
    if kind is None and not form.refused("type"):
        form.wrong("type", "BASE_TYPE_REQUIRED", "This field is required")
    elif kind not in allowed:
        options = ", ".join(str(one) for one in sorted(allowed))
        form.wrong("type", "UNION_TYPE_CHOICES", f'Value of field "type" must be one of ({options}).')
    return kind in allowed


def _number(form: Form, components: list[Payload]) -> None:
    """Give every component an id: the client's own, which must differ, or the next one that is free."""
    everything = list(walk(components))
    given: list[int] = [one["id"] for one in everything if one.get("id")]
    if len(set(given)) != len(given):
        form.wrong("components", "COMPONENT_ID_DUPLICATED", "Component id cannot be duplicated")
    free = (number for number in count(1) if number not in set(given))
    for one in everything:
        one["id"] = one.get("id") or next(free)


class _Reader:
    """Walks a tree of components, checking and counting."""

    def __init__(self, *, modal: bool) -> None:
        self._modal = modal
        self.count = 0
        self.chars = 0
        self._custom_ids: set[str] = set()

    def read(self, form: Form, depth: int = 0) -> Payload:
        self.count += 1
        if depth > DEEPEST:
            form.wrong("", "COMPONENT_TOO_DEEP", "Components are nested too deeply.")
            return {}
        given = {key: form.raw(key) for key in form.names() if form.raw(key) is not None}
        kind = form.integer("type")
        known = _KNOWN.get(kind or 0)
        shaped: Payload = {
            key: value
            for key, value in given.items()
            if key not in _NESTED and (known is None or self._modal or key in known)
        }
        shaped["id"] = form.integer("id", least=0)
        shaped["type"] = kind
        self._check(form, kind, shaped)
        self._read_inner(form, kind, shaped, depth)
        return shaped

    def _read_inner(self, form: Form, kind: int | None, shaped: Payload, depth: int) -> None:
        allowed = None if self._modal else _INSIDE.get(kind or 0, frozenset[int]())
        if form.has("components") or kind in _INSIDE:
            inside = [
                one for _, one in form.inners("components") if allowed is None or _is_one_of(one, allowed)
            ]
            shaped["components"] = [self.read(one, depth + 1) for one in inside]
            _check_count(form, kind, shaped["components"])
        for key in ("component", "accessory"):
            inner = form.inner(key)
            if inner is not None and (self._modal or _is_one_of(inner, _BESIDE)):
                shaped[key] = self.read(inner, depth + 1)
        if kind == SECTION and not self._modal and form.raw("accessory") is None:
            form.wrong("accessory", "BASE_TYPE_REQUIRED", "This field is required")

    def _check(self, form: Form, kind: int | None, shaped: Payload) -> None:
        if kind == BUTTON:
            self._button(form, shaped)
        elif kind in SELECTS:
            self._select(form, kind, shaped)
        elif kind == TEXT_INPUT:
            self._custom_id(form)
            form.text("label", least=1, most=45)
            form.choice("style", {1, 2})
        elif kind == TEXT_DISPLAY:
            self.chars += len(form.text("content", least=1, most=4000, needed=True) or "")
        elif kind is not None:
            shaped |= _completed(form, kind)

    def _button(self, form: Form, shaped: Payload) -> None:
        style = form.choice("style", range(1, 7)) or 1
        shaped["style"] = style
        form.text("label", most=80)
        if style == LINK_STYLE:
            form.address("url", most=512, schemes=LINK_SCHEMES, needed=True)
        elif style != PREMIUM_STYLE:
            self._custom_id(form)
        if form.raw("url") is not None and form.raw("custom_id") is not None:
            form.wrong("", "BUTTON_COMPONENT_CUSTOM_ID_URL", "A custom id and url cannot both be specified")
        if style != PREMIUM_STYLE and not form.raw("label") and not form.raw("emoji"):
            form.wrong("", "BUTTON_COMPONENT_LABEL_OR_EMOJI", "A button must have a label or emoji")
        shaped["disabled"] = form.flag("disabled") or False
        if "emoji" in shaped:
            shaped["emoji"] = _emoji(form)

    def _select(self, form: Form, kind: int | None, shaped: Payload) -> None:
        self._custom_id(form)
        form.text("placeholder", most=150)
        least = form.integer("min_values", least=0, most=25)
        most = form.integer("max_values", least=1, most=25) or 1
        shaped["min_values"] = least = 1 if least is None else least
        shaped["max_values"] = most
        shaped["disabled"] = form.flag("disabled") or False
        if least > most:
            form.wrong("min_values", "SELECT_COMPONENT_MIN_VALUES", "Must not be greater than max_values")
        if kind == STRING_SELECT:
            shaped["options"] = self._options(form, least)

    def _options(self, form: Form, least: int) -> list[Payload]:
        options: list[Payload] = []
        for index, one in form.inners("options", most=25):
            option = _option(one)
            if option["value"] in {earlier["value"] for earlier in options}:
                form.wrong(
                    f"options.{index}",
                    "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                    "The specified option value is already used",
                )
            options.append(option)
        if not options:
            form.wrong("options", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 25 in length.")
        elif least > len(options):
            form.wrong("options", "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and 25 in length.")
        return options

    def _custom_id(self, form: Form) -> None:
        custom_id = form.text("custom_id", least=1, most=100, needed=True)
        if custom_id in self._custom_ids:
            form.wrong(
                "custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated"
            )
        if custom_id is not None:
            self._custom_ids.add(custom_id)


def _completed(form: Form, kind: int) -> Payload:
    """The fields that Discord fills in on layout components."""
    spoiler = form.flag("spoiler") or False
    match kind:
        case 11:
            return {
                "media": _media(form, "media"),
                "description": form.text("description"),
                "spoiler": spoiler,
            }
        case 12:
            items = [
                {
                    "media": _media(item, "media"),
                    "description": item.text("description", most=1024),
                    "spoiler": item.flag("spoiler") or False,
                }
                for _, item in form.inners("items", most=10)
            ]
            if not items:
                form.wrong("items", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 10 in length.")
            return {"items": items}
        case 13:
            return {"file": _media(form, "file"), "name": None, "size": None, "spoiler": spoiler}
        case 14:
            divider = form.flag("divider")
            spacing = form.choice("spacing", {1, 2}) or 1
            return {"spacing": spacing, "divider": True if divider is None else divider}
        case 17:
            colour = form.integer("accent_color", least=0, most=0xFFFFFF)
            return {"accent_color": colour, "spoiler": spoiler}
        case _:
            return {}


def _media(form: Form, key: str) -> Payload:
    inner = form.inner(key) or Form({})
    if not form.has(key):
        form.wrong(key, "BASE_TYPE_REQUIRED", "This field is required")
        return {"url": ""}
    return {"url": inner.address("url", schemes=MEDIA_SCHEMES, needed=True) or ""}


def _emoji(form: Form) -> Payload:
    """A partial emoji: a unicode one by name, or a custom one by id."""
    inner = form.inner("emoji") or Form({})
    name, emoji_id = inner.text("name"), inner.snowflake("id")
    if emoji_id is None and not is_emoji(name or "") and not form.refused("emoji"):
        inner.wrong("name", "BUTTON_COMPONENT_INVALID_EMOJI", "Invalid emoji")
    return {key: value for key, value in (("name", name or ""), ("id", emoji_id)) if value is not None}


def _option(form: Form) -> Payload:
    shaped: Payload = {
        "label": form.text("label", least=1, most=100, needed=True),
        "value": form.text("value", least=1, most=100, needed=True),
    }
    description = form.text("description", most=100)
    if description is not None:
        shaped["description"] = description
    if form.raw("emoji") is not None:
        shaped["emoji"] = _emoji(form)
    if form.flag("default"):
        shaped["default"] = True
    return shaped


def _check_count(form: Form, kind: int | None, components: list[Payload]) -> None:
    """How many may stand inside: one select or five buttons in a row, three texts in a section."""
    alone = any(one.get("type") in SELECTS or one.get("type") == TEXT_INPUT for one in components)
    most = {ROW: 1 if alone else 5, SECTION: 3, CONTAINER: MODERN_COUNT}.get(kind or 0)
    if most is not None and not 1 <= len(components) <= most and not form.refused("components"):
        form.wrong("components", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {most} in length.")


def walk(components: list[Payload]) -> Iterator[Payload]:
    """Every component of a tree."""
    for one in components:
        yield one
        yield from walk(one.get("components") or [])
        for key in ("component", "accessory"):
            if one.get(key):
                yield from walk([one[key]])
