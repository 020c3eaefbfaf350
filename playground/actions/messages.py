"""Posting, editing, deleting and pinning messages."""

from collections.abc import Sequence
from dataclasses import replace

from playground import limits
from playground.actions.access import has, require, require_open, require_sending, visible
from playground.actions.bodies import (
    COMPONENTS_V2,
    LOADING,
    SUPPRESS_EMBEDS,
    SUPPRESS_NOTIFICATIONS,
    Draft,
    is_empty,
    require_new_files,
)
from playground.actions.lines import PINNED, add_line
from playground.actions.mentions import set_mentions
from playground.actions.telling import tell_deleted, tell_deleted_many, tell_message, tell_pins
from playground.actions.threads import add_member, revive_for_post
from playground.entities import DM, Attachment, Channel, Message, Reference
from playground.errors import ApiError, Problem, form_error
from playground.ids import time_of
from playground.permissions import Permission
from playground.world import World

_SETTABLE = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | COMPONENTS_V2
_DELETABLE = frozenset(
    {0, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 17, 18, 19, 20, 22, 23, 24, 25, 26, 27, 28, 29}
)


_ANSWERABLE = frozenset({0, 19, 20, 23})
"""The types of messages that people and bots wrote; the others are lines of the system's."""


def post(
    world: World, channel_id: str, author_id: str, draft: Draft, *, message_id: str | None = None
) -> Message:
    """Post a message, or give back the one that the same author posted with this nonce minutes ago."""
    channel = visible(world, channel_id, author_id)
    if message_id is None:  # the first post of a forum's thread needs what the forum asks for
        require_sending(world, channel, author_id)
    if draft.enforce_nonce and draft.nonce is not None:
        earlier = _same_nonce(world, author_id, draft.nonce)
        if earlier is not None:
            return earlier
    require_new_files(draft)
    _check_contents(world, channel, author_id, draft)
    message = Message(
        id=message_id or world.ids.mint(),
        channel_id=channel.id,
        guild_id=channel.guild_id,
        author_id=author_id,
        content=draft.content,
        tts=draft.tts and has(world, channel, author_id, Permission.SEND_TTS_MESSAGES),
        flags=draft.flags & _SETTABLE,
        nonce=draft.nonce,
        embeds=list(draft.embeds),
        components=list(draft.components),
    )
    _set_reference(world, channel, message, draft)
    if is_empty(message) and not draft.uploads:
        raise ApiError(Problem.EMPTY_MESSAGE)
    return publish(world, channel, message, draft)


def publish(world: World, channel: Channel, message: Message, draft: Draft) -> Message:
    """Put a message that was found right into its channel, and tell."""
    set_mentions(world, channel, message, draft.allowed)
    revive_for_post(world, channel, message.author_id)
    message.attachments = adopt_uploads(world, draft, ephemeral=message.ephemeral_to is not None)
    if channel.thread is not None and message.ephemeral_to is None:
        add_member(world, channel, message.author_id)
        is_first = message.id == channel.id
        channel.thread.message_count += not is_first
        channel.thread.total_sent += not is_first
        channel.thread.active_at = world.clock.now()
    world.save(message)
    if message.ephemeral_to is None:
        channel.last_message_id = message.id
        world.save(channel)
    tell_message(world, "MESSAGE_CREATE", message, nonce=True)
    return message


def require_first_post(world: World, forum: Channel, author_id: str, draft: Draft) -> None:
    """Whether a draft may be the first message of a new post, judged before the post is made."""
    if not (draft.content or draft.embeds or draft.components or draft.uploads):
        raise ApiError(Problem.EMPTY_MESSAGE)
    require_new_files(draft)
    require(world, forum, author_id, Permission.SEND_MESSAGES, *_needed_for(draft))


def _needed_for(draft: Draft) -> list[Permission]:
    needed = [Permission.ATTACH_FILES] if draft.uploads else []
    return [*needed, Permission.EMBED_LINKS] if draft.embeds else needed


def _same_nonce(world: World, author_id: str, nonce: str | int) -> Message | None:
    """Discord remembers nonces per author, for minutes only."""
    message = world.of_nonce(author_id, nonce)
    since = world.clock.now() - limits.NONCE_MEMORY_S
    return message if message is not None and time_of(message.id) >= since else None


def _check_contents(world: World, channel: Channel, author_id: str, draft: Draft) -> None:
    require(world, channel, author_id, *_needed_for(draft))
    if channel.thread is not None:
        may_manage = has(world, channel, author_id, Permission.MANAGE_THREADS)
        if channel.thread.locked and not may_manage:
            raise ApiError(Problem.ARCHIVED if channel.thread.archived else Problem.LOCKED)
    _check_slowmode(world, channel, author_id)


