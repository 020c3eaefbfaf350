"""Channels, threads, typing and overwrites."""

from playground.actions import channels, messages, threads
from playground.actions.access import require, require_sending, visible
from playground.actions.bodies import read_draft
from playground.actions.telling import tell_typing
from playground.entities import DM, FORUM, PRIVATE_THREAD, Channel
from playground.errors import ApiError, Problem
from playground.permissions import Permission
from playground.rest.call import NOTHING, Call, Reply, require_members_intent
from playground.shapes.messages import message_object
from playground.shapes.places import channel_object, thread_member_object, thread_object


def channel(call: Call) -> Reply:
    """GET /channels/{channel_id}."""
    found = visible(call.world, call.params["channel_id"], call.actor_id)
    return Reply(body=channel_object(call.world, found, viewer_id=call.actor_id))


def change_channel(call: Call) -> Reply:
    """PATCH /channels/{channel_id}."""
    changed = channels.update(call.world, call.params["channel_id"], call.actor_id, call.body)
    return Reply(body=channel_object(call.world, changed, viewer_id=call.actor_id))


def delete_channel(call: Call) -> Reply:
    """DELETE /channels/{channel_id}."""
    gone = channels.delete(call.world, call.params["channel_id"], call.actor_id)
    return Reply(body=channel_object(call.world, gone, viewer_id=call.actor_id))


def put_overwrite(call: Call) -> Reply:
    """PUT /channels/{channel_id}/permissions/{overwrite_id}."""
    channels.set_overwrite(
        call.world, call.params["channel_id"], call.actor_id, call.params["overwrite_id"], call.body or {}
    )
    return NOTHING


def delete_overwrite(call: Call) -> Reply:
    """DELETE /channels/{channel_id}/permissions/{overwrite_id}."""
    channels.set_overwrite(
        call.world, call.params["channel_id"], call.actor_id, call.params["overwrite_id"], None
    )
    return NOTHING


def typing(call: Call) -> Reply:
    """POST /channels/{channel_id}/typing."""
    found = visible(call.world, call.params["channel_id"], call.actor_id)
    if found.type != DM:
        require_sending(call.world, found, call.actor_id)
    tell_typing(call.world, found, call.actor_id)
    return NOTHING


def thread_from_message(call: Call) -> Reply:
    """POST /channels/{channel_id}/messages/{message_id}/threads."""
    thread = threads.from_message(
        call.world, call.params["channel_id"], call.params["message_id"], call.actor_id, call.body
    )
    return Reply(status=201, body=thread_object(call.world, thread, viewer_id=call.actor_id))


def new_thread(call: Call) -> Reply:
    """POST /channels/{channel_id}/threads: without a message, or with one in a forum."""
    parent = visible(call.world, call.params["channel_id"], call.actor_id)
    if parent.type != FORUM:
        thread = threads.without_message(call.world, parent.id, call.actor_id, call.body)
        return Reply(status=201, body=thread_object(call.world, thread, viewer_id=call.actor_id))
    first = call.form().raw("message")
    guild = call.world.guilds.get(parent.guild_id or "")
    draft = read_draft(
        first if first is not None else {},
        call.uploads,
        premium_tier=guild.premium_tier if guild else 0,
        path="message",
    )
    messages.require_first_post(call.world, parent, call.actor_id, draft)
    thread = threads.in_forum(call.world, parent.id, call.actor_id, call.body)
    message = messages.post(call.world, thread.id, call.actor_id, draft, message_id=thread.id)
    shaped = thread_object(call.world, thread, viewer_id=call.actor_id)
    return Reply(status=201, body=shaped | {"message": message_object(call.world, message, call.viewer)})


def _member_id(call: Call) -> str:
    return call.actor_id if call.params["user_id"] == "@me" else call.params["user_id"]


def thread_members(call: Call) -> Reply:
    """GET /channels/{channel_id}/thread-members."""
    thread = visible(call.world, call.params["channel_id"], call.actor_id)
    if thread.thread is None:
        raise ApiError(Problem.WRONG_CHANNEL_TYPE)
    require_members_intent(call)
    with_member = call.query.get("with_member", "").lower() in {"true", "1"}
    found = sorted(thread.thread.members, key=int)
    if with_member:  # only then it comes in pages
        after, limit = call.snowflake("after") or 0, call.number("limit", default=100, least=1, most=100)
        found = [user_id for user_id in found if int(user_id) > after][:limit]
    return Reply(
        body=[thread_member_object(call.world, thread, user_id, with_member=with_member) for user_id in found]
    )


def thread_member(call: Call) -> Reply:
    """GET /channels/{channel_id}/thread-members/{user_id}."""
    thread = visible(call.world, call.params["channel_id"], call.actor_id)
    user_id = _member_id(call)
    if thread.thread is None or user_id not in thread.thread.members:
        raise ApiError(Problem.UNKNOWN_MEMBER)
    return Reply(
        body=thread_member_object(
            call.world,
            thread,
            user_id,
            with_member=call.query.get("with_member", "").lower() in {"true", "1"},
        )
    )


def join_thread(call: Call) -> Reply:
    """PUT /channels/{channel_id}/thread-members/{user_id}."""
    threads.join(call.world, call.params["channel_id"], call.actor_id, _member_id(call))
    return NOTHING


def leave_thread(call: Call) -> Reply:
    """DELETE /channels/{channel_id}/thread-members/{user_id}."""
    threads.leave(call.world, call.params["channel_id"], call.actor_id, _member_id(call))
    return NOTHING


def archived_public(call: Call) -> Reply:
    """GET /channels/{channel_id}/threads/archived/public: last archived first."""
    return _archived(call, private=False)


def archived_private(call: Call) -> Reply:
    """GET /channels/{channel_id}/threads/archived/private."""
    parent = visible(call.world, call.params["channel_id"], call.actor_id)
    require(call.world, parent, call.actor_id, Permission.MANAGE_THREADS)
    return _archived(call, private=True)


def archived_joined(call: Call) -> Reply:
    """GET /channels/{channel_id}/users/@me/threads/archived/private."""
    return _archived(call, private=True, joined=True)


def _archived(call: Call, *, private: bool, joined: bool = False) -> Reply:
    parent = visible(call.world, call.params["channel_id"], call.actor_id)
    require(call.world, parent, call.actor_id, Permission.READ_MESSAGE_HISTORY)
    limit = call.number("limit", default=50, least=1, most=100)
    before = None if joined else call.moment("before")
    before_id = call.snowflake("before") if joined else None
    found = [
        thread
        for thread in call.world.threads_of(parent.id)
        if (thread.type == PRIVATE_THREAD) == private
        and _is_archived(thread, before)
        and (not joined or _joined(call, thread, before_id))
        and call.world.can_see(thread, call.actor_id)
    ]
    found.sort(key=lambda thread: thread.thread.archived_at if thread.thread else 0.0, reverse=True)
    page = found[:limit]
    return Reply(
        body={
            "threads": [thread_object(call.world, thread, viewer_id=call.actor_id) for thread in page],
            "members": [
                thread_member_object(call.world, thread, call.actor_id)
                for thread in page
                if thread.thread and call.actor_id in thread.thread.members
            ],
            "has_more": len(found) > limit,
        }
    )


def _is_archived(thread: Channel, before: float | None) -> bool:
    state = thread.thread
    return state is not None and state.archived and (before is None or state.archived_at < before)


def _joined(call: Call, thread: Channel, before: int | None) -> bool:
    state = thread.thread
    return (
        state is not None and call.actor_id in state.members and (before is None or int(thread.id) < before)
    )
