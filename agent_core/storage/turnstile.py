"""What all processes of one bot may do together: so many requests in a second, one greeting at a time.

Two sides ask: people who wait for an answer, and threads that are shown. Each may use all that the other
leaves; where both wait, each gets half.
"""

from typing import Any, Literal

from redis.asyncio import Redis

from agent_core.storage import keys
from agent_core.storage.redis import answered

Side = Literal["people", "threads"]

MOST_PER_S = 45
"""Discord takes 50 of one bot."""
_WAITS_MS = 500
"""How long it is believed that a side waits which does not ask again."""

# Lists of the last moments, in microseconds, the newest first: of all, and of this side.
_ASK = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local most, half = tonumber(ARGV[1]), math.floor(tonumber(ARGV[1]) / 2)
local function free_at(key, count)
  local oldest = redis.call('LINDEX', key, count - 1)
  return oldest and tonumber(oldest) + 1000000 or now
end
local free = free_at(KEYS[1], most)
if redis.call('EXISTS', KEYS[4]) == 1 then free = math.max(free, free_at(KEYS[2], half)) end
if free > now then
  redis.call('SET', KEYS[3], '1', 'PX', ARGV[2])
  return free - now
end
for _, key in ipairs({KEYS[1], KEYS[2]}) do
  redis.call('LPUSH', key, string.format('%.0f', now))
  redis.call('LTRIM', key, 0, most - 1)
  redis.call('PEXPIRE', key, 2000)
end
redis.call('DEL', KEYS[3])
return 0
"""


class Turnstile:
    """Turns of all bots; each is named by its application's id."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def ask(self, bot_id: str, side: Side, most_per_s: int = MOST_PER_S) -> float:
        """Take a turn now: 0.0. Or the seconds after which it is worth asking again."""
        other: Side = "threads" if side == "people" else "people"
        names = (
            keys.turns(bot_id, "all"),
            keys.turns(bot_id, side),
            keys.turns(bot_id, f"{side}-wait"),
            keys.turns(bot_id, f"{other}-wait"),
        )
        reply: Any = self._redis.eval(_ASK, len(names), *names, most_per_s, _WAITS_MS)
        return int(await answered(reply)) / 1e6

    async def may_identify(self, bot_id: str, bucket: int, every_s: float) -> bool:
        """Whether a shard of this bucket may introduce itself now; then no other may for so many seconds."""
        name = keys.turns(bot_id, f"identify-{bucket}")
        return bool(await answered(self._redis.set(name, "1", nx=True, px=max(1, int(every_s * 1000)))))
