"""The front end against a real Discord on the wire and a real Redis, emptied before each test."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from agent_core.storage.embedded import EmbeddedRedis
from agent_core.storage.redis import connected
from tests.bot.front import Front, open_front


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def bot_redis(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[EmbeddedRedis]:
    """The server of this run."""
    async with EmbeddedRedis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest_asyncio.fixture
async def world(bot_redis: EmbeddedRedis, tmp_path: Path) -> AsyncGenerator[Front]:
    """People, a server, a store; the bot is not started yet."""
    async with connected(bot_redis.url, repeat=True) as client:
        await client.flushall()  # pyright: ignore[reportUnknownMemberType]
    async with open_front(bot_redis.url, tmp_path) as front:
        yield front


@pytest_asyncio.fixture
async def front(world: Front) -> Front:
    """The same with the bot connected."""
    await world.start_bot()
    return world
