"""The exchange log: what went over /api/v10 lately, both ways."""

from collections import deque
from collections.abc import Sequence

from playground.wire import Payload

KEPT = 4000


class ExchangeLog:
    """A ring of the last exchanges, numbered from 1 without gaps."""

    def __init__(self) -> None:
        self._ring: deque[Payload] = deque(maxlen=KEPT)
        self._seq = 0

    def add(self, exchange: Payload) -> None:
        """Note one exchange."""
        self._seq += 1
        self._ring.append({"seq": self._seq} | exchange)

    def after(self, seq: int) -> Sequence[Payload]:
        """Every exchange kept whose number is greater."""
        return [exchange for exchange in self._ring if exchange["seq"] > seq]
