"""A gateway session: what was sent, so that it can be sent again after a lost socket."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from playground.events import encode
from playground.wire import Payload

REPLAYED = 2000
"""Events that are kept for a resume."""


@dataclass(slots=True, kw_only=True)
class Session:
    """Invariant: every event has the next number, and the kept ones have no gap."""

    id: str
    bot_id: str
    intents: int
    shard: tuple[int, int] | None
    large_from: int = 50
    """Guilds of more members come without them."""
    outlet: Callable[[str], None] | None = None
    """Where frames go; None while no socket is there."""
    seq: int = 0
    kept: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=REPLAYED))
    lost_at: float | None = None
    """When its socket was lost."""

    def dispatch(self, name: str, data: Payload) -> None:
        """As `send`, for a payload that is not encoded yet."""
        self.send(name, encode(data))

    def send(self, name: str, data: str) -> None:
        """Number an event, keep it, and send it if there is a socket. `data` is the payload's JSON."""
        self.seq += 1
        frame = f'{{"op":0,"t":"{name}","s":{self.seq},"d":{data}}}'
        self.kept.append((self.seq, frame))
        if self.outlet is not None:
            self.outlet(frame)

    def can_resume(self, seq: int) -> bool:
        """Whether everything after `seq` is still here."""
        oldest = self.kept[0][0] if self.kept else self.seq + 1
        return oldest - 1 <= seq <= self.seq

    def replay(self, seq: int) -> None:
        """Send what came after `seq` again, then RESUMED."""
        if self.outlet is not None:
            for number, frame in self.kept:
                if number > seq:
                    self.outlet(frame)
        self.dispatch("RESUMED", {})

    def covers(self, guild_id: str | None) -> bool:
        """Whether a guild belongs to this shard; DMs belong to the first."""
        if self.shard is None:
            return True
        index, count = self.shard
        return index == 0 if guild_id is None else (int(guild_id) >> 22) % count == index
