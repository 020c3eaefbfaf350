"""One at a time: who does a kind of work for a session, and whether somebody asked for more meanwhile.

A slot is a lease, so that the death of its holder frees it. It saves double work; a journal is guarded by its
fence.
"""

from redis.asyncio import Redis

from agent_core.storage import keys
from agent_core.storage.redis import answered
from agent_core.values import SessionRef

_TAKE = """
local holder = redis.call('HGET', KEYS[1], 'holder')
if holder and holder ~= ARGV[1] then
  redis.call('HSET', KEYS[1], 'again', '1')
  return math.max(redis.call('PTTL', KEYS[1]), 1)
end
redis.call('HSET', KEYS[1], 'holder', ARGV[1])
redis.call('HDEL', KEYS[1], 'again')
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 0
"""
_RENEW = """
if redis.call('HGET', KEYS[1], 'holder') ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
_FINISH = """
if redis.call('HGET', KEYS[1], 'holder') ~= ARGV[1] then return 0 end
if redis.call('HDEL', KEYS[1], 'again') == 1 then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
redis.call('DEL', KEYS[1])
return 0
"""
_DROP = """
if redis.call('HGET', KEYS[1], 'holder') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""


class Slots:
    """The slots of one kind of work, for all sessions. A `holder` is a text that nobody else uses."""

    def __init__(self, redis: Redis, kind: str, lease_s: float) -> None:
        self._redis = redis
        self._kind = kind
        self._lease_ms = max(1, int(lease_s * 1000))

    async def take(self, ref: SessionRef, holder: str) -> float:
        """Take the slot: 0.0. Or leave word for its holder: the seconds that its lease still has."""
        return await self._run(_TAKE, ref, holder) / 1000

    async def renew(self, ref: SessionRef, holder: str) -> bool:
        """Keep it for another lease; False where it is somebody else's by now."""
        return await self._run(_RENEW, ref, holder) == 1

    async def finish(self, ref: SessionRef, holder: str) -> bool:
        """Give it back: False. Or keep it, since somebody left word: True, do the work once more."""
        return await self._run(_FINISH, ref, holder) == 1

    async def drop(self, ref: SessionRef, holder: str) -> None:
        """Give it back, whatever anybody asked for."""
        await self._run(_DROP, ref, holder)

    async def _run(self, script: str, ref: SessionRef, holder: str) -> int:
        return int(
            await answered(self._redis.eval(script, 1, keys.slot(ref, self._kind), holder, self._lease_ms))
        )
