"""A worker to measure: everything is real but the model and the one tool that runs."""

import asyncio
import json
import random
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

from agent_core.budget import Caps, Meter
from agent_core.clock import Clock
from agent_core.contract import ContractRunner
from agent_core.control import Control, Order, Prefix
from agent_core.gallery import Gallery
from agent_core.loop import turn
from agent_core.model import ModelReply
from agent_core.prompts import load as prompt
from agent_core.record import Recorder
from agent_core.session import State
from agent_core.signals import Reacted, ThreadOpened
from agent_core.steps import House
from agent_core.storage import Storage
from agent_core.tools import Boxes, Outcome, Tool, Toolbox, toolbox
from agent_core.tools.base import ToolArguments
from agent_core.tools.goal import finish
from agent_core.values import (
    Action,
    Autonomy,
    Limits,
    Message,
    Person,
    Right,
    SessionRef,
    Usage,
)
from agent_core.worker import DocketEngine
from agent_core.workspace import Workspaces
from sandbox import Limits as BoxLimits

ANN = Person(id="80351110224678912", name="Ann")
STEPS = 20
OUTPUT = 3_600
UNLIMITED = Limits(usd=10**6, tokens=10**12, steps=10**6, hours=10**6)


class Prose:
    """Text that compresses as what models and programs write: words of this project's own documents."""

    def __init__(self) -> None:
        root = Path(__file__).parent.parent
        files = [root / "README.md", *sorted((root / "docs").glob("*.md"))]
        self._words = " ".join(file.read_text(encoding="utf-8") for file in files).split(" ")
        self._code = "".join(
            file.read_text(encoding="utf-8") for file in sorted((root / "agent_core").glob("*.py"))
        )
        self._random = random.Random(7)  # noqa: S311 - not for secrets

    @staticmethod
    @cache
    def shared() -> "Prose":
        """One for all."""
        return Prose()

    def words(self, size: int) -> str:
        """So many characters of prose."""
        at = self._random.randrange(len(self._words) - size)
        return " ".join(self._words[at : at + size])[:size]

    def code(self, size: int) -> str:
        """So many characters of Python."""
        at = self._random.randrange(len(self._code) - size)
        return self._code[at : at + size]


class Code(ToolArguments):
    """What the benchmark's tool takes."""

    code: str


class Instant:
    """A model that answers at once: `steps` calls of the tool, then the end."""

    name = "instant"
    free = True
    silent = False

    def __init__(self, prose: Prose, steps: int, think_s: float) -> None:
        self._prose = prose
        self._steps = steps
        self._think_s = think_s

    def price(self, usage: Usage, charged_usd: float | None = None) -> int | None:
        """It is free."""
        return 0

    def most(self, usage: Usage) -> int | None:
        """It is free."""
        return 0

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Message] | None = None,
        *,
        on_text: Callable[[str], None] | None = None,
        timeout_s: float = 600.0,
        toll: object = None,
    ) -> ModelReply:
        """The next step: 2 KB of thought and code."""
        if self._think_s:
            await asyncio.sleep(self._think_s)
        done = sum(one["role"] == "assistant" for one in messages)
        if done >= self._steps:
            return reply(
                "", Action(id="end", name="finish", arguments={"summary": "done"}, raw='{"summary": "done"}')
            )
        return reply(self._prose.words(500), call(self._prose, done, "run_python"))


def call(prose: Prose, number: int, name: str) -> Action:
    code = prose.code(1_500)
    return Action(id=f"call_{number}", name=name, arguments={"code": code}, raw=json.dumps({"code": code}))


def reply(words: str, action: Action) -> ModelReply:
    function = {"name": action.name, "arguments": action.raw}
    calls = [{"id": action.id, "type": "function", "function": function}]
    message: Message = {"role": "assistant", "content": words, "tool_calls": calls}  # pyright: ignore[reportAssignmentType]
    return ModelReply(text=words, actions=(action,), finish_reason="tool_calls", message=message)


class Bench:
    """A worker process in this one, and the door to it."""

    def __init__(self, control: Control, engine: DocketEngine, redis_url: str) -> None:
        self.control = control
        self.engine = engine
        self.redis_url = redis_url
        self.acted: dict[str, float] = {}
        """Session id -> when its tool last ran."""
        self.ended: asyncio.Queue[State] = asyncio.Queue()

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        storage: Storage,
        url: str,
        folder: Path,
        *,
        steps: int = STEPS,
        think_s: float = 0.0,
        act_s: float = 0.0,
    ) -> AsyncGenerator["Bench"]:
        """With a worker that runs until the end; the model and the tool take so long."""
        prose, clock = Prose(), Clock()
        workspaces = Workspaces(folder / "work", storage.blobs)
        runner = ContractRunner(workspaces, folder / "checks", BoxLimits(), None)
        gallery = Gallery(storage.blobs)
        real = toolbox(Boxes(workspaces=workspaces, limits=BoxLimits(), pool=None), runner, gallery)

        async def probe(args: Code, state: State) -> Outcome:
            bench.acted[state.ref.id] = time.perf_counter()
            if act_s:
                await asyncio.sleep(act_s)
            return Outcome(text=prose.words(OUTPUT))

        tools = Toolbox([finish(), Tool(name="run_python", description="", args=Code, run=probe)])

        async def work(ref: SessionRef) -> None:
            await turn(house, ref)

        async def nothing(_: object) -> None:
            pass

        async def sweep() -> None:
            for guild_id in await storage.index.guilds():
                for ref, mark in (await storage.inbox.moved(guild_id, 20.0)).items():
                    await engine.wake(ref)
                    await storage.inbox.settled(ref, mark)

        async def still_may(state: State, person: Person, right: Right) -> bool:
            return True

        async def ended(state: State) -> None:
            bench.ended.put_nowait(state)

        async with DocketEngine(url, work, nothing, sweep=sweep, clock=clock) as engine:
            model = Instant(prose, steps, think_s)
            house = House(
                storage=storage,
                engine=engine,
                clock=clock,
                model=model,
                fast=model,
                meter=Meter(recorder=Recorder(storage=storage, engine=engine, clock=clock), caps=Caps()),
                tools=tools,
                runner=runner,
                workspaces=workspaces,
                gallery=gallery,
                still_may=still_may,
                on_ended=ended,
                recall=nothing,
                compact_at=10**9,
            )
            prefix = Prefix(model="instant", system=prompt("system"), tools=real.schemas(), limits=UNLIMITED)
            control = Control(storage=storage, engine=engine, clock=clock, prefix=prefix)
            bench = cls(control, engine, url)
            working = asyncio.create_task(engine.run())
            try:
                yield bench
            finally:
                working.cancel()
                await asyncio.wait({working})

    async def start(self, ref: SessionRef, autonomy: Autonomy = Autonomy.AUTO) -> None:
        """A goal with its thread."""
        order = Order(ref=ref, goal="make a chart of it", starter=ANN, channel_id="30", autonomy=autonomy)
        await self.control.start(order)
        await self.control.signal(ref, ThreadOpened(thread_id=f"9{ref.id}", upload_limit=10**7))

    async def until_it_waits(self, ref: SessionRef) -> None:
        """Until its first proposal is open."""
        while (await self.control.read(ref)).proposal is None:  # noqa: ASYNC110 - told by nobody
            await asyncio.sleep(0.01)

    async def press(self, ref: SessionRef) -> None:
        """Somebody says yes to its first proposal."""
        await self.control.signal(
            ref, Reacted(post="proposal", about="1.1", person=ANN, emoji="✅", present=True)
        )
