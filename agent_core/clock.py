"""The one clock. Everything that asks what time it is asks here, so that days can pass in a test."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime


class Clock:
    """Wall time in Unix seconds, plus whatever it was advanced by."""

    def __init__(self) -> None:
        self._ahead_s = 0.0
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> float:
        """Unix seconds, UTC."""
        return time.time() + self._ahead_s

    def today(self) -> date:
        """The day, UTC."""
        return datetime.fromtimestamp(self.now(), UTC).date()

    def advance(self, seconds: float) -> None:
        """Let this much time pass at once."""
        self._ahead_s += seconds
        for listener in self._listeners:
            listener()

    def on_advance(self, listener: Callable[[], None]) -> None:
        """Call this after each `advance`: whoever counts real seconds has to look again."""
        self._listeners.append(listener)
