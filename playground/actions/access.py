"""The checks before every action: is the channel seen, is the permission there, is the thread open."""

from playground.entities import CATEGORY, FORUM, THREAD_TYPES, Channel
from playground.errors import ApiError, Problem
from playground.permissions import Permission
from playground.world import World


def visible(world: World, channel_id: str, user_id: str) -> Channel:
    """The channel, if the user sees it; else 10003 or 50001."""
    channel = world.channel(channel_id)
    if not world.can_see(channel, user_id):
        raise ApiError(Problem.MISSING_ACCESS)
    return channel


def require(world: World, channel: Channel, user_id: str, *needed: Permission) -> None:
    """Raise 50001 for a channel not seen, 50013 for any permission lacking."""
    if not world.can_see(channel, user_id):
        raise ApiError(Problem.MISSING_ACCESS)
    granted = world.permissions(channel, user_id)
    if any(not granted & permission for permission in needed):
        raise ApiError(Problem.MISSING_PERMISSIONS)


def has(world: World, channel: Channel, user_id: str, permission: Permission) -> bool:
    """Whether a user holds a permission in a channel."""
    return bool(world.permissions(channel, user_id) & permission)


def require_in_guild(world: World, guild_id: str, user_id: str, *needed: Permission) -> None:
    """Raise 50001 for who is not a member, 50013 for any permission lacking in the guild as a whole."""
    world.guild(guild_id)
    if (guild_id, user_id) not in world.members:
        raise ApiError(Problem.MISSING_ACCESS)
    granted = world.guild_permissions(guild_id, user_id)
    if any(not granted & permission for permission in needed):
        raise ApiError(Problem.MISSING_PERMISSIONS)


def require_sending(world: World, channel: Channel, user_id: str) -> None:
    """Whether a user may post here at all, the state of a thread apart."""
    if channel.type in {CATEGORY, FORUM}:
        raise ApiError(Problem.NOT_A_TEXT_CHANNEL)
    in_thread = channel.type in THREAD_TYPES
    require(
        world,
        channel,
        user_id,
        Permission.SEND_MESSAGES_IN_THREADS if in_thread else Permission.SEND_MESSAGES,
    )


def require_open(channel: Channel) -> None:
    """An archived thread takes no edit, reaction or command."""
    if channel.thread is not None and channel.thread.archived:
        raise ApiError(Problem.ARCHIVED)
