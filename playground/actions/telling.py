"""The gateway's events, one function per kind: what is said of a change, and to whom."""

from playground.clock import iso
from playground.entities import Channel, Guild, Member, Message, Role
from playground.events import Event, Viewer
from playground.shapes.messages import emoji_object, message_event
from playground.shapes.people import member_object, role_object
from playground.shapes.places import channel_object, thread_member_object, thread_object
from playground.wire import Payload
from playground.world import World


def tell_message(world: World, name: str, message: Message, *, nonce: bool = False) -> None:
    """MESSAGE_CREATE or MESSAGE_UPDATE. An ephemeral one goes to its person's page only."""

    def shape(viewer: Viewer) -> Payload:
        shaped = message_event(world, message, viewer)
        if nonce and message.nonce is not None and viewer.user_id == message.author_id:
            shaped["nonce"] = message.nonce
        return shaped

    world.emit(
        Event(
            name=name,
            shape=shape,
            personal=_personal(world, message),
            guild_id=message.guild_id,
            channel_id=message.channel_id,
            only=frozenset({message.ephemeral_to}) if message.ephemeral_to else None,
            page_only=message.ephemeral_to is not None,
        )
    )


def _personal(world: World, message: Message) -> frozenset[str]:
    """For whom a message looks different: its author, who is mentioned, who reacted, who is in its thread."""
    users = {message.author_id, *message.mentions}
    for reaction in message.reactions:
        users.update(reaction.users)
    if message.reference is not None:
        target = world.history(message.reference.channel_id).get(message.reference.message_id)
        if target is not None:
            users |= {target.author_id, *target.mentions}
    for channel_id in (message.id, message.reference.message_id if message.reference else ""):
        thread = world.channels.get(channel_id)
        if thread is not None and thread.thread is not None:
            users.update(thread.thread.members)
    return frozenset(users)


def tell_deleted(world: World, message: Message) -> None:
    """MESSAGE_DELETE."""
    shaped = _placed(message.guild_id, id=message.id, channel_id=message.channel_id)
    world.emit(
        Event(
            name="MESSAGE_DELETE",
            shape=lambda _: shaped,
            guild_id=message.guild_id,
            channel_id=message.channel_id,
            only=frozenset({message.ephemeral_to}) if message.ephemeral_to else None,
            page_only=message.ephemeral_to is not None,
        )
    )


def tell_deleted_many(world: World, channel: Channel, message_ids: list[str]) -> None:
    """MESSAGE_DELETE_BULK."""
    tell_in_channel(world, "MESSAGE_DELETE_BULK", channel, {"ids": message_ids, "channel_id": channel.id})


def tell_in_channel(world: World, name: str, channel: Channel, payload: Payload) -> None:
    """Any event about something in a channel whose payload is the same for everybody."""
    shaped = _placed(channel.guild_id, **payload)
    world.emit(Event(name=name, shape=lambda _: shaped, guild_id=channel.guild_id, channel_id=channel.id))


def tell_reaction(world: World, name: str, message: Message, user_id: str, emoji: str) -> None:
    """MESSAGE_REACTION_ADD or MESSAGE_REACTION_REMOVE."""
    payload: Payload = {
        "user_id": user_id,
        "channel_id": message.channel_id,
        "message_id": message.id,
        "emoji": emoji_object(emoji) | {"animated": False},
        "burst": False,
        "type": 0,
    }
    if name == "MESSAGE_REACTION_ADD":
        payload["message_author_id"] = message.author_id
        member = world.members.get((message.guild_id or "", user_id))
        if member is not None:
            payload["member"] = member_object(world, member)
    tell_in_channel(world, name, world.channel(message.channel_id), payload)


def tell_channel(world: World, name: str, channel: Channel, *, page_only: bool = False) -> None:
    """CHANNEL_CREATE, CHANNEL_UPDATE or CHANNEL_DELETE."""
    world.emit(
        Event(
            name=name,
            shape=lambda viewer: channel_object(world, channel, viewer_id=viewer.user_id),
            personal=frozenset(channel.recipients),
            guild_id=channel.guild_id,
            channel_id=channel.id,
            page_only=page_only,
        )
    )


def tell_thread(world: World, name: str, channel: Channel, *, newly_created: bool = False) -> None:
    """THREAD_CREATE or THREAD_UPDATE."""

    def shape(viewer: Viewer) -> Payload:
        shaped = thread_object(world, channel, viewer_id=viewer.user_id)
        if newly_created:
            shaped["newly_created"] = True
        return shaped

    members = frozenset(channel.thread.members) if channel.thread else frozenset[str]()
    world.emit(
        Event(name=name, shape=shape, personal=members, guild_id=channel.guild_id, channel_id=channel.id)
    )


def tell_thread_gone(world: World, channel: Channel) -> None:
    """THREAD_DELETE, while the thread is still there to judge who saw it."""
    payload: Payload = {"id": channel.id, "parent_id": channel.parent_id, "type": channel.type}
    tell_in_channel(world, "THREAD_DELETE", channel, payload)


def tell_thread_members(
    world: World, channel: Channel, *, added: list[str] | None = None, removed: list[str] | None = None
) -> None:
    """THREAD_MEMBERS_UPDATE."""
    payload: Payload = {
        "id": channel.id,
        "member_count": len(channel.thread.members) if channel.thread else 0,
    }
    if added:
        payload["added_members"] = [
            thread_member_object(world, channel, user_id, with_member=True) | {"presence": None}
            for user_id in added
        ]
    if removed:
        payload["removed_member_ids"] = removed
    tell_in_channel(world, "THREAD_MEMBERS_UPDATE", channel, payload)


def tell_typing(world: World, channel: Channel, user_id: str) -> None:
    """TYPING_START."""
    payload: Payload = {
        "channel_id": channel.id,
        "user_id": user_id,
        "timestamp": int(world.clock.now()),
    }
    member = world.members.get((channel.guild_id or "", user_id))
    if member is not None:
        payload["member"] = member_object(world, member)
    tell_in_channel(world, "TYPING_START", channel, payload)


def tell_pins(world: World, channel: Channel) -> None:
    """CHANNEL_PINS_UPDATE."""
    last = iso(channel.last_pin_at) if channel.last_pin_at else None
    tell_in_channel(
        world, "CHANNEL_PINS_UPDATE", channel, {"channel_id": channel.id, "last_pin_timestamp": last}
    )


def tell_guild(world: World, name: str, guild: Guild, payload: Payload, *, only: str | None = None) -> None:
    """Any event about a guild as a whole."""
    world.emit(
        Event(
            name=name,
            shape=lambda _: payload,
            guild_id=guild.id,
            only=frozenset({only}) if only else None,
        )
    )


def tell_member(world: World, name: str, member: Member) -> None:
    """GUILD_MEMBER_ADD or GUILD_MEMBER_UPDATE."""
    payload = member_object(world, member) | {"guild_id": member.guild_id}
    joined = member.user_id if name == "GUILD_MEMBER_ADD" else None
    world.emit(Event(name=name, shape=lambda _: payload, guild_id=member.guild_id, without=joined))


def tell_role(world: World, name: str, role: Role) -> None:
    """GUILD_ROLE_CREATE or GUILD_ROLE_UPDATE."""
    payload: Payload = {"guild_id": role.guild_id, "role": role_object(role)}
    tell_guild(world, name, world.guild(role.guild_id), payload)


def _placed(guild_id: str | None, **payload: object) -> Payload:
    return payload if guild_id is None else payload | {"guild_id": guild_id}
