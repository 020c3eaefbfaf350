"""Sub-sessions: begun with a share of the budget, told what happens above them, taken back with their work.

Whatever is done here follows from the two journals alone, and may be done again: a worker can die anywhere.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from agent_core.below import Delegated, Rejoined, Relayed
from agent_core.budget import share_name, share_reserved, share_settled, shares_held
from agent_core.clock import Clock
from agent_core.control import Prefix
from agent_core.engine import Engine
from agent_core.errors import FencedError, ToolError, UnreadableJournalError
from agent_core.events import Commit, Event, Proposed, SessionStarted, ThreadBound
from agent_core.fence import new_marker, unfenced
from agent_core.outside import Installed, Marked
from agent_core.policy import judge
from agent_core.session import Pending, State
from agent_core.session.below import ABOVE
from agent_core.session.files import free_path, is_free
from agent_core.session.pending import key_below
from agent_core.session.take import disown
from agent_core.signals import PauseAsked, ResumeAsked, Signal, StopAsked, Worded
from agent_core.storage import Storage
from agent_core.tools import Outcome, SubGoal
from agent_core.values import (
    NANO,
    FileRef,
    Limits,
    NamedFile,
    Parent,
    SessionRef,
    Status,
    Usage,
    nano,
)

MOST_CHILDREN = 8
"""Sub-sessions that one session may start."""
MOST_STEPS = 50
SHARE = 2
"""A sub-session gets this part of what is left of money and tokens."""
LEAST_TOKENS = 4_000
MOST_FILES = 200
"""Files that a sub-session hands back."""

_STANDING = "a standing yes of the goal"

May = Callable[[Pending], Awaitable[bool]]
"""Whether whoever decided may still decide."""


def delegated(state: State, pending: Pending, sub: SubGoal) -> tuple[Event, ...]:
    """The events by which a sub-session is asked for. Raises ToolError where there can be none."""
    if state.started.parent:
        raise ToolError("A sub-session cannot start another. Do this yourself.")
    if state.children >= MOST_CHILDREN:
        raise ToolError(
            f"This goal has started {MOST_CHILDREN} sub-sessions, the most it may. Go on without."
        )
    limits = _share(state)
    child = state.ref.sub(pending.key)
    held = share_reserved(child.id, usd=limits.usd, tokens=limits.tokens, purpose=pending.action.name)
    begun = Delegated(
        action=pending.key,
        session=child.id,
        role=sub.role,
        goal=sub.goal,
        limits=limits,
        done_when=sub.done_when,
        files=sub.files,
    )
    return (held, begun)


def _share(state: State) -> Limits:
    limits, spent = state.limits, state.spending
    left = max(0, nano(limits.usd) - spent.total) // SHARE
    tokens = (limits.tokens - spent.usage.total_tokens - spent.held_tokens) // SHARE
    steps = min(MOST_STEPS, limits.steps - state.step)
    if tokens < LEAST_TOKENS or steps < 1 or (spent.total and not left):
        raise ToolError("Too little of the budget is left to give a share of it away. Do this yourself.")
    hours = max(0.0, limits.hours - state.active_s / 3600)
    return Limits(usd=left / NANO, tokens=tokens, steps=steps, hours=hours)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegating:
    """Looks after the sub-sessions of all goals."""

    storage: Storage
    engine: Engine
    clock: Clock
    prefix: Prefix

    async def attend(self, state: State, pending: Pending, may: May) -> tuple[Event, ...] | Outcome:
        """Do what is next for the sub-session that does this action.

        Returns its outcome once it has ended; before that what happens here, nothing where it is waited for.
        """
        if pending.delegated is None:
            raise ValueError(pending.key)  # only called where there is one
        ref = SessionRef(state.ref.guild_id, pending.delegated.session)
        try:
            child = await self.storage.states.load(ref) or await self._begin(state, pending, ref)
        except UnreadableJournalError as error:
            return _lost(state, pending, str(error))
        if child.ended:
            return _taken_back(state, pending, child)
        waits = [signal for _, signal in await self.storage.inbox.fresh(ref, child.inbox_id)]
        if signal := _news(state, pending, child, waits):
            await self.storage.inbox.put(ref, signal)
            await self.engine.wake(ref)
            return ()
        return await self._word(state, pending, child, may)

    async def leave(self, state: State) -> None:
        """The session has ended without waiting for its sub-session, as only a fault lets it: stop that."""
        for child_id in shares_held(state.spending):
            ref = SessionRef(state.ref.guild_id, child_id)
            await self.storage.inbox.put(ref, StopAsked(person=state.starter))
            await self.engine.wake(ref)

    async def _begin(self, state: State, pending: Pending, ref: SessionRef) -> State:
        """Write its first commit, if nobody has."""
        if pending.delegated is None or state.thread_id is None:
            raise ValueError(pending.key)
        events: list[Event] = [self._started(state, pending, pending.delegated)]
        if state.marks.installed:
            events.append(Installed(action="0.0", packages=tuple(state.marks.installed)))
        events.append(ThreadBound(thread_id=state.thread_id, upload_limit=state.upload_limit))
        await self.storage.index.add(ref, state.channel_id)
        try:
            commit = Commit(version=1, at=self.clock.now(), events=tuple(events))
            await self.storage.journal.append(ref, commit)
        except FencedError:
            pass  # another worker was faster
        await self.engine.wake(ref)
        child = await self.storage.states.load(ref)
        if child is None:
            raise UnreadableJournalError(f"{ref} was begun and is not there.")
        return child

    def _started(self, state: State, pending: Pending, begun: Delegated) -> SessionStarted:
        prefix = self.prefix.of(begun.role)
        files = {**state.files, **{one.path: one.file for one in begun.files}}
        return SessionStarted(
            goal=begun.goal,
            done_when=begun.done_when,
            starter=state.starter,
            channel_id=state.channel_id,
            autonomy=state.started.autonomy,
            limits=begun.limits,
            model=self.prefix.model,
            system=prefix.system,
            tools=prefix.tools,
            role=begun.role,
            parent=Parent(ref=state.ref, action=pending.key, tool=pending.action.name),
            fence=new_marker(),
            marks=state.marks.passed_on(),
            safe_tools=self.prefix.safe_tools,
            kept=_named(files),
        )

    async def _word(self, state: State, pending: Pending, child: State, may: May) -> tuple[Event, ...]:
        """What becomes here of an action below that needs a person's word."""
        asked = child.proposal
        if asked is None:
            return ()
        key = key_below(pending.key, asked.key)
        here = state.find(key)
        if here is None:
            return (_proposed(state, child, key, asked),)
        if here.decision is None:
            return ()
        if here.decision.how != "reject":
            if not await may(here):
                return disown(state, here)
            if await self.storage.inbox.fresh(state.ref, state.inbox_id):
                return ()  # a no may have come while the right was looked up; its own wake follows
        return (
            Relayed(
                action=key,
                asks_for=asked.action,
                allowed=here.decision.how != "reject",
                person=here.decision.person,
                reason=here.decision.reason,
            ),
        )


