"""Which sessions a server has, which of them live, and whose thread is whose."""

from collections.abc import AsyncGenerator
from typing import Any, cast

from redis.asyncio import Redis

from agent_core.storage import keys
from agent_core.storage.redis import answered, pages, text
from agent_core.values import SessionRef

PAGE = 500
"""Sessions that are read at once."""

_CLAIMED_S = 4 * 3600

# Once: a repeated start must not bring an ended session back to life.
_ADD = """
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
local newest = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2] or '0'
redis.call('ZADD', KEYS[1], tonumber(newest) + 1, ARGV[1])
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('HSET', KEYS[3], 'channel', ARGV[2])
return 1
"""


class Index:
    """The lists of sessions, per server."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def add(self, ref: SessionRef, channel_id: str) -> None:
        """Note that the session exists and lives. A second call changes nothing."""
        # First the server: its id holds no content, and a session whose server is unknown would be forgotten.
        await answered(self._redis.sadd(keys.GUILDS, keys.checked(ref.guild_id)))
        names = (keys.sessions(ref.guild_id), keys.live(ref.guild_id), keys.session(ref))
        await answered(self._redis.eval(_ADD, len(names), *names, ref.id, channel_id))

    async def channel(self, ref: SessionRef) -> str | None:
        """The channel in which it was started."""
        found = await answered(self._redis.hget(keys.session(ref), "channel"))
        return None if found is None else text(found)

    async def bind_thread(self, ref: SessionRef, thread_id: str) -> None:
        """Say that this thread shows this session from now on."""
        pipe = self._redis.pipeline(transaction=True)
        pipe.hset(keys.threads(ref.guild_id), thread_id, keys.checked(ref.id))
        pipe.hset(keys.session(ref), "thread", thread_id)
        await answered(pipe.execute())

    async def thread(self, ref: SessionRef) -> str | None:
        """The thread that shows it."""
        found = await answered(self._redis.hget(keys.session(ref), "thread"))
        return None if found is None else text(found)

    async def by_thread(self, guild_id: str, thread_id: str) -> SessionRef | None:
        """The session of a thread."""
        found = await answered(self._redis.hget(keys.threads(guild_id), thread_id))
        return None if found is None else SessionRef(guild_id, text(found))

    async def live(self, guild_id: str) -> list[SessionRef]:
        """The sessions that have not ended, in no order that means anything."""
        return sorted({ref async for page in self.live_pages(guild_id) for ref in page})

    async def live_pages(self, guild_id: str) -> AsyncGenerator[list[SessionRef]]:
        """The same, some at a time; one may come twice."""
        redis: Any = self._redis
        async for found in pages(lambda cursor: redis.sscan(keys.live(guild_id), cursor, count=PAGE)):
            yield [SessionRef(guild_id, text(session_id)) for session_id in found]

    async def recent(self, guild_id: str, limit: int, *, subs: bool = True) -> list[SessionRef]:
        """The newest first, at most `limit`; ended ones too. `subs`: those that sessions started as well."""
        found: list[SessionRef] = []
        first, full = 0, limit > 0
        while full and len(found) < limit:
            size = limit if subs else max(limit, PAGE)
            reply = self._redis.zrevrange(keys.sessions(guild_id), first, first + size - 1)  # pyright: ignore[reportUnknownMemberType]
            page = [SessionRef(guild_id, text(name)) for name in cast(list[Any], await answered(reply))]
            found += [ref for ref in page if subs or not ref.is_sub]
            first, full = first + size, len(page) == size
        return found[:limit]

    async def ended(self, ref: SessionRef) -> None:
        """Note that it lives no longer."""
        await answered(self._redis.srem(keys.live(ref.guild_id), keys.checked(ref.id)))

    async def set_aside(self, ref: SessionRef) -> None:
        """Note that its journal is damaged: it lives no longer, and is kept for people to look at."""
        pipe = self._redis.pipeline(transaction=True)
        pipe.srem(keys.live(ref.guild_id), keys.checked(ref.id))
        pipe.zrem(keys.moved(ref.guild_id), ref.id)
        pipe.hset(keys.session(ref), "aside", "damaged")
        await answered(pipe.execute())

    async def claim_daily(self, now: float, every_s: float) -> bool:
        """Whether the daily chores are due; then they are the caller's for hours, or until `daily_done`."""
        done = await answered(self._redis.get(keys.DAILY))
        if done is not None and now - float(done) < every_s:
            return False
        claimed = await answered(self._redis.set(keys.DAILY_CLAIM, "1", nx=True, ex=_CLAIMED_S))
        return bool(claimed)

    async def daily_done(self, now: float) -> None:
        """Note when they were done."""
        pipe = self._redis.pipeline(transaction=True)
        pipe.set(keys.DAILY, repr(now))
        pipe.delete(keys.DAILY_CLAIM)
        await answered(pipe.execute())

    async def guilds(self) -> list[str]:
        """The servers that ever had a session."""
        found = await answered(self._redis.smembers(keys.GUILDS))
        return sorted(text(item) for item in found)
