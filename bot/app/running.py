"""A bot that is up: all parts of a role, joined, working until the context is left."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from agent_core.budget import Meter
from agent_core.chores import Chores
from agent_core.clock import Clock
from agent_core.contract import ContractRunner
from agent_core.control import Control, Prefix
from agent_core.delegating import Delegating
from agent_core.errors import StoreUnavailableError
from agent_core.gallery import Gallery
from agent_core.loop import turn
from agent_core.model import Model
from agent_core.packages import Packages
from agent_core.prompts import load as prompt
from agent_core.record import Recorder
from agent_core.roles import Roles, every_role
from agent_core.session import State
from agent_core.skills import Admission
from agent_core.steps import House, asking
from agent_core.storage import Hearing, Storage
from agent_core.tools import SMALL, AnyTool, Boxes, Toolbox, toolbox
from agent_core.tools.mcp import Opened
from agent_core.tools.online import online_tools
from agent_core.tools.skills import Workshop, harvest_of, skill_tools
from agent_core.tools.summarize import summarize
from agent_core.tools.web import Online, web_tools
from agent_core.values import Person, Right, SessionRef
from agent_core.worker import DocketEngine
from agent_core.workspace import Workspaces
from bot.app import front
from bot.app.days import follow_playground
from bot.app.folders import own_folder
from bot.app.online import open_mcp, open_packages, open_web
from bot.app.outside import Outside, Part, demo_goals
from bot.app.parting import Parting
from bot.app.place import place_of
from bot.app.probing import Trial, probe_at_start
from bot.app.remembrance import Remembrance, open_remembrance
from bot.app.treasury import Treasury, open_treasury
from bot.discord_api import UnavailableError
from bot.gateway import Gateway
from bot.reporter import Pace, Reporter
from bot.settings import Role, Settings, check_role
from playground import Playground
from sandbox import Limits as BoxLimits
from sandbox import Pool

_CAUGHT_UP_WITHIN_S = 10.0
_LISTENED_S = 0.2
_SOMEBODY_WITHIN_S = 3.0
"""Seconds that a worker apart waits for a gateway; what rests on people waits for one anyhow."""
_TAKEN_WITHIN_S = 20.0
"""Seconds that a wake has to bring a worker to an inbox before the sweep looks after it."""


DRAIN_S = 3.0
"""Seconds that running work has to reach its next boundary; what is cut off goes on at the next start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What is up, and on what."""

    control: Control
    parts: tuple[Part, ...]
    page_url: str | None
    """The playground's page, where there is one."""
    ended: asyncio.Event
    """Set when a part has ended for good; leaving the context raises why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """The parts that were opened before: what a bot is made of."""

    settings: Settings
    redis_url: str
    storage: Storage
    model: Model
    fast: Model
    """For summaries and the like; the same one where no other is set."""
    clock: Clock
    pool: Pool | None
    line: front.Line
    treasury: Treasury
    own: Path
    """A folder of this process alone."""
    playground: Playground | None
    remembrance: Remembrance
    web: Online
    packages: Packages
    mcp: Opened

    def window(self) -> int | None:
        """The smart model's window, as far as it is known by now."""
        return self.settings.context_window or self.model.window


