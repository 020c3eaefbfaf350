"""The door for everyone outside: start a session, say something to it, list and read."""

import math
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from agent_core.budget.calendar import zone
from agent_core.clock import Clock
from agent_core.engine import Engine
from agent_core.errors import FencedError, NewerEventError, RefusedError, UnreadableJournalError
from agent_core.events import Commit, Event, Forked, SessionStarted, ThreadBound
from agent_core.fence import new_marker
from agent_core.session import State
from agent_core.session.files import dropped_apart
from agent_core.signals import Signal, StopAsked
from agent_core.storage import Storage
from agent_core.storage.budgets import Caps, Day
from agent_core.values import (
    NO_MARKS,
    Autonomy,
    Inherited,
    Limits,
    Message,
    NamedFile,
    Person,
    ServerRules,
    SessionRef,
)

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

SMALL_WINDOW = 16_384
"""Tokens; a model with no more gets the few tools of `tools.SMALL` and a short system prompt."""

GOAL = "goal"
"""The role of a session that works on whatever somebody asks."""

ABANDONED_S = 7 * 86_400.0
"""Seconds after which a server that removed the bot is forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What somebody wants done."""

    ref: SessionRef
    goal: str
    starter: Person
    channel_id: str
    autonomy: Autonomy | None = None
    """None: as the server's rules say."""
    done_when: str = ""
    budget_usd: float | None = None
    """US$; replaces the host's cap for one session."""
    files: tuple[NamedFile, ...] = ()
    role: str = GOAL
    """What kind of session it is; see roles.py."""
    subjects: tuple[str, ...] = ()
    """Ids of the skills that it is to improve."""
    marks: Inherited = NO_MARKS
    """What strangers, or a private channel, have brought into it before it begins."""
    after: State | None = None
    """The goal whose thread it goes on in, which has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork:
    """Who wants to go on from which step of which session."""

    ref: SessionRef
    source: SessionRef
    step: int
    starter: Person
    channel_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RolePrefix:
    """What the sessions of one role begin with."""

    system: str
    tools: tuple[Message, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefix:
    """What every session of this host begins with."""

    model: str
    system: str
    tools: tuple[Message, ...]
    roles: Mapping[str, RolePrefix] = field(default_factory=dict[str, RolePrefix])
    """Those of other roles than `goal`."""
    safe_tools: tuple[str, ...] = ()
    """Tools of outside servers that the host has marked as safe."""
    limits: Limits = field(default_factory=Limits)
    caps: Caps = field(default_factory=Caps)
    """Of member, server and host; here only to be shown."""
    small: "Prefix | None" = None
    """What a session begins with where the model's window is small."""
    window: Callable[[], int | None] = lambda: None
    """The model's window in tokens, as far as it is known by now."""

    def fitting(self) -> "Prefix":
        """The one for a session that begins now."""
        window = self.window()
        return self.small if self.small and window and window <= SMALL_WINDOW else self

    def of(self, role: str) -> RolePrefix:
        """What a session of this role begins with. Raises RefusedError where this host has no such role."""
        if role == GOAL:
            return RolePrefix(system=self.system, tools=self.tools)
        if found := self.roles.get(role):
            return found
        raise RefusedError(f"This host knows no sessions of the kind {role!r}.")


