"""One session's journal into its thread. A task of its own per session, woken after each commit.

It may be killed anywhere: its record (cursor, message id per part) and the thread itself say where it was.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import structlog

from agent_core.clock import Clock
from agent_core.control import Control
from agent_core.errors import StoreUnavailableError, UnreadableJournalError
from agent_core.events import Commit
from agent_core.session import State, fold, rewinds
from agent_core.signals import PauseAsked
from agent_core.values import ServerRules, SessionRef
from bot.discord_api import (
    DiscordApi,
    DiscordError,
    ForbiddenError,
    GoneError,
    LockedError,
    RejectedError,
    for_threads,
)
from bot.render.escape import line
from bot.render.marker import nonce, short_id, with_marker
from bot.render.page import Thread
from bot.render.post import Rename, Showing
from bot.render.thread import begin, render
from bot.reporter.card import Card, CardKeeper, Pace
from bot.reporter.sender import DeletedError, Sender

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

MOST_ROUNDS = 10_000
"""Of one report; each shows new commits or changes the card, so more is a bug that must not spin."""
MOST_REMEMBERED = 64

_DAMAGED = (
    "⚠️ What is stored of this goal is damaged, so it cannot go on. Nothing was deleted; the host finds the "
    "reason in the log. `/goal` starts anew."
)


@dataclass(slots=True, kw_only=True)
class _Shown:
    """A thread as it stands after a version of its journal, so that the next report need not read it all."""

    thread: Thread
    card: Card = field(default_factory=Card)


class Reporter:
    """Shows journals in their threads: `async with Reporter(...) as reporter`.

    The engine runs `report` for one session never twice at once. `again` asks the engine for one more report:
    a card that may not be changed yet is changed by that, so that no post waits for a card.
    """

    def __init__(
        self,
        *,
        api: DiscordApi,
        control: Control,
        clock: Clock,
        again: Callable[[SessionRef], Awaitable[None]],
        pace: Pace | None = None,
    ) -> None:
        self._api = api
        self._again = again
        self._timers: dict[SessionRef, asyncio.Task[None]] = {}
        self._control = control
        self._storage = control.storage
        self._clock = clock
        self._pace = pace or Pace()
        self._remembered: OrderedDict[SessionRef, _Shown] = OrderedDict()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        timers = list(self._timers.values())
        for timer in timers:
            timer.cancel()
        if timers:
            await asyncio.wait(timers)

    async def report(self, ref: SessionRef) -> None:
        """Show everything that was committed.

        Raises UnavailableError, StoreUnavailableError and NewerEventError: run it again later.
        """
        if ref.is_sub:
            return  # what it does is told in the thread of the goal above it, by that goal's journal
        with for_threads():
            await self._report(ref)

    async def _report(self, ref: SessionRef) -> None:
        for _ in range(MOST_ROUNDS):
            try:
                wait_s, over = await self._round(ref)
            except UnreadableJournalError as error:
                await self._set_aside(ref, error)
                return
            if wait_s <= 0:
                return
            if not over:
                self._report_later(ref, wait_s)
                return
            await asyncio.sleep(wait_s)  # nothing else will come that could wait for this

    async def _round(self, ref: SessionRef) -> tuple[float, bool]:
        """Show what is new.

        Returns:
            The seconds until the card may be changed, 0 where nothing is left; whether the session is over.
        """
        cursor = await self._storage.posts.cursor(ref)
        rules = await self._control.rules(ref.guild_id)
        shown = self._remembered.pop(ref, None)  # kept again only where all goes well
        if shown is None and await self._storage.posts.archived(ref):
            return 0.0, True
        if shown is None or shown.thread.state.version != cursor:
            shown = await self._read_back(ref, cursor, rules)
        after = shown.thread.state.version if shown else 0
        commits = await self._control.commits(ref, after)
        if shown is None:
            if not commits:
                return 0.0, True
            shown, commits = _Shown(thread=begin(ref, commits[0])), commits[1:]
        try:
            wait_s = await self._show(shown, commits, rules)
        except (GoneError, ForbiddenError, LockedError, RejectedError, DeletedError) as error:
            await self._give_up(shown.thread.state, error)
            return 0.0, True
        over = shown.thread.state.ended is not None
        if wait_s > 0 or not over:
            self._remember(ref, shown)
        return wait_s, over

    async def _show(self, shown: _Shown, commits: Sequence[Commit], rules: ServerRules) -> float:
        thread = shown.thread
        ref = thread.state.ref
        todo = iter(commits)
        first: tuple[Showing, ...] = ()
        while thread.state.thread_id is None:
            commit = next(todo, None)
            if commit is None:
                return 0.0
            first = render(thread, commit, rules, await self._base(ref, commit))  # before, nobody could see
        record = await self._storage.posts.all(ref)
        sender = Sender(
            api=self._api,
            storage=self._storage,
            ref=ref,
            thread_id=thread.state.thread_id,
            record=record,
        )
        card = CardKeeper(sender=sender, card=shown.card, clock=self._clock, pace=self._pace)
        await card.ensure(thread.state, rules)
        if first:
            await self._show_commit(sender, card, first, thread.state, rules)
        for commit in todo:
            showing = render(thread, commit, rules, await self._base(ref, commit))
            if showing:
                await self._show_commit(sender, card, showing, thread.state, rules)
        for asked in thread.open_posts:
            await sender.again(asked, thread.state.upload_limit)
        if commits:
            await self._storage.posts.set_cursor(ref, thread.state.version)
        if await self._storage.posts.is_waited_for(ref):
            await self._control.go_on(ref)
        return await card.update(thread.state, rules)

    async def _show_commit(
        self,
        sender: Sender,
        card: CardKeeper,
        showing: Sequence[Showing],
        state: State,
        rules: ServerRules,
    ) -> None:
        for one in showing:
            if not isinstance(one, Rename):
                await sender.show(one, state.upload_limit)
        wait_s = await card.update(state, rules)
        for one in showing:
            if isinstance(one, Rename):  # the very last: Discord may make one wait for it
                await asyncio.sleep(wait_s)
                await card.update(state, rules)
                await sender.show(one, state.upload_limit)
        await self._storage.posts.set_cursor(state.ref, state.version)

    async def _read_back(self, ref: SessionRef, cursor: int, rules: ServerRules) -> _Shown | None:
        """The thread as it stands after the version that it shows; None before the first."""
        if cursor == 0:
            return None
        commits = await self._control.commits(ref)
        thread = begin(ref, commits[0])
        for commit in commits[1:cursor]:
            back = rewinds(commit)
            render(thread, commit, rules, fold(ref, commits[: back.to_version]) if back else None)
        return _Shown(thread=thread)

    async def _base(self, ref: SessionRef, commit: Commit) -> State | None:
        """The state that a commit rewinds to, if it does."""
        back = rewinds(commit)
        return await self._storage.states.at(ref, back.to_version) if back else None

    def _report_later(self, ref: SessionRef, wait_s: float) -> None:
        if ref in self._timers:
            return

        async def later() -> None:
            try:
                await asyncio.sleep(wait_s)
            finally:
                del self._timers[ref]
            try:
                await self._again(ref)
            except StoreUnavailableError as error:
                log.warning("card left as it is", session=str(ref), reason=str(error))

        self._timers[ref] = asyncio.create_task(later(), name=f"card of {ref}")

    def _remember(self, ref: SessionRef, shown: _Shown) -> None:
        self._remembered[ref] = shown
        while len(self._remembered) > MOST_REMEMBERED:
            self._remembered.popitem(last=False)

    async def _set_aside(self, ref: SessionRef, error: UnreadableJournalError) -> None:
        """Say once, in the thread or else where it was started, that the journal is damaged."""
        log.error("damaged journal cannot be shown", session=str(ref), reason=str(error))
        index, part = self._storage.index, "damaged"
        place = await index.thread(ref) or await index.channel(ref)
        if place is None or part in await self._storage.posts.all(ref):
            return
        try:
            sent = await self._api.send(
                place,
                with_marker(_DAMAGED, "not shown", short_id(ref, 0, part)),
                nonce=nonce(ref, 0, part),
            )
        except DiscordError as second:
            log.warning("thread takes no posts", session=str(ref), reason=str(second))
        else:
            await self._storage.posts.put(ref, part, sent.id)

    async def _give_up(self, state: State, error: Exception) -> None:
        """The thread takes no posts: pause the session, and say so where it was started."""
        log.warning("thread takes no posts", session=str(state.ref), reason=str(error))
        now = await self._control.read(state.ref)
        part = "lost end" if now.ended else "lost"
        if now.paused or (now.ended and part in await self._storage.posts.all(state.ref)):
            return
        if not now.ended:
            reason = f"Its thread takes no posts. {error}"
            await self._control.signal(state.ref, PauseAsked(by="bot", reason=reason))
        try:
            sent = await self._api.send(
                state.channel_id,
                with_marker(_lost(now, error), "not shown", short_id(state.ref, state.version, part)),
                nonce=nonce(state.ref, state.version, part),
            )
        except DiscordError as second:
            log.warning("channel takes no posts", session=str(state.ref), reason=str(second))
        else:
            await self._storage.posts.put(state.ref, part, sent.id)


def _lost(state: State, error: Exception) -> str:
    """What the channel is told of a thread that takes no posts."""
    became = f"it is {state.status.value} now" if state.ended else "it is paused"
    mend = "-# mend that, then `/resume` in the thread"
    if isinstance(error, GoneError):
        mend = "-# its thread is gone; `/goal` starts it anew"
    lines = [
        f"⚠️ The goal “{line(state.goal, 100)}” cannot be shown in <#{state.thread_id}>: {became}.",
        line(str(error), 300),
    ]
    return "\n".join(lines if state.ended else [*lines, mend])
