"""THE LOOP. Start reading here: fold the journal, ask the session what is next, do it, append it."""

import traceback
from uuid import uuid4

import structlog

from agent_core import steps
from agent_core.errors import GoalkeeperError, UnreadableJournalError
from agent_core.events import Ended
from agent_core.session import (
    Act,
    Attend,
    CheckContract,
    End,
    Propose,
    Record,
    State,
    TakeSignals,
    Think,
    Wait,
    next_for,
    take,
)
from agent_core.steps import House
from agent_core.values import SessionRef, Status

MOST_COMMITS = 10_000
"""Of one turn; another goes on. One in which nothing was heard or thought is a bug that must not spin."""

log = structlog.get_logger(__name__)


async def turn(house: House, ref: SessionRef) -> None:
    """Work on a session until it waits or has ended. Raises FencedError where another worker owns it."""
    try:
        state = await house.storage.states.load(ref)
    except UnreadableJournalError as error:
        await _set_aside(house, ref, error)
        return
    if state is None:
        return  # an order that was never completed
    try:
        await _turn(house, state)
    except GoalkeeperError:
        raise
    except Exception as error:
        if state.ended:
            raise  # nothing follows the end
        await _fail(house, state, error)  # a bug of ours ends one session, with a reference, and no other


async def _turn(house: House, state: State) -> None:  # noqa: C901, PLR0912 - one flat case per thing to do
    await house.meter.recover(state)
    fresh = await house.storage.inbox.fresh(state.ref, state.inbox_id)
    before, shown = (state.step, state.inbox_id), 0
    for _ in range(MOST_COMMITS):
        if house.engine.draining:
            return await house.engine.wake(state.ref)
        lead, shown = await steps.lead(house, state, shown)
        heard = await steps.heard(house, state)
        match next_for(state, now=house.clock.now(), fresh=bool(fresh), lead=lead, heard=heard):
            case TakeSignals():
                (inbox_id, signal), *later = fresh
                taken = take(state, inbox_id, signal, [one for _, one in later])
                events = await house.meter.granted(state, taken)
            case Think():
                events = await steps.think(house, state)
            case Propose(proposed=proposed):
                events = (proposed,)
            case Act(pending=pending, verdict=verdict):
                begun = await steps.begin(house, state, pending, verdict)
                fresh = await house.meter.commit(state, begun, fresh)
                events = await steps.act(house, state, pending)
            case Attend(pending=pending):
                events = await steps.attend(house, state, pending)
                if not events:
                    return await steps.rest(house, state, None)
            case CheckContract(pending=pending):
                events = await steps.check(house, state, pending)
            case Record(events=recorded):
                events = recorded
            case End(status=status, finish=pending):
                events = await steps.end(house, state, status, pending)
            case Wait(for_thread=True):
                return await steps.wait_for_thread(house, state)
            case Wait(until=until):
                return await steps.rest(house, state, until)
        fresh = await house.meter.commit(state, events, fresh)
    return await _go_on_later(house, state, before)


async def _go_on_later(house: House, state: State, before: tuple[int, str]) -> None:
    """Leave the rest of a long turn to the next one. Raises RuntimeError where this one only spun."""
    if before == (state.step, state.inbox_id):
        message = f"{state.ref} does not come to rest"
        raise RuntimeError(message)
    await house.engine.wake(state.ref)


async def _set_aside(house: House, ref: SessionRef, error: UnreadableJournalError) -> None:
    """Leave a damaged journal to people: it is kept as it is, and nobody works on it again."""
    log.error("session set aside, its journal is damaged", session=str(ref), reason=str(error))
    await house.storage.index.set_aside(ref)
    await house.engine.report(ref)


async def _fail(house: House, state: State, error: Exception) -> None:
    """End the session with an apology that carries the reference of the log line."""
    reference = uuid4().hex[:8]
    log.error(
        "session failed",
        session=str(state.ref),
        reference=reference,
        error="".join(traceback.format_exception(error)),
    )
    summary = f"A fault in Goalkeeper ended this goal. Tell the host this reference: {reference}."
    await house.meter.commit(state, (Ended(status=Status.FAILED, summary=summary, checked=False),))
    await steps.rest(house, state, None)
