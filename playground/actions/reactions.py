"""Reactions: the first of an emoji needs ADD_REACTIONS, the next ones only sight of the message."""

import re
from urllib.parse import unquote

from playground import limits
from playground.actions.access import require, require_open, visible
from playground.actions.messages import public
from playground.actions.telling import tell_in_channel, tell_reaction
from playground.emoji import is_emoji
from playground.entities import Channel, Message, Reaction
from playground.errors import ApiError, Problem
from playground.permissions import Permission
from playground.shapes.messages import emoji_object
from playground.wire import Payload
from playground.world import World

_CUSTOM = re.compile(r"(?:a:)?[\w~]{2,32}:\d{15,20}")


def read_emoji(text: str) -> str:
    """The emoji of an address, percent-encoded or not: a unicode emoji or "name:id"; else 10014."""
    emoji = unquote(text).strip("<>").removeprefix(":")
    if _CUSTOM.fullmatch(emoji):
        return emoji.removeprefix("a:")
    if not is_emoji(emoji):
        raise ApiError(Problem.UNKNOWN_EMOJI)
    return emoji


def _same(one: str, other: str) -> bool:
    """Whether two emoji differ in the variation selector at most."""
    return one.replace("\ufe0f", "") == other.replace("\ufe0f", "")


def _find(message: Message, emoji: str) -> Reaction | None:
    return next((reaction for reaction in message.reactions if _same(reaction.emoji, emoji)), None)


def _target(world: World, channel_id: str, message_id: str, user_id: str) -> tuple[Channel, Message]:
    channel = visible(world, channel_id, user_id)
    require(world, channel, user_id, Permission.READ_MESSAGE_HISTORY)
    message = public(world, channel, message_id)
    require_open(channel)
    return channel, message


def add(world: World, channel_id: str, message_id: str, user_id: str, emoji: str) -> None:
    """Press an emoji."""
    channel, message = _target(world, channel_id, message_id, user_id)
    reaction = _find(message, emoji)
    if reaction is None:
        require(world, channel, user_id, Permission.ADD_REACTIONS)
        if len(message.reactions) >= limits.DISTINCT_REACTIONS:
            raise ApiError(Problem.TOO_MANY_REACTIONS)
        reaction = Reaction(emoji=emoji)
        message.reactions.append(reaction)
    if user_id in reaction.users:
        return
    reaction.users.append(user_id)
    world.save(message)
    tell_reaction(world, "MESSAGE_REACTION_ADD", message, user_id, reaction.emoji)


def remove(
    world: World, channel_id: str, message_id: str, actor_id: str, *, user_id: str, emoji: str
) -> None:
    """Take back one's own, or another's with MANAGE_MESSAGES."""
    channel, message = _target(world, channel_id, message_id, actor_id)
    if actor_id != user_id:
        require(world, channel, actor_id, Permission.MANAGE_MESSAGES)
    reaction = _find(message, emoji)
    if reaction is None:
        raise ApiError(Problem.UNKNOWN_EMOJI)
    if user_id not in reaction.users:
        return
    reaction.users.remove(user_id)
    if not reaction.users:
        message.reactions.remove(reaction)
    world.save(message)
    tell_reaction(world, "MESSAGE_REACTION_REMOVE", message, user_id, reaction.emoji)


def clear(world: World, channel_id: str, message_id: str, actor_id: str, emoji: str | None = None) -> None:
    """Take off all reactions, or all of one emoji."""
    channel, message = _target(world, channel_id, message_id, actor_id)
    require(world, channel, actor_id, Permission.MANAGE_MESSAGES)
    payload: Payload = {"channel_id": channel.id, "message_id": message.id}
    if emoji is None:
        message.reactions.clear()
        world.save(message)
        tell_in_channel(world, "MESSAGE_REACTION_REMOVE_ALL", channel, payload)
        return
    reaction = _find(message, emoji)
    if reaction is None:
        raise ApiError(Problem.UNKNOWN_EMOJI)
    message.reactions.remove(reaction)
    world.save(message)
    payload["emoji"] = emoji_object(reaction.emoji) | {"animated": False}
    tell_in_channel(world, "MESSAGE_REACTION_REMOVE_EMOJI", channel, payload)


def pressed_by(world: World, channel_id: str, message_id: str, actor_id: str, emoji: str) -> list[str]:
    """Who pressed an emoji, by user id."""
    channel = visible(world, channel_id, actor_id)
    require(world, channel, actor_id, Permission.READ_MESSAGE_HISTORY)
    reaction = _find(public(world, channel, message_id), emoji)
    return sorted(reaction.users, key=int) if reaction is not None else []
