"""The books of members, servers and the host: what was spent on which day, and may be held. Nano-dollars.

A reservation counts as spent until it is settled, so nothing that is lost with a process can pass a cap. Each
script holds one set of keys in one cluster slot: the host's, or one server's. A call is reserved with the
host first, then with the server; what a crash leaves between the two is found by the call's name (`close`).
Reserving, settling and closing do nothing the second time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from agent_core.storage import keys
from agent_core.storage.redis import answered, text
from agent_core.values import NANO, SessionRef, Usage

OPEN_KEPT_S = 40 * 86_400
"""How long a call that nobody settled can still be settled; its reservation stays for good."""
CLOSED_KEPT_S = 3 * 86_400
DAYS_KEPT_S = 400 * 86_400
MOST = 2**53 - 1
"""Nano-dollars of a cap (nine million US$): Lua compares doubles."""

# KEYS: the call, then a sum for each cap. ARGV: amount, seconds to keep the call and the sums, then for each
# cap the field of its sum and its limit.
_RESERVE = """
local state = redis.call('HGET', KEYS[1], 'state')
if state == 'open' then return 0 end
if state then return -1 end
for at = 2, #KEYS do
  local sum = tonumber(redis.call('HGET', KEYS[at], ARGV[at * 2]) or '0')
  if sum + tonumber(ARGV[1]) > tonumber(ARGV[at * 2 + 1]) then return at - 1 end
end
for at = 2, #KEYS do
  redis.call('HINCRBY', KEYS[at], ARGV[at * 2], ARGV[1])
  redis.call('HINCRBY', KEYS[at], ARGV[at * 2] .. ':open', ARGV[1])
  redis.call('EXPIRE', KEYS[at], ARGV[3])
