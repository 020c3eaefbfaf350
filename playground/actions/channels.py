"""Channels: made, changed, deleted; threads changed; DMs opened."""

from dataclasses import replace

from playground import limits
from playground.actions.access import has, require, require_in_guild, visible
from playground.actions.lines import RENAMED, add_line
from playground.actions.messages import remove
from playground.actions.telling import tell_channel, tell_thread, tell_thread_gone
from playground.actions.threads import ARCHIVE_MINUTES, read_tags, set_archived
from playground.entities import (
    ANNOUNCEMENT,
    CATEGORY,
    DM,
    FORUM,
    PRIVATE_THREAD,
    TEXT,
    Channel,
    Overwrite,
    ThreadState,
)
from playground.errors import ApiError, Problem
from playground.forms import Form
from playground.permissions import Permission
from playground.world import World

MAKEABLE = frozenset({TEXT, CATEGORY, ANNOUNCEMENT, FORUM})


def create(world: World, guild_id: str, actor_id: str, body: object) -> Channel:
    """A new channel in a guild."""
    require_in_guild(world, guild_id, actor_id, Permission.MANAGE_CHANNELS)
    form = Form(body)
    kind = form.choice("type", MAKEABLE) or TEXT
    channel = Channel(id=world.ids.mint(), type=kind, guild_id=guild_id)
    channel.name = form.text("name", least=1, most=100, needed=True, strip=True) or ""
    channel.position = len(world.guild_channels(guild_id))
    _read_settings(world, channel, form)
    form.check()
    channel.name = _as_named(channel, channel.name)
    world.save(channel)
    tell_channel(world, "CHANNEL_CREATE", channel)
    return channel


def _read_settings(world: World, channel: Channel, form: Form) -> None:
    if form.has("topic"):
        channel.topic = form.text("topic", most=4096 if channel.type == FORUM else 1024)
    channel.nsfw = form.flag("nsfw") or False if form.has("nsfw") else channel.nsfw
    slowmode = form.integer("rate_limit_per_user", least=0, most=21600)
    channel.slowmode_s = channel.slowmode_s if slowmode is None else slowmode
    position = form.integer("position", least=0)
    channel.position = channel.position if position is None else position
    minutes = form.choice("default_auto_archive_duration", ARCHIVE_MINUTES)
    channel.default_auto_archive_min = minutes or channel.default_auto_archive_min
    if form.has("parent_id"):
        channel.parent_id = _read_category(world, channel, form)
    if form.has("permission_overwrites"):
        channel.overwrites = [
            read_overwrite(one, one.snowflake("id", needed=True) or "0")
            for _, one in form.inners("permission_overwrites")
        ]
    if form.has("available_tags"):
        channel.tags = [
            {
                "id": tag.snowflake("id") or world.ids.mint(),
                "name": tag.text("name", least=1, most=50, needed=True),
                "moderated": tag.flag("moderated") or False,
                "emoji_id": tag.snowflake("emoji_id"),
                "emoji_name": tag.text("emoji_name"),
            }
            for _, tag in form.inners("available_tags", most=20)
        ]


def _read_category(world: World, channel: Channel, form: Form) -> str | None:
    category_id = form.snowflake("parent_id")
    category = world.channels.get(category_id or "")
    fits = category is not None and category.type == CATEGORY and category.guild_id == channel.guild_id
    if category_id is not None and not fits:
        form.wrong("parent_id", "CHANNEL_PARENT_INVALID", "Category does not exist")
    return category_id


def _as_named(channel: Channel, name: str) -> str:
    """Channels of text have names in lower case without spaces."""
    return "-".join(name.lower().split()) or "-" if channel.type != CATEGORY else name


def read_overwrite(form: Form, overwrite_id: str) -> Overwrite:
    """Permissions of a role (type 0) or member (type 1) that differ."""
    kind = form.choice("type", {0, 1})
    return Overwrite(
        id=overwrite_id,
        type=1 if kind == 1 else 0,
        allow=form.integer("allow", least=0) or 0,
        deny=form.integer("deny", least=0) or 0,
    )


def set_overwrite(world: World, channel_id: str, actor_id: str, target_id: str, body: object) -> None:
    """Set, or with body None remove, the overwrite of a role or member."""
    channel = visible(world, channel_id, actor_id)
    if channel.thread is not None or channel.type == DM:
        raise ApiError(Problem.WRONG_CHANNEL_TYPE)
    require(world, channel, actor_id, Permission.MANAGE_ROLES)
    others = [one for one in channel.overwrites if one.id != target_id]
    if body is None:
        if len(others) == len(channel.overwrites):
            raise ApiError(Problem.UNKNOWN_OVERWRITE)
        channel.overwrites = others
    else:
        form = Form(body)
        overwrite = read_overwrite(form, target_id)
        form.check()
        if overwrite.type == 0 and target_id not in world.roles:
            raise ApiError(Problem.UNKNOWN_ROLE)
        earlier = next((one for one in channel.overwrites if one.id == target_id), Overwrite(id="", type=0))
        changes = (overwrite.allow ^ earlier.allow) | (overwrite.deny ^ earlier.deny)
        if changes & ~world.guild_permissions(channel.guild_id or "", actor_id):
            raise ApiError(Problem.MISSING_PERMISSIONS)
        channel.overwrites = [*others, overwrite]
    world.save(channel)
    tell_channel(world, "CHANNEL_UPDATE", channel)


