"""Users, applications and the gateway's address."""

from playground.actions.channels import open_dm
from playground.actions.members import remove_member
from playground.errors import ApiError, Problem
from playground.events import Event
from playground.rest.call import NOTHING, Call, Reply
from playground.shapes.people import (
    INTENT_FLAGS,
    application_object,
    member_object,
    own_user_object,
    user_object,
)
from playground.shapes.places import channel_object, my_guild_object


def me(call: Call) -> Reply:
    """GET /users/@me."""
    return Reply(body=own_user_object(call.world.user(call.actor_id)))


def rename_me(call: Call) -> Reply:
    """PATCH /users/@me."""
    form = call.form()
    name = form.text("username", least=2, most=32)
    form.check()
    user = call.world.user(call.actor_id)
    user.name = name or user.name
    call.world.save(user)
    renamed = own_user_object(user)
    call.world.emit(Event(name="USER_UPDATE", shape=lambda _: renamed, only=frozenset({user.id})))
    return Reply(body=renamed)


def user(call: Call) -> Reply:
    """GET /users/{user_id}."""
    return Reply(body=user_object(call.world.user(call.params["user_id"])))


def my_guilds(call: Call) -> Reply:
    """GET /users/@me/guilds."""
    limit = call.number("limit", default=200, least=1, most=200)
    after, before = call.snowflake("after") or 0, call.snowflake("before")
    guilds = [
        guild
        for guild in call.world.guilds.values()
        if (guild.id, call.actor_id) in call.world.members
        and int(guild.id) > after
        and (before is None or int(guild.id) < before)
    ]
    return Reply(body=[my_guild_object(call.world, guild, call.actor_id) for guild in guilds[:limit]])


def my_member(call: Call) -> Reply:
    """GET /users/@me/guilds/{guild_id}/member."""
    member = call.world.member(call.params["guild_id"], call.actor_id)
    return Reply(body=member_object(call.world, member))


def leave_guild(call: Call) -> Reply:
    """DELETE /users/@me/guilds/{guild_id}."""
    remove_member(call.world, call.params["guild_id"], call.actor_id)
    return NOTHING


def dm(call: Call) -> Reply:
    """POST /users/@me/channels."""
    form = call.form()
    recipient = form.snowflake("recipient_id", needed=True)
    form.check()
    channel = open_dm(call.world, call.actor_id, recipient or "0")
    return Reply(body=channel_object(call.world, channel, viewer_id=call.actor_id))


def application(call: Call) -> Reply:
    """GET /applications/@me and /oauth2/applications/@me."""
    return Reply(body=application_object(call.world, call.world.applications[call.actor_id]))


def change_application(call: Call) -> Reply:
    """PATCH /applications/@me: description, and the switches of the privileged intents."""
    form = call.form()
    description = form.text("description", most=400)
    flags = form.integer("flags", least=0)
    form.check()
    app = call.world.applications[call.actor_id]
    if description is not None:
        app.description = description
    if flags is not None:
        switches = sum(INTENT_FLAGS.values())
        app.flags = app.flags & ~switches | flags & switches
    call.world.save(app)
    return application(call)


def gateway(call: Call) -> Reply:
    """GET /gateway."""
    return Reply(body={"url": _gateway_url(call)})


def gateway_bot(call: Call) -> Reply:
    """GET /gateway/bot."""
    return Reply(
        body={
            "url": _gateway_url(call),
            "shards": 1,
            "session_start_limit": {
                "total": 1000,
                "remaining": 1000,
                "reset_after": 0,
                "max_concurrency": 1,
            },
        }
    )


def _gateway_url(call: Call) -> str:
    return call.world.links.base_url.replace("http", "ws", 1) + "/gateway"


def nowhere(_: Call) -> Reply:
    """Any path that Discord does not have, or that bots like ours never use."""
    raise ApiError(Problem.NOT_FOUND)
