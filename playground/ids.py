"""Snowflakes: ids that carry their time, always rising, also over a restart and a moved clock."""

import base64
import binascii
import re

from playground.clock import Clock

DISCORD_EPOCH_MS = 1_420_070_400_000
_TOKEN = re.compile(r"(?P<id>[\w-]{20,28})\.[\w-]{3,}\.(?P<secret>[\w-]{10,})")


class Ids:
    """Mints ids. Invariant: each is greater than every id minted or seen before."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def seen(self, snowflake: str) -> None:
        """An id from the store: the next one will be greater."""
        self._last = max(self._last, int(snowflake))

    def mint(self) -> str:
        """A new id for now."""
        wanted = (int(self._clock.now() * 1000) - DISCORD_EPOCH_MS) << 22
        self._last = max(wanted, self._last + 1)
        return str(self._last)


def time_of(snowflake: str) -> float:
    """Unix seconds at which an id was minted."""
    return ((int(snowflake) >> 22) + DISCORD_EPOCH_MS) / 1000


def bot_id_of(token: str) -> str | None:
    """The bot's user id in a token of Discord's shape (base64 of the id, a time, a signature), else None."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        return None
    part = match["id"]
    try:
        decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return decoded if re.fullmatch(r"[1-9]\d{14,19}", decoded) else None


def secret_of(token: str) -> str:
    """The last part of a bot token."""
    return token.rpartition(".")[2]
