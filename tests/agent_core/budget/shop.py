"""Sessions that think against a till, turn by turn: everything real but the model; no queue, no Discord."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from agent_core.budget import Caps, Meter
from agent_core.clock import Clock
from agent_core.contract import ContractRunner
from agent_core.control import Control, Order, Prefix
from agent_core.events import CallReserved, CallSettled
from agent_core.gallery import Gallery
from agent_core.loop import turn
from agent_core.model import Model
from agent_core.model.conclude import tool_names
from agent_core.model.prices import PriceTable
from agent_core.record import Recorder
from agent_core.session import State
from agent_core.signals import Reacted, ThreadOpened
from agent_core.steps import House
from agent_core.storage import Storage
from agent_core.tools import Boxes, toolbox
from agent_core.values import NANO, Autonomy, Limits, Person, Right, SessionRef
from agent_core.workspace import Workspaces
from sandbox import Limits as BoxLimits
from tests.agent_core.budget.till import PRICES

ANN = Person(id="1", name="Ann")
WIDE = Caps(member_day=100 * NANO, server_day=100 * NANO, host_day=100 * NANO, host_month=100 * NANO)


class Quiet:
    """An engine that runs nothing by itself."""

    draining = False

    def __init__(self) -> None:
        self.alarms: dict[SessionRef, float] = {}

    async def wake(self, ref: SessionRef) -> None:
        """Nobody is woken."""

    async def at(self, ref: SessionRef, when: float) -> None:
        """Only noted."""
        self.alarms[ref] = when

    async def report(self, ref: SessionRef, *, soon: bool = False) -> None:
        """Nobody looks."""


@dataclass(kw_only=True)
class Shop:
    """The house, and the door to it."""

    house: House
    control: Control
    clock: Clock
    engine: Quiet

    async def start(
        self, session: str = "1", *, guild: str = "10", who: Person = ANN, usd: float | None = None
    ):
        """A goal with its thread; no turn yet."""
        ref = SessionRef(guild, session)
        await self.control.start(
            Order(
                ref=ref,
                goal="do it",
                starter=who,
                channel_id="30",
                autonomy=Autonomy.AUTO,
                budget_usd=usd,
            )
        )
        await self.control.signal(ref, ThreadOpened(thread_id="40", upload_limit=10**7))
        return ref

    async def turn(self, ref: SessionRef) -> State:
        """One turn, and the state after it."""
        await turn(self.house, ref)
        return await self.control.read(ref)

    async def press(self, ref: SessionRef) -> None:
        """💰 on the open budget question."""
        state = await self.control.read(ref)
        about = str(state.limit_version)
        await self.control.signal(
            ref, Reacted(post="budget", about=about, person=ANN, emoji="💰", present=True)
        )

    async def run_dry(self, ref: SessionRef, *, turns: int = 100) -> State:
        """Turn by turn until the session waits for a cap that does not pass in a moment."""
        for _ in range(turns):
            state = await self.turn(ref)
            if state.ended or state.paused:
                return state
            if state.limit and (state.limit.until is None or state.limit.until > self.clock.now() + 300):
                return state
            self.clock.advance(61)
            await asyncio.sleep(0)
        raise AssertionError("it never stands still")

    async def run_all_dry(self, refs: list[SessionRef]) -> list[State]:
        """The same for many at once."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self.run_dry(ref)) for ref in refs]
        return [task.result() for task in tasks]

    async def reserved(self, ref: SessionRef) -> list[CallReserved]:
        """Everything that the session ever held."""
        commits = await self.control.commits(ref)
        return [one for commit in commits for one in commit.events if isinstance(one, CallReserved)]

    async def settled(self, *refs: SessionRef) -> list[CallSettled]:
        """How every request of the sessions ended."""
        commits = [commit for ref in refs for commit in await self.control.commits(ref)]
        return [one for commit in commits for one in commit.events if isinstance(one, CallSettled)]


@asynccontextmanager
async def open_shop(
    storage: Storage,
    folder: Path,
    base_url: str,
    *,
    prices: PriceTable = PRICES,
    limits: Limits | None = None,
    caps: Caps = WIDE,
    system: str = "You are tested.",
    on_ended: Callable[[State], Awaitable[None]] | None = None,
) -> AsyncGenerator[Shop]:
    """Open it; no task runs."""
    box, clock, engine = BoxLimits(), Clock(), Quiet()

    async def still_may(state: State, person: Person, right: Right) -> bool:
        return True

    async def nothing(state: State) -> None:
        pass

    async with AsyncExitStack() as stack:
        model = Model(base_url=base_url, api_key="k", name="scripted", prices=prices, _backoff_s=0.001)
        await stack.enter_async_context(model)
        workspaces = Workspaces(folder / "work", storage.blobs)
        runner = ContractRunner(workspaces, folder / "checks", box, None)
        gallery = Gallery(storage.blobs)
        tools = toolbox(Boxes(workspaces=workspaces, limits=box, pool=None), runner, gallery)
        house = House(
            storage=storage,
            engine=engine,
            clock=clock,
            model=model,
            fast=model,
            meter=Meter(recorder=Recorder(storage=storage, engine=engine, clock=clock), caps=caps),
            tools=tools,
            runner=runner,
            workspaces=workspaces,
            gallery=gallery,
            still_may=still_may,
            on_ended=on_ended or nothing,
            recall=nothing,
        )
        schemas = [one for one in tools.schemas() if tool_names([one]) <= {"set_plan", "finish"}]
        prefix = Prefix(
            model="scripted", system=system, tools=tuple(schemas), limits=limits or Limits(usd=0.5, steps=60)
        )
        control = Control(storage=storage, engine=engine, clock=clock, prefix=prefix)
        yield Shop(house=house, control=control, clock=clock, engine=engine)