def _news(state: State, pending: Pending, child: State, waits: list[Signal]) -> Signal | None:
    """What the sub-session has to be told next, beside what waits in its inbox already."""
    stops = state.stop.person if state.stop else pending.called_back
    paused = child.paused is not None
    for signal in waits:
        if isinstance(signal, PauseAsked | ResumeAsked):
            paused = isinstance(signal, PauseAsked)
    if stops:
        told = child.stop or any(isinstance(signal, StopAsked) for signal in waits)
        return None if told else StopAsked(person=stops)
    if state.paused:
        return None if paused else PauseAsked(by=ABOVE, reason=state.paused.reason)
    if paused:
        return ResumeAsked(person=state.starter)
    word, asked = pending.relayed, child.proposal
    if word is None or asked is None or word.action != key_below(pending.key, asked.key):
        return None
    if any(isinstance(signal, Worded) for signal in waits):
        return None
    return Worded(action=asked.key, person=word.person, allowed=word.allowed, reason=word.reason)


def _proposed(state: State, child: State, key: str, asked: Pending) -> Proposed | Relayed:
    """Ask people here, by what they have allowed here and by what strangers' texts are read below."""
    marks = child.marks
    standing = replace(
        state.standing,
        tainted=marks.tainted,
        private=bool(marks.private),
        sources=marks.places,
        addresses=marks.addresses,
    )
    verdict = judge(asked.action, standing)
    if verdict.verdict == "allow":
        return Relayed(
            action=key,
            asks_for=asked.action,
            allowed=True,
            person=state.starter,
            reason=_STANDING,
            uses_five=verdict.uses_five,
        )
    return Proposed(
        action=key,
        why=verdict.why,
        rule=verdict.rule,
        plan_card=verdict.plan_card,
        asks_for=asked.action,
    )


