"""Who is mentioned in a text, within what the author allows and may. Pure but for look-ups."""

import re

from playground.actions.bodies import AllowedMentions
from playground.entities import Channel, Message
from playground.permissions import Permission
from playground.world import World

_CODE = re.compile(r"```.*?```|``.*?``|`[^`\n]*`", re.DOTALL)
_USER = re.compile(r"<@!?(\d{1,20})>")
_ROLE = re.compile(r"<@&(\d{1,20})>")
_EVERYONE = re.compile(r"(?<![\\`\w])@(everyone|here)\b")


def set_mentions(world: World, channel: Channel, message: Message, allowed: AllowedMentions) -> None:
    """Fill in a message's mentions from its content and the message it answers."""
    text = _CODE.sub(" ", message.content)
    granted = world.permissions(channel, message.author_id)
    may_all = bool(granted & Permission.MENTION_EVERYONE)
    users = [
        user_id
        for user_id in _USER.findall(text)
        if user_id in world.users and (allowed.all_users or user_id in allowed.users)
    ]
    replied = _replied_user(world, message) if allowed.replied_user else None
    if replied is not None and replied not in users:
        users.insert(0, replied)
    message.mentions = list(dict.fromkeys(users))
    message.mention_roles = [
        role_id
        for role_id in dict.fromkeys(_ROLE.findall(text))
        if role_id in world.roles
        and world.roles[role_id].guild_id == channel.guild_id
        and (allowed.all_roles or role_id in allowed.roles)
        and (may_all or world.roles[role_id].mentionable)
    ]
    message.mention_everyone = (
        allowed.everyone and may_all and channel.guild_id is not None and bool(_EVERYONE.search(text))
    )


def _replied_user(world: World, message: Message) -> str | None:
    if message.reference is None or message.type != 19:
        return None
    target = world.history(message.reference.channel_id).get(message.reference.message_id)
    return target.author_id if target is not None else None
