"""The memories of all servers in Redis: four keys a server, one script a change. Core commands only.

Every change is made against the revision that its author has seen, or not at all: then it is thought over
again with what came between. So no two processes overwrite each other, and nothing forgotten is written back.

    gk:{guild}:mem:meta  HASH    incarnation, revision, model id, dimensions, slots
    gk:{guild}:mem:v     STRING  int8 rows, row i at i * dim; a row of zeros is none
    gk:{guild}:mem:d     HASH    slot -> record
    gk:{guild}:mem:log   STREAM  `<revision>-0` -> the slots that it changed; only the newest
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from agent_core.memory.values import Record, dump_record, load_record
from agent_core.storage import keys
from agent_core.storage.redis import answered, raw, text

PAGE = 500
"""Slots that are read at once."""
_MOST_LISTED = 200
"""Slots that one entry of the log names; a larger change has everybody read everything anew."""

# A change that was applied, and whose answer was lost, is known by its token.
_CHANGE = """
local meta = redis.call('HMGET', KEYS[1], 'inc', 'rev')
if (meta[1] or '') ~= ARGV[1] or (meta[2] or '0') ~= ARGV[2] then return 0 end
if not meta[1] then redis.call('HSET', KEYS[1], 'inc', ARGV[3]) end
local rev, dim = tonumber(ARGV[2]) + 1, tonumber(ARGV[6])
redis.call('HSET', KEYS[1], 'rev', rev, 'model', ARGV[5], 'dim', ARGV[6], 'next', ARGV[7])
-- SETRANGE would grow the rows by a whole MB at once: here by a twentieth.
local have, need = redis.call('STRLEN', KEYS[2]), tonumber(ARGV[7]) * dim
if need > have then
  local room = math.max(need, math.floor(have / dim * 1.05) * dim)
  redis.call('SET', KEYS[2], (redis.call('GET', KEYS[2]) or '') .. string.rep('\\0', room - have))
end
for i = 9, #ARGV, 3 do
  if ARGV[i + 1] == '' then redis.call('HDEL', KEYS[3], ARGV[i])
  else redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1]) end
  if ARGV[i + 2] ~= '' then redis.call('SETRANGE', KEYS[2], tonumber(ARGV[i]) * dim, ARGV[i + 2]) end
end
redis.call('XADD', KEYS[4], 'MAXLEN', '~', '1000', rev .. '-0', 's', ARGV[8], 't', ARGV[4])
return 1
"""
_SYNC = """
local meta = redis.call('HMGET', KEYS[1], 'inc', 'rev', 'model', 'dim')
if not meta[1] then return {'', '0', '', '0', 0, {}, {}} end
local rev, dim = tonumber(ARGV[2]), tonumber(meta[4])
if meta[1] ~= ARGV[1] then return {meta[1], meta[2], meta[3], meta[4], 1, {}, {}} end
local entries = redis.call('XRANGE', KEYS[4], '(' .. ARGV[2] .. '-0', '+')
local slots, tokens, seen, anew = {}, {}, {}, 0
if #entries < tonumber(meta[2]) - rev or #entries > 500 then anew = 1 end
for _, entry in ipairs(entries) do
  local fields = entry[2]
  tokens[#tokens + 1] = fields[4]
  if fields[2] == '*' then anew = 1 end
  for slot in string.gmatch(fields[2], '%d+') do
    if not seen[slot] then
      seen[slot] = true
      local row = redis.call('GETRANGE', KEYS[2], slot * dim, slot * dim + dim - 1)
      slots[#slots + 1] = {slot, redis.call('HGET', KEYS[3], slot) or '', row}
    end
  end
end
return {meta[1], meta[2], meta[3], meta[4], anew, slots, tokens}
"""
# Vectors of another model are worth nothing: the rows go, and every copy is made anew.
_ADOPT = """
local meta = redis.call('HMGET', KEYS[1], 'inc', 'rev')
if meta[1] ~= ARGV[1] or meta[2] ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'inc', ARGV[3], 'model', ARGV[4], 'dim', ARGV[5])
redis.call('UNLINK', KEYS[2])
return 1
"""
_PURGE = """
local count = redis.call('HLEN', KEYS[3])
redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3], KEYS[4])
return count
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What a server's memories rest on."""

    incarnation: str
    revision: int
    model_id: str
    dim: int