def update(world: World, channel_id: str, actor_id: str, body: object) -> Channel:
    """Change a channel or thread."""
    channel = visible(world, channel_id, actor_id)
    if channel.thread is not None:
        return _update_thread(world, channel, channel.thread, actor_id, Form(body))
    if channel.type == DM:
        raise ApiError(Problem.NOT_IN_DM)
    require(world, channel, actor_id, Permission.MANAGE_CHANNELS)
    form = Form(body)
    name = form.text("name", least=1, most=100, strip=True)
    changed = replace(channel)
    _read_settings(world, changed, form)
    form.check()
    changed.name = channel.name if name is None else _as_named(channel, name)
    world.save(changed)
    tell_channel(world, "CHANNEL_UPDATE", changed)
    return changed


def _update_thread(world: World, thread: Channel, state: ThreadState, actor_id: str, form: Form) -> Channel:
    name = form.text("name", least=1, most=100, strip=True)
    archived, locked = form.flag("archived"), form.flag("locked")
    minutes = form.choice("auto_archive_duration", ARCHIVE_MINUTES)
    slowmode = form.integer("rate_limit_per_user", least=0, most=21600)
    invitable = form.flag("invitable")
    tags = read_tags(form, world.channel(thread.parent_id or ""))
    form.check()
    _check_thread_rights(world, thread, state, actor_id, form)
    renames = name is not None and name != thread.name
    if state.archived and archived is not False and (renames or tags is not None or locked is not None):
        raise ApiError(Problem.ARCHIVED)
    if renames:
        _note_rename(world, state)
        thread.name = name or thread.name
    if locked is not None:
        state.locked = locked
    if archived is not None:
        set_archived(world, thread, archived=archived)
    state.auto_archive_min = minutes or state.auto_archive_min
    thread.slowmode_s = thread.slowmode_s if slowmode is None else slowmode
    state.applied_tags = state.applied_tags if tags is None else tags
    if invitable is not None and thread.type == PRIVATE_THREAD:
        state.invitable = invitable
    world.save(thread)
    tell_thread(world, "THREAD_UPDATE", thread)
    if renames and not state.archived:
        add_line(world, thread, actor_id, RENAMED, content=thread.name)
    return thread


def _check_thread_rights(
    world: World, thread: Channel, state: ThreadState, actor_id: str, form: Form
) -> None:
    """Its owner may name and archive it, anyone revive one that is not locked; else MANAGE_THREADS."""
    if has(world, thread, actor_id, Permission.MANAGE_THREADS):
        return
    require(world, thread, actor_id, Permission.SEND_MESSAGES_IN_THREADS)
    if state.locked or form.has("locked") or form.has("rate_limit_per_user"):
        raise ApiError(Problem.MISSING_PERMISSIONS)
    only_revives = (
        set(form.names()) <= {"archived", "auto_archive_duration"} and form.flag("archived") is False
    )
    if state.owner_id != actor_id and not only_revives:
        raise ApiError(Problem.MISSING_PERMISSIONS)


def _note_rename(world: World, state: ThreadState) -> None:
    """Two renames in ten minutes, and no header says so."""
    now = world.clock.now()
    recent = [at for at in state.renamed_at if at > now - limits.RENAME_WINDOW_S]
    if len(recent) >= limits.RENAMES:
        raise ApiError(Problem.RATE_LIMITED, retry_after=recent[0] + limits.RENAME_WINDOW_S - now)
    state.renamed_at = [*recent, now]


def delete(world: World, channel_id: str, actor_id: str) -> Channel:
    """Delete a channel with its threads, or a thread; a DM is only closed."""
    channel = visible(world, channel_id, actor_id)
    if channel.type == DM:
        return channel
    if channel.thread is not None:
        require(world, channel, actor_id, Permission.MANAGE_THREADS)
        _delete_thread(world, channel)
        return channel
    require(world, channel, actor_id, Permission.MANAGE_CHANNELS)
    for thread in world.threads_of(channel.id):
        _delete_thread(world, thread)
    if channel.type == CATEGORY:
        _leave_category(world, channel)
    _empty(world, channel)
    tell_channel(world, "CHANNEL_DELETE", channel)
    world.drop_after_telling(channel)
    return channel


def _leave_category(world: World, category: Channel) -> None:
    for channel in world.guild_channels(category.guild_id or ""):
        if channel.parent_id == category.id:
            channel.parent_id = None
            world.save(channel)
            tell_channel(world, "CHANNEL_UPDATE", channel)


def _delete_thread(world: World, thread: Channel) -> None:
    _empty(world, thread)
    tell_thread_gone(world, thread)
    world.drop_after_telling(thread)


def _empty(world: World, channel: Channel) -> None:
    """Messages go with their channel, silently."""
    for message in list(world.history(channel.id).before()):
        remove(world, message, silently=True)


def open_dm(world: World, one_id: str, other_id: str) -> Channel:
    """The DM between two users, made when there is none."""
    world.user(other_id)
    pair = sorted({one_id, other_id}, key=int)
    if len(pair) != 2 or (world.users[one_id].bot and world.users[other_id].bot):
        raise ApiError(Problem.CANNOT_DM)
    for channel in world.channels.values():
        if channel.type == DM and channel.recipients == pair:
            return channel
    channel = Channel(id=world.ids.mint(), type=DM, recipients=pair)
    world.save(channel)
    tell_channel(world, "CHANNEL_CREATE", channel, page_only=True)  # bots hear of its messages only
    return channel