def _check_slowmode(world: World, channel: Channel, author_id: str) -> None:
    """One message per author in the channel's time, but for those who may bypass or manage."""
    if not channel.slowmode_s or has(world, channel, author_id, Permission.BYPASS_SLOWMODE):
        return
    since = world.clock.now() - channel.slowmode_s
    for message in world.history(channel.id).before():
        waits = time_of(message.id) - since
        if waits <= 0:
            return
        if message.author_id == author_id and message.type in {0, 19}:
            raise ApiError(Problem.SLOWMODE, retry_after=waits)


def _set_reference(world: World, channel: Channel, message: Message, draft: Draft) -> None:
    if draft.reference is None:
        return
    reference = replace(draft.reference, channel_id=channel.id, guild_id=channel.guild_id)
    target = world.history(channel.id).get(reference.message_id)
    if draft.reference.channel_id not in {"", channel.id}:
        raise form_error(
            "message_reference",
            "MESSAGE_REFERENCE_CANNOT_REPLY_TO_OTHER_CHANNEL",
            "Cannot reply to a message in a different channel",
        )
    if target is None or target.ephemeral_to is not None:
        if draft.reference_must_exist:
            raise form_error("message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
        return
    if not has(world, channel, message.author_id, Permission.READ_MESSAGE_HISTORY):
        raise ApiError(Problem.REPLY_WITHOUT_HISTORY)
    if target.type not in _ANSWERABLE:
        raise form_error(
            "message_reference",
            "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE",
            "Cannot reply to a system message",
        )
    message.reference, message.type = reference, 19


def adopt_uploads(world: World, draft: Draft, *, ephemeral: bool = False) -> list[Attachment]:
    """Make attachments of the uploaded files; their bytes are synced before the message is committed."""
    descriptions, names = dict(draft.descriptions), dict(draft.renames)
    attachments: list[Attachment] = []
    for upload in draft.uploads:
        attachment = Attachment(
            id=world.ids.mint(),
            filename=names.get(upload.key, upload.name).replace("/", "_").replace("\\", "_") or "unknown",
            size=upload.size,
            content_type=upload.content_type,
            description=descriptions.get(upload.key),
            width=upload.width,
            height=upload.height,
            ephemeral=ephemeral,
        )
        world.store.adopt(upload.path, attachment.id)
        attachments.append(attachment)
    return attachments


def edit(world: World, channel_id: str, message_id: str, editor_id: str, draft: Draft) -> Message:
    """Change a message: all of one's own, only the flags of another's (with MANAGE_MESSAGES)."""
    channel = visible(world, channel_id, editor_id)
    message = public(world, channel, message_id)
    require_open(channel)
    if message.author_id != editor_id:
        if draft.given - {"flags"}:
            raise ApiError(Problem.NOT_YOUR_MESSAGE)
        require(world, channel, editor_id, Permission.MANAGE_MESSAGES)
    elif message.type not in _ANSWERABLE:
        raise ApiError(Problem.SYSTEM_MESSAGE)
    if world.users[editor_id].bot:
        _note_old_edit(world, message)
    return apply_edit(world, channel, message, draft)


def _note_old_edit(world: World, message: Message) -> None:
    """Messages older than an hour take a few edits per minute only."""
    now = world.clock.now()
    if now - time_of(message.id) < limits.OLD_MESSAGE_S:
        return
    recent = [at for at in message.old_edits if at > now - limits.OLD_EDITS_WINDOW_S]
    if len(recent) >= limits.OLD_EDITS:
        raise ApiError(Problem.OLD_EDITS, retry_after=recent[0] + limits.OLD_EDITS_WINDOW_S - now)
    message.old_edits = [*recent, now]


def apply_edit(
    world: World, channel: Channel, message: Message, draft: Draft, *, first_fill: bool = False
) -> Message:
    """Change what the draft gives. `first_fill`: the answer that a deferred one waited for."""
    kept = _kept_attachments(message, draft)
    content = draft.content if "content" in draft.given else message.content
    embeds = list(draft.embeds) if "embeds" in draft.given else message.embeds
    components = list(draft.components) if "components" in draft.given else message.components
    if not (content or embeds or components or kept or draft.uploads):
        raise ApiError(Problem.EMPTY_MESSAGE)
    if len(kept) + len(draft.uploads) > limits.ATTACHMENTS:
        raise form_error("attachments", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
    if "flags" in draft.given:
        message.flags = message.flags & ~SUPPRESS_EMBEDS | draft.flags & (SUPPRESS_EMBEDS | COMPONENTS_V2)
    if first_fill:
        message.flags &= ~LOADING
    message.content, message.embeds, message.components = content, embeds, components
    if message.flags & COMPONENTS_V2:
        message.content, message.embeds = "", []
    message.attachments = kept + adopt_uploads(world, draft, ephemeral=message.ephemeral_to is not None)
    if draft.given & {"content", "allowed_mentions"}:
        set_mentions(world, channel, message, draft.allowed)
    if not first_fill and draft.given - {"flags"}:
        message.edited_at = world.clock.now()
    world.save(message)
    tell_message(world, "MESSAGE_UPDATE", message)
    return message


def _kept_attachments(message: Message, draft: Draft) -> list[Attachment]:
    if "attachments" not in draft.given:
        return list(message.attachments)
    return [attachment for attachment in message.attachments if attachment.id in draft.kept]


def public(world: World, channel: Channel, message_id: str) -> Message:
    """A message that everybody in the channel can see; else 10008."""
    message = world.message(channel.id, message_id)
    if message.ephemeral_to is not None:
        raise ApiError(Problem.UNKNOWN_MESSAGE)
    return message


def readable(world: World, channel_id: str, message_id: str, reader_id: str) -> Message:
    """A message that a reader may fetch."""
    channel = visible(world, channel_id, reader_id)
    require(world, channel, reader_id, Permission.READ_MESSAGE_HISTORY)
    return public(world, channel, message_id)


def delete(world: World, channel_id: str, message_id: str, user_id: str) -> None:
    """Delete one's own message, or another's with MANAGE_MESSAGES."""
    channel = visible(world, channel_id, user_id)
    message = public(world, channel, message_id)
    if message.author_id != user_id:
        if channel.type == DM:
            raise ApiError(Problem.NOT_IN_DM)
        require(world, channel, user_id, Permission.MANAGE_MESSAGES)
    if message.type not in _DELETABLE:
        raise ApiError(Problem.SYSTEM_MESSAGE)
    require_open(channel)
    remove(world, message)


def remove(world: World, message: Message, *, silently: bool = False) -> None:
    """Take a message out of the world, its files too."""
    channel = world.channels.get(message.channel_id)
    world.drop(message)
    if channel is not None and channel.thread is not None and message.ephemeral_to is None:
        channel.thread.message_count = max(0, channel.thread.message_count - 1)
        world.save(channel)
    for attachment in message.attachments:
        world.store.discard(attachment.id)
    if not silently:
        tell_deleted(world, message)


def bulk_delete(world: World, channel_id: str, message_ids: Sequence[str], user_id: str) -> None:
    """Delete 2 to 100 messages younger than two weeks; unknown ids are ignored."""
    channel = visible(world, channel_id, user_id)
    if channel.type == DM:
        raise ApiError(Problem.NOT_IN_DM)
    require(world, channel, user_id, Permission.MANAGE_MESSAGES)
    wanted = list(dict.fromkeys(message_ids))
    if not 2 <= len(wanted) <= 100:
        raise ApiError(Problem.BULK_DELETE_COUNT)
    if any(time_of(one) < world.clock.now() - limits.BULK_DELETE_AGE_S for one in wanted):
        raise ApiError(Problem.TOO_OLD_TO_BULK_DELETE)
    require_open(channel)
    found = [message for one in wanted if (message := world.history(channel.id).get(one)) is not None]
    gone = [message for message in found if message.ephemeral_to is None]
    for message in gone:
        remove(world, message, silently=True)
    if gone:
        tell_deleted_many(world, channel, [message.id for message in gone])


def pin(world: World, channel_id: str, message_id: str, user_id: str, *, pinned: bool) -> None:
    """Pin or unpin a message."""
    channel = visible(world, channel_id, user_id)
    if channel.type != DM:
        require(world, channel, user_id, Permission.PIN_MESSAGES)
    message = public(world, channel, message_id)
    if message.type not in _ANSWERABLE:
        raise ApiError(Problem.SYSTEM_MESSAGE)
    require_open(channel)
    if (message.pinned_at is not None) == pinned:
        return
    if pinned and len(pins(world, channel)) >= limits.PINS:
        raise ApiError(Problem.TOO_MANY_PINS)
    message.pinned_at = world.clock.now() if pinned else None
    if pinned:
        channel.last_pin_at = message.pinned_at
    world.save(message)
    world.save(channel)
    tell_message(world, "MESSAGE_UPDATE", message)
    tell_pins(world, channel)
    if pinned:
        reference = Reference(message_id=message.id, channel_id=channel.id, guild_id=channel.guild_id)
        add_line(world, channel, user_id, PINNED, reference=reference)


def pins(world: World, channel: Channel) -> list[Message]:
    """A channel's pinned messages, last pinned first."""
    pinned = [message for message in world.history(channel.id).before() if message.pinned_at is not None]
    return sorted(pinned, key=lambda message: message.pinned_at or 0.0, reverse=True)
