"""Who may do what where: Discord's algorithm over roles and channel overwrites. Pure."""

from collections.abc import Iterable
from enum import IntEnum

from playground.entities import Overwrite


class Permission(IntEnum):
    """The permission bits that the playground knows by name."""

    CREATE_INSTANT_INVITE = 1 << 0
    KICK_MEMBERS = 1 << 1
    BAN_MEMBERS = 1 << 2
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_AUDIT_LOG = 1 << 7
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    SEND_TTS_MESSAGES = 1 << 12
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    CHANGE_NICKNAME = 1 << 26
    MANAGE_NICKNAMES = 1 << 27
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    MODERATE_MEMBERS = 1 << 40
    USE_EXTERNAL_APPS = 1 << 50
    PIN_MESSAGES = 1 << 51
    BYPASS_SLOWMODE = 1 << 52


ALL = (1 << 53) - 1
EVERYONE = (
    Permission.CREATE_INSTANT_INVITE
    | Permission.ADD_REACTIONS
    | Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.MENTION_EVERYONE
    | Permission.USE_EXTERNAL_EMOJIS
    | Permission.CHANGE_NICKNAME
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.CREATE_PRIVATE_THREADS
    | Permission.SEND_MESSAGES_IN_THREADS
    | Permission.USE_EXTERNAL_APPS
)
BOT_INVITE = (
    Permission.ADD_REACTIONS
    | Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.MANAGE_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.USE_EXTERNAL_EMOJIS
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.MANAGE_THREADS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.SEND_MESSAGES_IN_THREADS
    | Permission.PIN_MESSAGES
)
"""What the role of a newly invited bot carries."""
IN_DM = (EVERYONE | Permission.PIN_MESSAGES) & ~(
    Permission.CREATE_PUBLIC_THREADS | Permission.CREATE_PRIVATE_THREADS | Permission.MENTION_EVERYONE
)
IN_TIMEOUT = Permission.VIEW_CHANNEL | Permission.READ_MESSAGE_HISTORY
"""All that a member keeps while it is timed out."""
_DEPENDS_ON_SENDING = (
    Permission.MENTION_EVERYONE
    | Permission.SEND_TTS_MESSAGES
    | Permission.ATTACH_FILES
    | Permission.EMBED_LINKS
)


def base_permissions(*, is_owner: bool, everyone: int, roles: Iterable[int]) -> int:
    """A member's permissions in the guild as a whole; administrators have all."""
    if is_owner:
        return ALL
    total = everyone
    for role in roles:
        total |= role
    return ALL if total & Permission.ADMINISTRATOR else total


def in_channel(
    base: int, overwrites: Iterable[Overwrite], *, guild_id: str, user_id: str, role_ids: Iterable[str]
) -> int:
    """A member's permissions in one channel: @everyone's overwrite, then the roles', then the member's."""
    if base & Permission.ADMINISTRATOR:
        return ALL
    by_id = {overwrite.id: overwrite for overwrite in overwrites}
    total = base
    everyone = by_id.get(guild_id)
    if everyone is not None:
        total = total & ~everyone.deny | everyone.allow
    of_roles = [by_id[role_id] for role_id in role_ids if role_id in by_id]
    for overwrite in of_roles:
        total &= ~overwrite.deny
    for overwrite in of_roles:
        total |= overwrite.allow
    own = by_id.get(user_id)
    if own is not None:
        total = total & ~own.deny | own.allow
    return _implied(total)


def _implied(total: int) -> int:
    """Without sight there is nothing; without a way to send, what only matters when sending is gone."""
    if not total & Permission.VIEW_CHANNEL:
        return 0
    sending = Permission.SEND_MESSAGES | Permission.SEND_MESSAGES_IN_THREADS
    return total if total & sending else total & ~_DEPENDS_ON_SENDING
