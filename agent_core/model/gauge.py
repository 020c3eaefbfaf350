"""How much a stream has said so far, so that one that passes its limit is closed. Pure.

A server that keeps to its limit is never cut: it ends by itself. This is for those that ignore it.
"""

from pydantic import JsonValue

from agent_core.model.shapes import items, mapping
from agent_core.model.sse import StreamEvent

_SHORTEST = 1.5
"""Bytes of a token at least, on average: a piece may be less than a token."""
_LONGEST = 6
"""Bytes of a token at most, on average: a piece may be many tokens."""


class Gauge:
    """Feed it every event; `full` once more has come than was allowed."""

    def __init__(self, limit: int | None) -> None:
        """`limit`: tokens; None for none."""
        self._limit = limit
        self._pieces = 0
        self._bytes = 0

    @property
    def tokens(self) -> int:
        """About how many tokens have come: one for each piece, as far as their length allows that."""
        return int(max(min(self._pieces, self._bytes / _SHORTEST), self._bytes / _LONGEST))

    @property
    def full(self) -> bool:
        """More has come than was allowed."""
        return self._limit is not None and self.tokens > self._limit

    def feed(self, event: StreamEvent) -> None:
        """Count what this event adds."""
        if self._limit is None:
            return
        size = _said(event.data)
        self._pieces += size > 0
        self._bytes += size


def _said(data: JsonValue) -> int:
    """Bytes of text, thoughts and arguments in one event of either protocol."""
    source = mapping(data)
    if isinstance(delta := source.get("delta"), str):
        return len(delta.encode(errors="replace"))
    return sum(_length(mapping(choice).get("delta")) for choice in items(source.get("choices")))


def _length(value: JsonValue) -> int:
    """Bytes of all strings in it, but for the names of things."""
    if isinstance(value, str):
        return len(value.encode(errors="replace"))
    if isinstance(value, list):
        return sum(_length(item) for item in value)
    if not isinstance(value, dict):
        return 0
    return sum(_length(item) for key, item in value.items() if key not in ("role", "id", "type", "name"))
