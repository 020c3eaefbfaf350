"""One server's memories in this process: a copy of what is in Redis, indexed. One user at a time."""

import bisect
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from agent_core.memory.lexical import Lexical
from agent_core.memory.names import Names
from agent_core.memory.ranking import Facts
from agent_core.memory.rows import Rows
from agent_core.memory.values import KINDS, AllChannels, Record, Seen

FOLLOWS_WITHIN_S = 30 * 60.0
"""A message follows the last one in its channel, where that is not older than this."""

_NO_CHANNEL = 0
_DAY_S = 86_400.0
_IMPORTANCE = {"message": 0, "page": 1, "outcome": 2, "lesson": 3}
_KEPT = 100
"""The importance of what somebody told to remember."""
_ASKS = ("?", "？", "؟")


class Shelf:
    """Slots with their records, and every index over them."""

    def __init__(self, *, incarnation: str, revision: int, model_id: str, dim: int) -> None:
        self.incarnation = incarnation
        """Another one after everything was forgotten: then this copy is void. Empty: nothing there."""
        self.revision = revision
        self.model_id = model_id
        self.rows = Rows(dim)
        self.lexical = Lexical()
        self.names = Names()
        self.by_id: dict[str, int] = {}
        self.by_key: dict[bytes, int] = {}
        self.by_message: dict[str, int] = {}
        self.followers: defaultdict[str, set[int]] = defaultdict(set)
        self._records: list[Record | None] = []
        self._free: dict[int, None] = {}
        self._channels: dict[str, int] = {}
        self._said_in: Counter[str] = Counter()
        """Channel -> how many sources are of it."""
        self._lines: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
        self._several: set[int] = set()
        self._live = np.zeros(0, dtype=np.bool_)
        self._at = np.zeros(0, dtype=np.float64)
        self._channel = np.zeros(0, dtype=np.int32)
        self._kind = np.zeros(0, dtype=np.int8)
        self._tainted = np.zeros(0, dtype=np.bool_)
        self._asks = np.zeros(0, dtype=np.bool_)
        self._worth = np.zeros(0, dtype=np.int8)
        self._before = np.zeros(0, dtype=np.int32)
        """The slot of the message that each one follows; -1 where there is none."""

    def __len__(self) -> int:
        return len(self.by_id)

    def __iter__(self) -> Iterator[tuple[int, Record]]:
        return ((slot, record) for slot, record in enumerate(self._records) if record is not None)

    @property
    def size(self) -> int:
        """Slots, the free ones too."""
        return len(self._records)

    def record(self, slot: int) -> Record | None:
        """What stands there."""
        return self._records[slot] if slot < len(self._records) else None

    def at(self, slot: int) -> float:
        """When it was last said, in unix seconds."""
        return float(self._at[slot])

    def free_slot(self) -> int:
        """The slot that the next one gets: the one that was emptied last, or a new one."""
        return next(reversed(self._free), self.size)

    def put(self, slot: int, record: Record, row: bytes) -> None:
        """Set a slot to what Redis holds."""
        self.drop(slot)
        self._reserve(slot)
        del self._free[slot]
        self._records[slot] = record
        self.rows.put(slot, row)
        self.lexical.add(slot, filed(record))
        self.names.add(slot, record.author_id, record.author)
        self.by_id[record.id] = slot
        self.by_key[record.key] = slot
        self._before[slot] = self.by_id.get(record.before, -1) if record.before else -1
        if followers := self.after(slot):
            self._before[list(followers)] = slot
        if record.before:
            self.followers[record.before].add(slot)
        self._list(slot, record)
        self._mark(slot, record)

    def drop(self, slot: int) -> None:
        """Forget a slot, its words too."""
        record = self.record(slot)
        if record is None:
            return
        self.lexical.remove(slot, filed(record))
        self.names.remove(slot, record.author_id, record.author)
        self.rows.put(slot, b"")
        if followers := self.after(slot):
            self._before[list(followers)] = -1
        self._records[slot] = None
        self._live[slot] = False
        self._several.discard(slot)
        self._free[slot] = None
        self.by_id.pop(record.id, None)
        if self.by_key.get(record.key) == slot:
            del self.by_key[record.key]
        if record.before:
            self.followers[record.before].discard(slot)
            if not self.followers[record.before]:
                del self.followers[record.before]
        self._unlist(slot, record)

    def seen(self, reader: Seen) -> NDArray[np.bool_]:
        """Which slots a reader may see."""
        size = self.size
        mask = self._live[:size].copy()
        if not isinstance(reader.channels, AllChannels):
            open_to = np.zeros(len(self._channels) + 2, dtype=np.bool_)
            open_to[_NO_CHANNEL] = True
            for channel in reader.channels:
                if (number := self._channels.get(channel)) is not None:
                    open_to[number] = True
            mask &= open_to[self._channel[:size]]
        if reader.kinds is not None:
            wanted = np.array([kind in reader.kinds for kind in KINDS], dtype=np.bool_)
            mask &= wanted[self._kind[:size]]
        if not reader.tainted:
            mask &= ~self._tainted[:size]
        for slot in self._several:
            record = self._records[slot]
            mask[slot] = record is not None and reader.through(record) is not None
        return mask

    def channels(self) -> frozenset[str]:
        """Where anything was said."""
        return frozenset(self._said_in)

    def preceding(self, channel_id: str, at: float) -> Record | None:
        """The message that one said there at this time follows."""
        line = self._lines.get(channel_id, [])
        place = bisect.bisect_right(line, (at, self.size))
        if not place or at - line[place - 1][0] > FOLLOWS_WITHIN_S:
            return None
        return self._records[line[place - 1][1]]

    def facts(self, seen: NDArray[np.bool_], now: float) -> Facts:
        """What the ranking needs to know. `seen`: what a reader may see, of whom nothing else is told."""
        size = self.size
        before = self._before[:size]
        # The last one of a look-up table is nobody's: it stands for a message before that is not there.
        hidden = np.concatenate([~seen, [True]])
        return Facts(
            seen=seen,
            before=np.where(hidden[before], -1, before),
            asks=np.concatenate([self._asks[:size], [False]]),
            ages_s=now - self._at[:size],
        )

    def after(self, slot: int) -> tuple[int, ...]:
        """The slots of the messages that follow this one."""
        record = self._records[slot]
        return tuple(self.followers.get(record.id, ())) if record is not None else ()

    def bare(self) -> list[int]:
        """The slots that have no vector."""
        return np.flatnonzero(self._live[: self.size] & ~self.rows.filled(self.size)).tolist()

    def least(self, count: int) -> list[int]:
        """Whom to evict: the least important, then the oldest; never what somebody told to remember."""
        worth = self._worth[: self.size]
        slots = np.flatnonzero(self._live[: self.size] & (worth < _KEPT))
        order = np.lexsort((slots, self._at[slots], worth[slots]))
        return slots[order[:count]].tolist()

    def _list(self, slot: int, record: Record) -> None:
        for source in record.sources:
            if source.message_id:
                self.by_message[source.message_id] = slot
            if source.channel_id is not None:
                self._said_in[source.channel_id] += 1
            if source.channel_id and source.kind == "message":
                bisect.insort(self._lines[source.channel_id], (source.at, slot))

    def _unlist(self, slot: int, record: Record) -> None:
        for source in record.sources:
            if source.message_id and self.by_message.get(source.message_id) == slot:
                del self.by_message[source.message_id]
            if source.channel_id is not None:
                self._said_in[source.channel_id] -= 1
                if not self._said_in[source.channel_id]:
                    del self._said_in[source.channel_id]
            if source.channel_id and source.kind == "message":
                line = self._lines[source.channel_id]
                place = bisect.bisect_left(line, (source.at, slot))
                if place < len(line) and line[place] == (source.at, slot):
                    del line[place]

    def _mark(self, slot: int, record: Record) -> None:
        last = max(record.sources, key=lambda source: source.at)
        self._live[slot] = True
        self._asks[slot] = record.text.rstrip().endswith(_ASKS)
        self._at[slot] = last.at
        self._worth[slot] = max(_IMPORTANCE.get(source.kind, _KEPT) for source in record.sources)
        self._kind[slot] = KINDS.index(last.kind)
        self._tainted[slot] = last.tainted
        self._channel[slot] = _NO_CHANNEL
        if last.channel_id is not None:
            # Numbers begin at 1; the last one of a look-up table is never anybody's.
            self._channel[slot] = self._channels.setdefault(last.channel_id, len(self._channels) + 1)
        if len(record.sources) > 1:
            self._several.add(slot)

    def _reserve(self, slot: int) -> None:
        while slot >= len(self._records):
            self._free[self.size] = None
            self._records.append(None)
        if slot >= len(self._live):
            more = max(slot + 1, 2 * len(self._live), 64) - len(self._live)
            self._live = np.concatenate([self._live, np.zeros(more, np.bool_)])
            self._at = np.concatenate([self._at, np.zeros(more, np.float64)])
            self._channel = np.concatenate([self._channel, np.zeros(more, np.int32)])
            self._kind = np.concatenate([self._kind, np.zeros(more, np.int8)])
            self._tainted = np.concatenate([self._tainted, np.zeros(more, np.bool_)])
            self._asks = np.concatenate([self._asks, np.zeros(more, np.bool_)])
            self._worth = np.concatenate([self._worth, np.zeros(more, np.int8)])
            self._before = np.concatenate([self._before, np.full(more, -1, np.int32)])


def filed(record: Record) -> str:
    """The text whose words find a record: when, who, what."""
    return f"{_day(record.sources[0].at // _DAY_S)} {record.author or ''}: {record.text}"


@lru_cache(maxsize=4096)
def _day(number: float) -> str:
    try:
        return datetime.fromtimestamp(number * _DAY_S, UTC).strftime("%d %B %Y").lstrip("0")
    except (ValueError, OverflowError, OSError):
        return ""  # a time that no calendar has
