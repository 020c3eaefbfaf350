"""Guilds, channels and threads as Discord's objects."""

from playground.clock import iso
from playground.entities import FORUM, PRIVATE_THREAD, Channel, Guild, Overwrite
from playground.shapes.people import member_object, role_object, user_object
from playground.wire import Payload
from playground.world import World


def overwrite_object(overwrite: Overwrite) -> Payload:
    """Permissions that differ in one channel."""
    return {
        "id": overwrite.id,
        "type": overwrite.type,
        "allow": str(overwrite.allow),
        "deny": str(overwrite.deny),
    }


def channel_object(world: World, channel: Channel, *, viewer_id: str | None = None) -> Payload:
    """A channel, thread or DM. A DM names the users other than the viewer."""
    if channel.thread is not None:
        return thread_object(world, channel, viewer_id=viewer_id)
    if channel.guild_id is None:
        return {
            "id": channel.id,
            "type": channel.type,
            "last_message_id": channel.last_message_id,
            "flags": channel.flags,
            "recipients": [user_object(world.user(uid)) for uid in channel.recipients if uid != viewer_id],
        }
    shaped: Payload = {
        "id": channel.id,
        "type": channel.type,
        "guild_id": channel.guild_id,
        "name": channel.name,
        "position": channel.position,
        "parent_id": channel.parent_id,
        "topic": channel.topic,
        "nsfw": channel.nsfw,
        "flags": channel.flags,
        "rate_limit_per_user": channel.slowmode_s,
        "permission_overwrites": [overwrite_object(overwrite) for overwrite in world.overwrites(channel)],
        "last_message_id": channel.last_message_id,
        "last_pin_timestamp": iso(channel.last_pin_at) if channel.last_pin_at else None,
    }
    if channel.default_auto_archive_min is not None:
        shaped["default_auto_archive_duration"] = channel.default_auto_archive_min
    if channel.type == FORUM:
        shaped |= {
            "available_tags": channel.tags,
            "default_reaction_emoji": None,
            "default_sort_order": None,
            "default_forum_layout": 0,
            "default_thread_rate_limit_per_user": 0,
        }
    return shaped


def thread_object(world: World, channel: Channel, *, viewer_id: str | None = None) -> Payload:
    """A thread, with the viewer's membership where there is one."""
    state = channel.thread
    if state is None:
        raise ValueError(f"Channel {channel.id} is not a thread.")
    metadata: Payload = {
        "archived": state.archived,
        "archive_timestamp": iso(state.archived_at),
        "auto_archive_duration": state.auto_archive_min,
        "locked": state.locked,
        "create_timestamp": iso(state.created_at),
    }
    if channel.type == PRIVATE_THREAD:
        metadata["invitable"] = state.invitable
    shaped: Payload = {
        "id": channel.id,
        "type": channel.type,
        "guild_id": channel.guild_id,
        "parent_id": channel.parent_id,
        "owner_id": state.owner_id,
        "name": channel.name,
        "last_message_id": channel.last_message_id,
        "last_pin_timestamp": iso(channel.last_pin_at) if channel.last_pin_at else None,
        "rate_limit_per_user": channel.slowmode_s,
        "flags": channel.flags,
        "message_count": state.message_count,
        "member_count": min(len(state.members), 50),
        "total_message_sent": state.total_sent,
        "thread_metadata": metadata,
    }
    if channel.parent_id and world.channel(channel.parent_id).type == FORUM:
        shaped["applied_tags"] = state.applied_tags
    if viewer_id is not None and viewer_id in state.members:
        shaped["member"] = thread_member_object(world, channel, viewer_id)
    return shaped


def thread_member_object(
    world: World, channel: Channel, user_id: str, *, with_member: bool = False
) -> Payload:
    """A user's membership in a thread."""
    joined_at = channel.thread.members[user_id] if channel.thread else 0.0
    shaped: Payload = {
        "id": channel.id,
        "user_id": user_id,
        "join_timestamp": iso(joined_at),
        "flags": 1,
    }
    member = world.members.get((channel.guild_id or "", user_id))
    if with_member and member is not None:
        shaped["member"] = member_object(world, member)
    return shaped


def guild_object(world: World, guild: Guild) -> Payload:
    """A guild as REST answers it."""
    channels = world.guild_channels(guild.id)
    return {
        "id": guild.id,
        "name": guild.name,
        "icon": None,
        "description": None,
        "home_header": None,
        "splash": None,
        "discovery_splash": None,
        "features": [],
        "banner": None,
        "owner_id": guild.owner_id,
        "application_id": None,
        "region": "us-west",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "system_channel_id": channels[0].id if channels else None,
        "system_channel_flags": 0b111111,
        "widget_enabled": False,
        "widget_channel_id": None,
        "verification_level": 0,
        "roles": [role_object(role) for role in world.guild_roles(guild.id)],
        "default_message_notifications": 0,
        "mfa_level": 0,
        "explicit_content_filter": 0,
        "max_presences": None,
        "max_members": 25_000_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "vanity_url_code": None,
        "premium_tier": guild.premium_tier,
        "premium_subscription_count": (0, 2, 7, 14)[guild.premium_tier],
        "preferred_locale": "en-US",
        "rules_channel_id": None,
        "safety_alerts_channel_id": None,
        "public_updates_channel_id": None,
        "premium_progress_bar_enabled": False,
        "nsfw": False,
        "nsfw_level": 0,
        "emojis": [],
        "stickers": [],
        "incidents_data": None,
    }


def my_guild_object(world: World, guild: Guild, user_id: str) -> Payload:
    """A guild in a user's own list."""
    return {
        "id": guild.id,
        "name": guild.name,
        "icon": None,
        "banner": None,
        "owner": guild.owner_id == user_id,
        "permissions": str(world.guild_permissions(guild.id, user_id)),
        "features": [],
    }
