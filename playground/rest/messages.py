"""Messages, their history, pins and reactions."""

from collections.abc import Iterator
from itertools import islice

from playground.actions import messages, reactions
from playground.actions.access import has, visible
from playground.clock import iso
from playground.entities import DM, Message
from playground.forms import Form
from playground.permissions import Permission
from playground.rest.call import NOTHING, Call, Reply
from playground.shapes.messages import message_object
from playground.shapes.people import user_object


def history(call: Call) -> Reply:
    """GET /channels/{channel_id}/messages: newest first; around, before or after an id."""
    channel = visible(call.world, call.params["channel_id"], call.actor_id)
    limit = call.number("limit", default=50, least=1, most=100)
    form = Form(dict(call.query))
    around, before, after = (form.snowflake(key) for key in ("around", "before", "after"))
    form.check()
    if channel.type != DM and not has(call.world, channel, call.actor_id, Permission.READ_MESSAGE_HISTORY):
        return Reply(body=[])
    kept = call.world.history(channel.id)
    if around is not None:
        older = _public(kept.before(str(int(around) + 1)), limit // 2 + 1)
        newer = _public(kept.after(around), limit - limit // 2 - 1)
        found = newer[::-1] + older
    elif after is not None:
        found = _public(kept.after(after), limit)[::-1]
    else:
        found = _public(kept.before(before), limit)
    return Reply(body=[message_object(call.world, message, call.viewer) for message in found])


def _public(found: Iterator[Message], limit: int) -> list[Message]:
    return list(islice((message for message in found if message.ephemeral_to is None), limit))


def message(call: Call) -> Reply:
    """GET /channels/{channel_id}/messages/{message_id}."""
    found = messages.readable(call.world, call.params["channel_id"], call.params["message_id"], call.actor_id)
    return Reply(body=message_object(call.world, found, call.viewer))


def new_message(call: Call) -> Reply:
    """POST /channels/{channel_id}/messages."""
    channel = visible(call.world, call.params["channel_id"], call.actor_id)
    posted = messages.post(call.world, channel.id, call.actor_id, call.draft(channel.guild_id))
    shaped = message_object(call.world, posted, call.viewer)
    return Reply(body=shaped if posted.nonce is None else shaped | {"nonce": posted.nonce})


def edit_message(call: Call) -> Reply:
    """PATCH /channels/{channel_id}/messages/{message_id}."""
    channel = visible(call.world, call.params["channel_id"], call.actor_id)
    before = messages.public(call.world, channel, call.params["message_id"])
    draft = call.draft(channel.guild_id, flags_before=before.flags)
    edited = messages.edit(call.world, channel.id, before.id, call.actor_id, draft)
    return Reply(body=message_object(call.world, edited, call.viewer))


def delete_message(call: Call) -> Reply:
    """DELETE /channels/{channel_id}/messages/{message_id}."""
    messages.delete(call.world, call.params["channel_id"], call.params["message_id"], call.actor_id)
    return NOTHING


def bulk_delete(call: Call) -> Reply:
    """POST /channels/{channel_id}/messages/bulk-delete."""
    form = call.form()
    ids = form.snowflakes("messages")
    form.check()
    messages.bulk_delete(call.world, call.params["channel_id"], ids, call.actor_id)
    return NOTHING


def pins(call: Call) -> Reply:
    """GET /channels/{channel_id}/messages/pins: last pinned first."""
    limit = call.number("limit", default=50, least=1, most=50)
    before = call.moment("before")
    found = [
        (iso(pinned.pinned_at or 0.0), pinned)
        for pinned in _pinned(call)
        if before is None or (pinned.pinned_at or 0.0) < before
    ]
    items = [
        {"pinned_at": at, "message": message_object(call.world, pinned, call.viewer)}
        for at, pinned in found[:limit]
    ]
    return Reply(body={"items": items, "has_more": len(found) > limit})


def old_pins(call: Call) -> Reply:
    """GET /channels/{channel_id}/pins: the list that came before /messages/pins."""
    return Reply(body=[message_object(call.world, pinned, call.viewer) for pinned in _pinned(call)[:50]])


def _pinned(call: Call) -> list[Message]:
    channel = visible(call.world, call.params["channel_id"], call.actor_id)
    if not has(call.world, channel, call.actor_id, Permission.READ_MESSAGE_HISTORY):
        return []
    return messages.pins(call.world, channel)


def pin(call: Call) -> Reply:
    """PUT /channels/{channel_id}/messages/pins/{message_id}."""
    return _set_pin(call, pinned=True)


def unpin(call: Call) -> Reply:
    """DELETE /channels/{channel_id}/messages/pins/{message_id}."""
    return _set_pin(call, pinned=False)


def _set_pin(call: Call, *, pinned: bool) -> Reply:
    messages.pin(
        call.world, call.params["channel_id"], call.params["message_id"], call.actor_id, pinned=pinned
    )
    return NOTHING


def add_reaction(call: Call) -> Reply:
    """PUT .../reactions/{emoji}/@me."""
    emoji = reactions.read_emoji(call.params["emoji"])
    reactions.add(call.world, call.params["channel_id"], call.params["message_id"], call.actor_id, emoji)
    return NOTHING


def remove_reaction(call: Call) -> Reply:
    """DELETE .../reactions/{emoji}/{user_id}, also @me."""
    user_id = call.actor_id if call.params["user_id"] == "@me" else call.params["user_id"]
    reactions.remove(
        call.world,
        call.params["channel_id"],
        call.params["message_id"],
        call.actor_id,
        user_id=user_id,
        emoji=reactions.read_emoji(call.params["emoji"]),
    )
    return NOTHING


def clear_reactions(call: Call) -> Reply:
    """DELETE .../reactions and .../reactions/{emoji}."""
    emoji = call.params.get("emoji")
    reactions.clear(
        call.world,
        call.params["channel_id"],
        call.params["message_id"],
        call.actor_id,
        None if emoji is None else reactions.read_emoji(emoji),
    )
    return NOTHING


def list_reactions(call: Call) -> Reply:
    """GET .../reactions/{emoji}: users by id, after exclusive."""
    pressed = reactions.pressed_by(
        call.world,
        call.params["channel_id"],
        call.params["message_id"],
        call.actor_id,
        reactions.read_emoji(call.params["emoji"]),
    )
    limit = call.number("limit", default=25, least=1, most=100)
    after = call.snowflake("after") or 0
    page = [user_id for user_id in pressed if int(user_id) > after][:limit]
    return Reply(body=[user_object(call.world.user(user_id)) for user_id in page])