class Bot:
    """The parts of one process, as they refer to each other."""

    def __init__(self, built: Built, pace: Pace | None, more_tools: Sequence[AnyTool] = ()) -> None:
        settings, storage, clock = built.settings, built.storage, built.clock
        limits = limits_of(settings)
        workspaces = Workspaces(built.own / "files", storage.blobs)
        runner = ContractRunner(workspaces, built.own / "checks", limits, built.pool, packages=built.packages)
        boxes = Boxes(workspaces=workspaces, limits=limits, pool=built.pool, packages=built.packages)
        online = [*web_tools(built.web, workspaces)]
        online += online_tools(boxes, built.packages, built.web.rules)
        online += built.mcp.tools
        self._workshop = Workshop(
            admission=Admission(built.remembrance.library, limits),
            sessions=built.remembrance.sessions,
            boxes=boxes,
            ask=lambda state: asking(self._house, state),
        )
        skills = skill_tools(self._workshop)
        reads = summarize(
            workspaces, built.web.web, lambda state: asking(self._house, state, "summarize", fast=True)
        )
        own_tools = (*built.treasury.tools, *built.remembrance.tools, *skills, reads, *online, *more_tools)
        self._gallery = Gallery(storage.blobs, sees=lambda: built.model.sees, window=built.window)
        tools = toolbox(boxes, runner, self._gallery, own_tools)
        self.roles = Roles(tools, every_role())
        prefix = _prefix(built, tools, self.roles)
        self._line = built.line
        self.chores = Chores(
            storage=storage,
            workspaces=workspaces,
            clock=clock,
            retention_days=settings.retention_days,
            others=(self._forget_abandoned,),
        )
        self._treasury, self._remembrance = built.treasury, built.remembrance
        self.engine = DocketEngine(
            built.redis_url,
            self._turn,
            self._report,
            sweep=self.sweep,
            chores=self.chores.when_due,
            clock=clock,
            lease_s=settings.lease_s,
            drain_s=DRAIN_S,
        )
        self.control = Control(storage=storage, engine=self.engine, clock=clock, prefix=prefix)
        self.reporter = Reporter(
            api=built.line.api, control=self.control, clock=clock, again=self.engine.report, pace=pace
        )
        delegating = Delegating(storage=storage, engine=self.engine, clock=clock, prefix=prefix)
        self._house = self._furnish(built, tools, runner, workspaces, delegating)
        self._harvest = harvest_of(self._workshop, storage.blobs, built.pool)

    def _furnish(
        self,
        built: Built,
        tools: Toolbox,
        runner: ContractRunner,
        workspaces: Workspaces,
        delegating: Delegating,
    ) -> House:
        recorder = Recorder(storage=built.storage, engine=self.engine, clock=built.clock)
        return House(
            storage=built.storage,
            engine=self.engine,
            clock=built.clock,
            model=built.model,
            meter=Meter(recorder=recorder, caps=built.settings.caps),
            fast=built.fast,
            window=built.window,
            gallery=self._gallery,
            compact_at=built.settings.compact_at,
            tools=tools,
            roles=self.roles.toolboxes,
            delegating=delegating,
            runner=runner,
            workspaces=workspaces,
            followed=True,
            still_may=self._still_may,
            on_ended=self._ended,
            parting=Parting(built.remembrance.library, built.storage.blobs).of,
            recall=self._workshop.before_thought,
        )

    async def _ended(self, state: State) -> None:
        await self._treasury.book_cost(state)
        await self._remembrance.sessions.after_end(state)
        await self._harvest.after_end(state)

    async def _forget_abandoned(self) -> None:
        await self._remembrance.purge_abandoned(self.control)

    async def sweep(self) -> None:
        """Wake each session that has had something to take for a while: its wake was lost."""
        inbox = self.control.storage.inbox
        for guild_id in await self.control.guilds():
            for ref, mark in (await inbox.moved(guild_id, _TAKEN_WITHIN_S)).items():
                await self._call(ref)
                await inbox.settled(ref, mark)

    async def sweep_all(self) -> None:
        """Wake every live session, as at a start: whoever worked on it may have died long ago."""
        for guild_id in await self.control.guilds():
            async for page in self.control.storage.index.live_pages(guild_id):
                for ref in page:
                    await self._call(ref)

    async def _call(self, ref: SessionRef) -> None:
        await self.engine.wake(ref)
        await self.engine.report(ref)

    async def _turn(self, ref: SessionRef) -> None:
        await turn(self._house, ref)

    async def _report(self, ref: SessionRef) -> None:
        try:
            await self.reporter.report(ref)
        except UnavailableError as error:
            raise StoreUnavailableError(f"Discord does not answer: {error}") from error

    async def _still_may(self, state: State, person: Person, right: Right) -> bool:
        return await front.still_may(self._line, self.control, state, person, right)


def _prefix(built: Built, tools: Toolbox, roles: Roles) -> Prefix:
    """What sessions begin with: all of it, or the small one where the model's window is small."""
    prefix = Prefix(
        model=built.model.name,
        system=prompt("system"),
        tools=tools.schemas(),
        roles=roles.prefixes(),
        safe_tools=built.mcp.safe,
        limits=built.settings.limits,
        caps=built.settings.caps,
        window=built.window,
    )
    small = replace(prefix, system=prompt("system_small"), tools=tools.schemas(SMALL), safe_tools=())
    return replace(prefix, small=small)


def limits_of(settings: Settings) -> BoxLimits:
    """What one run of code may use."""
    return BoxLimits(timeout_s=settings.box_seconds, memory_mb=settings.box_mb, disk_mb=settings.box_disk_mb)


