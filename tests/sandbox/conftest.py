"""One pool for all tests, and a box in a fresh workspace for each."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from sandbox import Limits, Pool, Sandbox, runtime


@pytest.fixture(scope="session", params=["overlay", "copy"])
def pool(request: pytest.FixtureRequest) -> Iterator[Pool]:
    """Once with workspaces under the box's disk, once with copies of them."""
    runtime.install(runtime.default_runtime())
    pool = Pool(copies=request.param == "copy")
    yield pool
    pool.close()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
async def box(pool: Pool, workspace: Path) -> AsyncIterator[Sandbox]:
    async with Sandbox(workspace=workspace, limits=Limits(timeout_s=30.0), pool=pool) as box:
        yield box
