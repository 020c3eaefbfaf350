import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest

from agent_core.clock import Clock
from agent_core.control import Control, Prefix
from agent_core.storage import Storage
from agent_core.storage.embedded import EmbeddedRedis
from agent_core.values import SessionRef
from bot.discord_api import DiscordApi
from bot.reporter import Pace, Reporter
from playground import Playground
from tests.bot.render.story import Story
from tests.protocol.openapi import DiscordOpenApi

TOKEN = "MTE0NzU5MDQxMjM0NTY3ODkwMQ.GabcdE.0123456789abcdefghijklmnopqrstuvwxyz01"
EAGER = Pace(young_s=0.0, old_s=0.0)


@dataclass
class Wakes:
    """The engine as far as a door needs one: remembers who was woken."""

    woken: list[SessionRef] = field(default_factory=list[SessionRef])
    draining: bool = False
    reported: asyncio.Event = field(default_factory=asyncio.Event)

    async def wake(self, ref: SessionRef) -> None:
        self.woken.append(ref)

    async def at(self, ref: SessionRef, when: float) -> None:
        self.woken.append(ref)

    async def report(self, ref: SessionRef, *, soon: bool = False) -> None:
        self.reported.set()


class Still(Clock):
    """A clock that can be stopped, to be moved by hand alone."""

    def __init__(self) -> None:
        super().__init__()
        self._stopped_at: float | None = None

    def now(self) -> float:
        return super().now() if self._stopped_at is None else self._stopped_at

    def stop(self) -> None:
        self._stopped_at = self.now()

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        if self._stopped_at is not None:
            self._stopped_at += seconds


@dataclass(kw_only=True)
class Scene:
    """A real playground, a real Redis, a real client of discord.py, and people."""

    url: str
    redis_url: str
    client: discord.Client
    api: DiscordApi
    storage: Storage
    control: Control
    engine: Wakes
    clock: Still
    people: aiohttp.ClientSession
    guild_id: str
    channel_id: str
    users: dict[str, str]
    """Name -> id."""

    @property
    def bot(self) -> str:
        """Where people change the bot's membership."""
        return f"members/{self.guild_id}/{self.api.me}"

    async def story(self, **given: Any) -> Story:
        """A session with a thread of its own, whose journal is only written here."""
        starter = await self.api.send(self.channel_id, "🎯", nonce=str(self.client.loop.time()))
        await self.api.thread_from(self.channel_id, starter.id, "goal")
        return Story(ref=SessionRef(self.guild_id, starter.id), thread_id=starter.id, **given)

    async def write(self, story: Story, upto: int | None = None) -> None:
        """Put the story's commits into the journal, those that are not there yet."""
        done = len(await self.control.commits(story.ref))
        for commit in story.commits[done:upto]:
            await self.storage.journal.append(story.ref, commit)

    def reporter(self, api: DiscordApi | None = None, pace: Pace = EAGER) -> Reporter:
        """One that remembers nothing, as after a start."""
        return Reporter(
            api=api or self.api, control=self.control, clock=self.clock, again=self.engine.report, pace=pace
        )

    async def messages(self, thread_id: str) -> list[dict[str, Any]]:
        """What people see in the thread, oldest first, without what Discord itself says there."""
        found: list[dict[str, Any]] = []
        after = "0"
        while page := await self.get(f"channels/{thread_id}/messages?after={after}"):
            found += page
            after = page[-1]["id"]
        return [message for message in found if message["type"] in (0, 19)]

    async def get(self, path: str) -> Any:
        """Ask the playground."""
        async with self.people.get(f"{self.url}/playground/{path}") as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def do(self, verb: str, where: str, /, **body: Any) -> Any:
        """Do what a person does."""
        async with self.people.request(verb, f"{self.url}/playground/{where}", json=body) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def download(self, url: str) -> bytes:
        """The bytes of an attachment."""
        async with self.people.get(url) as response:
            assert response.status == 200
            return await response.read()


@pytest.fixture
async def scene(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, discord_openapi_if_there: DiscordOpenApi | None
) -> AsyncGenerator[Scene]:
    async with (
        Playground(tmp_path / "world", 0, rate_limits=False) as playground,
        EmbeddedRedis(tmp_path / "data") as redis,
        Storage.open(redis.url, tmp_path / "blobs") as storage,
        aiohttp.ClientSession() as people,
        discord.Client(intents=discord.Intents.default()) as client,
    ):
        monkeypatch.setattr("discord.http.Route.BASE", playground.api_url)
        await client.login(TOKEN)
        clock = Still()
        engine = Wakes()
        control = Control(
            storage=storage, engine=engine, clock=clock, prefix=Prefix(model="demo", system="", tools=())
        )
        made = Scene(
            url=playground.url,
            redis_url=redis.url,
            client=client,
            api=DiscordApi(client),
            storage=storage,
            control=control,
            engine=engine,
            clock=clock,
            people=people,
            guild_id="",
            channel_id="",
            users={},
        )
        (guild,) = (await made.get("state"))["guilds"]
        made.guild_id, made.channel_id = guild["id"], guild["channels"][0]["id"]
        made.users = {member["username"]: member["id"] for member in guild["members"]}
        yield made
        log = await made.get("log")
    await asyncio.sleep(0)
    if discord_openapi_if_there is not None:
        assert discord_openapi_if_there.check_exchanges(log) == []
