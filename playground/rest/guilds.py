"""Guilds, their channels, members, roles and active threads."""

from playground.actions import channels, members
from playground.actions.access import require_in_guild
from playground.actions.telling import tell_guild, tell_role
from playground.entities import Guild, Member, Role
from playground.errors import ApiError, Problem
from playground.forms import Form
from playground.permissions import ALL, Permission
from playground.rest.call import NOTHING, Call, Reply, require_members_intent
from playground.shapes.people import member_object, role_object, user_object
from playground.shapes.places import channel_object, guild_object, thread_member_object, thread_object
from playground.wire import Payload


def _guild_id(call: Call, *needed: Permission) -> str:
    guild_id = call.params["guild_id"]
    require_in_guild(call.world, guild_id, call.actor_id, *needed)
    return guild_id


def guild(call: Call) -> Reply:
    """GET /guilds/{guild_id}."""
    shaped = guild_object(call.world, call.world.guild(_guild_id(call)))
    if call.query.get("with_counts") == "true":
        count = len(call.world.guild_members(shaped["id"]))
        shaped |= {"approximate_member_count": count, "approximate_presence_count": count}
    return Reply(body=shaped)


def change_guild(call: Call) -> Reply:
    """PATCH /guilds/{guild_id}: its name."""
    found = call.world.guild(_guild_id(call, Permission.MANAGE_GUILD))
    form = call.form()
    name = form.text("name", least=2, most=100)
    form.check()
    members.change_guild(call.world, found, name=name)
    return Reply(body=guild_object(call.world, found))


def none(call: Call) -> Reply:
    """GET /guilds/{guild_id}/emojis and /stickers: there are none here."""
    _guild_id(call)
    return Reply(body=[])


def bans(call: Call) -> Reply:
    """GET /guilds/{guild_id}/bans."""
    found = call.world.guild(_guild_id(call, Permission.BAN_MEMBERS))
    return Reply(body=[_ban_object(call, found, user_id) for user_id in found.bans])


def ban_of(call: Call) -> Reply:
    """GET /guilds/{guild_id}/bans/{user_id}."""
    found = call.world.guild(_guild_id(call, Permission.BAN_MEMBERS))
    if call.params["user_id"] not in found.bans:
        raise ApiError(Problem.UNKNOWN_BAN)
    return Reply(body=_ban_object(call, found, call.params["user_id"]))


def _ban_object(call: Call, found: Guild, user_id: str) -> Payload:
    return {"user": user_object(call.world.user(user_id)), "reason": found.bans[user_id]}


def ban(call: Call) -> Reply:
    """PUT /guilds/{guild_id}/bans/{user_id}."""
    members.ban(call.world, _guild_id(call, Permission.BAN_MEMBERS), call.params["user_id"])
    return NOTHING


def unban(call: Call) -> Reply:
    """DELETE /guilds/{guild_id}/bans/{user_id}."""
    members.unban(call.world, _guild_id(call, Permission.BAN_MEMBERS), call.params["user_id"])
    return NOTHING


def guild_channels(call: Call) -> Reply:
    """GET /guilds/{guild_id}/channels: without threads."""
    found = call.world.guild_channels(_guild_id(call))
    return Reply(body=[channel_object(call.world, channel, viewer_id=call.actor_id) for channel in found])


def new_channel(call: Call) -> Reply:
    """POST /guilds/{guild_id}/channels."""
    channel = channels.create(call.world, _guild_id(call), call.actor_id, call.body)
    return Reply(status=201, body=channel_object(call.world, channel))


def active_threads(call: Call) -> Reply:
    """GET /guilds/{guild_id}/threads/active."""
    found = [
        thread
        for thread in call.world.active_threads(_guild_id(call))
        if call.world.can_see(thread, call.actor_id)
    ]
    joined = [thread for thread in found if thread.thread and call.actor_id in thread.thread.members]
    return Reply(
        body={
            "threads": [thread_object(call.world, one, viewer_id=call.actor_id) for one in found],
            "members": [thread_member_object(call.world, one, call.actor_id) for one in joined],
            "has_more": False,
        }
    )


def guild_members(call: Call) -> Reply:
    """GET /guilds/{guild_id}/members: by user id, after exclusive."""
    found = call.world.guild_members(_guild_id(call))
    require_members_intent(call)
    after = call.snowflake("after") or 0
    limit = call.number("limit", default=1, least=1, most=1000)
    page = [member for member in found if int(member.user_id) > after][:limit]
    return Reply(body=[member_object(call.world, member) for member in page])


def search_members(call: Call) -> Reply:
    """GET /guilds/{guild_id}/members/search: whose name or nick starts so."""
    form = Form(dict(call.query))
    query = (form.text("query", least=1, most=100, needed=True) or "").lower()
    form.check()
    limit = call.number("limit", default=1, least=1, most=1000)
    found = [member for member in call.world.guild_members(_guild_id(call)) if _named(call, member, query)]
    return Reply(body=[member_object(call.world, member) for member in found[:limit]])


def _named(call: Call, member: Member, query: str) -> bool:
    user = call.world.user(member.user_id)
    names = (user.name, user.display_name or "", member.nick or "")
    return any(name.lower().startswith(query) for name in names)


