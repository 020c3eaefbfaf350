"""REST on Discord: nonces, retries, deadlines, one send at a time per channel, errors in a few classes."""

from bot.discord_api.api import DiscordApi, Presser, Sent, SentFile, Upload
from bot.discord_api.audience import Audience
from bot.discord_api.dropped import Caps, DroppedFiles, Received, safe_name
from bot.discord_api.errors import (
    DiscordError,
    ForbiddenError,
    GoneError,
    LockedError,
    RejectedError,
    TooLargeError,
    UnavailableError,
)
from bot.discord_api.facts import LOGIN_REFUSED, Facts, learn
from bot.discord_api.lanes import Lanes
from bot.discord_api.pace import for_threads, paced

__all__ = [
    "LOGIN_REFUSED",
    "Audience",
    "Caps",
    "DiscordApi",
    "DiscordError",
    "DroppedFiles",
    "Facts",
    "ForbiddenError",
    "GoneError",
    "Lanes",
    "LockedError",
    "Presser",
    "Received",
    "RejectedError",
    "Sent",
    "SentFile",
    "TooLargeError",
    "UnavailableError",
    "Upload",
    "for_threads",
    "learn",
    "paced",
    "safe_name",
]
