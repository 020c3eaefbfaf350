"""From what a person fills in to the `data` of a command interaction: options by name, checked, resolved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from playground.actions.bodies import Upload
from playground.actions.commands import SUB_COMMAND, SUB_COMMAND_GROUP
from playground.entities import Attachment, Channel, Command
from playground.errors import ApiError, Problem
from playground.events import Viewer
from playground.people.asking import wrong
from playground.shapes.messages import attachment_object, message_object
from playground.shapes.people import member_object, role_object, user_object
from playground.shapes.places import channel_object
from playground.wire import Payload
from playground.world import World

STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(3, 12)
_KIND_NAMES = {
    STRING: "a text", INTEGER: "a whole number", BOOLEAN: "true or false", USER: "a user's id",
    CHANNEL: "a channel's id", ROLE: "a role's id", MENTIONABLE: "a user's or role's id",
    NUMBER: "a number", ATTACHMENT: "a file",
}  # fmt: skip


def find_command(found: Sequence[Command], words: Sequence[str]) -> tuple[Command, list[Payload]]:
    """The command of a typed name and the subcommand options on the way down. Raises a 400."""
    for command in found:
        if command.body["name"] != words[0] or command.body.get("type", 1) != 1:
            continue
        path: list[Payload] = []
        options: list[Payload] = command.body.get("options", [])
        for word in words[1:]:
            inner = next(
                (o for o in options if o["name"] == word and o["type"] in {SUB_COMMAND, SUB_COMMAND_GROUP}),
                None,
            )
            if inner is None:
                raise wrong(f"/{words[0]} has no subcommand {word!r}.")
            path.append(inner)
            options = inner.get("options", [])
        if any(option["type"] in {SUB_COMMAND, SUB_COMMAND_GROUP} for option in options):
            names = ", ".join(option["name"] for option in options)
            raise wrong(f"/{' '.join(words)} needs a subcommand: one of {names}.")
        return command, path
    names = ", ".join(sorted(command.body["name"] for command in found)) or "none"
    raise wrong(f"There is no command /{words[0]}. Commands: {names}.")


@dataclass(slots=True, kw_only=True)
class Filling:
    """Fills in the options of one call."""

    world: World
    channel: Channel
    user_id: str
    uploads: Sequence[Upload]
    resolved: Payload = field(default_factory=dict[str, Any])
    _files_used: int = 0

    def fill(
        self, options: Sequence[Payload], values: Mapping[str, Any], *, focused: str | None = None
    ) -> list[Payload]:
        """The options in the order of the command. With `focused` (autocomplete) none is required."""
        unknown = set(values) - {option["name"] for option in options}
        if unknown:
            raise wrong(f"There is no option {sorted(unknown)[0]!r}.")
        filled: list[Payload] = []
        for option in options:
            value = self._value(option, values, loosely=focused == option["name"])
            if value is None:
                if option.get("required") and focused is None:
                    raise wrong(f"Option {option['name']!r} is required.")
                continue
            one: Payload = {"name": option["name"], "type": option["type"], "value": value}
            filled.append(one | {"focused": True} if focused == option["name"] else one)
        if focused is None and self._files_used < len(self.uploads):
            raise wrong("There are more files than options that take one.")
        return filled

    def _value(self, option: Payload, values: Mapping[str, Any], *, loosely: bool) -> Any:
        kind = option["type"]
        if kind == ATTACHMENT:
            return self._attachment()
        value = values.get(option["name"])
        if value is None:
            return None
        if loosely:
            return str(value)
        checked = self._checked(kind, option, value)
        choices = [choice["value"] for choice in option.get("choices", [])]
        if choices and checked not in choices:
            raise wrong(f"Option {option['name']!r} must be one of {', '.join(str(one) for one in choices)}.")
        return checked

    def _checked(self, kind: int, option: Payload, value: Any) -> Any:
        match kind:
            case 3 if isinstance(value, str):
                _within(option, len(value), "min_length", "max_length", default_most=6000)
                return value
            case 4 if isinstance(value, int) and not isinstance(value, bool):
                _within(option, value, "min_value", "max_value")
                return value
            case 5 if isinstance(value, bool):
                return value
            case 10 if isinstance(value, int | float) and not isinstance(value, bool):
                _within(option, value, "min_value", "max_value")
                return value
            case 6 | 7 | 8 | 9 if isinstance(value, str | int) and not isinstance(value, bool):
                return self._resolve(kind, option, str(value))
            case _:
                raise wrong(f"Option {option['name']!r} must be {_KIND_NAMES[kind]}, not {value!r}.")

    def _resolve(self, kind: int, option: Payload, value: str) -> str:
        try:
            if kind in {USER, MENTIONABLE} and value in self.world.users:
                return self.add_user(value)
            if kind in {ROLE, MENTIONABLE}:
                return self.add_role(value)
            if kind == CHANNEL:
                return self.add_channel(value)
        except ApiError:
            pass
        raise wrong(f"Option {option['name']!r} must be {_KIND_NAMES[kind]} of this server, not {value!r}.")

    def add_user(self, user_id: str) -> str:
        """Name a user in `resolved`, as a member where it is one."""
        self._under("users")[user_id] = user_object(self.world.user(user_id))
        member = self.world.members.get((self.channel.guild_id or "", user_id))
        if member is not None:
            shaped = member_object(self.world, member, with_user=False)
            permissions = str(self.world.permissions(self.channel, user_id))
            self._under("members")[user_id] = shaped | {"permissions": permissions}
        return user_id

    def add_role(self, role_id: str) -> str:
        """Name a role in `resolved`."""
        role = self.world.role(self.channel.guild_id or "", role_id)
        self._under("roles")[role_id] = role_object(role)
        return role_id

    def add_channel(self, channel_id: str) -> str:
        """Name a channel in `resolved`, with the person's permissions in it."""
        channel = self.world.channel(channel_id)
        shaped = channel_object(self.world, channel, viewer_id=self.user_id)
        permissions = str(self.world.permissions(channel, self.user_id))
        self._under("channels")[channel_id] = shaped | {"permissions": permissions}
        return channel_id

    def add_message(self, message_id: str, application_id: str) -> None:
        """Name a message of the channel in `resolved`. The target of a command is readable without intent."""
        message = self.world.message(self.channel.id, message_id)
        if message.ephemeral_to not in {None, self.user_id}:
            raise ApiError(Problem.UNKNOWN_MESSAGE)
        viewer = Viewer(user_id=application_id)
        self._under("messages")[message_id] = message_object(self.world, message, viewer)

    def _attachment(self) -> str | None:
        if self._files_used >= len(self.uploads):
            return None
        upload = self.uploads[self._files_used]
        self._files_used += 1
        attachment = Attachment(
            id=self.world.ids.mint(),
            filename=upload.name,
            size=upload.size,
            content_type=upload.content_type,
            width=upload.width,
            height=upload.height,
            ephemeral=True,
        )
        self.world.store.adopt(upload.path, attachment.id)
        shaped = attachment_object(self.world, self.channel.id, attachment)
        self._under("attachments")[attachment.id] = shaped
        return attachment.id

    def _under(self, key: str) -> Payload:
        found: Payload = self.resolved.setdefault(key, {})
        return found


def _within(
    option: Payload, value: float, least_key: str, most_key: str, *, default_most: float | None = None
) -> None:
    least, most = option.get(least_key), option.get(most_key, default_most)
    if (least is not None and value < least) or (most is not None and value > most):
        what = "length" if "length" in least_key else "value"
        raise wrong(f"The {what} of option {option['name']!r} must be from {least or 0} to {most}.")


def nest(path: Sequence[Payload], options: list[Payload]) -> list[Payload]:
    """Options under their group and subcommand."""
    for step in reversed(path):
        options = [{"name": step["name"], "type": step["type"], "options": options}]
    return options