class Control:
    """Everything that a front end may ask of the core."""

    def __init__(self, *, storage: Storage, engine: Engine, clock: Clock, prefix: Prefix) -> None:
        self.storage = storage
        self._engine = engine
        self._clock = clock
        self._prefix = prefix
        self.caps = prefix.caps

    async def start(self, order: Order) -> None:
        """Begin a session, once however often it is called. Raises RefusedError while all is halted."""
        if order.budget_usd is not None and not 0 <= order.budget_usd < math.inf:
            raise RefusedError("The budget is no amount in US$. Give a number such as 0.50.")
        prefix = self._prefix.fitting()
        begins = prefix.of(order.role)
        rules = await self._unless_halted(order.ref)
        started = SessionStarted(
            goal=order.goal,
            starter=order.starter,
            channel_id=order.channel_id,
            autonomy=order.autonomy or rules.autonomy,
            limits=prefix.limits.with_usd(order.budget_usd),
            model=prefix.model,
            system=begins.system,
            tools=begins.tools,
            role=order.role,
            subjects=order.subjects,
            done_when=order.done_when,
            files=dropped_apart(order.after.files if order.after else {}, order.files),
            before=order.after.ended.summary if order.after and order.after.ended else "",
            kept=_kept(order.after),
            fence=new_marker(),
            marks=order.after.marks.passed_on() if order.after else order.marks,
            safe_tools=prefix.safe_tools,
        )
        # The index first: a name without a journal is nothing, a journal without a name would be lost.
        await self.storage.index.add(order.ref, order.channel_id)
        await self._unless_halted(order.ref)  # whoever halts from here on finds the name, and stops it
        events: list[Event] = [started]
        if order.after and order.after.thread_id:
            limit = order.after.upload_limit
            events.append(ThreadBound(thread_id=order.after.thread_id, upload_limit=limit))
        try:
            commit = Commit(version=1, at=self._clock.now(), events=tuple(events))
            await self.storage.journal.append(order.ref, commit)
        except FencedError:
            return  # it was started before
        await self._engine.wake(order.ref)

    async def fork(self, order: Fork) -> None:
        """Begin a session that goes on from another one's step, once however often it is called.

        Raises RefusedError where there is no such step, and while all is halted.
        """
        await self._unless_halted(order.ref)
        state = await self.read(order.source)
        version = state.after_steps.get(order.step, state.version if order.step == state.step else None)
        if version is None:
            raise RefusedError(no_such_step(state, order.step))
        commits = (await self.storage.journal.read(order.source))[:version]
        forked = Forked(
            source=order.source.id,
            source_thread=state.thread_id,
            step=order.step,
            starter=order.starter,
            channel_id=order.channel_id,
            limits=state.started.limits,
        )
        last = Commit(version=version + 1, at=self._clock.now(), events=(forked,))
        await self.storage.index.add(order.ref, order.channel_id)
        # What was before is shown in the other thread; the fork itself is shown once it has one of its own.
        await self.storage.posts.set_cursor(order.ref, last.version)
        await self.storage.journal.begin(order.ref, [*commits, last])
        await self._engine.wake(order.ref)

    async def _unless_halted(self, ref: SessionRef) -> ServerRules:
        """The server's rules. Raises RefusedError, and takes back the name of a session that never began."""
        rules = await self.rules(ref.guild_id)
        if not rules.halted:
            return rules
        if not await self.storage.journal.version(ref):
            await self.storage.index.ended(ref)
        raise RefusedError("Everything is stopped on this server. Start again after `/resume all`.")

    async def signal(self, ref: SessionRef, signal: Signal) -> None:
        """Put a signal into the session's inbox, then wake it."""
        await self.storage.inbox.put(ref, signal)
        await self._engine.wake(ref)

    async def go_on(self, ref: SessionRef) -> None:
        """Have the session look anew at what it may do."""
        await self._engine.wake(ref)

    async def wake(self, ref: SessionRef) -> None:
        """Have somebody look after the session."""
        await self._engine.wake(ref)

    async def show(self, ref: SessionRef) -> None:
        """Have the session's thread compared with what it should show."""
        await self._engine.report(ref)

    async def bind_thread(self, ref: SessionRef, thread_id: str) -> None:
        """Let messages of this thread find the session."""
        await self.storage.index.bind_thread(ref, thread_id)

    async def read(self, ref: SessionRef) -> State:
        """The session's state now. Raises RefusedError where there is no such session."""
        try:
            state = await self.storage.states.load(ref)
        except UnreadableJournalError as error:
            raise RefusedError(
                f"What is stored of this goal is damaged, so it cannot go on. {error}"
            ) from error
        if state is None:
            raise RefusedError(f"There is no session {ref.id}.")
        return state

    async def commits(self, ref: SessionRef, after: int = 0) -> list[Commit]:
        """The journal after this version."""
        return await self.storage.journal.read(ref, after)

    async def live(self, guild_id: str) -> list[SessionRef]:
        """The server's goals that have not ended. A sub-session lives in the goal above it."""
        return [ref for ref in await self.storage.index.live(guild_id) if not ref.is_sub]

    async def live_states(self, guild_id: str) -> list[State]:
        """How they stand, as `states`."""
        return [state async for state in self.states(await self.live(guild_id))]

    async def states(self, refs: Iterable[SessionRef]) -> AsyncGenerator[State]:
        """How these stand; those that cannot be read, or only by a newer version, are left out."""
        for ref in refs:
            try:
                state = await self.storage.states.load(ref)
            except (UnreadableJournalError, NewerEventError) as error:
                log.warning("session left out", session=str(ref), reason=str(error))
                continue
            if state is not None:  # else an order that was never completed
                yield state

    async def recent(self, guild_id: str, limit: int) -> list[SessionRef]:
        """The server's newest goals, ended ones too."""
        return await self.storage.index.recent(guild_id, limit, subs=False)

    async def guilds(self) -> list[str]:
        """The ids of the servers that have sessions."""
        return await self.storage.index.guilds()

    async def by_thread(self, guild_id: str, thread_id: str) -> SessionRef | None:
        """The session that lives in this thread."""
        return await self.storage.index.by_thread(guild_id, thread_id)

    async def spent(self, guild_id: str, count: int) -> list[Day]:
        """What the server spent on its last so many days, oldest first; the last is today, by its clock."""
        here = zone((await self.rules(guild_id)).time_zone)
        today = datetime.fromtimestamp(self._clock.now(), here).date()
        dates = [today - timedelta(days=back) for back in reversed(range(count))]
        return [await self.storage.budgets.day(guild_id, date.isoformat()) for date in dates]

    async def rules(self, guild_id: str) -> ServerRules:
        """What the server's admin has set; the shipped defaults until then."""
        return await self.storage.rules.get(guild_id) or ServerRules()

    async def has_rules(self, guild_id: str) -> bool:
        """Whether an admin has ever set anything."""
        return await self.storage.rules.get(guild_id) is not None

    async def set_rules(self, guild_id: str, rules: ServerRules) -> None:
        """Replace the server's rules."""
        await self.storage.rules.put(guild_id, rules)

    async def keep_out(self, guild_id: str, member_id: str, *, out: bool) -> None:
        """Have nothing more of a member remembered, or something again."""
        rules = await self.rules(guild_id)
        others = tuple(one for one in rules.unremembered_members if one != member_id)
        kept_out = (*others, member_id) if out else others
        await self.set_rules(guild_id, replace(rules, unremembered_members=kept_out))

    async def left(self, guild_id: str) -> None:
        """The bot was removed from the server: what is kept of it goes after a while."""
        await self.storage.forgetting.left(guild_id, self._clock.now())

    async def joined(self, guild_id: str) -> None:
        """The bot is there, or there again."""
        await self.storage.forgetting.joined(guild_id)

    async def abandoned(self) -> list[str]:
        """The servers that the bot was removed from a week ago or earlier."""
        return await self.storage.forgetting.left_before(self._clock.now() - ABANDONED_S)

    async def halt(self, guild_id: str, person: Person) -> int:
        """Refuse new sessions, end every live one; how many those were."""
        await self.set_rules(guild_id, replace(await self.rules(guild_id), halted=True))
        live = await self.live(guild_id)
        for ref in live:
            await self.signal(ref, StopAsked(person=person))
        return len(live)

    async def unhalt(self, guild_id: str) -> None:
        """Let sessions start again."""
        await self.set_rules(guild_id, replace(await self.rules(guild_id), halted=False))


def _kept(state: State | None) -> tuple[NamedFile, ...]:
    files = state.files if state else {}
    return tuple(NamedFile(path=path, file=file) for path, file in sorted(files.items()))


def no_such_step(state: State, step: int) -> str:
    """What somebody is told who names a step that there is not."""
    steps = ", ".join(str(number) for number in sorted(state.after_steps)[-12:])
    return f"There is no step {step} to go to. These can be: {steps or 'none yet'}."
