"""What can go wrong with Discord, in the few kinds that a caller reacts to differently.

* DiscordError
    * GoneError          the message, thread, channel or server is not there any more; never again
    * ForbiddenError     the bot lacks a permission, or the token
    * LockedError        the thread is archived or locked: it takes no edit, reaction or command
    * TooLargeError      the files are larger than this place takes
    * RejectedError      Discord will never take this request: a filter of the server, or a bug of ours
    * UnavailableError   nothing was wrong with the request; try it again later
"""

import discord


class DiscordError(Exception):
    """The root of them; the text is for people."""

    def __init__(self, message: str, *, code: int = 0) -> None:
        super().__init__(message)
        self.code = code
        """Discord's own code, 0 where there is none."""


class GoneError(DiscordError):
    """What the request names does not exist."""

    @property
    def message_only(self) -> bool:
        """It is the message that is gone; its channel is still there."""
        return self.code == _UNKNOWN_MESSAGE


class ForbiddenError(DiscordError):
    """The bot may not."""


class LockedError(DiscordError):
    """The thread is archived or locked, or the server has too many active ones."""

    @property
    def archived_only(self) -> bool:
        """It is archived, so a post or `unarchive` opens it again, unless it is locked too."""
        return self.code == _ARCHIVED


class TooLargeError(DiscordError):
    """The files are over the limit of this place."""


class RejectedError(DiscordError):
    """Discord does not take this, however often it is sent."""


class UnavailableError(DiscordError):
    """Discord does not answer, or asks to wait."""


_UNKNOWN_MESSAGE = 10008
_TOO_LARGE = 40005
_ARCHIVED = 50083
_LOCKED = 160005
_TOO_MANY_ACTIVE = 160006


def translated(error: discord.HTTPException) -> DiscordError:
    """The same failure in our words."""
    text = f"Discord answered {error.status} ({error.code}): {error.text or 'no reason given'}"
    if error.code in (_ARCHIVED, _LOCKED, _TOO_MANY_ACTIVE):
        return LockedError(text, code=error.code)
    if error.status == 413 or error.code == _TOO_LARGE:
        return TooLargeError(text, code=error.code)
    if error.status == 404:
        return GoneError(text, code=error.code)
    if error.status in (401, 403):
        return ForbiddenError(text, code=error.code)
    if error.status == 429 or error.status >= 500:
        return UnavailableError(text, code=error.code)
    return RejectedError(text, code=error.code)
