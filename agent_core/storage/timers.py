"""When which session wants to be woken, by the one clock; a queue counts real seconds."""

from typing import Any

from redis.asyncio import Redis

from agent_core.storage import keys
from agent_core.storage.redis import answered, text
from agent_core.values import SessionRef

PAGE = 500


class Timers:
    """The wishes of all sessions, at most one of each."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def put(self, ref: SessionRef, when: float) -> None:
        """Wake it at this Unix time, and at no other that was wished for before."""
        await answered(self._redis.zadd(keys.TIMERS, {str(ref): when}))

    async def due(self, now: float) -> list[SessionRef]:
        """Whose time has come, the earliest first, at most 500."""
        reply: Any = self._redis.zrangebyscore(keys.TIMERS, "-inf", now, start=0, num=PAGE)  # pyright: ignore[reportUnknownMemberType]
        return [SessionRef.parse(text(name)) for name in await answered(reply)]

    async def done(self, ref: SessionRef, now: float) -> None:
        """It was woken; a later wish of it stays."""
        await answered(self._redis.eval(_DONE, 1, keys.TIMERS, str(ref), now))


_DONE = """
local when = redis.call('ZSCORE', KEYS[1], ARGV[1])
if when and tonumber(when) <= tonumber(ARGV[2]) then return redis.call('ZREM', KEYS[1], ARGV[1]) end
return 0
"""
