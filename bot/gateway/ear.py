"""Tells the workers of all processes whether what people do reaches them through this gateway."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable

import structlog

from agent_core.errors import StoreUnavailableError
from agent_core.storage import Hearing

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

_BEAT_S = 0.5


class Ear:
    """The marks of one gateway. What Redis does not take now is said again later, or lapses by itself."""

    def __init__(self, hearing: Hearing) -> None:
        self._hearing = hearing
        self._id = secrets.token_hex(8)
        self._connected = False

    async def begin_anew(self, whole: Iterable[int]) -> None:
        """A session of the gateway began: all marks but those of these servers are void."""
        old, self._id = self._id, secrets.token_hex(8)
        self._connected = True
        await self._try(self._hearing.end, old)
        await self._tell()
        await self.say_again(whole)

    async def cut(self) -> None:
        """The connection is lost, or given up."""
        self._connected = False
        await self._try(self._hearing.end, self._id)

    async def mended(self) -> None:
        """It is there again, with nothing lost."""
        self._connected = True
        await self._tell()

    async def hears(self, guild_id: int) -> None:
        """Nothing of this server is missing."""
        await self._try(self._hearing.hears, str(guild_id), self._id)

    async def lost(self, guild_id: int) -> None:
        """Something of this server may be missing."""
        await self._try(self._hearing.lost, str(guild_id), self._id)

    async def say_again(self, whole: Iterable[int]) -> None:
        """Another gateway may have put its mark over ours, and be gone by now."""
        for guild_id in list(whole):
            await self.hears(guild_id)

    async def beat(self, whole: Callable[[], bool]) -> None:
        """Say for ever that we listen, as long as it is so."""
        while True:
            if self._connected:
                await self._tell(whole=whole())
            await asyncio.sleep(_BEAT_S)

    async def _tell(self, *, whole: bool = False) -> None:
        try:
            await self._hearing.beat(self._id, whole=whole)
        except StoreUnavailableError as error:
            log.debug("not told that we listen", reason=str(error))

    async def _try(self, say: Callable[..., Awaitable[None]], *names: str) -> None:
        try:
            await say(*names)
        except StoreUnavailableError as error:
            log.warning("workers are not told what is heard", reason=str(error))
