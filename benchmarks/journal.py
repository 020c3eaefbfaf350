"""What the storage and the engine cost, without model and Discord: `python -m benchmarks.journal`."""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from agent_core.events import Commit, Paused
from agent_core.storage import Storage
from agent_core.storage.embedded import EmbeddedRedis
from agent_core.values import SessionRef
from agent_core.worker import DocketEngine

TIMES = 200


async def median_ms(work: Callable[[int], Awaitable[object]], times: int = TIMES) -> float:
    took: list[float] = []
    for number in range(1, times + 1):
        began = time.perf_counter()
        await work(number)
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1000


def commit(version: int) -> Commit:
    return Commit(version=version, at=time.time(), events=(Paused(by="9", reason="x" * 300),))


async def one_trip_against_two(storage: Storage) -> None:
    together, apart = SessionRef("1", "together"), SessionRef("1", "apart")

    async def two(version: int) -> None:
        await storage.journal.append(apart, commit(version))
        await storage.inbox.fresh(apart, "")

    both = await median_ms(lambda version: storage.journal.append(together, commit(version), inbox_after=""))
    each = await median_ms(two)
    say(
        f"commit and fresh signals in one trip: {both:.2f} ms; in two: {each:.2f} ms; ratio {each / both:.2f}"
    )


async def long_journal(storage: Storage, steps: int = 2000) -> None:
    ref = SessionRef("1", "long")
    for version in range(1, steps + 1):
        await storage.journal.append(ref, commit(version))
    read = await median_ms(lambda _: storage.journal.read(ref), times=10)
    say(f"a journal of {steps} commits is read in {read:.0f} ms: {read / steps * 1000:.0f} us a commit")


async def wake_to_turn(url: str) -> None:
    begun: asyncio.Queue[SessionRef] = asyncio.Queue()

    async def nothing(ref: SessionRef) -> None:
        pass

    async with DocketEngine(url, begun.put, nothing) as engine:
        running = asyncio.create_task(engine.run())

        async def once(number: int) -> None:
            await engine.wake(SessionRef("1", str(number)))
            await begun.get()

        asked = await median_ms(lambda number: engine.wake(SessionRef("2", str(number))))
        for _ in range(TIMES):
            await begun.get()
        turned = await median_ms(once)
        say(f"a wake is kept in {asked:.2f} ms, its turn begins in {turned:.2f}: ratio {turned / asked:.1f}")
        running.cancel()
        await asyncio.wait([running])


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        async with EmbeddedRedis(root) as redis, Storage.open(redis.url, root / "blobs") as storage:
            say(f"{redis.name}, every commit flushed to the disk; median of {TIMES}")
            await one_trip_against_two(storage)
            await long_journal(storage)
            await wake_to_turn(redis.url)


if __name__ == "__main__":
    asyncio.run(main())
