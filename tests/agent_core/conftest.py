"""A real Redis for every test of the core: one server for all, emptied before each."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from agent_core.storage import Storage
from agent_core.storage.embedded import EmbeddedRedis
from agent_core.storage.redis import connected
from tests.agent_core.office import Office, open_office


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def redis_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[EmbeddedRedis]:
    """The server of this run."""
    async with EmbeddedRedis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest_asyncio.fixture
async def redis_url(redis_server: EmbeddedRedis) -> str:
    """The address of an empty Redis."""
    async with connected(redis_server.url, repeat=True) as client:
        await client.flushall()  # pyright: ignore[reportUnknownMemberType]
    return redis_server.url


@pytest_asyncio.fixture
async def storage(redis_url: str, tmp_path: Path) -> AsyncGenerator[Storage]:
    """All stores, empty."""
    async with Storage.open(redis_url, tmp_path / "blobs") as opened:
        yield opened


@pytest_asyncio.fixture
async def office(storage: Storage, redis_url: str, tmp_path: Path) -> AsyncGenerator[Office]:
    """A worker with everything real but the model."""
    async with open_office(storage, redis_url, tmp_path) as opened:
        yield opened
