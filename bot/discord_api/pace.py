"""All requests of one bot together: Discord takes 50 in a second, and counts more than that against it."""

import asyncio
from collections import deque
from types import SimpleNamespace

import aiohttp

MOST_PER_S = 45
_NOT_COUNTED = ("/interactions/", "/webhooks/")
"""Answers to commands: Discord does not count them, and they cannot wait."""


def paced(most_per_s: int = MOST_PER_S) -> aiohttp.TraceConfig:
    """For a client's `http_trace`: each of its requests waits for its turn, repeated ones too."""
    turns = _Turns(most_per_s)

    async def before(
        _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestStartParams
    ) -> None:
        if not any(part in params.url.path for part in _NOT_COUNTED):
            await turns.next()

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(before)
    return trace


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
