"""A whole bot on the playground, all real but the model. What went over the wire is judged at the end."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from agent_core.clock import Clock
from agent_core.control import Control
from agent_core.session import State
from bot.app import running
from bot.app.outside import playground_token
from bot.reporter import Pace
from bot.settings import Settings, load
from playground import Playground
from tests.fakes import ScriptedModel
from tests.flow.people import People, Thread
from tests.models import with_models
from tests.protocol.openapi import DiscordOpenApi


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A server with a bot in it."""

    people: People
    model: ScriptedModel
    control: Control
    settings: Settings
    clock: Clock = field(default_factory=Clock)
    """The bot's."""

    async def state(self, thread: Thread) -> State:
        """What the thread's session has come to."""
        ref = await self.control.by_thread(self.people.guild_id, thread.id)
        assert ref is not None
        return await self.control.read(ref)


@pytest_asyncio.fixture
async def playground(tmp_path: Path) -> AsyncGenerator[Playground]:
    """Discord, without its pacing."""
    async with Playground(tmp_path / "playground", 0, rate_limits=False) as served:
        yield served


@pytest_asyncio.fixture
async def people(playground: Playground) -> AsyncGenerator[People]:
    """Somebody with a server of their own."""
    async with aiohttp.ClientSession() as http:
        yield await People(http=http, url=playground.url).new_server("tests")


def settings_for(
    playground: Playground, redis_url: str, model_url: str, folder: Path, **more: str
) -> Settings:
    """The settings of a bot that joins this playground."""
    return load(
        {
            "DISCORD_TOKEN": playground_token(),
            "DISCORD_API_URL": playground.api_url,
            "REDIS_URL": redis_url,
            "DATA_DIR": str(folder),
            "OPENAI_BASE_URL": model_url,
            "OPENAI_API_KEY": "test-key",
            "SMART_MODEL": "scripted",
            "MODEL_PRICES": "free",
            "MODEL_PROBE": "0",
            **more,
        },
        env_file=None,
    )


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """The bot's own folder."""
    return with_models(tmp_path / "data")


@pytest_asyncio.fixture
async def stage(
    playground: Playground,
    people: People,
    redis_url: str,
    data_dir: Path,
    discord_openapi_if_there: DiscordOpenApi | None,
) -> AsyncGenerator[Stage]:
    """The bot, up and connected."""
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(ScriptedModel.open())
        settings = settings_for(playground, redis_url, model.base_url, data_dir)
        clock = Clock()
        up = await stack.enter_async_context(running(settings, clock=clock, pace=Pace(young_s=0.05)))
        await people.until_bot_is_ready()
        yield Stage(people=people, model=model, control=up.control, settings=settings, clock=clock)
        log = await people.log()
    if discord_openapi_if_there is not None:
        assert discord_openapi_if_there.check_exchanges(log) == []


@pytest_asyncio.fixture
async def demo(
    playground: Playground, people: People, redis_url: str, data_dir: Path
) -> AsyncGenerator[People]:
    """A bot without a model: the demo plays."""
    settings = load(
        {
            "DISCORD_TOKEN": playground_token(),
            "DISCORD_API_URL": playground.api_url,
            "REDIS_URL": redis_url,
            "DATA_DIR": str(data_dir),
        },
        env_file=None,
    )
    async with running(settings, pace=Pace(young_s=0.05)):
        await people.until_bot_is_ready()
        yield people
