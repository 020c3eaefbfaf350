"""Append to a session's journal: the events are in the store before anything follows from them."""

from dataclasses import dataclass

from agent_core.clock import Clock
from agent_core.engine import Engine
from agent_core.events import Commit, Event, SignalsTaken
from agent_core.session import State, apply, rewinds
from agent_core.signals import Signal
from agent_core.storage import Storage

Waiting = list[tuple[str, Signal]]
"""What waits in the inbox, oldest first, with the inbox ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """Writes commits. One at a time for each session."""

    storage: Storage
    engine: Engine
    clock: Clock

    async def commit(self, state: State, events: tuple[Event, ...], fresh: Waiting | None = None) -> Waiting:
        """Append the events, fold them in, and return what waits in the inbox by then.

        `fresh`: what was known to wait there; None: nobody asks now.
        Raises FencedError where another worker owns the session, and StoreUnavailableError.
        """
        after = None if fresh is None else fresh[-1][0] if fresh else state.inbox_id
        known = fresh or []
        if not events:
            return [*known, *([] if after is None else await self.storage.inbox.fresh(state.ref, after))]
        commit = Commit(version=state.version + 1, at=self.clock.now(), events=events)
        newer = await self.storage.journal.append(state.ref, commit, inbox_after=after, epoch=state.epoch)
        back = rewinds(commit)
        apply(state, commit, await self.storage.states.at(state.ref, back.to_version) if back else None)
        await self.storage.states.keep_when_due(state)
        await self.engine.report(state.ref, soon=True)
        took = any(isinstance(event, SignalsTaken) for event in events)
        return [*known[took:], *newer]
