"""Commands, autocomplete, components and modals: what a person starts and a bot answers."""

from collections.abc import Mapping
from typing import Any, cast

from aiohttp import web

from playground.actions import interactions
from playground.actions.access import require, visible
from playground.actions.bodies import Upload
from playground.actions.commands import CHAT_INPUT, USER, available
from playground.actions.components import SELECTS, walk
from playground.entities import DM, Channel, Command, Interaction
from playground.errors import ApiError, Problem
from playground.events import Viewer
from playground.forms import Form
from playground.limits import ANSWER_WITHIN_S
from playground.people.asking import check_sizes, need, read_files, read_form, wrong
from playground.people.modals import filled_in
from playground.people.options import Filling, find_command, nest
from playground.people.watching import Watch
from playground.permissions import Permission
from playground.shapes.messages import message_object
from playground.wire import Payload
from playground.world import World

COMPLETE_WITHIN_S = 15.0
STRING_SELECT = 3


class Calling:
    """The handlers of /playground/commands, /autocomplete, /components and /modals."""

    def __init__(self, world: World, watch: Watch) -> None:
        self._world, self._watch = world, watch

    async def command(self, request: web.Request) -> Payload:
        """Run a command as a person does; returns when the answer is complete."""
        form = await read_form(request)
        uploads = await read_files(form, self._world.store)
        try:
            interaction = self._start_command(form, uploads)
        finally:
            for upload in uploads:
                upload.path.unlink(missing_ok=True)
        return await self._outcome(interaction)

    async def autocomplete(self, request: web.Request) -> Payload:
        """What a bot suggests for an option that is being typed."""
        form = await read_form(request)
        interaction = self._start_command(form, (), focused=need(form, "option"))
        outcome = await self._outcome(interaction)
        return outcome | {"choices": interaction.choices, "response": interaction.choices}

    def _start_command(
        self, form: Form, uploads: tuple[Upload, ...], *, focused: str | None = None
    ) -> Interaction:
        world, user_id = self._world, need(form, "user_id")
        channel = self._channel(need(form, "channel_id"), user_id)
        check_sizes(world, channel, uploads)
        given = form.raw("guild_id")
        if given is not None and str(given) != channel.guild_id:
            raise wrong("The channel is not in that server.")
        if form.has("target_id"):
            return self._start_on_target(form, channel, user_id)
        words = need(form, "name").removeprefix("/").split()
        if not words:
            raise wrong("'name' is empty.")
        command, path = find_command(self._commands(channel), words)
        self._check_allowed(command, channel, user_id)
        values = dict(_values(form))
        if focused is not None:
            values[focused] = form.raw("value") if form.raw("value") is not None else ""
        filling = Filling(world=world, channel=channel, user_id=user_id, uploads=uploads)
        options = (path[-1] if path else command.body).get("options", [])
        data: Payload = {
            "id": command.id,
            "name": command.body["name"],
            "type": 1,
            "options": nest(path, filling.fill(options, values, focused=focused)),
        }
        if filling.resolved:
            data["resolved"] = filling.resolved
        if command.guild_id is not None:
            data["guild_id"] = command.guild_id
        kind = interactions.COMMAND if focused is None else interactions.AUTOCOMPLETE
        return self._start(kind, command.application_id, channel, user_id, data)

    def _start_on_target(self, form: Form, channel: Channel, user_id: str) -> Interaction:
        """A command of a user's or a message's menu."""
        name, target_id = need(form, "name"), need(form, "target_id")
        for command in self._commands(channel):
            kind = command.body["type"]
            if command.body["name"] != name or kind == CHAT_INPUT:
                continue
            self._check_allowed(command, channel, user_id)
            filling = Filling(world=self._world, channel=channel, user_id=user_id, uploads=())
            if kind == USER:
                filling.add_user(target_id)
            else:
                filling.add_message(target_id, command.application_id)
            data: Payload = {
                "id": command.id,
                "name": name,
                "type": kind,
                "target_id": target_id,
                "resolved": filling.resolved,
            }
            return self._start(interactions.COMMAND, command.application_id, channel, user_id, data)
        raise wrong(f"There is no command {name!r} in the menus of users and messages.")

    def _channel(self, channel_id: str, user_id: str) -> Channel:
        self._world.user(user_id)
        return visible(self._world, channel_id, user_id)

    def _commands(self, channel: Channel) -> list[Command]:
        return [
            command
            for app in self._world.applications.values()
            if channel.guild_id is None or (channel.guild_id, app.id) in self._world.members
            for command in available(self._world, app.id, channel.guild_id)
        ]

    def _check_allowed(self, command: Command, channel: Channel, user_id: str) -> None:
        contexts: list[int] | None = command.body.get("contexts")
        if contexts is not None and (1 if channel.type == DM else 0) not in contexts:
            raise ApiError(Problem.MISSING_ACCESS)
        if channel.type == DM:
            if command.guild_id is not None or (
                contexts is None and command.body.get("dm_permission") is False
            ):
                raise ApiError(Problem.MISSING_ACCESS)
            return
        require(self._world, channel, user_id, Permission.USE_APPLICATION_COMMANDS)
        needed = int(command.body.get("default_member_permissions") or 0)
        granted = self._world.permissions(channel, user_id)
        if granted & needed != needed or (
            command.body.get("default_member_permissions") == "0" and not granted & 8
        ):
            raise ApiError(Problem.MISSING_PERMISSIONS)

    def _start(
        self,
        kind: int,
        application_id: str,
        channel: Channel,
        user_id: str,
        data: Payload,
        *,
        message_id: str | None = None,
        triggered_by: Payload | None = None,
    ) -> Interaction:
        with self._world.change():
            return interactions.start(
                self._world,
                kind,
                application_id=application_id,
                channel=channel,
                user_id=user_id,
                data=data,
                message_id=message_id,
                triggered_by=triggered_by,
            )

    async def component(self, request: web.Request) -> Payload:
        """Press a button or choose from a select."""
        form = await read_form(request)
        user_id, custom_id = need(form, "user_id"), need(form, "custom_id")
        channel = self._channel(need(form, "channel_id"), user_id)
        message = self._world.message(channel.id, need(form, "message_id"))
        if message.ephemeral_to not in {None, user_id}:
            raise ApiError(Problem.UNKNOWN_MESSAGE)
        component = next((one for one in walk(message.components) if one.get("custom_id") == custom_id), None)
        if component is None:
            raise wrong(f"The message has no component {custom_id!r}.")
        if component.get("disabled"):
            raise wrong(f"The component {custom_id!r} is disabled.")
        data: Payload = {
            "custom_id": custom_id,
            "component_type": component["type"],
            "id": component["id"],
        }
        if component["type"] in SELECTS:
            data |= self._chosen(component, channel, user_id, form.texts("values"))
        interaction = self._start(
            interactions.COMPONENT, message.author_id, channel, user_id, data, message_id=message.id
        )
        return await self._outcome(interaction)

    def _chosen(self, component: Payload, channel: Channel, user_id: str, values: list[str]) -> Payload:
        least, most = component.get("min_values", 1), component.get("max_values", 1)
        if not least <= len(values) <= most:
            raise wrong(f"Choose from {least} to {most} values.")
        if component["type"] == STRING_SELECT:
            offered = {option["value"] for option in component["options"]}
            if not set(values) <= offered:
                raise wrong(f"The select offers only {', '.join(sorted(offered))}.")
            return {"values": values}
        filling = Filling(world=self._world, channel=channel, user_id=user_id, uploads=())
        for value in values:
            match component["type"]:
                case 5:
                    filling.add_user(value)
                case 6:
                    filling.add_role(value)
                case 8:
                    filling.add_channel(value)
                case _ if value in self._world.users:
                    filling.add_user(value)
                case _:
                    filling.add_role(value)
        return {"values": values, "resolved": filling.resolved}

    async def modal(self, request: web.Request) -> Payload:
        """Fill in the modal that an interaction was answered with."""
        form = await read_form(request)
        user_id = need(form, "user_id")
        opener = self._world.interactions.get(need(form, "interaction_id"))
        if opener is None or opener.modal is None or opener.user_id != user_id:
            raise ApiError(Problem.UNKNOWN_INTERACTION)
        channel = self._channel(opener.channel_id, user_id)
        data = filled_in(opener.modal, _values(form, "values"))
        interaction = self._start(
            interactions.MODAL,
            opener.application_id,
            channel,
            user_id,
            data,
            message_id=opener.message_id,
            triggered_by=interactions.metadata(opener),
        )
        return await self._outcome(interaction)

    async def _outcome(self, interaction: Interaction) -> Payload:
        """Wait for the answer, then (after a defer) for what fills it."""
        await self._watch.until(lambda: interaction.answered_at is not None, ANSWER_WITHIN_S + 0.2)
        if interaction.answered_at is None:
            return {
                "interaction_id": interaction.id,
                "acknowledged_ms": None,
                "response": None,
                "error": "The application did not respond.",
            }
        await self._watch.until(
            lambda: interactions.complete(self._world, interaction), COMPLETE_WITHIN_S - ANSWER_WITHIN_S - 0.5
        )
        return {
            "interaction_id": interaction.id,
            "acknowledged_ms": round((interaction.answered_at - interaction.created_at) * 1000, 3),
            "response": self._response(interaction),
        }

    def _response(self, interaction: Interaction) -> Payload | None:
        if interaction.modal is not None:
            return interaction.modal
        if interaction.original_id is None:
            return None
        message = self._world.history(interaction.channel_id).get(interaction.original_id)
        return message_object(self._world, message, Viewer(user_id=interaction.user_id)) if message else None


def _values(form: Form, key: str = "options") -> Mapping[str, Any]:
    values = form.raw(key)
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise wrong(f"{key!r} must be an object: name -> value.")
    return cast("dict[str, Any]", values)
