"""The world's time: the machine's, moved forward by people who do not want to wait."""

import time
from collections.abc import Callable
from datetime import UTC, datetime


class Clock:
    """Unix seconds, UTC. Only ever moved forward."""

    def __init__(self, offset_s: float = 0.0) -> None:
        self._offset_s = offset_s
        self._listeners: list[Callable[[float], None]] = []

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

    def on_advance(self, listener: Callable[[float], None]) -> None:
        """Call `listener(seconds)` after each move."""
        self._listeners.append(listener)


def iso(at: float) -> str:
    """Discord's timestamps: ISO 8601 with microseconds and an explicit UTC offset."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")
