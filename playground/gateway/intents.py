"""Which intents an event needs, and which a bot may ask for. Pure."""

from enum import IntEnum

from playground.shapes.people import INTENT_FLAGS


class Intent(IntEnum):
    """The gateway's intents."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_MODERATION = 1 << 2
    GUILD_EXPRESSIONS = 1 << 3
    GUILD_INTEGRATIONS = 1 << 4
    GUILD_WEBHOOKS = 1 << 5
    GUILD_INVITES = 1 << 6
    GUILD_VOICE_STATES = 1 << 7
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15
    GUILD_SCHEDULED_EVENTS = 1 << 16
    AUTO_MODERATION_CONFIGURATION = 1 << 20
    AUTO_MODERATION_EXECUTION = 1 << 21
    GUILD_MESSAGE_POLLS = 1 << 24
    DIRECT_MESSAGE_POLLS = 1 << 25


KNOWN = sum(Intent)
_PRIVILEGED = (
    (Intent.GUILD_MEMBERS, INTENT_FLAGS["members"] | 1 << 14),
    (Intent.GUILD_PRESENCES, INTENT_FLAGS["presences"] | 1 << 12),
    (Intent.MESSAGE_CONTENT, INTENT_FLAGS["message_content"] | 1 << 18),
)


def disallowed(intents: int, application_flags: int) -> bool:
    """Whether a privileged intent is asked for that the application has not switched on."""
    return any(intents & intent and not application_flags & flags for intent, flags in _PRIVILEGED)


def needed(event: str, *, in_guild: bool) -> int:
    """The intents of which a session must hold one; 0: everybody gets it."""
    if event == "THREAD_MEMBERS_UPDATE":
        return Intent.GUILDS | Intent.GUILD_MEMBERS
    if event.startswith("MESSAGE_REACTION"):
        return Intent.GUILD_MESSAGE_REACTIONS if in_guild else Intent.DIRECT_MESSAGE_REACTIONS
    if event.startswith("MESSAGE_"):
        return Intent.GUILD_MESSAGES if in_guild else Intent.DIRECT_MESSAGES
    if event == "TYPING_START":
        return Intent.GUILD_MESSAGE_TYPING if in_guild else Intent.DIRECT_MESSAGE_TYPING
    if event.startswith("GUILD_BAN_"):
        return Intent.GUILD_MODERATION
    if event.startswith("GUILD_MEMBER_"):
        return Intent.GUILD_MEMBERS
    if event.startswith(("GUILD_", "CHANNEL_", "THREAD_")):
        return Intent.GUILDS if in_guild else 0
    return 0
