"""Records of a server that are only ever added, each with the next number: of two writers one loses.

The entry of number n has the id `n-0`, as in a journal. `Records` folds them into what follows from them.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar
from weakref import WeakValueDictionary

from pydantic import TypeAdapter
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from agent_core.clock import Clock
from agent_core.errors import FencedError, StoreUnavailableError
from agent_core.storage import keys
from agent_core.storage.redis import answered, raw, text

RecordT = TypeVar("RecordT")
KindT_co = TypeVar("KindT_co", covariant=True)
KindT_contra = TypeVar("KindT_contra", contravariant=True)

_FIELD = b"record"
_PAGE = 1000
_MOST_TRIES = 50
_MOST_KEPT = 100
_APPEND = """
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local number = last and tonumber(string.match(last[1], '^%d+')) or 0
if number + 1 ~= tonumber(ARGV[1]) then return redis.error_reply('FENCED ' .. number) end
return redis.call('XADD', KEYS[1], ARGV[1] .. '-0', ARGV[2], ARGV[3])
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written(Generic[KindT_co]):
    """A record with its place."""

    number: int
    """1 for the first; no gaps."""
    at: float
    """Unix seconds."""
    record: KindT_co
    format: int
    """Of the record; each kind counts its own."""


class Fold(Protocol[KindT_contra]):
    """What follows from records, taken in one after the other."""

    number: int
    """Of the last that was taken in; 0: none was."""

    def apply(self, written: Written[KindT_contra], /) -> None:
        """Take in the next one. Raises ValueError where the numbering has a gap."""
        ...


FoldT = TypeVar("FoldT", bound=Fold[Any])  # of the records that it is handed together with


class Chronicle:
    """One kind of record of every server, as bytes."""

    def __init__(self, redis: Redis, once: Redis, name: str) -> None:
        """`once` appends: a client that never sends a command twice by itself. `redis` reads."""
        self._redis = redis
        self._once = once
        self.name = name

    async def read(self, guild_id: str, after: int = 0) -> list[bytes]:
        """The records after this number, oldest first. Raises StoreUnavailableError."""
        key = keys.chronicle(guild_id, self.name)
        records: list[bytes] = []
        last, full = f"{max(after, 0)}-0", True
        while full:
            page = await answered(self._redis.xrange(key, min=f"({last}", count=_PAGE)) or []
            for entry_id, fields in page:
                if entry_id is not None and fields is not None:
                    last = text(entry_id)
                    records.append(raw(fields[_FIELD]))
            full = len(page) == _PAGE
        return records

    async def append(self, guild_id: str, number: int, data: bytes) -> None:
        """Add the record of this number.

        Raises FencedError where it is not the next one, and StoreUnavailableError where it is unknown whether
        it was written.
        """
        key = keys.chronicle(guild_id, self.name)
        try:
            await answered(self._once.eval(_APPEND, 1, key, number, _FIELD, data))
        except ResponseError as error:
            if str(error).startswith("FENCED"):
                raise FencedError(f"Record {number} of {self.name} is not the next one.") from error
            raise


class Records(Generic[FoldT, RecordT]):
    """One kind of record of every server, and what follows from it: read from a copy kept warm."""

    def __init__(
        self,
        chronicle: Chronicle,
        clock: Clock,
        *,
        begin: Callable[[], FoldT],
        stored: TypeAdapter[Written[RecordT]],
        format: int,
    ) -> None:
        """`begin` makes what follows from no record at all; `stored` and `format` say how one is kept."""
        self._chronicle = chronicle
        self._clock = clock
        self._begin = begin
        self._stored = stored
        self._format = format
        self._kept: OrderedDict[str, FoldT] = OrderedDict()
        self._writing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def of(self, guild_id: str) -> FoldT:
        """What follows from the server's records now. To be read only. Raises StoreUnavailableError."""
        fold = self._kept.get(guild_id) or self._begin()
        found = await self._read(guild_id, fold.number)
        if found is None:
            fold = self._begin()
            found = await self._read(guild_id, 0) or []
        for written in found:
            if written.number > fold.number:  # another reader here may have been faster
                fold.apply(written)
        self._kept[guild_id] = fold
        self._kept.move_to_end(guild_id)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return fold

    async def _read(self, guild_id: str, known: int) -> list[Written[RecordT]] | None:
        """The records after this number; None where that one is gone, since the server was purged."""
        found = [self._stored.validate_json(one) for one in await self._chronicle.read(guild_id, known - 1)]
        if known == 0:
            return found
        return found[1:] if found and found[0].number == known else None

    async def write(self, guild_id: str, due: Callable[[FoldT], RecordT | None]) -> FoldT:
        """Add the record that is due by what follows from the others, if one is; what follows then.

        What `due` raises is raised. Raises StoreUnavailableError.
        """
        async with self._writing.setdefault(guild_id, asyncio.Lock()):  # so that only processes compete
            for _ in range(_MOST_TRIES):
                fold = await self.of(guild_id)
                record = due(fold)
                if record is None:
                    return fold
                written = Written(
                    number=fold.number + 1, at=self._clock.now(), record=record, format=self._format
                )
                try:
                    await self._chronicle.append(guild_id, written.number, self._stored.dump_json(written))
                except FencedError:
                    continue  # somebody else wrote: look again what is due
                return await self.of(guild_id)
        raise StoreUnavailableError(f"Too many write to the {self._chronicle.name} at once.")
