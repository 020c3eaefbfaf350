"""Threads: made from a message or without one, joined, archived, locked, and revived by a post."""

from playground import limits
from playground.actions.access import has, require, visible
from playground.actions.lines import CREATED, STARTER, add_line
from playground.actions.telling import tell_message, tell_thread, tell_thread_members
from playground.entities import (
    ANNOUNCEMENT,
    FORUM,
    NEWS_THREAD,
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    TEXT,
    Channel,
    Reference,
    ThreadState,
)
from playground.errors import ApiError, Problem
from playground.forms import Form
from playground.permissions import Permission
from playground.world import World

ARCHIVE_MINUTES = frozenset({60, 1440, 4320, 10080})
HAS_THREAD = 1 << 5


def from_message(world: World, channel_id: str, message_id: str, owner_id: str, body: object) -> Channel:
    """A thread under a message; it gets the message's id."""
    parent = visible(world, channel_id, owner_id)
    if parent.type not in {TEXT, ANNOUNCEMENT}:
        raise ApiError(Problem.WRONG_CHANNEL_TYPE)
    require(world, parent, owner_id, Permission.CREATE_PUBLIC_THREADS)
    message = world.message(channel_id, message_id)
    if message.ephemeral_to is not None:
        raise ApiError(Problem.UNKNOWN_MESSAGE)
    if message.type not in {0, 19, 20, 23, 24}:
        raise ApiError(Problem.SYSTEM_MESSAGE)
    if message_id in world.channels:
        raise ApiError(Problem.THREAD_EXISTS)
    thread = _make(world, parent, owner_id, body, thread_id=message_id)
    message.flags |= HAS_THREAD
    world.save(message)
    world.save(thread)
    tell_thread(world, "THREAD_CREATE", thread, newly_created=True)
    tell_message(world, "MESSAGE_UPDATE", message)
    reference = Reference(message_id=message.id, channel_id=parent.id, guild_id=parent.guild_id)
    add_line(world, thread, message.author_id, STARTER, reference=reference)
    return thread


def without_message(world: World, channel_id: str, owner_id: str, body: object) -> Channel:
    """A thread on its own, public or private; the parent channel gets a line about a public one."""
    parent = visible(world, channel_id, owner_id)
    if parent.type not in {TEXT, ANNOUNCEMENT}:
        raise ApiError(Problem.WRONG_CHANNEL_TYPE)
    form = Form(body)
    kind = form.choice("type", {NEWS_THREAD, PUBLIC_THREAD, PRIVATE_THREAD}) or PRIVATE_THREAD
    form.check()
    private = kind == PRIVATE_THREAD
    require(
        world,
        parent,
        owner_id,
        Permission.CREATE_PRIVATE_THREADS if private else Permission.CREATE_PUBLIC_THREADS,
    )
    thread = _make(world, parent, owner_id, body, kind=kind)
    world.save(thread)
    tell_thread(world, "THREAD_CREATE", thread, newly_created=True)
    if not private:
        reference = Reference(message_id=thread.id, channel_id=thread.id, guild_id=thread.guild_id)
        add_line(world, parent, owner_id, CREATED, content=thread.name, reference=reference)
    return thread


def in_forum(world: World, channel_id: str, owner_id: str, body: object) -> Channel:
    """A post in a forum: a thread whose first message follows under the same id."""
    parent = visible(world, channel_id, owner_id)
    if parent.type != FORUM:
        raise ApiError(Problem.WRONG_CHANNEL_TYPE)
    require(world, parent, owner_id, Permission.SEND_MESSAGES)
    form = Form(body)
    tags = read_tags(form, parent) or []
    form.check()
    thread = _make(world, parent, owner_id, body)
    if thread.thread is not None:
        thread.thread.applied_tags = tags
    world.save(thread)
    tell_thread(world, "THREAD_CREATE", thread, newly_created=True)
    return thread


def read_tags(form: Form, forum: Channel) -> list[str] | None:
    """The tags of a post, each of its forum's; None where they are not given."""
    if form.raw("applied_tags") is None:
        return None
    tags = form.snowflakes("applied_tags")
    if len(tags) > 5 or not set(tags) <= {tag["id"] for tag in forum.tags}:
        form.wrong("applied_tags", "BASE_TYPE_CHOICES", "Up to 5 of the forum's tags.")
    return tags


