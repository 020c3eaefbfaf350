"""How one fetcher behaves towards a host: few connections, short pauses, and it waits where it is told to."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

AT_ONCE = 6
PAUSE_S = 0.1
_REMEMBERED = 1000
_ASKS_TO_WAIT = frozenset({403, 429, 503})
_LONGEST_WAIT_S = 86_400.0


class _Host:
    def __init__(self) -> None:
        self.places = asyncio.Semaphore(AT_ONCE)
        self.next_at = 0.0
        self.guests = 0


class Manners:
    """The waiting room before each host. One per fetcher; hosts that nobody visits are forgotten."""

    def __init__(self) -> None:
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def visit(self, origin: str) -> AsyncGenerator[None]:
        """Wait for a place at the host; the caller's deadline bounds the wait."""
        host = self._hosts.setdefault(origin, _Host())
        host.guests += 1
        try:
            async with host.places:
                now = time.monotonic()
                starts_at = max(now, host.next_at)
                host.next_at = starts_at + PAUSE_S
                await asyncio.sleep(starts_at - now)
                yield
        finally:
            host.guests -= 1
            if not host.guests and len(self._hosts) > _REMEMBERED:
                del self._hosts[origin]


def wait_asked(status: int, header: str | None) -> float | None:
    """Seconds that an answer asks to wait (Retry-After: a number or a date); None where it does not."""
    if status not in _ASKS_TO_WAIT or not header:
        return None
    text = header.strip()[:100]
    if re.fullmatch(r"[0-9]{1,9}", text):
        return min(float(text), _LONGEST_WAIT_S)
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return min(max((when - datetime.now(UTC)).total_seconds(), 0.0), _LONGEST_WAIT_S)
