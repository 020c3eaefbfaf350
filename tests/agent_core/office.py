"""A worker with everything real but the model: Redis, docket, sandbox, files. No Discord."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agent_core.budget import Caps, Meter
from agent_core.clock import Clock
from agent_core.contract import ContractRunner
from agent_core.control import Control, Order, Prefix
from agent_core.delegating import Delegating
from agent_core.gallery import Gallery
from agent_core.loop import turn
from agent_core.model import Model
from agent_core.model.prices import PriceTable
from agent_core.record import Recorder
from agent_core.roles import Roles, every_role
from agent_core.session import State
from agent_core.signals import Reacted, Said, StopAsked, ThreadOpened
from agent_core.steps import House
from agent_core.storage import Storage
from agent_core.tools import AnyTool, Boxes, toolbox
from agent_core.values import NANO, Autonomy, Limits, NamedFile, Person, Right, SessionRef, Status, Waiting
from agent_core.worker import DocketEngine
from agent_core.workspace import Workspaces
from sandbox import Limits as BoxLimits
from sandbox import Pool
from tests.fakes import ScriptedModel

ANN = Person(id="1", name="Ann")
WAIT_S = 30.0
CAPS = Caps(member_day=2 * NANO, server_day=5 * NANO, host_day=10 * NANO, host_month=50 * NANO)


@dataclass(kw_only=True)
class Office:
    """One worker, and the door to it."""

    control: Control
    model: ScriptedModel
    clock: Clock
    lost: set[tuple[str, Right]] = field(default_factory=set[tuple[str, Right]])
    """Rights that somebody no longer has."""
    meanwhile: Callable[[], Awaitable[None]] | None = None
    """Happens once, while a right is looked up."""
    ended: list[SessionRef] = field(default_factory=list[SessionRef])
    """Sessions whose end was seen to, as often as it was."""
    messages: int = 100

    async def start(
        self,
        goal: str = "do it",
        autonomy: Autonomy = Autonomy.AUTO,
        files: tuple[NamedFile, ...] = (),
        ref: SessionRef | None = None,
    ) -> SessionRef:
        """A goal with its thread."""
        ref = ref or SessionRef("10", str(len(await self.control.recent("10", 100)) + 1))
        await self.control.start(
            Order(ref=ref, goal=goal, starter=ANN, channel_id="30", autonomy=autonomy, files=files)
        )
        await self.control.signal(ref, ThreadOpened(thread_id="40", upload_limit=10**7))
        return ref

    async def until(self, ref: SessionRef, what: Status | Waiting, *, within_s: float = WAIT_S) -> State:
        """The state once the session waits for this, or has this status."""
        async with asyncio.timeout(within_s):
            while True:
                state = await self.control.read(ref)
                if what in (state.status, state.waiting):
                    return state
                await asyncio.sleep(0.01)
        raise AssertionError(what)

    async def until_it_runs(self, ref: SessionRef) -> None:
        """Until an action of the session is running."""
        async with asyncio.timeout(WAIT_S):
            while not any(one.started for one in (await self.control.read(ref)).pending):  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def say(self, ref: SessionRef, text: str, *, interrupt: bool = False) -> None:
        """A message of Ann's."""
        self.messages += 1
        said = Said(
            message_id=str(self.messages), person=ANN, text=text, interrupt=interrupt, may_decide=True
        )
        await self.control.signal(ref, said)

    async def press(self, ref: SessionRef, emoji: str) -> None:
        """A press of Ann's on the open proposal."""
        state = await self.until(ref, "decision")
        about = state.pending[0].key
        await self.control.signal(
            ref, Reacted(post="proposal", about=about, person=ANN, emoji=emoji, present=True)
        )

    async def stop(self, ref: SessionRef) -> None:
        """Ann ends it."""
        await self.control.signal(ref, StopAsked(person=ANN))

    async def content(self, state: State, path: str) -> bytes:
        """A workspace file's bytes."""
        return await self.control.storage.blobs.read(state.ref.guild_id, state.files[path].sha256)


@asynccontextmanager
async def open_office(
    storage: Storage,
    redis_url: str,
    folder: Path,
    *,
    prices: PriceTable = "free",
    limits: Limits | None = None,
    caps: Caps = CAPS,
    compact_at: int = 32_000,
    more: Iterable[AnyTool] = (),
    safe_tools: tuple[str, ...] = (),
) -> AsyncGenerator[Office]:
    """The office, open; its worker runs until the end."""
    box = BoxLimits(timeout_s=20.0)
    clock = Clock()
    async with AsyncExitStack() as stack:
        scripted = await stack.enter_async_context(ScriptedModel.open())
        pool = await stack.enter_async_context(Pool())
        model = Model(base_url=scripted.base_url, api_key="k", name="scripted", prices=prices)
        await stack.enter_async_context(model)
        workspaces = Workspaces(folder / "work", storage.blobs)
        runner = ContractRunner(workspaces, folder / "checks", box, pool)
        gallery = Gallery(storage.blobs, sees=lambda: model.sees, window=lambda: model.window)
        tools = toolbox(Boxes(workspaces=workspaces, limits=box, pool=pool), runner, gallery, more)

        async def work(ref: SessionRef) -> None:
            await turn(house, ref)

        async def show(ref: SessionRef) -> None:
            pass

        async def still_may(state: State, person: Person, right: Right) -> bool:
            happens, office.meanwhile = office.meanwhile, None
            if happens:
                await happens()
            return (person.id, right) not in office.lost

        async def nothing(_: State) -> None:
            """There is no memory here."""

        async def ended(state: State) -> None:
            office.ended.append(state.ref)

        async with DocketEngine(redis_url, work, show, clock=clock) as engine:
            roles = Roles(tools, every_role())
            prefix = Prefix(
                model="scripted",
                system="You are tested.",
                tools=tools.schemas(),
                roles=roles.prefixes(),
                safe_tools=safe_tools,
                limits=limits or Limits(),
            )
            house = House(
                storage=storage,
                engine=engine,
                clock=clock,
                model=model,
                meter=Meter(recorder=Recorder(storage=storage, engine=engine, clock=clock), caps=caps),
                fast=model,
                window=lambda: model.window,
                gallery=gallery,
                compact_at=compact_at,
                tools=tools,
                roles=roles.toolboxes,
                delegating=Delegating(storage=storage, engine=engine, clock=clock, prefix=prefix),
                runner=runner,
                workspaces=workspaces,
                still_may=still_may,
                on_ended=ended,
                recall=nothing,
            )
            control = Control(storage=storage, engine=engine, clock=clock, prefix=prefix)
            office = Office(control=control, model=scripted, clock=clock)
            working = asyncio.create_task(engine.run())
            try:
                yield office
            finally:
                working.cancel()
                await asyncio.wait({working})