def _make(
    world: World,
    parent: Channel,
    owner_id: str,
    body: object,
    *,
    kind: int | None = None,
    thread_id: str | None = None,
) -> Channel:
    form = Form(body)
    name = form.text("name", least=1, most=100, needed=True, strip=True)
    minutes = form.choice("auto_archive_duration", ARCHIVE_MINUTES)
    slowmode = form.integer("rate_limit_per_user", least=0, most=21600)
    invitable = form.flag("invitable")
    form.check()
    if _active_count(world, parent.guild_id) >= limits.ACTIVE_THREADS:
        raise ApiError(Problem.TOO_MANY_THREADS)
    now = world.clock.now()
    public_kind = NEWS_THREAD if parent.type == ANNOUNCEMENT else PUBLIC_THREAD
    return Channel(
        id=thread_id or world.ids.mint(),
        type=kind or public_kind,
        name=name or "",
        guild_id=parent.guild_id,
        parent_id=parent.id,
        slowmode_s=slowmode or 0,
        thread=ThreadState(
            owner_id=owner_id,
            created_at=now,
            archived_at=now,
            active_at=now,
            invitable=True if invitable is None else invitable,
            auto_archive_min=minutes or parent.default_auto_archive_min or 4320,
            members={owner_id: now},
        ),
    )


def _active_count(world: World, guild_id: str | None) -> int:
    return len(world.active_threads(guild_id or ""))


def add_member(world: World, thread: Channel, user_id: str) -> None:
    """Make a user a member of a thread, if it is not."""
    state = thread.thread
    if state is None or user_id in state.members or user_id not in world.users:
        return
    if len(state.members) >= limits.THREAD_MEMBERS:
        raise ApiError(Problem.TOO_MANY_THREAD_MEMBERS)
    state.members[user_id] = world.clock.now()
    world.save(thread)
    tell_thread_members(world, thread, added=[user_id])


def join(world: World, thread_id: str, actor_id: str, user_id: str) -> None:
    """Join, or add somebody else."""
    thread = _thread(world, thread_id, actor_id)
    if thread.thread is not None and thread.thread.archived:
        raise ApiError(Problem.ARCHIVED)
    if actor_id != user_id:
        require(world, thread, actor_id, Permission.SEND_MESSAGES_IN_THREADS)
        world.member(thread.guild_id or "", user_id)
    add_member(world, thread, user_id)


def leave(world: World, thread_id: str, actor_id: str, user_id: str) -> None:
    """Leave, or remove somebody else (MANAGE_THREADS, or the owner of a private thread)."""
    thread = _thread(world, thread_id, actor_id)
    state = thread.thread
    if state is None or user_id not in state.members:
        if actor_id == user_id:
            return
        raise ApiError(Problem.UNKNOWN_MEMBER)
    if state.archived:
        raise ApiError(Problem.ARCHIVED)
    owns = thread.type == PRIVATE_THREAD and state.owner_id == actor_id
    if actor_id != user_id and not owns:
        require(world, thread, actor_id, Permission.MANAGE_THREADS)
    tell_thread_members(world, thread, removed=[user_id])
    del state.members[user_id]
    world.save(thread)


def _thread(world: World, thread_id: str, actor_id: str) -> Channel:
    thread = visible(world, thread_id, actor_id)
    if thread.thread is None:
        raise ApiError(Problem.WRONG_CHANNEL_TYPE)
    return thread


def revive_for_post(world: World, channel: Channel, author_id: str) -> None:
    """A post in an archived thread un-archives it; the update is told before the message."""
    state = channel.thread
    if state is None or not state.archived:
        return
    if state.locked and not has(world, channel, author_id, Permission.MANAGE_THREADS):
        raise ApiError(Problem.ARCHIVED)
    set_archived(world, channel, archived=False)
    tell_thread(world, "THREAD_UPDATE", channel)


def set_archived(world: World, thread: Channel, *, archived: bool) -> None:
    """Archive or revive; tells nothing."""
    state = thread.thread
    if state is None or state.archived == archived:
        return
    state.archived = archived
    state.archived_at = state.active_at = world.clock.now()
    world.save(thread)


def archive_idle(world: World) -> None:
    """Archive every thread that nobody wrote in for its time."""
    now = world.clock.now()
    for channel in list(world.channels.values()):
        state = channel.thread
        if state is None or state.archived:
            continue
        if now - max(state.active_at, state.archived_at) >= state.auto_archive_min * 60:
            set_archived(world, channel, archived=True)
            tell_thread(world, "THREAD_UPDATE", channel)
