import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent_core.clock import Clock
from agent_core.errors import FencedError, NewerEventError, StoreUnavailableError
from agent_core.storage.embedded import EmbeddedRedis
from agent_core.storage.redis import connected
from agent_core.storage.slots import Slots
from agent_core.values import SessionRef
from agent_core.worker import DocketEngine, Work

A, B = SessionRef("10", "a"), SessionRef("10", "b")
WITHIN_S = 20.0


class Turns:
    """Counts turns, refuses two at once for a session, and lets a test wait for them and hold them."""

    def __init__(self) -> None:
        self.begun: list[SessionRef] = []
        self.ended: list[SessionRef] = []
        self.running: set[SessionRef] = set()
        self.errors: list[Exception] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self._changed = asyncio.Condition()

    async def __call__(self, ref: SessionRef) -> None:
        assert ref not in self.running, "two turns of one session at once"
        self.running.add(ref)
        try:
            await self._note(self.begun, ref)
            await self.gate.wait()
            if self.errors:
                raise self.errors.pop(0)
            await self._note(self.ended, ref)
        finally:
            self.running.discard(ref)
            async with self._changed:
                self._changed.notify_all()

    async def _note(self, where: list[SessionRef], ref: SessionRef) -> None:
        async with self._changed:
            where.append(ref)
            self._changed.notify_all()

    async def until(self, enough: Callable[[], bool]) -> None:
        async with asyncio.timeout(WITHIN_S), self._changed:
            await self._changed.wait_for(enough)


async def nothing(ref: SessionRef) -> None:
    pass


@asynccontextmanager
async def serving(
    url: str,
    turn: Work,
    report: Work = nothing,
    *,
    lease_s: float = 1.0,
    drain_s: float = 5.0,
    concurrency: int = 20,
    clock: Clock | None = None,
    sweep: Callable[[], Awaitable[None]] | None = None,
) -> AsyncGenerator[DocketEngine]:
    async with DocketEngine(
        url, turn, report, sweep=sweep, clock=clock, lease_s=lease_s, concurrency=concurrency, drain_s=drain_s
    ) as engine:
        running = asyncio.create_task(engine.run())
        try:
            yield engine
        finally:
            running.cancel()
            await asyncio.wait([running])
            assert running.cancelled()


async def test_a_wake_runs_a_turn_and_a_report_runs_a_report(redis_url: str):
    turns, reports = Turns(), Turns()
    async with serving(redis_url, turns, reports) as engine:
        await engine.wake(A)
        await turns.until(lambda: turns.ended == [A])
        await engine.report(B)
        await reports.until(lambda: reports.ended == [B])
        assert turns.ended == [A]


async def test_many_wakes_before_a_turn_starts_are_one_turn(redis_url: str):
    turns = Turns()
    async with DocketEngine.gate(redis_url) as gate:
        for _ in range(30):
            await gate.wake(A)
        async with serving(redis_url, turns) as engine:
            await turns.until(lambda: A in turns.ended)
            await engine.wake(B)
            await turns.until(lambda: B in turns.ended)
    assert turns.ended == [A, B]


async def test_a_wake_while_the_turn_runs_leads_to_another_and_never_to_two_at_once(redis_url: str):
    turns = Turns()
    turns.gate.clear()
    async with serving(redis_url, turns) as engine, serving(redis_url, turns):
        await engine.wake(A)
        await turns.until(lambda: turns.begun == [A])
        for _ in range(40):
            await engine.wake(A)
        await engine.wake(B)  # by its turn, the wakes before it have been seen
        await turns.until(lambda: B in turns.begun)
        turns.gate.set()
        await turns.until(lambda: turns.ended.count(A) >= 2)
    assert 2 <= turns.ended.count(A) <= 4


async def test_a_turn_that_wakes_itself_goes_on(redis_url: str):
    count = 0
    done = asyncio.Event()

    async def turn(ref: SessionRef) -> None:
        nonlocal count
        count += 1
        if count < 5:
            await engine.wake(ref)
        else:
            done.set()

    async with serving(redis_url, turn) as engine, asyncio.timeout(WITHIN_S):
        await engine.wake(A)
        await done.wait()


