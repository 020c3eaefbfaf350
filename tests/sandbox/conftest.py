"""One machine's facts for all tests, and a box in a fresh workspace for each."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox import Limits, Pool, Sandbox, runtime


@pytest.fixture(scope="session")
def pool() -> Pool:
    runtime.install(runtime.default_runtime())
    return Pool()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
async def box(pool: Pool, workspace: Path) -> AsyncIterator[Sandbox]:
    async with Sandbox(workspace=workspace, limits=Limits(timeout_s=30.0), pool=pool) as box:
        yield box