def _taken_back(state: State, pending: Pending, child: State) -> Outcome:
    """The sub-session's end: what it cost, what marks it brings along, its files, its own words."""
    ended = child.ended
    if ended is None:
        raise ValueError(child.ref)  # only called for one that has ended
    rejoined = Rejoined(
        action=pending.key,
        session=child.ref.id,
        status=ended.status,
        steps=child.step,
        active_s=child.active_s,
    )
    spent = share_settled(
        child.ref.id, spent=child.spending.total, usage=child.usage, purpose=pending.action.name
    )
    copies = _handed_back(state, pending, child)
    done = ended.status is Status.FINISHED
    how = "" if done else f"It has not finished ({ended.status}). "
    text = how + unfenced(ended.summary, child.started.fence)
    if copies:
        rows = [path if path == one.path else f"{one.path} (its {path})" for path, one in copies]
        text = f"{text}\nIts files, copied into this workspace: {', '.join(rows)}"
    return Outcome(
        text=text,
        is_error=not done,
        changed=tuple(one for _, one in copies if state.files.get(one.path) != one.file),
        events=(rejoined, spent, *_marks(state, pending, child)),
    )


def _lost(state: State, pending: Pending, why: str) -> Outcome:
    """The sub-session's journal is damaged: its share stands as spent."""
    child_id = pending.child or ""
    rejoined = Rejoined(action=pending.key, session=child_id, status=Status.FAILED)
    held = state.spending.open.get(share_name(child_id))
    spent = share_settled(
        child_id, spent=held.nano if held else 0, usage=Usage(), purpose=pending.action.name
    )
    text = f"What is stored of the sub-session is damaged: {why}"
    return Outcome(text=text, is_error=True, events=(rejoined, spent))


def _marks(state: State, pending: Pending, child: State) -> tuple[Event, ...]:
    """What the sub-session has read, may not tell everybody, and has installed, as far as that is new."""
    mine, theirs = state.marks, child.marks
    marked = Marked(
        action=pending.key,
        tainted=tuple(source for source in theirs.sources if source not in mine.sources),
        private=tuple(what for what in theirs.private if what not in mine.private),
        addresses=tuple(sorted(theirs.addresses - mine.addresses)),
    )
    packages = tuple(one for one in theirs.installed if one not in mine.installed)
    events: list[Event] = []
    if marked.tainted or marked.private or marked.addresses:
        events.append(marked)
    if packages:
        events.append(Installed(action=pending.key, packages=packages))
    return tuple(events)


def _handed_back(state: State, pending: Pending, child: State) -> list[tuple[str, NamedFile]]:
    """Its path there -> the file here: those that it named, or else all that it made or changed.

    None replaces a file of this workspace: what has changed lies in a folder of its own.
    """
    before = {one.path: one.file for one in child.started.kept}
    named = list(child.ended.files) if child.ended else []
    if not named:
        made = {path: file for path, file in child.files.items() if before.get(path) != file}
        named = [one for one in _named(made) if not one.path.startswith("outputs/")]
    taken: dict[str, FileRef] = dict(state.files)
    copies: list[tuple[str, NamedFile]] = []
    for one in named[:MOST_FILES]:
        here = one.path
        if taken.get(here) != one.file and not is_free(taken, here):
            here = free_path(taken, f"{pending.action.name}/{pending.key}", here)
        taken[here] = one.file
        copies.append((one.path, NamedFile(path=here, file=one.file)))
    return copies


def _named(files: dict[str, FileRef]) -> tuple[NamedFile, ...]:
    return tuple(NamedFile(path=path, file=file) for path, file in sorted(files.items()))