async def test_a_later_time_replaces_an_earlier_one(redis_url: str):
    turns = Turns()
    clock = Clock()
    clock.advance(86_400)
    async with serving(redis_url, turns, clock=clock) as engine:
        await engine.at(A, clock.now() + 3600)
        await engine.at(B, clock.now() + 0.1)
        await turns.until(lambda: turns.ended == [B])
        await engine.at(A, clock.now())
        await turns.until(lambda: turns.ended == [B, A])


async def test_days_that_pass_at_once_wake_whoever_waits_for_a_time(redis_url: str):
    turns = Turns()
    clock = Clock()
    async with serving(redis_url, turns, clock=clock) as engine:
        await engine.at(A, clock.now() + 86_400)
        await engine.at(B, clock.now() + 3 * 86_400)
        clock.advance(2 * 86_400)
        await turns.until(lambda: turns.ended == [A])
        await engine.at(B, clock.now() + 7 * 86_400)  # a later wish replaces an earlier one
        clock.advance(5 * 86_400)
        await engine.wake(A)
        await turns.until(lambda: turns.ended == [A, A])
        clock.advance(2 * 86_400)
        await turns.until(lambda: turns.ended == [A, A, B])


async def test_a_long_turn_does_not_keep_others_from_theirs_after_redis_was_away(tmp_path: Path):
    turns = Turns()
    turns.gate.clear()
    async with (
        EmbeddedRedis(tmp_path) as server,
        connected(server.url, repeat=True) as client,
        serving(server.url, turns, lease_s=3.0) as engine,
    ):
        await engine.wake(A)
        await turns.until(lambda: turns.begun == [A])
        info = await client.info("server")  # pyright: ignore[reportUnknownMemberType]
        os.kill(info["process_id"], signal.SIGKILL)
        assert await client.ping()  # pyright: ignore[reportUnknownMemberType]
        await engine.wake(B)
        await turns.until(lambda: turns.begun == [A, B])  # A is still at it, and was not begun anew
        turns.gate.set()
        await turns.until(lambda: A in turns.ended and B in turns.ended)


@pytest.mark.parametrize("error", [StoreUnavailableError("away"), ValueError("a bug")], ids=["store", "bug"])
async def test_a_turn_that_fails_is_run_again(redis_url: str, error: Exception):
    turns = Turns()
    turns.errors = [error, error]
    async with serving(redis_url, turns) as engine:
        await engine.wake(A)
        await turns.until(lambda: turns.ended == [A])
    assert turns.begun == [A, A, A]


@pytest.mark.parametrize("error", [FencedError("lost"), NewerEventError("format 9")], ids=["fenced", "newer"])
async def test_a_session_that_is_another_s_is_left_alone(redis_url: str, error: Exception):
    turns = Turns()
    turns.errors = [error]
    async with serving(redis_url, turns) as engine:
        await engine.wake(A)
        await turns.until(lambda: turns.begun == [A])
        await engine.wake(B)
        await turns.until(lambda: turns.ended == [B])
        assert turns.begun == [A, B]
        await engine.wake(A)
        await turns.until(lambda: turns.ended == [B, A])


async def test_reports_do_not_wait_behind_turns(redis_url: str):
    turns, reports = Turns(), Turns()
    turns.gate.clear()
    async with serving(redis_url, turns, reports, concurrency=1) as engine:
        await engine.wake(A)
        await turns.until(lambda: turns.begun == [A])
        await engine.report(A)
        await reports.until(lambda: reports.ended == [A])
        turns.gate.set()


async def test_a_turn_gets_its_time_to_end_when_the_worker_stops(redis_url: str):
    ended = asyncio.Event()
    begun = asyncio.Event()

    async def turn(ref: SessionRef) -> None:
        begun.set()
        while not engine.draining:  # noqa: ASYNC110 - as the loop does: it looks between two steps
            await asyncio.sleep(0.01)
        await engine.wake(ref)
        ended.set()

    async with asyncio.timeout(WITHIN_S):
        async with serving(redis_url, turn, drain_s=15) as engine:
            await engine.wake(A)
            await begun.wait()
        assert ended.is_set()
        turns = Turns()
        async with serving(redis_url, turns):
            await turns.until(lambda: turns.ended == [A])


