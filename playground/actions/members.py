"""Guilds, members and roles: made, changed, removed. Bots belong to every guild."""

from collections.abc import Sequence
from datetime import datetime

from playground import limits
from playground.actions.telling import tell_channel, tell_guild, tell_member, tell_role
from playground.entities import TEXT, Application, Channel, Guild, Member, Role, User
from playground.errors import ApiError, Problem, form_error
from playground.events import Event
from playground.permissions import BOT_INVITE, EVERYONE, Permission
from playground.shapes.guild_create import guild_create
from playground.shapes.people import COMMAND_BADGE, INTENT_FLAGS, user_object
from playground.shapes.places import guild_object
from playground.world import World

ALL_INTENTS_ON = INTENT_FLAGS["members"] | INTENT_FLAGS["presences"] | INTENT_FLAGS["message_content"]


def new_person(world: World, name: str) -> User:
    """A person with no membership anywhere yet."""
    user = User(id=world.ids.mint(), name=_username(name), display_name=name)
    world.save(user)
    return user


def _username(name: str) -> str:
    kept = "".join(char for char in name.lower().replace(" ", "_") if char.isalnum() or char in "_.")
    return kept[:32] or "someone"


def new_guild(world: World, name: str, owner: User, channel_names: Sequence[str] = ("general",)) -> Guild:
    """A guild with its owner, its channels and every bot there is."""
    guild = Guild(id=world.ids.mint(), name=name, owner_id=owner.id)
    world.save(guild)
    world.save(Role(id=guild.id, guild_id=guild.id, name="@everyone", permissions=int(EVERYONE), position=0))
    world.save(Member(guild_id=guild.id, user_id=owner.id, joined_at=world.clock.now()))
    for position, channel_name in enumerate(channel_names):
        world.save(
            Channel(id=world.ids.mint(), type=TEXT, guild_id=guild.id, name=channel_name, position=position)
        )
    for app in list(world.applications.values()):
        _make_bot_member(world, guild, app)
    tell_guild_create(world, guild)
    return guild


def tell_guild_create(world: World, guild: Guild, *, only: str | None = None) -> None:
    """GUILD_CREATE, to every member or to one."""
    world.emit(
        Event(
            name="GUILD_CREATE",
            shape=lambda viewer: guild_create(world, guild, viewer),
            personal=None,
            guild_id=guild.id,
            only=frozenset({only}) if only else None,
        )
    )


def tell_outage(world: World, guild: Guild, *, unavailable: bool) -> None:
    """What bots hear of an outage: the guild is unavailable, which is no removal; then it is there again."""
    if unavailable:
        world.outages.add(guild.id)
        tell_guild(world, "GUILD_DELETE", guild, {"id": guild.id, "unavailable": True})
    else:
        world.outages.discard(guild.id)
        tell_guild_create(world, guild)


def new_bot(world: World, bot_id: str, name: str) -> Application:
    """A bot that was never seen before: its application, its user, its memberships."""
    app = Application(id=bot_id, name=name, flags=ALL_INTENTS_ON | COMMAND_BADGE)
    world.save(app)
    world.save(User(id=bot_id, name=name, bot=True))
    for guild in list(world.guilds.values()):
        invite_bot(world, guild, app)
    return app


def invite_bot(world: World, guild: Guild, app: Application) -> None:
    """Make a bot a member with a role of its own, and tell."""
    role, member = _make_bot_member(world, guild, app)
    tell_role(world, "GUILD_ROLE_CREATE", role)
    tell_member(world, "GUILD_MEMBER_ADD", member)
    tell_guild_create(world, guild, only=app.id)


def _make_bot_member(world: World, guild: Guild, app: Application) -> tuple[Role, Member]:
    role = Role(
        id=world.ids.mint(),
        guild_id=guild.id,
        name=app.name,
        permissions=int(BOT_INVITE),
        position=len(world.guild_roles(guild.id)),
        bot_id=app.id,
    )
    world.save(role)
    member = Member(guild_id=guild.id, user_id=app.id, joined_at=world.clock.now(), roles=[role.id])
    world.save(member)
    return role, member


def add_person(
    world: World, guild_id: str, user: User, *, roles: Sequence[str] = (), permissions: int | None = None
) -> Member:
    """Make a person a member."""
    guild = world.guild(guild_id)
    member = Member(guild_id=guild.id, user_id=user.id, joined_at=world.clock.now())
    member.roles = [find_role(world, guild_id, role).id for role in roles]
    world.save(member)
    if permissions is not None:
        set_permissions(world, member, permissions)
    tell_member(world, "GUILD_MEMBER_ADD", member)
    return member


def find_role(world: World, guild_id: str, id_or_name: str) -> Role:
    """A role of a guild by id or name; a name that is new makes a role without permissions."""
    for role in world.guild_roles(guild_id):
        if id_or_name in {role.id, role.name}:
            return role
    if id_or_name.isdecimal() and len(id_or_name) > 15:
        raise ApiError(Problem.UNKNOWN_ROLE)
    role = Role(
        id=world.ids.mint(), guild_id=guild_id, name=id_or_name, position=len(world.guild_roles(guild_id))
    )
    world.save(role)
    tell_role(world, "GUILD_ROLE_CREATE", role)
    return role


