"""A memory on a real Redis, with the real model."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from agent_core.memory import Embedder, Memory
from tests.models import MODELS


@pytest.fixture(scope="session")
def exports() -> Path:
    """The folder of the exported model: the same for all tests."""
    MODELS.mkdir(parents=True, exist_ok=True)
    return MODELS


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def embedder(exports: Path) -> AsyncGenerator[Embedder]:
    async with Embedder(cache=exports) as opened:
        await opened.embed(["warm"])
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def memory(redis_url: str, embedder: Embedder) -> AsyncGenerator[Memory]:
    async with Memory.open(redis_url, embedder) as opened:
        yield opened