end
redis.call('HSET', KEYS[1], 'state', 'open', 'nano', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 0
"""
# ARGV: amount, tokens, 1 where it is booked even without a reservation, seconds to keep the call and the
# sums, then the field of each sum.
_SETTLE = """
local state = redis.call('HGET', KEYS[1], 'state')
if state == 'closed' or (not state and ARGV[3] == '0') then return 0 end
local held = state and redis.call('HGET', KEYS[1], 'nano') or '0'
local delta = string.format('%.0f', tonumber(ARGV[1]) - tonumber(held))
for at = 2, #KEYS do
  local field = ARGV[at + 4]
  redis.call('HINCRBY', KEYS[at], field, delta)
  redis.call('HINCRBY', KEYS[at], field .. ':open', string.format('%.0f', 0 - tonumber(held)))
  if ARGV[1] ~= '0' or ARGV[2] ~= '0' then
    redis.call('HINCRBY', KEYS[at], field .. ':tokens', ARGV[2])
    redis.call('HINCRBY', KEYS[at], field .. ':calls', '1')
  end
  redis.call('EXPIRE', KEYS[at], ARGV[5])
end
redis.call('HSET', KEYS[1], 'state', 'closed', 'nano', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
"""
# Whether the call is held; if not, it never will be.
_CLOSE = """
local state = redis.call('HGET', KEYS[1], 'state')
if state then return state == 'open' and 1 or 0 end
redis.call('HSET', KEYS[1], 'state', 'closed', 'nano', '0')
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 0
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One call, and whose books it stands in."""

    ref: SessionRef
    call: str
    member_id: str
    day: str
    """The date by the server's clock."""
    host_day: str
    """The date in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The most that may be spent, in nano-dollars."""

    member_day: int = 2 * NANO
    server_day: int = 5 * NANO
    host_day: int = 10 * NANO
    host_month: int = 50 * NANO


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """One sum of the books."""

    nano: int = 0
    """Spent and held."""
    open: int = 0
    """The part of it that is held for calls under way."""
    tokens: int = 0
    calls: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """The four sums that a call counts in."""

    member_day: Sum
    server_day: Sum
    host_day: Sum
    host_month: Sum


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What a server spent on one date."""

    day: str
    server: Sum
    members: Mapping[str, Sum]
    """Member id -> what the goals of this member have cost."""


class Budgets:
    """The books of all servers, and the host's."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def reserve(self, entry: Entry, nano: int, caps: Caps) -> bool:
        """Hold this much for the call, in all books or in none; False where it would pass a cap.

        Also False for a call that is settled or closed already.
        """
        if not await self.reserve_for_host(entry, nano, caps):
            return False
        server = ("server", min(caps.server_day, MOST)), (_member(entry), min(caps.member_day, MOST))
        if await self._reserve(_guild_keys(entry), nano, server):
            await self._settle(_host_keys(entry), ("usd", "usd"), 0, 0, booked=False)
            return False
        return True

    async def reserve_for_host(self, entry: Entry, nano: int, caps: Caps) -> bool:
        """Hold this much in the host's books alone; False where it would pass a cap of the host."""
        host = (("usd", min(caps.host_day, MOST)), ("usd", min(caps.host_month, MOST)))
        return not await self._reserve(_host_keys(entry), nano, host)

    async def settle_for_host(self, entry: Entry, nano: int, usage: Usage) -> None:
        """The same of `settle`."""
        await self._settle(_host_keys(entry), ("usd", "usd"), nano, usage.total_tokens, booked=False)

    async def settle(self, entry: Entry, nano: int, usage: Usage, *, reserved: bool = True) -> None:
        """Put what the call has cost in the place of its reservation. A call of a free model has none."""
        tokens, free = usage.total_tokens, not reserved
        await self._settle(_host_keys(entry), ("usd", "usd"), nano, tokens, booked=free)
        await self._settle(_guild_keys(entry), ("server", _member(entry)), nano, tokens, booked=free)

    async def close(self, entry: Entry) -> bool:
        """Whether the call may have gone out: it was held in all books. Where not, it never can be again."""
        for key in (_host_keys(entry)[0], _guild_keys(entry)[0]):
            if not await answered(self._redis.eval(_CLOSE, 1, key, CLOSED_KEPT_S)):
                await self._settle(_host_keys(entry), ("usd", "usd"), 0, 0, booked=False)
                return False
        return True

    async def sums(self, entry: Entry) -> Sums:
        """What stands in each of the four books on the days of this call."""
        guild = keys.spent(entry.ref.guild_id, entry.day)
        host_day, host_month = keys.host_spent(entry.host_day), keys.host_spent(entry.host_day[:7])
        return Sums(
            member_day=await self._sum(guild, _member(entry)),
            server_day=await self._sum(guild, "server"),
            host_day=await self._sum(host_day, "usd"),
            host_month=await self._sum(host_month, "usd"),
        )

    async def day(self, guild_id: str, day: str) -> Day:
        """Everything that is in the server's books for this date."""
        found: Any = await answered(self._redis.hgetall(keys.spent(guild_id, day)))  # pyright: ignore[reportUnknownMemberType]
        values = {text(name): int(value) for name, value in found.items()}
        members = {name.removeprefix("m-") for name in values if name.startswith("m-") and ":" not in name}
        return Day(
            day=day,
            server=_sum_of(values, "server"),
            members={member_id: _sum_of(values, f"m-{member_id}") for member_id in sorted(members)},
        )

    async def _sum(self, key: str, field: str) -> Sum:
        names = [field, f"{field}:open", f"{field}:tokens", f"{field}:calls"]
        found: Any = await answered(self._redis.hmget(key, names))  # pyright: ignore[reportUnknownMemberType]
        return _sum_of({name: int(value or 0) for name, value in zip(names, found, strict=True)}, field)

    async def _reserve(self, names: Sequence[str], nano: int, sums: Sequence[tuple[str, int]]) -> int:
        """0 where it is held; the number of the cap that it would pass; -1 where it is over already."""
        pairs = [part for pair in sums for part in pair]
        return int(
            await answered(
                self._redis.eval(_RESERVE, len(names), *names, nano, OPEN_KEPT_S, DAYS_KEPT_S, *pairs)
            )
        )

    async def _settle(
        self, names: Sequence[str], fields: Sequence[str], nano: int, tokens: int, *, booked: bool
    ) -> None:
        kept = (CLOSED_KEPT_S, DAYS_KEPT_S)
        await answered(
            self._redis.eval(_SETTLE, len(names), *names, nano, tokens, int(booked), *kept, *fields)
        )


def _member(entry: Entry) -> str:
    return f"m-{entry.member_id}"


def _host_keys(entry: Entry) -> tuple[str, str, str]:
    day, month = keys.host_spent(entry.host_day), keys.host_spent(entry.host_day[:7])
    return keys.host_call(entry.ref, entry.call), day, month


def _guild_keys(entry: Entry) -> tuple[str, str, str]:
    day = keys.spent(entry.ref.guild_id, entry.day)
    return keys.call(entry.ref, entry.call), day, day


def _sum_of(values: Mapping[str, int], field: str) -> Sum:
    return Sum(
        nano=values.get(field, 0),
        open=values.get(f"{field}:open", 0),
        tokens=values.get(f"{field}:tokens", 0),
        calls=values.get(f"{field}:calls", 0),
    )
