"""What is done once a day, by one worker of all: old sessions go, and what nobody needs any more.

Everything here may be cut off anywhere and is then done again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from agent_core.clock import Clock
from agent_core.errors import StoreUnavailableError
from agent_core.storage import Storage
from agent_core.workspace import Workspaces

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

DAY_S = 86_400.0
_TIDY_S = 3600.0

Chore = Callable[[], Awaitable[None]]


class Chores:
    """The daily chores, and those of each machine."""

    def __init__(
        self,
        *,
        storage: Storage,
        workspaces: Workspaces,
        clock: Clock,
        retention_days: int,
        others: Sequence[Chore] = (),
    ) -> None:
        """`others` are done first, each day."""
        self._storage = storage
        self._workspaces = workspaces
        self._clock = clock
        self._keep_s = retention_days * DAY_S
        self._others = others

    async def when_due(self) -> None:
        """Do the daily chores if a day has passed since the last time. Raises StoreUnavailableError."""
        now = self._clock.now()
        if not await self._storage.index.claim_daily(now, DAY_S):
            return
        for other in self._others:
            await other()
        await self.daily(now)
        await self._storage.index.daily_done(now)

    async def daily(self, now: float) -> None:
        """Archive, delete and clear, server by server. Raises StoreUnavailableError."""
        guilds = await self._storage.index.guilds()
        moved = 0
        for guild_id in guilds:
            async for _ in self._storage.retention.guild(guild_id, now, self._keep_s):
                moved += 1
        cleared = await self._storage.rubbish.clear(guilds)
        log.info("daily chores done", sessions_moved_or_deleted=moved, blobs_cleared=cleared)

    async def tidy(self) -> None:
        """Clear this machine every hour, until cancelled."""
        while True:
            await asyncio.sleep(_TIDY_S)
            try:
                await self.here()
            except StoreUnavailableError as error:
                log.warning("this machine is tidied later", reason=str(error))

    async def here(self) -> None:
        """Clear away what this machine keeps only as a copy and has not used for a day."""
        await self._workspaces.clear_unused(DAY_S)
        await self._storage.blobs.trim_cache(DAY_S)
