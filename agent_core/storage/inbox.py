"""Where signals wait until a session takes them: one stream per session."""

import time
from collections.abc import Sequence
from typing import Any, cast

from redis.asyncio import Redis

from agent_core.signals import Signal, dump_signal, load_signal
from agent_core.storage import keys
from agent_core.storage.redis import answered, raw, text
from agent_core.values import SessionRef

START = "0-0"
"""The inbox id before the first signal. An empty string means the same."""

_FIELD = b"signal"
_BLOCK_S = 4.0
_PAGE = 500


class Inbox:
    """The inboxes of all sessions."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def put(self, ref: SessionRef, signal: Signal) -> str:
        """Keep the signal; its inbox id. After a lost answer it may be there twice; the fold drops one."""
        added = await answered(self._redis.xadd(keys.inbox(ref), {_FIELD: dump_signal(signal)}))
        return text(added)

    async def fresh(self, ref: SessionRef, after: str) -> list[tuple[str, Signal]]:
        """The signals after this inbox id, oldest first."""
        found: list[tuple[str, Signal]] = []
        full = True
        while full:
            reply = await answered(self._redis.xrange(keys.inbox(ref), min=exclusive(after), count=_PAGE))
            page = parse(reply or [])
            found.extend(page)
            after = page[-1][0] if page else after
            full = len(page) == _PAGE
        return found

    async def last(self, ref: SessionRef) -> str:
        """The id of the newest signal; START where there is none."""
        entries = await answered(self._redis.xrevrange(keys.inbox(ref), count=1)) or []
        return text(entries[0][0] or START) if entries else START

    async def wait(self, ref: SessionRef, after: str, timeout_s: float) -> list[tuple[str, Signal]]:
        """As `fresh`, but waits until there is one. Empty after `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        found: list[tuple[str, Signal]] = []
        left_s = timeout_s
        while not found and left_s > 0:
            # In slices, so that a dead connection is noticed.
            block_ms = max(1, int(min(left_s, _BLOCK_S) * 1000))
            reply = await answered(
                self._redis.xread({keys.inbox(ref): after or START}, count=_PAGE, block=block_ms)
            )
            found = parse(cast(list[Any], reply)[0][1]) if reply else []
            left_s = deadline - time.monotonic()
        return found


def exclusive(after: str) -> str:
    """The start of a range that leaves out this id itself."""
    return f"({after or START}"


def parse(entries: Sequence[Any]) -> list[tuple[str, Signal]]:
    """The entries of a stream reply as signals."""
    return [(text(entry_id), load_signal(raw(fields[_FIELD]))) for entry_id, fields in entries]
