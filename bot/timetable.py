"""Lets goals begin at their time: for the servers of this gateway, each moment once.

The session of a moment has an id that follows from the schedule and the moment, so that whoever comes second,
or again after a crash, starts nothing twice. A moment is over once the schedule has moved on to its next.
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import discord
import structlog

from agent_core.clock import Clock
from agent_core.control import Control, Order
from agent_core.errors import RefusedError, StoreUnavailableError
from agent_core.schedule import MOST_FAILURES, Plan, Plans
from agent_core.values import NamedFile, Right, SessionRef, Status
from bot import access
from bot.access import Member
from bot.commands import Openings
from bot.commands.goal import templated
from bot.discord_api import DiscordApi, DiscordError
from bot.render import schedules
from bot.render.marker import nonce
from bot.render.schedules import PART, card, note
from sandbox import Limits, Pool, Sandbox, SandboxUnavailableError

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

LOOK_S = 20.0
"""Seconds between two looks, where nothing comes due before."""

_CHECK_S = 30.0
_CHECK_MB = 256

Papers = Callable[[str], Awaitable[tuple[NamedFile, ...]]]


class Timetable:
    """Looks for what has come due, and begins it."""

    def __init__(
        self,
        *,
        client: discord.Client,
        api: DiscordApi,
        control: Control,
        openings: Openings,
        plans: Plans,
        clock: Clock,
        pool: Pool | None,
        papers: Papers,
    ) -> None:
        self._client = client
        self._api = api
        self._control = control
        self._openings = openings
        self._plans = plans
        self._clock = clock
        self._pool = pool
        self._papers = papers
        self._moved = asyncio.Event()
        clock.on_advance(self._moved.set)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._moved.clear()
            try:
                await self.look()
                due = await self._plans.next_due()
            except (StoreUnavailableError, DiscordError) as error:
                log.warning("schedules are late", reason=str(error))
                due = None
            left = LOOK_S if due is None else min(max(due - self._clock.now(), 0.5), LOOK_S)
            try:
                async with asyncio.timeout(left):
                    await self._moved.wait()
            except TimeoutError:
                continue

    async def look(self) -> None:
        """Begin everything that has come due in this gateway's servers."""
        for plan in await self._plans.due(self._clock.now()):
            guild = self._client.get_guild(int(plan.guild_id))
            if guild is None:
                continue  # another gateway's, or a server that is away for a moment
            if plan.paused or plan.next is None or plan.next > self._clock.now():
                await self._plans.settle(plan)
                continue
            try:
                await self.fire(plan, guild)
            except Exception:
                log.exception("a schedule failed", schedule=plan.id, guild=plan.guild_id)
                await self._failed(plan, "a fault of mine; the log has it")

    async def fire(self, plan: Plan, guild: discord.Guild) -> None:
        """What the moment that has come asks for."""
        now = self._clock.now()
        due, missed = plan.missed(now)
        rules = await self._control.rules(plan.guild_id)
        if rules.halted:
            await self._plans.change(plan, plan.moved_on(now))
            return
        member = await self._api.member(guild, plan.by.id)
        if member is None or not access.may(Member.of(member), Right.START, rules):
            await self._pause(plan, f"{plan.by.name} may not start goals here any more.")
            return
        if plan.last_session and await self._went_wrong(plan):
            plan = await self._counted(plan)
            if plan.failures >= MOST_FAILURES:
                await self._pause(plan, f"its last {MOST_FAILURES} goals have failed.")
                return
        match await self._asked(plan):
            case "go":
                await self._begin(plan, guild, due, missed)
            case "not now":
                await self._plans.change(plan, plan.moved_on(now, failures=0))
            case wrong:
                await self._failed(plan, wrong)

    async def run_now(self, plan: Plan, guild: discord.Guild, name: str) -> SessionRef:
        """Begin it out of its time; `name` tells apart who asked. Raises RefusedError and DiscordError."""
        return await self._start(plan, guild, f"{plan.id}-{name}")

    async def pressed(
        self, guild: discord.Guild, plan_id: str, emoji: str, member: Member, press: str
    ) -> str:
        """What came of a press on a schedule's post, in words."""
        try:
            plan = await self._plans.find(str(guild.id), plan_id)
            rules = await self._control.rules(plan.guild_id)
            if not access.may_change(member, plan.by.id, rules):
                return access.why(Right.CONFIGURE, rules)
            return await self._do(plan, guild, emoji, member, press)
        except (RefusedError, DiscordError) as error:
            return str(error)

    async def _do(self, plan: Plan, guild: discord.Guild, emoji: str, member: Member, press: str) -> str:
        match emoji:
            case schedules.PAUSE:
                await self.pause(plan, f"{member.name} paused it.")
            case schedules.GO_ON:
                await self.go_on(plan)
            case schedules.RUN:
                # Once a minute is once: a press that is brought twice begins nothing twice.
                ref = await self.run_now(plan, guild, f"{press}.{int(self._clock.now() // 60)}")
                state = await self._control.read(ref)
                return f"It has begun: <#{state.thread_id}>"
            case _:
                await self._plans.remove(plan)
                return f"The schedule {plan.words!r} is removed."
        changed = await self._plans.find(plan.guild_id, plan.id)
        await self.show(changed)
        return f"The schedule {plan.words!r}: {schedules.when(changed)}"

    async def pause(self, plan: Plan, why: str) -> None:
        """Let it stand still until somebody lets it go on."""
        await self._plans.change(plan, plan.moved_on(self._clock.now(), paused=why))

    async def go_on(self, plan: Plan) -> None:
        """Let it go on with its next moment."""
        moved = plan.moved_on(self._clock.now(), paused="", failures=0)
        await self._plans.change(plan, moved)

    async def show(self, plan: Plan) -> None:
        """Bring the schedule's post up to date."""
        posts = await self._control.storage.posts.all(SessionRef(plan.guild_id, PART))
        if message_id := posts.get(plan.id):
            await self._api.edit(plan.channel_id, message_id, card(plan))

    async def _begin(self, plan: Plan, guild: discord.Guild, due: float, missed: int) -> None:
        try:
            ref = await self._start(plan, guild, plan.session_at(due))
        except (RefusedError, DiscordError) as error:
            await self._failed(plan, str(error))
            return
        now = self._clock.now()
        late = now - due > 10 * 60
        if late or missed:
            await self._say(plan, f"late.{int(due)}", note(plan, due, missed))
        moved = plan.moved_on(now, last=due, last_session=ref.id, failures=plan.failures)
        await self._plans.change(plan, moved)
        await self.show(moved)

    async def _start(self, plan: Plan, guild: discord.Guild, name: str) -> SessionRef:
        ref = SessionRef(plan.guild_id, name)
        template = "entrepreneur" if plan.template == "entrepreneur" else None
        order = Order(
            ref=ref,
            goal=templated(plan.goal, template),
            starter=plan.by,
            channel_id=plan.channel_id,
            autonomy=plan.autonomy,
            done_when=plan.done_when,
            budget_usd=plan.budget_usd,
            files=await self._papers(plan.guild_id) if template else (),
        )
        await self._control.start(order)
        state = await self._control.read(ref)
        if state.thread_id is None:
            await self._openings.reopen(state, guild.filesize_limit)
        return ref

    async def _went_wrong(self, plan: Plan) -> bool:
        try:
            state = await self._control.read(SessionRef(plan.guild_id, plan.last_session))
        except RefusedError:
            return False  # it is gone by now
        return state.status is Status.FAILED

    async def _counted(self, plan: Plan) -> Plan:
        """One more failure, counted once."""
        await self._plans.change(plan, replace(plan, failures=plan.failures + 1, last_session=""))
        return await self._plans.find(plan.guild_id, plan.id)

    async def _failed(self, plan: Plan, why: str) -> None:
        failures = plan.failures + 1
        if failures >= MOST_FAILURES:
            await self._pause(plan, f"{MOST_FAILURES} times in a row it could not begin: {why}")
            return
        moved = plan.moved_on(self._clock.now(), failures=failures)
        await self._plans.change(plan, moved)
        log.warning("a schedule could not begin", schedule=plan.id, guild=plan.guild_id, reason=why)

    async def _pause(self, plan: Plan, why: str) -> None:
        await self.pause(plan, why)
        await self._say(plan, f"paused.{plan.revision}", f"⏸️ The schedule {plan.words!r} is paused: {why}")
        await self.show(await self._plans.find(plan.guild_id, plan.id))

    async def _say(self, plan: Plan, part: str, text: str) -> None:
        try:
            ref = SessionRef(plan.guild_id, plan.id)
            await self._api.send(plan.channel_id, text, nonce=nonce(ref, 0, part))
        except DiscordError as error:
            log.warning("a schedule could not say something", schedule=plan.id, reason=str(error))

    async def _asked(self, plan: Plan) -> str:
        """`go`, `not now`, or what went wrong with the check."""
        if not plan.check.strip():
            return "go"
        if self._pool is None:
            return "there is no sandbox for its check"
        limits = Limits(timeout_s=_CHECK_S, memory_mb=_CHECK_MB)
        try:
            with tempfile.TemporaryDirectory(prefix="schedule-") as folder:
                async with Sandbox(Path(folder), limits, self._pool) as box:
                    result = await box.run_python(plan.check)
        except SandboxUnavailableError:
            return "there is no sandbox for its check"
        if result.exit_code != 0:
            return f"its check ended with exit code {result.exit_code}: {result.stderr.strip()[-200:]}"
        return "go" if result.stdout.strip() else "not now"
