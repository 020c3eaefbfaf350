"""The disk of the embedded Redis is full: it is said in one sentence, and it goes on once there is room."""

import asyncio
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError
from structlog.testing import capture_logs

from agent_core.storage.embedded import EmbeddedRedis
from agent_core.storage.redis import connected

SIZE_MB = 80
WITHIN_S = 60.0


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[Path]:
    """A disk of a few MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


async def test_a_full_disk_is_said_and_the_server_is_back_once_there_is_room(small_disk: Path):
    filler = small_disk / "filler"
    with capture_logs() as logs:
        async with (
            EmbeddedRedis(small_disk) as server,
            connected(server.url, repeat=False) as client,
            asyncio.timeout(WITHIN_S),
        ):
            await client.set("kept", "before")
            fill(filler)
            with pytest.raises((RedisError, OSError)):
                await write_on(client)
            while not any("is full. Free some space" in str(line.get("reason", "")) for line in logs):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            filler.unlink()
            kept = None
            while kept is None:
                try:
                    kept = await client.get("kept")
                except (RedisError, OSError):
                    await asyncio.sleep(0.05)
            assert kept == b"before"
            assert await client.set("kept", "after")


async def write_on(client: Redis) -> None:
    """More than there is room for."""
    for number in range(1000):
        await client.set(f"more {number}", "x" * 1_000_000)


def fill(path: Path) -> None:
    """Take all the room that is left."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 65536)
        except OSError:
            return
