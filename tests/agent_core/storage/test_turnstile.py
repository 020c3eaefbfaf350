"""Turns that all processes of one bot share."""

import asyncio
import time
from collections.abc import AsyncGenerator

import pytest_asyncio
from redis.asyncio import Redis

from agent_core.storage.redis import connected
from agent_core.storage.turnstile import Side, Turnstile

MOST = 20


@pytest_asyncio.fixture
async def redis(redis_url: str) -> AsyncGenerator[Redis]:
    async with connected(redis_url, repeat=True) as client:
        yield client


async def take(turnstile: Turnstile, side: Side, until: float, went: list[float]) -> None:
    """Ask again and again, as a process does that has much to send."""
    while time.monotonic() < until:
        wait_s = await turnstile.ask("1", side, MOST)
        if wait_s:
            await asyncio.sleep(wait_s)
        else:
            went.append(time.monotonic())


def busiest(went: list[float]) -> int:
    return max(sum(at <= other < at + 0.99 for other in went) for at in went)


async def test_several_processes_stay_below_the_limit_together_and_none_starves(redis: Redis):
    went: dict[Side, list[float]] = {"people": [], "threads": []}
    until = time.monotonic() + 3.0
    async with asyncio.TaskGroup() as group:
        for side in ("threads", "people", "threads", "threads"):
            group.create_task(take(Turnstile(redis), side, until, went[side]))
    everyone = went["people"] + went["threads"]
    assert busiest(everyone) <= MOST + 1  # the moment is noted after the turn was given
    assert len(everyone) >= 2 * MOST
    assert min(len(went["people"]), len(went["threads"])) >= MOST // 2


async def test_one_side_alone_may_use_everything(redis: Redis):
    turnstile = Turnstile(redis)
    assert [await turnstile.ask("1", "threads", MOST) for _ in range(MOST)] == [0.0] * MOST
    assert 0.0 < await turnstile.ask("1", "threads", MOST) <= 1.0
    assert await turnstile.ask("2", "threads", MOST) == 0.0


async def test_shards_of_a_bucket_introduce_themselves_one_after_another(redis: Redis):
    one, other = Turnstile(redis), Turnstile(redis)
    assert await one.may_identify("1", 0, 60.0)
    assert not await other.may_identify("1", 0, 60.0)
    assert await other.may_identify("1", 1, 60.0)
    assert await other.may_identify("2", 0, 60.0)