async def test_a_turn_that_does_not_end_is_cancelled_and_runs_again_at_once(redis_url: str):
    turns = Turns()
    turns.gate.clear()
    async with serving(redis_url, turns, lease_s=600, drain_s=0.05) as engine:
        await engine.wake(A)
        await turns.until(lambda: turns.begun == [A])
    assert (turns.running, turns.ended) == (set(), [])
    turns.gate.set()
    async with serving(redis_url, turns, lease_s=600):  # no lease has run out by then
        await turns.until(lambda: turns.ended == [A])


async def test_work_whose_slot_is_another_s_is_cancelled(redis_url: str):
    turns = Turns()
    turns.gate.clear()
    async with serving(redis_url, turns, lease_s=0.4) as engine, connected(redis_url, repeat=True) as client:
        await engine.wake(A)
        await turns.until(lambda: turns.begun == [A])
        await client.delete("gk:{10}:slot:turn:a")
        assert await Slots(client, "turn", 1.0).take(A, "somebody else") == 0.0
        await turns.until(lambda: not turns.running)
        assert turns.ended == []
        turns.gate.set()
        await turns.until(lambda: turns.ended == [A])


async def test_the_sweep_is_called(redis_url: str):
    swept = asyncio.Event()

    async def sweep() -> None:
        swept.set()

    async with serving(redis_url, nothing, sweep=sweep), asyncio.timeout(WITHIN_S):
        await swept.wait()


async def test_a_gate_runs_nothing(redis_url: str):
    turns = Turns()
    async with DocketEngine.gate(redis_url) as gate:
        with pytest.raises(RuntimeError, match="gate"):
            await gate.run()
        await gate.wake(A)
    async with serving(redis_url, turns):
        await turns.until(lambda: turns.ended == [A])


async def test_a_dead_redis_is_said_and_turns_go_on_when_it_is_back(tmp_path: Path):
    turns = Turns()
    turns.gate.clear()
    async with (
        EmbeddedRedis(tmp_path) as server,
        connected(server.url, repeat=True) as client,
        serving(server.url, turns) as engine,
    ):
        await engine.wake(A)
        await turns.until(lambda: turns.begun == [A])
        info = await client.info("server")  # pyright: ignore[reportUnknownMemberType]
        os.kill(info["process_id"], signal.SIGKILL)
        assert await client.ping()  # pyright: ignore[reportUnknownMemberType]
        turns.gate.set()
        await engine.wake(B)
        await turns.until(lambda: A in turns.ended and B in turns.ended)
    async with DocketEngine.gate(server.url) as gate:
        with pytest.raises(StoreUnavailableError):
            await gate.wake(A)


WORKER = """
import asyncio, sys
from agent_core.worker import DocketEngine
async def turn(ref):
    print("begun", flush=True)
    await asyncio.Event().wait()
async def report(ref):
    pass
async def main():
    async with DocketEngine(sys.argv[1], turn, report, lease_s=1.0) as engine:
        await engine.run()
asyncio.run(main())
"""


@pytest.mark.parametrize("wakes_after_s", [None, 0.0, 0.8], ids=["alone", "woken", "woken before its death"])
async def test_a_turn_of_a_killed_worker_goes_on_elsewhere(redis_url: str, wakes_after_s: float | None):
    turns = Turns()
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, redis_url, stdout=asyncio.subprocess.PIPE
    )
    assert worker.stdout is not None
    async with serving(redis_url, turns) as engine:
        # Ours takes the first few; the killed one must have one.
        turns.gate.clear()
        async with asyncio.timeout(WITHIN_S):
            begun = asyncio.ensure_future(worker.stdout.readline())
            number = 0
            while not begun.done():
                number += 1
                await engine.wake(SessionRef("10", f"s{number}"))
                await asyncio.wait([begun], timeout=0.1)
        if wakes_after_s is not None:
            for each in range(1, number + 1):
                await engine.wake(SessionRef("10", f"s{each}"))
            await asyncio.sleep(wakes_after_s)
        worker.kill()
        await worker.communicate()
        turns.gate.set()
        everyone = {SessionRef("10", f"s{each}") for each in range(1, number + 1)}
        await turns.until(lambda: set(turns.ended) == everyone)