@asynccontextmanager
async def running(
    settings: Settings,
    role: Role = "all",
    *,
    clock: Clock | None = None,
    pace: Pace | None = None,
    more_tools: Sequence[AnyTool] = (),
) -> AsyncGenerator[Running]:
    """Everything that this role needs; `more_tools` are offered besides those of this version.

    Raises StartError where it cannot start, or cannot go on.
    """
    check_role(settings, role)
    clock = clock or Clock()
    async with AsyncExitStack() as stack:
        outside = Outside(stack, settings)
        built = await _build(stack, outside, settings, clock, role)
        bot = Bot(built, pace, more_tools)
        await stack.enter_async_context(bot.engine)
        await stack.enter_async_context(bot.reporter)
        gateway = (
            front.gateway(
                built.line,
                bot.control,
                treasury=built.treasury,
                pool=built.pool,
                limits=limits_of(settings),
                clock=clock,
                remembrance=built.remembrance,
                demo_goals=demo_goals(settings),
            )
            if role != "worker"
            else None
        )
        ended = asyncio.Event()
        async with _at_work(bot, gateway, ended, works=role != "gateway"):
            yield Running(
                control=bot.control,
                parts=tuple(outside.parts),
                page_url=built.playground.page_url if built.playground else None,
                ended=ended,
            )


async def _build(
    stack: AsyncExitStack, outside: Outside, settings: Settings, clock: Clock, role: Role
) -> Built:
    """Open the parts in their order; the stack closes them."""
    redis_url = await outside.redis()
    storage = await stack.enter_async_context(
        Storage.open(redis_url, settings.data_dir / "blobs", settings.blob_url)
    )
    for warning in storage.warnings:
        outside.tell("Redis", warning.text, warns=True)
    playground = await outside.playground() if role == "all" else None
    model = await outside.model()
    fast = await outside.fast(model)
    pool = await outside.sandbox()
    place = place_of(settings, playground.api_url if playground else None)
    line = await front.call(stack, settings, place, storage.turnstile)
    if place.local:
        await follow_playground(stack, line.http, place.api_url, clock)
    trial = Trial(settings=settings, storage=storage, model=model, clock=clock)
    await probe_at_start(stack, outside, trial, role)
    outside.tell("Discord", f"logged in as {line.client.user}")
    folders = stack.enter_context(ExitStack())
    own = await asyncio.to_thread(own_folder, folders, settings.data_dir / "work")
    web = await open_web(stack, settings, storage)
    return Built(
        own=own,
        playground=playground,
        settings=settings,
        redis_url=redis_url,
        storage=storage,
        model=model,
        fast=fast,
        clock=clock,
        pool=pool,
        line=line,
        treasury=await open_treasury(stack, storage, clock, web.web, web.rules),
        remembrance=await open_remembrance(
            stack, settings, redis_url, storage, clock=clock, client=line.client, api=line.api
        ),
        web=web,
        packages=await open_packages(stack, settings),
        mcp=await open_mcp(settings),
    )


@asynccontextmanager
async def _at_work(
    bot: Bot, gateway: Gateway | None, ended: asyncio.Event, *, works: bool
) -> AsyncGenerator[None]:
    """The gateway and the worker, running; the worker ends first, so that nothing is posted by halves."""
    tasks: list[asyncio.Task[None]] = []
    try:
        if gateway:
            tasks.append(asyncio.create_task(gateway.run(), name="gateway"))
        if works:
            tasks.append(asyncio.create_task(_work(bot, gateway), name="worker"))
        for task in tasks:
            task.add_done_callback(lambda _: ended.set())
        yield
    finally:
        for task in reversed(tasks):
            task.cancel()
            await asyncio.wait({task})
        if gateway:
            await gateway.close()
    for task in tasks:
        if not task.cancelled() and (error := task.exception()):
            raise error


async def _work(bot: Bot, gateway: Gateway | None) -> None:
    """Be a worker, once what people did meanwhile is in the inboxes: a no has to come before the act."""
    if gateway:
        await gateway.caught_up(_CAUGHT_UP_WITHIN_S)
    else:
        await _until_somebody_listens(bot.control.storage.hearing)
    await bot.sweep_all()
    await bot.chores.here()
    tidying = asyncio.create_task(bot.chores.tidy(), name="tidy")
    try:
        await bot.engine.run()
    finally:
        tidying.cancel()
        await asyncio.wait({tidying})


async def _until_somebody_listens(hearing: Hearing) -> None:
    """Wait for a gateway of another process, but not long: without one, what needs nobody is worked on."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_SOMEBODY_WITHIN_S):
            while not await hearing.anybody():  # noqa: ASYNC110 - another process says so
                await asyncio.sleep(_LISTENED_S)
