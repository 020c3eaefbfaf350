"""Real stores and a real worker for the tests of the core."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest_asyncio

from agent_core.storage import Storage
from tests.agent_core.office import Office, open_office


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
