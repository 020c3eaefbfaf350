"""One kind of work, for each session by one at a time: what a queue hands over, done under our own lease.

The work belongs to the desk, not to the task of the queue that asked for it: where the queue loses its
connection and wants all its tasks back before it takes new ones, they go, and the work goes on.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable

import structlog

from agent_core.errors import FencedError, NewerEventError, StoreUnavailableError
from agent_core.storage.slots import Slots
from agent_core.values import SessionRef

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

Work = Callable[[SessionRef], Awaitable[None]]

_NEWER_SOON_S, _NEWER_AGAIN_S = 0.25, 30.0
_TAKEN_S = 5.0
"""So long after it was to be asked again, a newer program has taken it."""
_MOST_LEFT = 10_000
_RENEWALS = 4  # within the life of a lease, as docket does
# A slot's lease is a little shorter than the queue's: free again when a killed worker's turn is sent again.
_SLOT_LEASE = 0.9
_SLOT_MARGIN_S = 0.05


class Desk:
    """Does one kind of work: for each session by one at a time, and once more for whoever asked meanwhile."""

    def __init__(
        self,
        kind: str,
        work: Work,
        slots: Callable[[str, float], Slots],
        lease_s: float,
        again: Callable[[SessionRef, float], Awaitable[None]],
    ) -> None:
        """`slots` makes those of a kind, given its lease; `again` asks for the work in so many seconds."""
        self._kind = kind
        self._work = work
        self._slots = slots(kind, lease_s * _SLOT_LEASE)
        self._lease_s = lease_s
        self._again = again
        self._let_go = asyncio.Event()
        self._jobs: set[asyncio.Task[None]] = set()
        self.bodies: set[asyncio.Task[None]] = set()
        self.draining = False
        self._left: dict[SessionRef, tuple[float, float]] = {}
        """Session of a newer version -> for how many seconds it was left last, and until when."""

    async def serve(self, ref: SessionRef) -> None:
        """Do the work, or leave word for the one who is at it. Raises what the work raises, to be retried.

        Returns early where the queue wants its task back: the work goes on, and the queue asks again later.
        """
        holder = secrets.token_hex(8)
        busy_s = await self._slots.take(ref, holder)
        if busy_s:
            # Should the holder die before it reads our word, this is what is left of the wake.
            await self._again(ref, busy_s + _SLOT_MARGIN_S)
            return
        job = asyncio.create_task(self._all(ref, holder), name=f"{self._kind} of {ref}")
        self._jobs.add(job)
        let_go = asyncio.create_task(self._let_go.wait())
        try:
            await asyncio.wait({job, let_go}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            job.cancel()
            await asyncio.wait({job})
            raise
        finally:
            let_go.cancel()
            if job.done():
                self._jobs.discard(job)
            else:
                job.add_done_callback(self._over)
        if job.done():
            job.result()
            return
        await self._again(ref, self._lease_s)  # should we die with it, somebody has to go on

    def let_go(self) -> None:
        """Give the queue its tasks back; those that it sends from now on are served as ever."""
        if self.draining:
            return  # the process ends: the queue is to wait for what it has handed out
        self._let_go.set()
        self._let_go = asyncio.Event()

    async def close(self, within_s: float) -> None:
        """Wait for what the queue no longer waits for, its bodies cancelled, and cancel the rest."""
        jobs = set(self._jobs)
        if not jobs:
            return
        _, left = await asyncio.wait(jobs, timeout=within_s)
        for job in left:
            job.cancel()
        if left:
            await asyncio.wait(left)

    def _over(self, job: asyncio.Task[None]) -> None:
        self._jobs.discard(job)
        if not job.cancelled() and (error := job.exception()):
            log.warning("work failed while the queue was away", work=self._kind, reason=str(error))

    async def _all(self, ref: SessionRef, holder: str) -> None:
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
            await self._again(ref, self._leave_s(ref))
        elif isinstance(error, StoreUnavailableError):
            log.warning("retried, the store is away", work=self._kind, session=str(ref), reason=str(error))
            raise error
        else:
            reference = secrets.token_hex(4)
            log.error("work failed", work=self._kind, session=str(ref), reference=reference, exc_info=error)
            raise error

    def _leave_s(self, ref: SessionRef) -> float:
        """Seconds for which to leave it to a newer program: more each time, while that does not take it."""
        now = asyncio.get_running_loop().time()
        last_s, until = self._left.pop(ref, (0.0, 0.0))
        anew = now > until + _TAKEN_S
        leave_s = _NEWER_SOON_S if anew else min(last_s * 2, _NEWER_AGAIN_S)
        self._left[ref] = (leave_s, now + leave_s)
        while len(self._left) > _MOST_LEFT:
            del self._left[next(iter(self._left))]
        return leave_s
