"""Real boxes and a real library for the tests of skills."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from agent_core.skills import Admission, Checker, Library
from agent_core.storage import Storage
from sandbox import Limits, Pool
from tests.libraries import library_of

LIMITS = Limits(timeout_s=20)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def pool() -> AsyncGenerator[Pool]:
    async with Pool(warm=False) as opened:
        yield opened


@pytest.fixture
def checker(pool: Pool) -> Checker:
    return Checker(LIMITS, pool)


@pytest.fixture
def library(storage: Storage) -> Library:
    """A library that finds by words; nothing is loaded."""
    return library_of(storage)


@pytest.fixture
def admission(library: Library) -> Admission:
    return Admission(library, LIMITS)
