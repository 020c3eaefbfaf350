"""The engine on docket: its queues and timers are in Redis, turns and reports run here.

Two dockets, so that a report or a timer never waits behind turns. Slots of our own keep a session to one at a
time: docket's limit parks what it blocks, and a parked task can be forgotten when a worker is killed.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

import structlog
from docket import Docket, ExponentialRetry, Perpetual, Worker
from redis.exceptions import RedisError

from agent_core.clock import Clock
from agent_core.errors import FencedError, NewerEventError, StoreUnavailableError
from agent_core.storage.redis import connected, with_connections
from agent_core.storage.slots import Slots
from agent_core.values import SessionRef

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

Work = Callable[[SessionRef], Awaitable[None]]
Sweep = Callable[[], Awaitable[None]]

_ASKED_WITHIN_S = 15.0
_RECORDS_KEPT = timedelta(minutes=1)
_SWEEP_EVERY = timedelta(seconds=30)
_FIRST_RETRY = timedelta(milliseconds=250)
_LONGEST_RETRY = timedelta(seconds=15)
_RECONNECT = timedelta(milliseconds=250)
_NEWER_AGAIN_S = 30.0
_RENEWALS = 4  # within the life of a lease, as docket does
# A slot's lease is a little shorter than the queue's: free again when a killed worker's turn is sent again.
_SLOT_LEASE = 0.9
_SLOT_MARGIN_S = 0.05


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
        clock: Clock | None = None,
        lease_s: float = 5.0,
        concurrency: int = 200,
        drain_s: float = 10.0,
    ) -> None:
        """Make one; nothing is connected yet.

        `lease_s`: about how long after a worker's death its turns begin anew. `concurrency`: turns at once.
        `drain_s`: what running turns get to reach their next boundary when `run` is cancelled.
        `sweep` is called every 30 s, by one worker of all.
        """
        url = with_connections(redis_url)
        self._turns = Docket(name="gk-turns", url=url, execution_ttl=_RECORDS_KEPT)
        self._chores = Docket(name="gk-chores", url=url, execution_ttl=_RECORDS_KEPT)
        self._url = url
        self._work = {"turn": turn, "report": report}
        self._sweep = sweep
        self._clock = clock or Clock()
        self._lease_s = lease_s
        self._concurrency = concurrency
        self._drain_s = drain_s
        self._may_run = True
        self._desks: list[_Desk] = []
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
        await self._ask(self._chores, "at", f"at:{ref}", ref, when - self._clock.now())

    async def report(self, ref: SessionRef) -> None:
        """Wake whoever projects the journal."""
        await self._ask(self._chores, "report", f"report:{ref}", ref)

    async def run(self) -> None:
        """Serve until cancelled. Then turns get time to end; the rest is cancelled, its sessions woken."""
        if not self._may_run:
            raise RuntimeError("A gate runs nothing.")
        async with AsyncExitStack() as stack:
            tasks: list[asyncio.Task[None]] = []
            for docket in (self._turns, self._chores):
                worker = Worker(
                    docket,
                    concurrency=self._concurrency,
                    redelivery_timeout=timedelta(seconds=self._lease_s),
                    reconnection_delay=_RECONNECT,
                )
                await stack.enter_async_context(worker)
                # run_forever leaves signals alone; the composition root cancels us.
                tasks.append(asyncio.create_task(worker.run_forever(), name=docket.name))
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
            for docket in (self._turns, self._chores):
                await stack.enter_async_context(docket)
            turns, reports = (
                _Desk(
                    kind,
                    self._work[kind],
                    Slots(redis, kind, self._lease_s * _SLOT_LEASE),
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
        await self._open.aclose()

    def _register(self, turns: "_Desk", reports: "_Desk") -> None:
        # Without a retry, docket drops a task that raises.
        retry = ExponentialRetry.forever(_FIRST_RETRY, _LONGEST_RETRY)
        perpetual = Perpetual(every=_SWEEP_EVERY, automatic=True)
        sweep_once = self._sweep

        async def turn(ref: str, retry: ExponentialRetry = retry) -> None:
            await turns.serve(SessionRef.parse(ref))

        async def report(ref: str, retry: ExponentialRetry = retry) -> None:
            await reports.serve(SessionRef.parse(ref))

        async def at(ref: str, retry: ExponentialRetry = retry) -> None:
            await self.wake(SessionRef.parse(ref))

        async def sweep(perpetual: Perpetual = perpetual) -> None:
            if sweep_once is not None:
                await sweep_once()

        self._turns.register(turn)
        self._chores.register(report)
        self._chores.register(at)
        if sweep_once is not None:
            self._chores.register(sweep)

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


class _Desk:
    """Does one kind of work: for each session by one at a time, and once more for whoever asked meanwhile."""

    def __init__(
        self,
        kind: str,
        work: Work,
        slots: Slots,
        lease_s: float,
        again: Callable[[SessionRef, float], Awaitable[None]],
    ) -> None:
        self._kind = kind
        self._work = work
        self._slots = slots
        self._lease_s = lease_s
        self._again = again
        self.bodies: set[asyncio.Task[None]] = set()
        self.draining = False

    async def serve(self, ref: SessionRef) -> None:
        """Do the work, or leave word for the one who is at it. Raises what the work raises, to be retried."""
        holder = secrets.token_hex(8)
        busy_s = await self._slots.take(ref, holder)
        if busy_s:
            # Should the holder die before it reads our word, this is what is left of the wake.
            await self._again(ref, busy_s + _SLOT_MARGIN_S)
            return
        more = True
        while more:
            more = await self._once(ref, holder) and await self._slots.finish(ref, holder)

    async def _once(self, ref: SessionRef, holder: str) -> bool:
        """Do it; False where it did not come to its end, and the slot is given back."""
        body = asyncio.ensure_future(self._work(ref))
        self.bodies.add(body)
        try:
            await self._keep(body, ref, holder)
        finally:
            self.bodies.discard(body)
            if not body.done():
                body.cancel()
                await asyncio.wait({body})
        error = None if body.cancelled() else body.exception()
        if error is None and not body.cancelled():
            return True
        await self._slots.drop(ref, holder)
        await self._explain(ref, error)
        return False

    async def _keep(self, body: asyncio.Task[None], ref: SessionRef, holder: str) -> None:
        """Hold the slot until the work is done; cancel the work where the slot is lost."""
        loop = asyncio.get_running_loop()
        lost_at = loop.time() + self._lease_s
        while not body.done():
            await asyncio.wait({body}, timeout=self._lease_s / _RENEWALS)
            if body.done():
                return
            try:
                kept = await self._slots.renew(ref, holder)
                lost_at = loop.time() + self._lease_s
            except StoreUnavailableError:
                kept = loop.time() < lost_at
            if not kept:
                log.warning("work cancelled, its lease is lost", work=self._kind, session=str(ref))
                body.cancel()
                await asyncio.wait({body})

    async def _explain(self, ref: SessionRef, error: BaseException | None) -> None:
        """Say why the work did not end well, and see to it that somebody goes on."""
        if error is None:
            await self._again(ref, 0.0)  # cancelled: by a drain, or since the lease was lost
        elif isinstance(error, FencedError):
            log.debug("fenced", work=self._kind, session=str(ref))
        elif isinstance(error, NewerEventError):
            log.warning("left to a newer version", work=self._kind, session=str(ref), reason=str(error))
            await self._again(ref, _NEWER_AGAIN_S)
        elif isinstance(error, StoreUnavailableError):
            log.warning("retried, the store is away", work=self._kind, session=str(ref), reason=str(error))
            raise error
        else:
            reference = secrets.token_hex(4)
            log.error("work failed", work=self._kind, session=str(ref), reference=reference, exc_info=error)
            raise error
