"""The one clock. Everything that asks what time it is asks here, so that days can pass in a test."""

import time


class Clock:
    """Wall time in Unix seconds, plus whatever it was advanced by."""

    def __init__(self) -> None:
        self._ahead_s = 0.0

    def now(self) -> float:
        """Unix seconds, UTC."""
        return time.time() + self._ahead_s

    def advance(self, seconds: float) -> None:
        """Let this much time pass at once."""
        self._ahead_s += seconds
