"""Lets the clock of this process follow a playground in another one, where days pass when people say so.

Only a server of this machine that answers as the playground does is followed; Discord has no such address.
"""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import structlog

from agent_core.clock import Clock

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

_FIRST_ANSWER = aiohttp.ClientTimeout(total=3.0)
_ANSWER = aiohttp.ClientTimeout(total=30.0)
_AGAIN_S = 1.0


async def follow_playground(
    stack: AsyncExitStack, http: aiohttp.ClientSession, api_url: str, clock: Clock
) -> None:
    """Set the clock by the playground behind this address, if it is one, now and whenever it is moved."""
    address = f"{api_url.partition('/api')[0]}/playground/clock"
    follower = _Follower(http, address, clock)
    if not await follower.look(None):
        return
    task = asyncio.create_task(follower.run(), name="the playground's clock")
    stack.push_async_callback(_end, task)


class _Follower:
    """Moves the clock by what the playground has moved since it was last asked."""

    def __init__(self, http: aiohttp.ClientSession, address: str, clock: Clock) -> None:
        self._http = http
        self._address = address
        self._clock = clock
        self._offset_s = 0.0

    async def run(self) -> None:
        """Follow for ever."""
        while True:
            if not await self.look(self._offset_s):
                await asyncio.sleep(_AGAIN_S)

    async def look(self, beyond: float | None) -> bool:
        """Ask, and follow; whether there was an answer."""
        query = {} if beyond is None else {"beyond": repr(beyond)}
        timeout = _FIRST_ANSWER if beyond is None else _ANSWER
        try:
            async with self._http.get(
                self._address, params=query, timeout=timeout, allow_redirects=False
            ) as reply:
                if reply.status != 200 or reply.content_type != "application/json":
                    return False
                found: dict[str, Any] = await reply.json()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            log.debug("the playground's clock is not known", reason=str(error))
            return False
        offset_s = found.get("offset_s")
        if not isinstance(offset_s, int | float):
            return False
        if offset_s > self._offset_s:
            self._clock.advance(offset_s - self._offset_s)
            self._offset_s = float(offset_s)
        return True


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})
