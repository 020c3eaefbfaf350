"""The meter: writes what requests hold and cost, into the session's journal first and then into all books."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal
from weakref import WeakValueDictionary

import structlog

from agent_core.budget.calendar import Days, days
from agent_core.budget.rules import Cap, Short, caps_of, in_words, own_cap
from agent_core.budget.shares import share_name
from agent_core.events import CallReserved, CallSettled, Event, LimitReached, ToppedUp
from agent_core.record import Recorder, Waiting
from agent_core.session import State
from agent_core.storage.budgets import Caps, Entry
from agent_core.values import NANO, ServerRules, SessionRef, Usage, nano

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """On which dates a request of a session counts now, and the caps of member, server and host there."""

    day: str
    host_day: str
    caps: Sequence[Cap]


class Meter:
    """The caps of this host, and the books. One for a process."""

    def __init__(self, *, recorder: Recorder, caps: Caps) -> None:
        self._recorder = recorder
        self._budgets = recorder.storage.budgets
        self._caps = caps
        self._locks: WeakValueDictionary[SessionRef, asyncio.Lock] = WeakValueDictionary()

    async def commit(self, state: State, events: tuple[Event, ...], fresh: Waiting | None = None) -> Waiting:
        """Append the events, fold them in, and bring what they settle into all books.

        `fresh` and what is returned: as of `Recorder.commit`. Raises FencedError and StoreUnavailableError.
        """
        async with self._lock(state.ref):
            return await self._commit(state, events, fresh)

    async def hold(self, state: State, reserved: CallReserved, standing: Standing) -> CallReserved | None:
        """Hold money for a request: in the session's journal, then in all books.

        The reservation with its name, or None where another request was faster and a cap leaves no room.
        """
        async with self._lock(state.ref):
            name = f"{state.version + 1}.1"
            named = replace(reserved, call=name, day=standing.day, host_day=standing.host_day)
            await self._commit(state, (named,))
            if await self._budgets.reserve(_entry(state, named), named.nano, self._caps):
                return named
            await self._commit(state, (settled(named, "unsent"),))
            return None

    async def recover(self, state: State) -> None:
        """At the start of a turn, before anything else: settle what a turn that died has left open.

        A request that was held in all books may have reached the server: it is lost, and stands at its
        reservation. One that was not never left, and is never going to.
        """
        for one in state.spending.recent:
            await self._book(state, one, reserved=one.nano > 0 or one.outcome != "billed")
        left = [one for one in state.spending.open.values() if one.day]
        if left and not state.ended:
            log.info("requests lost", session=str(state.ref), calls=[one.call for one in left])
            await self.commit(state, tuple([await self._found(state, one) for one in left]))

    async def granted(self, state: State, events: tuple[Event, ...]) -> tuple[Event, ...]:
        """The events, with no grant past what the next cap has left."""
        if not any(isinstance(event, ToppedUp) for event in events):
            return events
        caps = [*(await self.standing(state)).caps, *await self._above(state)]
        tightest = min(caps, key=lambda cap: cap.left)
        left_usd = max(0, tightest.left) / NANO
        for_money = state.limit is not None and state.limit.what == "usd"
        if for_money and not left_usd:
            text = in_words(Short(cap=tightest, busy=False))
            reached = LimitReached(what=tightest.what, text=text, until=tightest.until)
            return tuple(reached if isinstance(event, ToppedUp) else event for event in events)
        return tuple(
            replace(event, by=event.by.with_usd(min(event.by.usd, left_usd)))
            if isinstance(event, ToppedUp)
            else event
            for event in events
        )

    async def _above(self, state: State) -> list[Cap]:
        """For a sub-session, what its parent has left: what it was given is held there, more is not."""
        parent = state.started.parent and await self._recorder.storage.states.load(state.started.parent.ref)
        if not parent:
            return []
        share = parent.spending.open.get(share_name(state.ref.id))
        granted = nano(state.limits.usd) - (share.nano if share else 0)
        own = own_cap(parent.spending, parent.limits)
        return [replace(own, spent=own.spent + granted)]

    async def standing(self, state: State) -> Standing:
        """The dates and the caps at this moment."""
        today = await self._today(state)
        entry = Entry(
            ref=state.ref, call="0", member_id=state.starter.id, day=today.server, host_day=today.host
        )
        sums = await self._budgets.sums(entry)
        return Standing(day=today.server, host_day=today.host, caps=caps_of(sums, self._caps, today))

    async def dates(self, state: State) -> tuple[str, str]:
        """The date by the server's clock, and in UTC."""
        today = await self._today(state)
        return today.server, today.host

    async def _today(self, state: State) -> Days:
        rules = await self._recorder.storage.rules.get(state.ref.guild_id) or ServerRules()
        return days(self.now(), rules.time_zone)

    def now(self) -> float:
        """Unix seconds."""
        return self._recorder.clock.now()

    def _lock(self, ref: SessionRef) -> asyncio.Lock:
        """One commit at a time: several requests of a session may be under way."""
        lock = self._locks.get(ref)
        if lock is None:
            lock = self._locks[ref] = asyncio.Lock()
        return lock

    async def _commit(self, state: State, events: tuple[Event, ...], fresh: Waiting | None = None) -> Waiting:
        reserved = set(state.spending.open)
        waits = await self._recorder.commit(state, events, fresh)
        for event in events:
            if isinstance(event, CallSettled):
                await self._book(state, event, reserved=event.call in reserved)
        return waits

    async def _book(self, state: State, one: CallSettled, *, reserved: bool) -> None:
        if one.day:  # the share of a sub-session is in the books by itself
            await self._budgets.settle(_entry(state, one), one.nano, one.usage, reserved=reserved)

    async def _found(self, state: State, reserved: CallReserved) -> CallSettled:
        """What has become of a request that nobody waits for any more."""
        sent = await self._budgets.close(_entry(state, reserved))
        return settled(reserved, "lost" if sent else "unsent")


def settled(
    reserved: CallReserved,
    outcome: Literal["billed", "lost", "unsent"],
    *,
    cost: int = 0,
    usage: Usage | None = None,
) -> CallSettled:
    """How this request ended; a lost one costs what was held for it."""
    return CallSettled(
        call=reserved.call,
        purpose=reserved.purpose,
        nano=reserved.nano if outcome == "lost" else cost,
        outcome=outcome,
        usage=usage or Usage(),
        day=reserved.day,
        host_day=reserved.host_day,
    )


def _entry(state: State, one: CallReserved | CallSettled) -> Entry:
    return Entry(ref=state.ref, call=one.call, member_id=state.starter.id, day=one.day, host_day=one.host_day)
