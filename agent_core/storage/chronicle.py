"""Records of a server that are only ever added, each with the next number: of two writers one loses.

The entry of number n has the id `n-0`, as in a journal.
"""

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from agent_core.errors import FencedError
from agent_core.storage import keys
from agent_core.storage.redis import answered, raw, text

_FIELD = b"record"
_PAGE = 1000
_APPEND = """
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local number = last and tonumber(string.match(last[1], '^%d+')) or 0
if number + 1 ~= tonumber(ARGV[1]) then return redis.error_reply('FENCED ' .. number) end
return redis.call('XADD', KEYS[1], ARGV[1] .. '-0', ARGV[2], ARGV[3])
"""


class Chronicle:
    """One kind of record of every server."""

    def __init__(self, redis: Redis, once: Redis, name: str) -> None:
        """`once` appends: a client that never sends a command twice by itself. `redis` reads."""
        self._redis = redis
        self._once = once
        self._name = name

    async def read(self, guild_id: str, after: int = 0) -> list[tuple[int, bytes]]:
        """The records after this number, oldest first, with their numbers. Raises StoreUnavailableError."""
        records: list[tuple[int, bytes]] = []
        full = True
        while full:
            start = f"({records[-1][0] if records else after}-0"
            key = keys.chronicle(guild_id, self._name)
            page = await answered(self._redis.xrange(key, min=start, count=_PAGE)) or []
            for entry_id, fields in page:
                if entry_id is not None and fields is not None:
                    records.append((int(text(entry_id).partition("-")[0]), raw(fields[_FIELD])))
            full = len(page) == _PAGE
        return records

    async def append(self, guild_id: str, number: int, data: bytes) -> None:
        """Add the record of this number.

        Raises FencedError where it is not the next one, and StoreUnavailableError where it is unknown whether
        it was written.
        """
        key = keys.chronicle(guild_id, self._name)
        try:
            await answered(self._once.eval(_APPEND, 1, key, number, _FIELD, data))
        except ResponseError as error:
            if str(error).startswith("FENCED"):
                raise FencedError(f"Record {number} of {self._name} is not the next one.") from error
            raise
