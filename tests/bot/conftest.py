"""The front end against a real Discord on the wire and a real Redis, emptied before each test."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest_asyncio

from tests.bot.front import Front, open_front
from tests.protocol.openapi import DiscordOpenApi


@pytest_asyncio.fixture
async def world(
    redis_url: str, tmp_path: Path, discord_openapi_if_there: DiscordOpenApi | None
) -> AsyncGenerator[Front]:
    """People, a server, a store; the bot is not started yet. What went over the wire is judged at the end."""
    async with open_front(redis_url, tmp_path) as front:
        yield front
        log = await front.ask("GET", "log")
    if discord_openapi_if_there is not None:
        assert discord_openapi_if_there.check_exchanges(log) == []


@pytest_asyncio.fixture
async def front(world: Front) -> Front:
    """The same with the bot connected."""
    await world.start_bot()
    return world
