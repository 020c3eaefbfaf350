"""Ask for the same thing at most so often: what is asked in between is asked once, at the end of the gap.

What waits here is lost with the process, so whoever has to be sure asks for it some other way in the end.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from agent_core.errors import StoreUnavailableError
from agent_core.values import SessionRef

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


class Gathering:
    """One kind of request, for all sessions."""

    def __init__(self, ask: Callable[[SessionRef], Awaitable[None]], gap_s: float) -> None:
        self._ask = ask
        self._gap_s = gap_s
        self._asked: dict[SessionRef, asyncio.TimerHandle] = {}
        """Those that were asked for within the gap."""
        self._again: set[SessionRef] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def soon(self, ref: SessionRef) -> None:
        """Ask now, or at the end of the gap. Raises StoreUnavailableError."""
        if ref in self._asked:
            self._again.add(ref)
            return
        await self.now(ref)

    async def now(self, ref: SessionRef) -> None:
        """Ask now, for all that was asked before. Raises StoreUnavailableError."""
        self._again.discard(ref)
        if ref in self._asked:
            self._asked.pop(ref).cancel()
        self._asked[ref] = asyncio.get_running_loop().call_later(self._gap_s, self._over, ref)
        await self._ask(ref)

    async def close(self) -> None:
        """Ask at once for what waits, as far as the store answers."""
        for handle in self._asked.values():
            handle.cancel()
        self._asked.clear()
        for ref in list(self._again):
            self._start(ref)
        if self._tasks:
            await asyncio.wait(set(self._tasks))
        for handle in self._asked.values():
            handle.cancel()

    def _over(self, ref: SessionRef) -> None:
        self._asked.pop(ref, None)
        if ref in self._again:
            self._start(ref)

    def _start(self, ref: SessionRef) -> None:
        task = asyncio.get_running_loop().create_task(self._late(ref), name=f"late request for {ref}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _late(self, ref: SessionRef) -> None:
        try:
            await self.soon(ref)
        except StoreUnavailableError as error:
            log.debug("request is lost", session=str(ref), reason=str(error))
