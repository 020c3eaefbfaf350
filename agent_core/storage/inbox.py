"""Where signals wait until a session takes them: a stream per session; per server, a list of who has some.

The commit that takes a signal removes it (see journal.py), so an inbox holds only what still waits.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Any

import structlog
from pydantic import ValidationError
from redis.asyncio import Redis

from agent_core.signals import PauseAsked, Signal, dump_signal, load_signal
from agent_core.storage import keys
from agent_core.storage.bell import Bell
from agent_core.storage.redis import answered, raw, text
from agent_core.values import SessionRef

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

START = "0-0"
"""The inbox id before the first signal. An empty string means the same."""

PAGE = 500
"""Signals that are read at once."""

_FIELD = b"signal"
_LOOK_S = 2.0
"""How often a waiter looks by itself, in case a ring was lost."""

# One step: a signal without its mark would wait for a sweep that does not know of it.
_PUT = """
redis.call('ZADD', KEYS[2], redis.call('TIME')[1], ARGV[3])
local id = redis.call('XADD', KEYS[1], '*', ARGV[1], ARGV[2])
redis.call('PUBLISH', ARGV[4], ARGV[5])
return id
"""
_MOVED = """
local before = redis.call('TIME')[1] - ARGV[1]
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', before, 'WITHSCORES', 'LIMIT', 0, ARGV[2])
"""
_SETTLED = """
if redis.call('ZSCORE', KEYS[1], ARGV[1]) == ARGV[2] then return redis.call('ZREM', KEYS[1], ARGV[1]) end
return 0
"""


class Inbox:
    """The inboxes of all sessions."""

    def __init__(self, redis: Redis, bell: Bell) -> None:
        self._redis = redis
        self._bell = bell

    async def put(self, ref: SessionRef, signal: Signal) -> str:
        """Keep the signal; its inbox id. After a lost answer it may be there twice; the fold drops one."""
        names = (keys.inbox(ref), keys.moved(ref.guild_id))
        arguments = (_FIELD, dump_signal(signal), ref.id, keys.BELL, str(ref))
        return text(await answered(self._redis.eval(_PUT, len(names), *names, *arguments)))

    async def fresh(self, ref: SessionRef, after: str) -> list[tuple[str, Signal]]:
        """The signals after this inbox id, oldest first."""
        found: list[tuple[str, Signal]] = []
        full = True
        while full:
            reply = await answered(self._redis.xrange(keys.inbox(ref), min=exclusive(after), count=PAGE))
            page = parse(reply or [])
            found.extend(page)
            after = page[-1][0] if page else after
            full = len(page) == PAGE
        return found

    async def last(self, ref: SessionRef) -> str:
        """The id of the newest signal that waits; START where there is none."""
        entries = await answered(self._redis.xrevrange(keys.inbox(ref), count=1)) or []
        return text(entries[0][0] or START) if entries else START

    async def moved(self, guild_id: str, older_than_s: float = 0.0) -> dict[SessionRef, str]:
        """The sessions that have had something to take for so long, each with a mark for `settled`.

        At most 500. It costs what has changed, however many sessions wait.
        """
        found: list[Any] = await answered(
            self._redis.eval(_MOVED, 1, keys.moved(guild_id), older_than_s, PAGE)
        )
        pairs = zip(found[::2], found[1::2], strict=True)
        return {SessionRef(guild_id, text(name)): text(mark) for name, mark in pairs}

    async def settled(self, ref: SessionRef, mark: str) -> None:
        """Somebody was woken for what had come until then; what came later still counts."""
        await answered(self._redis.eval(_SETTLED, 1, keys.moved(ref.guild_id), ref.id, mark))

    async def remove(self, ref: SessionRef, inbox_id: str) -> None:
        """Take one signal out, as if it had never been put."""
        await answered(self._redis.xdel(keys.inbox(ref), inbox_id))

    async def clear(self, ref: SessionRef) -> None:
        """Drop what nobody will take any more, since the session is over."""
        pipe = self._redis.pipeline(transaction=True)
        pipe.delete(keys.inbox(ref))
        pipe.zrem(keys.moved(ref.guild_id), ref.id)
        await answered(pipe.execute())

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
    """The entries of a stream reply as signals. Raises NewerEventError."""
    return [(text(entry_id), _signal(text(entry_id), fields)) for entry_id, fields in entries]


def _signal(entry_id: str, fields: Any) -> Signal:
    """The signal; where it cannot be read, a pause, so that a person looks before anything goes on."""
    try:
        return load_signal(raw(fields[_FIELD]))
    except (ValidationError, KeyError) as error:
        # Without the traceback, which would quote what people wrote.
        log.error("signal cannot be read", inbox_id=entry_id, error=type(error).__name__)  # noqa: TRY400
        return PauseAsked(by="bot", reason="Something that was said here cannot be read. Say it again.")
