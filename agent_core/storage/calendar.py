"""Records of a server that come due at some time. The list of times names ids only."""

from typing import Any, cast

from redis.asyncio import Redis

from agent_core.storage import keys
from agent_core.storage.redis import answered, raw, text

_SWAP = """
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
"""
_AT_ONCE = 100


class Calendar:
    """All servers' records."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def put(self, guild_id: str, name: str, data: bytes, due: float | None) -> None:
        """Keep a new record."""
        # First the time: one without its record is nothing, a record without its time would never come due.
        await self.at(guild_id, name, due)
        await answered(self._redis.hset(keys.schedules(guild_id), keys.checked(name), data))

    async def swap(self, guild_id: str, name: str, before: bytes, after: bytes, due: float | None) -> bool:
        """Replace a record that is still what it was; False where it is not."""
        swapped = await answered(self._redis.eval(_SWAP, 1, keys.schedules(guild_id), name, before, after))
        if swapped:
            await self.at(guild_id, name, due)
        return bool(swapped)

    async def remove(self, guild_id: str, name: str) -> None:
        """Forget a record."""
        await answered(self._redis.hdel(keys.schedules(guild_id), name))
        await self.at(guild_id, name, None)

    async def get(self, guild_id: str, name: str) -> bytes | None:
        """The record."""
        found = await answered(self._redis.hget(keys.schedules(guild_id), name))
        return None if found is None else raw(found)

    async def all(self, guild_id: str) -> list[bytes]:
        """Every record of the server."""
        return [raw(data) for data in await answered(self._redis.hvals(keys.schedules(guild_id)))]

    async def due(self, now: float) -> list[tuple[str, str]]:
        """(server, name) of what has come due, the earliest first, at most 100."""
        reply = self._redis.zrangebyscore(keys.DUE, "-inf", now, start=0, num=_AT_ONCE)  # pyright: ignore[reportUnknownMemberType]
        found = cast(list[Any], await answered(reply))
        return [_parted(text(one)) for one in found]

    async def next_due(self) -> float | None:
        """When the next one comes due; Unix seconds."""
        reply = self._redis.zrange(keys.DUE, 0, 0, withscores=True)  # pyright: ignore[reportUnknownMemberType]
        found = cast(list[Any], await answered(reply))
        return float(found[0][1]) if found else None

    async def at(self, guild_id: str, name: str, due: float | None) -> None:
        """Say when it comes due; None: never."""
        member = f"{keys.checked(guild_id)}/{keys.checked(name)}"
        if due is None:
            await answered(self._redis.zrem(keys.DUE, member))
        else:
            await answered(self._redis.zadd(keys.DUE, {member: due}))


def _parted(member: str) -> tuple[str, str]:
    guild_id, _, name = member.partition("/")
    return guild_id, name