NOTHING = Base(incarnation="", revision=0, model_id="", dim=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A slot as it is, or shall be, in Redis."""

    slot: int
    record: Record | None
    row: bytes
    """In a change, empty means: as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What has changed since a revision."""

    base: Base
    anew: bool
    """The slots do not say all: read everything."""
    slots: tuple[Slot, ...]
    tokens: frozenset[str]
    """Of the changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some slots as they lie in Redis, not read yet: that takes long enough to be done in a thread."""

    start: int
    dim: int
    records: Sequence[bytes | str | None]
    rows: bytes

    def slots(self) -> list[Slot]:
        """Those that hold something. Raises StoreUnavailableError where one is damaged."""
        return [
            Slot(
                slot=self.start + at,
                record=load_record(raw(one)),
                row=self.rows[at * self.dim : (at + 1) * self.dim],
            )
            for at, one in enumerate(self.records)
            if one is not None
        ]


class Store:
    """Reads and changes; every call may raise StoreUnavailableError."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def base(self, guild_id: str) -> tuple[Base, int]:
        """What there is, and how many slots."""
        reply: Any = self._redis.hmget(keys.memories(guild_id)[0], ["inc", "rev", "model", "dim", "next"])
        found: list[Any] = await answered(reply)
        if found[0] is None:
            return NOTHING, 0
        inc, rev, model, dim, slots = (text(one or b"0") for one in found)
        return Base(incarnation=inc, revision=int(rev), model_id=model, dim=int(dim)), int(slots)

    async def page(self, guild_id: str, start: int, dim: int) -> Page:
        """The slots from `start` on, at most PAGE."""
        _, rows, records, _ = keys.memories(guild_id)
        pipe: Any = self._redis.pipeline(transaction=False)
        pipe.hmget(records, [str(slot) for slot in range(start, start + PAGE)])
        pipe.getrange(rows, start * dim, (start + PAGE) * dim - 1)
        found, arena = await answered(pipe.execute())
        return Page(start=start, dim=dim, records=found, rows=raw(arena))

    async def news(self, guild_id: str, incarnation: str, revision: int) -> News:
        """What has changed since this revision of this incarnation."""
        names = keys.memories(guild_id)
        reply: Any = self._redis.eval(_SYNC, len(names), *names, incarnation, str(revision))
        inc, rev, model, dim, anew, slots, tokens = await answered(reply)
        base = Base(incarnation=text(inc), revision=int(rev), model_id=text(model), dim=int(dim))
        return News(
            base=base,
            anew=bool(anew),
            slots=tuple(
                Slot(slot=int(slot), record=load_record(raw(record)) if record else None, row=raw(row))
                for slot, record, row in slots
            ),
            tokens=frozenset(text(token) for token in tokens),
        )

    async def change(
        self, guild_id: str, base: Base, slots: Sequence[Slot], size: int, token: str
    ) -> str | None:
        """Write these slots, if nothing has changed since `base`; the incarnation, or None where it has.

        `size`: the slots there are afterwards. The token finds the change again among the news.
        """
        incarnation = base.incarnation or secrets.token_hex(8)
        listed = ",".join(str(one.slot) for one in slots) if len(slots) <= _MOST_LISTED else "*"
        arguments: list[Any] = [base.incarnation, str(base.revision), incarnation, token]
        arguments += [base.model_id, str(base.dim), str(size), listed]
        for one in slots:
            arguments += [str(one.slot), dump_record(one.record) if one.record else "", one.row]
        names = keys.memories(guild_id)
        reply: Any = self._redis.eval(_CHANGE, len(names), *names, *arguments)
        return incarnation if await answered(reply) == 1 else None

    async def adopt(self, guild_id: str, base: Base, model_id: str, dim: int) -> None:
        """Drop all vectors, and note the model of those to come; nothing where somebody was quicker."""
        names = keys.memories(guild_id)
        given = (base.incarnation, str(base.revision), secrets.token_hex(8), model_id, str(dim))
        reply: Any = self._redis.eval(_ADOPT, len(names), *names, *given)
        await answered(reply)

    async def purge(self, guild_id: str) -> int:
        """Remove every key of the server; how many memories those held."""
        names = keys.memories(guild_id)
        reply: Any = self._redis.eval(_PURGE, len(names), *names)
        return int(await answered(reply))

    async def size_bytes(self, guild_id: str) -> int:
        """What the server's memories take in Redis, measured by itself."""
        pipe: Any = self._redis.pipeline(transaction=False)
        for name in keys.memories(guild_id):
            pipe.memory_usage(name, samples=100)
        return sum(int(one or 0) for one in await answered(pipe.execute()))
