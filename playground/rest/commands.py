"""Application commands of an application, global and per guild."""

from playground.actions import commands
from playground.actions.access import require_in_guild
from playground.entities import Command
from playground.rest.call import NOTHING, Call, Reply
from playground.shapes.commands import command_object


def _scope(call: Call) -> tuple[str, str | None]:
    application_id, guild_id = call.own(call.params["application_id"]), call.params.get("guild_id")
    if guild_id is not None:
        require_in_guild(call.world, guild_id, call.actor_id)
    return application_id, guild_id


def _command(call: Call) -> Command:
    application_id, guild_id = _scope(call)
    return commands.find(call.world, application_id, guild_id, call.params["command_id"])


def list_all(call: Call) -> Reply:
    """GET .../commands."""
    return Reply(body=[command_object(one) for one in commands.scope(call.world, *_scope(call))])


def replace_all(call: Call) -> Reply:
    """PUT .../commands."""
    replaced = commands.replace_all(call.world, *_scope(call), call.body or [])
    return Reply(body=[command_object(one) for one in replaced])


def create(call: Call) -> Reply:
    """POST .../commands: 201 when new, 200 when it replaced one."""
    made, is_new = commands.create(call.world, *_scope(call), call.body)
    return Reply(status=201 if is_new else 200, body=command_object(made))


def get(call: Call) -> Reply:
    """GET .../commands/{command_id}."""
    return Reply(body=command_object(_command(call)))


def update(call: Call) -> Reply:
    """PATCH .../commands/{command_id}."""
    return Reply(body=command_object(commands.update(call.world, _command(call), call.body)))


def delete(call: Call) -> Reply:
    """DELETE .../commands/{command_id}."""
    commands.delete(call.world, _command(call))
    return NOTHING