def change_member(
    world: World, member: Member, *, roles: Sequence[str] | None = None, permissions: int | None = None
) -> None:
    """Replace a member's roles, permissions or both."""
    if roles is not None:
        own = _own_role(world, member)
        kept = [own.id] if own is not None and own.member_id else []
        wanted = [find_role(world, member.guild_id, role).id for role in roles]
        member.roles = list(dict.fromkeys([role for role in wanted if role != member.guild_id] + kept))
        world.save(member)
    if permissions is not None:
        set_permissions(world, member, permissions)
    tell_member(world, "GUILD_MEMBER_UPDATE", member)
    if roles is not None and member.permissions is not None:
        _tell_overwrites(world, member.guild_id)


def time_out(world: World, member: Member, until: str | None) -> None:
    """Keep a member silent until a time (ISO 8601, at most 28 days ahead), or let it speak again."""
    ends = None if until is None else datetime.fromisoformat(until).timestamp()
    if ends is not None and ends > world.clock.now() + limits.TIME_OUT_S:
        raise form_error(
            "communication_disabled_until", "GUILD_MEMBER_TIMEOUT_TOO_LONG", "Must be within 28 days."
        )
    if (
        ends is not None
        and world.guild_permissions(member.guild_id, member.user_id) & Permission.ADMINISTRATOR
    ):
        raise ApiError(Problem.MISSING_PERMISSIONS)
    member.muted_until = ends


def set_permissions(world: World, member: Member, permissions: int) -> None:
    """Give a member permissions in place of @everyone's, in terms that every client can compute.

    What it has more than @everyone is a role of its own (a bot's: the role it came with); what it has less
    is denied by overwrites that `World.overwrites` adds to every channel.
    """
    member.permissions = permissions
    role = _own_role(world, member)
    name = "GUILD_ROLE_UPDATE"
    if role is None:
        name = "GUILD_ROLE_CREATE"
        role = Role(
            id=world.ids.mint(),
            guild_id=member.guild_id,
            name=f"rights of {world.user(member.user_id).name}",
            position=len(world.guild_roles(member.guild_id)),
            member_id=member.user_id,
        )
    role.permissions = permissions
    world.save(role)
    if role.id not in member.roles and role.member_id:
        member.roles.append(role.id)
    world.save(member)
    tell_role(world, name, role)
    _tell_overwrites(world, member.guild_id)


def _tell_overwrites(world: World, guild_id: str) -> None:
    for channel in world.guild_channels(guild_id):
        tell_channel(world, "CHANNEL_UPDATE", channel)


def _own_role(world: World, member: Member) -> Role | None:
    for role in world.guild_roles(member.guild_id):
        if member.user_id in {role.bot_id, role.member_id}:
            return role
    return None


def ban(world: World, guild_id: str, user_id: str, reason: str | None = None) -> None:
    """Ban a user, who leaves if it is a member."""
    guild, user = world.guild(guild_id), world.user(user_id)
    if (guild_id, user_id) in world.members:
        remove_member(world, guild_id, user_id)
    guild.bans[user_id] = reason
    world.save(guild)
    tell_guild(world, "GUILD_BAN_ADD", guild, {"guild_id": guild_id, "user": user_object(user)})


def unban(world: World, guild_id: str, user_id: str) -> None:
    """Lift a ban; else 10026."""
    guild = world.guild(guild_id)
    if user_id not in guild.bans:
        raise ApiError(Problem.UNKNOWN_BAN)
    del guild.bans[user_id]
    world.save(guild)
    tell_guild(
        world, "GUILD_BAN_REMOVE", guild, {"guild_id": guild_id, "user": user_object(world.user(user_id))}
    )


def change_guild(world: World, guild: Guild, *, name: str | None, premium_tier: int | None = None) -> None:
    """Rename a guild, or boost it."""
    guild.name = name or guild.name
    guild.premium_tier = guild.premium_tier if premium_tier is None else premium_tier
    world.save(guild)
    tell_guild(world, "GUILD_UPDATE", guild, guild_object(world, guild))


def remove_member(world: World, guild_id: str, user_id: str) -> None:
    """Take somebody out of a guild; a bot is told that the guild is gone for it."""
    guild, member, user = world.guild(guild_id), world.member(guild_id, user_id), world.user(user_id)
    if guild.owner_id == user_id:
        raise ApiError(Problem.MISSING_PERMISSIONS, message="The owner cannot leave the server.")
    world.drop(member)
    role = _own_role(world, member)
    if role is not None:
        world.drop(role)
        tell_guild(world, "GUILD_ROLE_DELETE", guild, {"guild_id": guild_id, "role_id": role.id})
    for thread in world.channels.values():
        if thread.guild_id == guild_id and thread.thread and thread.thread.members.pop(user_id, None):
            world.save(thread)
    tell_guild(world, "GUILD_MEMBER_REMOVE", guild, {"guild_id": guild_id, "user": user_object(user)})
    if user.bot:
        tell_guild(world, "GUILD_DELETE", guild, {"id": guild_id}, only=user_id)
