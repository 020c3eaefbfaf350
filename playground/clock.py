"""The world's time: the machine's, moved forward by people who do not want to wait."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime


class Clock:
    """Unix seconds, UTC. Only ever moved forward."""

    def __init__(self, offset_s: float = 0.0) -> None:
        self._offset_s = offset_s
        self._listeners: list[Callable[[float], None]] = []
        self._waiting: set[asyncio.Event] = set()

    @property
    def offset_s(self) -> float:
        """How far the world is ahead of the machine."""
        return self._offset_s

    def now(self) -> float:
        """The world's time."""
        return time.time() + self._offset_s

    def advance(self, seconds: float) -> None:
        """Move the world's time forward and tell everyone who asked to know."""
        if seconds < 0:
            raise ValueError("Time moves forward only: advance_s must not be negative.")
        self._offset_s += seconds
        for listener in self._listeners:
            listener(seconds)
        for moved in self._waiting:
            moved.set()

    async def beyond(self, offset_s: float, within_s: float) -> None:
        """Return once the world is further ahead than this, but not later than that."""
        moved = asyncio.Event()
        self._waiting.add(moved)
        try:
            if self._offset_s <= offset_s:
                async with asyncio.timeout(within_s):
                    await moved.wait()
        except TimeoutError:
            return
        finally:
            self._waiting.discard(moved)

    def let_go(self) -> None:
        """Let nobody wait any longer: the server ends."""
        for moved in self._waiting:
            moved.set()

    def on_advance(self, listener: Callable[[float], None]) -> None:
        """Call `listener(seconds)` after each move."""
        self._listeners.append(listener)


def iso(at: float) -> str:
    """Discord's timestamps: ISO 8601 with microseconds and an explicit UTC offset."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")
