"""A whole installation in processes: Redis, the playground, gateways, workers; the model is here."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import aiohttp

from agent_core.errors import StoreUnavailableError
from agent_core.events import Commit
from agent_core.session import State
from agent_core.storage import Storage
from agent_core.values import SessionRef
from bot.app.outside import playground_token
from tests.chaos.processes import Program, python, redis_server, until_redis_answers
from tests.fakes import ScriptedModel
from tests.flow.people import People, Thread
from tests.models import with_models

T = TypeVar("T")

WAIT_S = 90.0
_LOOK_S = 0.05


@dataclass(kw_only=True)
class Chaos:
    """What runs, and what a test needs to look at it."""

    people: People
    model: ScriptedModel
    storage: Storage
    redis_url: str
    folder: Path
    environment: dict[str, str]
    programs: dict[str, Program] = field(default_factory=dict[str, Program])

    @property
    def sent(self) -> Path:
        """What has left for the world."""
        return self.folder / "sent.txt"

    def world(self) -> list[str]:
        """What the world has got: "session words"."""
        return self.sent.read_text("utf-8").split("\n")[:-1] if self.sent.exists() else []

    def role(self, name: str, role: str, **environment: str) -> Program:
        """A process with this role, not started yet."""
        values = {**self.environment, **environment}
        program = python(name, self.folder, values, "tests.chaos.victim", role, str(self.sent))
        self.programs[name] = program
        return program

    async def start_two_workers(self) -> None:
        """A gateway and two workers, up, with a bot that people can talk to."""
        roles = (("gateway", "gateway"), ("one", "worker"), ("two", "worker"))
        await self.start(*[self.role(name, role) for name, role in roles])
        await self.people.until_bot_is_ready()

    async def start(self, *programs: Program) -> None:
        """Start them, and wait until they are up."""
        for program in programs:
            await program.start()
        for program in programs:
            await program.until_it_says("up")

    async def keep_alive(self) -> None:
        """Start again, for ever, whatever has died."""
        while True:
            for program in self.programs.values():
                if program.process is not None and not program.alive:
                    await program.start()
            await asyncio.sleep(_LOOK_S)

    async def session(self, thread: Thread) -> SessionRef:
        """The session that the thread shows."""
        return await self.patiently(lambda: self._found(thread))

    async def _found(self, thread: Thread) -> SessionRef | None:
        return await self.storage.index.by_thread(self.people.guild_id, thread.id)

    async def journal(self, ref: SessionRef) -> list[Commit]:
        """All commits."""
        return await self.patiently(lambda: self.storage.journal.read(ref))

    async def state(self, ref: SessionRef) -> State:
        """What the session has come to."""
        return await self.patiently(lambda: self.storage.states.load(ref), "the state")

    async def until(self, ref: SessionRef, wanted: Callable[[State], bool], what: str) -> State:
        """The state, once it is as wanted."""

        async def look() -> State | None:
            state = await self.storage.states.load(ref)
            return state if state and wanted(state) else None

        return await self.patiently(look, what)

    async def patiently(self, ask: Callable[[], Awaitable[T | None]], what: str = "an answer") -> T:
        """What is found, once it is; Redis may be away meanwhile."""
        try:
            async with asyncio.timeout(WAIT_S):
                while True:
                    try:
                        found = await ask()
                    except StoreUnavailableError:
                        found = None
                    if found is not None:
                        return found
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError:
            raise AssertionError(f"waited {WAIT_S:.0f} s for {what}") from None


@asynccontextmanager
async def chaos(folder: Path, **settings: str) -> AsyncGenerator[Chaos]:
    """Redis, the playground and the model are up; nothing of the bot is."""
    async with AsyncExitStack() as stack:
        server, redis_url = redis_server(folder)
        discord = python("discord", folder, {}, "tests.chaos.discord", str(folder / "playground"))
        stack.push_async_callback(_end, discord)
        stack.push_async_callback(_end, server)
        await server.start()
        await discord.start()
        model = await stack.enter_async_context(ScriptedModel.open())
        url = await discord.until_it_says("http://")
        await until_redis_answers(redis_url)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        people = await People(http=http, url=url).new_server("chaos")
        storage = await stack.enter_async_context(Storage.open(redis_url, folder / "data" / "blobs"))
        environment = {
            "DISCORD_TOKEN": playground_token(),
            "DISCORD_API_URL": f"{url}/api/v10",
            "REDIS_URL": redis_url,
            "DATA_DIR": str(with_models(folder / "data")),
            "OPENAI_BASE_URL": model.base_url,
            "MODEL_PROBE": "0",
            "OPENAI_API_KEY": "test-key",
            "SMART_MODEL": "scripted",
            "MODEL_PRICES": "free",
            "LEASE_S": "1",
            "LOG_LEVEL": "WARNING",
            **settings,
        }
        stage = Chaos(
            people=people,
            model=model,
            storage=storage,
            redis_url=redis_url,
            folder=folder,
            environment=environment,
            programs={"redis": server},
        )
        stack.push_async_callback(_end_all, stage)
        yield stage


async def _end_all(stage: Chaos) -> None:
    for name, program in reversed(stage.programs.items()):
        if name != "redis":
            await _end(program)


async def _end(program: Program) -> None:
    if program.alive:
        await program.stop()