def member(call: Call) -> Reply:
    """GET /guilds/{guild_id}/members/{user_id}."""
    found = call.world.member(_guild_id(call), call.params["user_id"])
    return Reply(body=member_object(call.world, found))


def change_member(call: Call) -> Reply:
    """PATCH /guilds/{guild_id}/members/{user_id}: nick and roles."""
    guild_id = _guild_id(call)
    user_id = call.actor_id if call.params["user_id"] == "@me" else call.params["user_id"]
    found = call.world.member(guild_id, user_id)
    form = call.form()
    if form.has("nick"):
        own = Permission.CHANGE_NICKNAME if user_id == call.actor_id else Permission.MANAGE_NICKNAMES
        require_in_guild(call.world, guild_id, call.actor_id, own)
    nick = form.text("nick", most=32) if form.has("nick") else found.nick
    roles = form.snowflakes("roles") if form.raw("roles") is not None else None
    until = form.moment("communication_disabled_until")
    form.check()
    if form.has("communication_disabled_until"):
        require_in_guild(call.world, guild_id, call.actor_id, Permission.MODERATE_MEMBERS)
        members.time_out(call.world, found, until)
    if roles is not None:
        require_in_guild(call.world, guild_id, call.actor_id, Permission.MANAGE_ROLES)
    found.nick = nick or None
    call.world.save(found)
    members.change_member(call.world, found, roles=roles)
    return Reply(body=member_object(call.world, found))


def kick(call: Call) -> Reply:
    """DELETE /guilds/{guild_id}/members/{user_id}."""
    guild_id = _guild_id(call, Permission.KICK_MEMBERS)
    members.remove_member(call.world, guild_id, call.params["user_id"])
    return NOTHING


def give_role(call: Call) -> Reply:
    """PUT /guilds/{guild_id}/members/{user_id}/roles/{role_id}."""
    found, role = _member_and_role(call)
    if role.id not in found.roles:
        members.change_member(call.world, found, roles=[*found.roles, role.id])
    return NOTHING


def take_role(call: Call) -> Reply:
    """DELETE /guilds/{guild_id}/members/{user_id}/roles/{role_id}."""
    found, role = _member_and_role(call)
    members.change_member(call.world, found, roles=[one for one in found.roles if one != role.id])
    return NOTHING


def _member_and_role(call: Call) -> tuple[Member, Role]:
    guild_id = _guild_id(call, Permission.MANAGE_ROLES)
    found = call.world.member(guild_id, call.params["user_id"])
    role = call.world.role(guild_id, call.params["role_id"])
    if role.bot_id is not None or role.id == guild_id:
        raise ApiError(Problem.ROLE_TOO_HIGH)
    return found, role


def roles(call: Call) -> Reply:
    """GET /guilds/{guild_id}/roles."""
    return Reply(body=[role_object(role) for role in call.world.guild_roles(_guild_id(call))])


def role(call: Call) -> Reply:
    """GET /guilds/{guild_id}/roles/{role_id}."""
    return Reply(body=role_object(call.world.role(_guild_id(call), call.params["role_id"])))


def new_role(call: Call) -> Reply:
    """POST /guilds/{guild_id}/roles."""
    guild_id = _guild_id(call, Permission.MANAGE_ROLES)
    made = Role(id=call.world.ids.mint(), guild_id=guild_id, name="new role")
    made.permissions = call.world.roles[guild_id].permissions
    _read_role(call, made)
    call.world.save(made)
    tell_role(call.world, "GUILD_ROLE_CREATE", made)
    return Reply(body=role_object(made))


def change_role(call: Call) -> Reply:
    """PATCH /guilds/{guild_id}/roles/{role_id}."""
    changed = call.world.role(_guild_id(call, Permission.MANAGE_ROLES), call.params["role_id"])
    _read_role(call, changed)
    call.world.save(changed)
    tell_role(call.world, "GUILD_ROLE_UPDATE", changed)
    return Reply(body=role_object(changed))


def _read_role(call: Call, target: Role) -> None:
    form = call.form()
    name = form.text("name", most=100)
    permissions = form.integer("permissions", least=0)
    colour = form.integer("color", least=0, most=0xFFFFFF)
    hoist, mentionable = form.flag("hoist"), form.flag("mentionable")
    form.check()
    target.name = name or target.name
    target.permissions = target.permissions if permissions is None else permissions & ALL
    target.color = target.color if colour is None else colour
    target.hoist = target.hoist if hoist is None else hoist
    target.mentionable = target.mentionable if mentionable is None else mentionable


def delete_role(call: Call) -> Reply:
    """DELETE /guilds/{guild_id}/roles/{role_id}."""
    guild_id = _guild_id(call, Permission.MANAGE_ROLES)
    gone = call.world.role(guild_id, call.params["role_id"])
    if gone.bot_id is not None or gone.id == guild_id:
        raise ApiError(Problem.ROLE_TOO_HIGH)
    for holder in call.world.guild_members(guild_id):
        if gone.id in holder.roles:
            holder.roles.remove(gone.id)
            call.world.save(holder)
    call.world.drop(gone)
    payload = {"guild_id": guild_id, "role_id": gone.id}
    tell_guild(call.world, "GUILD_ROLE_DELETE", call.world.guild(guild_id), payload)
    return NOTHING
