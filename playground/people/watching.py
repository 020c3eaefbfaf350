"""Waiting for the world to become as somebody wants it."""

import asyncio
from collections.abc import Callable

from playground.events import Event
from playground.world import World


class Watch:
    """Looks again after every event."""

    def __init__(self, world: World) -> None:
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        world.listen(self._look)

    async def until(self, holds: Callable[[], bool], timeout_s: float) -> bool:
        """Whether `holds()` became true within the time. Looked at after events only, and at once."""
        if holds():
            return True
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (holds, future)
        self._waiting.append(entry)
        try:
            await asyncio.wait_for(future, timeout_s)
        except TimeoutError:
            return holds()
        finally:
            self._waiting.remove(entry)
        return True

    def _look(self, _: Event) -> None:
        for holds, future in self._waiting:
            if not future.done() and holds():
                future.set_result(None)
