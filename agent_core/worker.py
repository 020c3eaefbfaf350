"""The engine on docket: its queues and timers are in Redis, turns and reports run here.

Two dockets, so that a report or a timer never waits behind turns. Slots of our own keep a session to one at a
time: docket's limit parks what it blocks, and a parked task can be forgotten when a worker is killed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from types import TracebackType
from typing import Any, Self

import structlog
from docket import Docket, ExponentialRetry, Perpetual, Worker
from redis.exceptions import RedisError

from agent_core.clock import Clock
from agent_core.desk import Desk, Work
from agent_core.errors import StoreUnavailableError
from agent_core.gathering import Gathering
from agent_core.storage.redis import connected, with_connections
from agent_core.storage.slots import Slots
from agent_core.storage.timers import Timers
from agent_core.values import SessionRef

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

Sweep = Callable[[], Awaitable[None]]

_ASKED_WITHIN_S = 15.0
_RECORDS_KEPT = timedelta(minutes=1)
_SWEEP_EVERY = timedelta(seconds=30)
_REPORT_GAP_S = 0.25
_CHORES_EVERY = timedelta(minutes=5)
_FIRST_RETRY = timedelta(milliseconds=250)
_LONGEST_RETRY = timedelta(seconds=15)
_RECONNECT = timedelta(milliseconds=250)


class DocketEngine:
    """Engine, and the worker that serves it.

    `async with DocketEngine(...) as engine`, then `engine.run()` in a task of its own until it is cancelled.
    Without `run` it hands work to the workers of other processes; `DocketEngine.gate(url)` can do no more.
    """

    def __init__(
        self,
        redis_url: str,
        turn: Work,
        report: Work,
        *,
        sweep: Sweep | None = None,
        chores: Sweep | None = None,
        clock: Clock | None = None,
        lease_s: float = 5.0,
        concurrency: int = 200,
        drain_s: float = 10.0,
    ) -> None:
        """Make one; nothing is connected yet.

        `lease_s`: about how long after a worker's death its turns begin anew. `concurrency`: turns at once.
        `drain_s`: what running turns get to reach their next boundary when `run` is cancelled.
        `sweep` is called every 30 s, by one worker of all; `chores` every few minutes, to see what is due.
        """
        url = with_connections(redis_url)
        self._turns = Docket(name="gk-turns", url=url, execution_ttl=_RECORDS_KEPT)
        self._chores = Docket(name="gk-chores", url=url, execution_ttl=_RECORDS_KEPT)
        self._url = url
        self._work = {"turn": turn, "report": report}
        self._sweep = sweep
        self._look_for_chores = chores
        self._clock = clock or Clock()
        self._lease_s = lease_s
        self._concurrency = concurrency
        self._drain_s = drain_s
        self._reports = Gathering(self._ask_report, _REPORT_GAP_S)
        self._may_run = True
        self._desks: list[Desk] = []
        self._timers: Timers | None = None
        self._moved = asyncio.Event()
        self._clock.on_advance(self._moved.set)
        self._open = AsyncExitStack()

    @classmethod
    def gate(cls, redis_url: str, *, clock: Clock | None = None) -> Self:
        """An engine for a process that runs no turns."""

        async def nothing(ref: SessionRef) -> None:
            raise RuntimeError(f"A gate runs nothing, and was asked to for {ref}.")

        engine = cls(redis_url, nothing, nothing, clock=clock)
        engine._may_run = False
        return engine

    @property
    def draining(self) -> bool:
        """Whether `run` was cancelled: end the turn at its next boundary, having woken its session."""
        return any(desk.draining for desk in self._desks)

    async def wake(self, ref: SessionRef) -> None:
        """Run a turn soon; any number of wakes before it starts are one. Raises StoreUnavailableError."""
        await self._ask(self._turns, "turn", f"wake:{ref}", ref)

    async def at(self, ref: SessionRef, when: float) -> None:
        """Run a turn at this time (Unix seconds); a later call replaces an earlier one."""
        await self._opened_timers().put(ref, when)
        await self._ask(self._chores, "at", f"at:{ref}", ref, when - self._clock.now())

    async def report(self, ref: SessionRef, *, soon: bool = False) -> None:
        """Wake whoever projects the journal; `soon`: within 0.25 s, for all that is asked until then."""
        await (self._reports.soon(ref) if soon else self._reports.now(ref))

    async def _ask_report(self, ref: SessionRef) -> None:
        await self._ask(self._chores, "report", f"report:{ref}", ref)

    async def wake_due(self) -> None:
        """Wake whoever's time has come by the clock, whatever the queue's own timers say."""
        now, timers = self._clock.now(), self._opened_timers()
        while due := await timers.due(now):
            for ref in due:
                await self.wake(ref)
                await timers.done(ref, now)

    async def run(self) -> None:
        """Serve until cancelled. Then turns get time to end; the rest is cancelled, its sessions woken."""
        if not self._may_run:
            raise RuntimeError("A gate runs nothing.")
        async with AsyncExitStack() as stack:
            tasks: list[asyncio.Task[None]] = []
            for docket in (self._turns, self._chores):
                worker = _Worker(
                    docket,
                    let_go=self._desk_of(docket).let_go,
                    concurrency=self._concurrency,
                    redelivery_timeout=timedelta(seconds=self._lease_s),
                    reconnection_delay=_RECONNECT,
                )
                await stack.enter_async_context(worker)
                # run_forever leaves signals alone; the composition root cancels us.
                tasks.append(asyncio.create_task(worker.run_forever(), name=docket.name))
            tasks.append(asyncio.create_task(self._keep_time(), name="clock"))
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
                raise RuntimeError("A docket worker ended by itself.")
            finally:
                await self._drain(tasks)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            redis = await stack.enter_async_context(connected(self._url, repeat=True))
            self._timers = Timers(redis)
            for docket in (self._turns, self._chores):
                await stack.enter_async_context(docket)
            turns, reports = (
                Desk(
                    kind,
                    self._work[kind],
                    partial(Slots, redis),
                    self._lease_s,
                    soon,
                )
                for kind, soon in (("turn", self._turn_again), ("report", self._report_again))
            )
            self._desks = [turns, reports]
            self._register(turns, reports)
            self._open = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._reports.close()
        await self._open.aclose()

    def _register(self, turns: Desk, reports: Desk) -> None:
        # Without a retry, docket drops a task that raises.
        retry = ExponentialRetry.forever(_FIRST_RETRY, _LONGEST_RETRY)
        perpetual = Perpetual(every=_SWEEP_EVERY, automatic=True)
        sweep_once, look_for_chores = self._sweep, self._look_for_chores
        now_and_then = Perpetual(every=_CHORES_EVERY, automatic=True)
        timers = self._opened_timers()

        async def turn(ref: str, retry: ExponentialRetry = retry) -> None:
            await turns.serve(SessionRef.parse(ref))

        async def report(ref: str, retry: ExponentialRetry = retry) -> None:
            await reports.serve(SessionRef.parse(ref))

        async def at(ref: str, retry: ExponentialRetry = retry) -> None:
            await self.wake(SessionRef.parse(ref))
            await timers.done(SessionRef.parse(ref), self._clock.now())

        async def sweep(perpetual: Perpetual = perpetual) -> None:
            await self.wake_due()
            if sweep_once is not None:
                await sweep_once()

        async def chores(perpetual: Perpetual = now_and_then) -> None:
            if look_for_chores is not None:
                await look_for_chores()

        self._turns.register(turn)
        self._chores.register(report)
        self._chores.register(at)
        self._chores.register(sweep)
        if look_for_chores is not None:
            self._chores.register(chores)

    def _opened_timers(self) -> Timers:
        if self._timers is None:
            raise RuntimeError("The engine is not open.")
        return self._timers

    def _desk_of(self, docket: Docket) -> Desk:
        turns, reports = self._desks
        return turns if docket is self._turns else reports

    async def _keep_time(self) -> None:
        """Each time the clock is moved, look whose time that has brought."""
        while True:
            await self._moved.wait()
            self._moved.clear()
            try:
                await self.wake_due()
            except StoreUnavailableError as error:
                log.warning("timers are late", reason=str(error))
                await asyncio.sleep(_RECONNECT.total_seconds())
                self._moved.set()

    async def _turn_again(self, ref: SessionRef, delay_s: float) -> None:
        # A key of its own: it must not push away a wake that is due now.
        await self._ask(self._turns, "turn", f"again:{ref}", ref, delay_s)

    async def _report_again(self, ref: SessionRef, delay_s: float) -> None:
        await self._ask(self._chores, "report", f"report-again:{ref}", ref, delay_s)

    async def _ask(self, docket: Docket, task: str, key: str, ref: SessionRef, delay_s: float = 0.0) -> None:
        when = datetime.now(UTC) + timedelta(seconds=max(delay_s, 0.0))
        try:
            async with asyncio.timeout(_ASKED_WITHIN_S):
                # `add` is dropped while the same key runs; `replace` never is.
                await docket.replace(task, when, key)(str(ref))
        except (RedisError, TimeoutError) as error:
            raise StoreUnavailableError(f"Redis does not answer: {error}") from error

    async def _drain(self, tasks: list[asyncio.Task[None]]) -> None:
        for desk in self._desks:
            desk.draining = True
        for task in tasks:
            task.cancel()
        running = {body for desk in self._desks for body in desk.bodies}
        if running:
            await asyncio.wait(running, timeout=self._drain_s)
        for body in running:
            body.cancel()
        _, stuck = await asyncio.wait(tasks, timeout=_ASKED_WITHIN_S)
        for task in stuck:
            task.cancel()  # docket itself would wait for its tasks without bound
        for desk in self._desks:
            await desk.close(_ASKED_WITHIN_S)


class _Worker(Worker):
    """A docket worker that, when it has lost Redis, does not wait for its tasks without bound.

    It takes its heartbeat back right before it waits for them: then they are let go.
    """

    def __init__(self, docket: Docket, *, let_go: Callable[[], None], **options: Any) -> None:
        super().__init__(docket, **options)
        self._tasks_back = let_go

    async def _remove_heartbeat(self) -> None:
        self._tasks_back()
        await super()._remove_heartbeat()
