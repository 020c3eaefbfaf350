"""All requests of one bot together: Discord takes 50 in a second, and counts more than that against it.

Each process keeps to that by itself, and asks the turnstile that all processes share; where that does not
answer for a moment, what is done without it is little, since nearly everything else needs the same Redis.
"""

import asyncio
import contextlib
import contextvars
from collections import deque
from collections.abc import Generator
from types import SimpleNamespace

import aiohttp
import structlog

from agent_core.errors import StoreUnavailableError
from agent_core.storage.turnstile import MOST_PER_S, Side, Turnstile

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

_NOT_COUNTED = ("/interactions/", "/webhooks/")
"""Answers to commands: Discord does not count them, and they cannot wait."""
_ANSWERS_WITHIN_S = 1.0
_ALONE_S = 2.0
"""How long it is gone without a turnstile that did not answer."""

# The library sends the request in the task that asked for it: there is no other way to say what it is for.
_side: contextvars.ContextVar[Side] = contextvars.ContextVar("side", default="people")


@contextlib.contextmanager
def for_threads() -> Generator[None]:
    """What is asked for within waits for people who wait for an answer."""
    token = _side.set("threads")
    try:
        yield
    finally:
        _side.reset(token)


def paced(
    turnstile: Turnstile | None = None, bot_id: str = "0", most_per_s: int = MOST_PER_S
) -> aiohttp.TraceConfig:
    """For a client's `http_trace`: each of its requests waits for its turn, repeated ones too."""
    alone = _Turns(most_per_s)
    shared = _Shared(turnstile, bot_id, most_per_s) if turnstile else None

    async def before(
        _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestStartParams
    ) -> None:
        if any(part in params.url.path for part in _NOT_COUNTED):
            return
        if shared:
            await shared.next(_side.get())
        await alone.next()

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(before)
    return trace


class _Shared:
    """Turns of this process at the turnstile, on each side in the order in which they came."""

    def __init__(self, turnstile: Turnstile, bot_id: str, most_per_s: int) -> None:
        self._turnstile = turnstile
        self._bot_id = bot_id
        self._most = most_per_s
        self._locks: dict[Side, asyncio.Lock] = {"people": asyncio.Lock(), "threads": asyncio.Lock()}
        self._alone_until = 0.0

    async def next(self, side: Side) -> None:
        """Wait for a turn."""
        async with self._locks[side]:
            while wait_s := await self._ask(side):  # noqa: ASYNC110 - other processes free it
                await asyncio.sleep(wait_s)

    async def _ask(self, side: Side) -> float:
        loop = asyncio.get_running_loop()
        if loop.time() < self._alone_until:
            return 0.0
        try:
            async with asyncio.timeout(_ANSWERS_WITHIN_S):
                return await self._turnstile.ask(self._bot_id, side, self._most)
        except (StoreUnavailableError, TimeoutError) as error:
            log.debug("requests are paced by this process alone", reason=str(error))
            self._alone_until = loop.time() + _ALONE_S
            return 0.0


class _Turns:
    """At most so many in any second, in the order in which they came."""

    def __init__(self, most: int) -> None:
        self._began: deque[float] = deque(maxlen=most)
        self._lock = asyncio.Lock()

    async def next(self) -> None:
        loop = asyncio.get_running_loop()
        async with self._lock:
            if len(self._began) == self._began.maxlen:
                await asyncio.sleep(max(0.0, self._began[0] + 1.0 - loop.time()))
            self._began.append(loop.time())
