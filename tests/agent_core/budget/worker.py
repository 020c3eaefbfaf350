"""A worker to be killed: `python -m tests.agent_core.budget.worker REDIS FOLDER MODEL MEMBER_NANO`."""

import asyncio
import contextlib
import sys
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path

from agent_core.errors import FencedError
from agent_core.storage import Storage
from tests.agent_core.budget.shop import WIDE, open_shop


async def work(redis_url: str, folder: Path, base_url: str, member_nano: int) -> None:
    """Turns of all sessions, again and again."""
    caps = replace(WIDE, member_day=member_nano)
    async with (
        Storage.open(redis_url, folder / "blobs") as storage,
        open_shop(storage, folder, base_url, caps=caps) as shop,
    ):
        refs = await shop.control.recent("10", 100)
        print("up", flush=True)
        while True:
            for ref in refs:
                shop.engine.alarms.pop(ref, None)
            async with asyncio.TaskGroup() as group:
                for ref in refs:
                    group.create_task(_turn(shop.turn(ref)))
            await asyncio.sleep(0.05)


async def _turn(turn: Awaitable[object]) -> None:
    with contextlib.suppress(FencedError):
        await turn


if __name__ == "__main__":
    redis, folder, model, cap = sys.argv[1:]
    asyncio.run(work(redis, Path(folder), model, int(cap)))
