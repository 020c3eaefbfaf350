"""Where signals wait until a session takes them: one stream per session."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis

from agent_core.signals import Signal, dump_signal, load_signal
from agent_core.storage import keys
from agent_core.storage.bell import Bell
from agent_core.storage.redis import answered, raw, text
from agent_core.values import SessionRef

START = "0-0"
"""The inbox id before the first signal. An empty string means the same."""

_FIELD = b"signal"
_LOOK_S = 2.0
"""How often a waiter looks by itself, in case a ring was lost."""

_PAGE = 500


class Inbox:
    """The inboxes of all sessions."""

    def __init__(self, redis: Redis, bell: Bell) -> None:
        self._redis = redis
        self._bell = bell

    async def put(self, ref: SessionRef, signal: Signal) -> str:
        """Keep the signal; its inbox id. After a lost answer it may be there twice; the fold drops one."""
        pipe: Any = self._redis.pipeline(transaction=False)
        pipe.xadd(keys.inbox(ref), {_FIELD: dump_signal(signal)})
        pipe.publish(keys.BELL, str(ref))
        added, _ = await answered(pipe.execute())
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
        """As `fresh`, but waits until there is one. Empty after `timeout_s`; may be cancelled."""
        deadline = time.monotonic() + timeout_s
        with self._bell.listening(ref) as rung:
            while True:
                rung.clear()
                found = await self.fresh(ref, after)
                left_s = deadline - time.monotonic()
                if found or left_s <= 0:
                    return found
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(left_s, _LOOK_S)):
                        await rung.wait()


def exclusive(after: str) -> str:
    """The start of a range that leaves out this id itself."""
    return f"({after or START}"


def parse(entries: Sequence[Any]) -> list[tuple[str, Signal]]:
    """The entries of a stream reply as signals."""
    return [(text(entry_id), load_signal(raw(fields[_FIELD]))) for entry_id, fields in entries]
