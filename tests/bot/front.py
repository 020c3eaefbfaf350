"""The bot's front end on real wires: the playground's Discord, a real Redis, discord.py.

There is no worker: what people do ends in the inbox, where a test looks; what a worker would do, a test
writes into the journal itself.
"""

import asyncio
import base64
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import discord
from discord.gateway import DiscordWebSocket
from discord.http import Route

from agent_core.clock import Clock
from agent_core.control import Control, Prefix
from agent_core.events import Commit, Event, Proposed, SignalsTaken, Thought, ThreadBound
from agent_core.forgetting import Forgetter
from agent_core.memory import Embedder, Memory
from agent_core.schedule import Plans
from agent_core.session import State
from agent_core.signals import Signal
from agent_core.skills import Admission, Library
from agent_core.storage import Asks, Storage
from agent_core.storage.redis import connected
from agent_core.values import Action, SessionRef, Usage
from agent_core.web import GuardedFetcher
from bot.app.treasury import Treasury, open_treasury
from bot.catchup import CatchUp
from bot.commands import Commands, Desk, Openings, commands_for
from bot.discord_api import Audience, Caps, DiscordApi, DroppedFiles, learn
from bot.gateway import Events, Gateway, Patience, make_client, point_at
from bot.inbound import Notes, Presses, Threads, Words
from bot.timetable import Timetable
from playground import Playground
from sandbox import Limits
from tests.libraries import library_of
from tests.models import MODELS

TOKEN = "MTE0NzU5MDQxMjM0NTY3ODkwMQ.GabcdE.0123456789abcdefghijklmnopqrstuvwxyz01"
CAPS = Caps(files=3, bytes=1000, session_files=5, session_bytes=3000)
WAIT_S = 15.0
PROPOSAL = ("✅", "5️⃣", "🔁", "❌", "🛑")


@dataclass
class Wakes:
    """The engine as far as a door needs one: remembers who was woken."""

    woken: list[SessionRef] = field(default_factory=list[SessionRef])
    draining: bool = False

    async def wake(self, ref: SessionRef) -> None:
        self.woken.append(ref)

    async def at(self, ref: SessionRef, when: float) -> None:
        self.woken.append(ref)

    async def report(self, ref: SessionRef, *, soon: bool = False) -> None:
        pass


@dataclass(kw_only=True)
class Bot:
    """One process of the front end."""

    client: discord.Client
    gateway: Gateway
    commands: Commands
    running: asyncio.Task[None]


@dataclass(kw_only=True)
class Front:
    """The world around the bot, and people in it."""

    url: str
    redis_url: str
    http: aiohttp.ClientSession
    storage: Storage
    control: Control
    treasury: Treasury
    memory: Memory
    library: Library
    forgetter: Forgetter
    guild_id: str = ""
    channel_id: str = ""
    users: dict[str, str] = field(default_factory=dict[str, str])
    """Name -> id. Robin owns the server; Sasha and Kim have the rights of everybody."""
    bot: Bot | None = None
    patience: Patience | None = None
    """How long the bot believes a silent connection."""
    taken: dict[SessionRef, list[Signal]] = field(default_factory=dict[SessionRef, list[Signal]])
    """What was in the inboxes before `take`."""

    # -- what people do -------------------------------------------------------------------------------------

    async def ask(self, verb: str, path: str, status: int = 200, /, **body: Any) -> Any:
        """Anything of the people's API."""
        async with self.http.request(verb, f"{self.url}/playground/{path}", json=body or None) as response:
            assert response.status == status, await response.text()
            return await response.json()

    async def command(
        self,
        name: str,
        options: Mapping[str, Any] | None = None,
        *,
        by: str = "Robin",
        channel_id: str | None = None,
        files: Mapping[str, bytes] | None = None,
    ) -> dict[str, Any]:
        """Type a slash command; the outcome with its `response`."""
        return await self.ask(
            "POST",
            "commands",
            guild_id=self.guild_id,
            channel_id=channel_id or self.channel_id,
            user_id=self.users[by],
            name=name,
            options=dict(options or {}),
            files=_encoded(files),
        )

    async def say(
        self, thread_id: str, text: str, *, by: str = "Robin", files: Mapping[str, bytes] | None = None
    ) -> str:
        """Write a message; its id."""
        body = {"channel_id": thread_id, "user_id": self.users[by], "content": text, "files": _encoded(files)}
        return (await self.ask("POST", "messages", **body))["id"]

    async def press(
        self, thread_id: str, message_id: str, emoji: str, *, by: str = "Robin", remove: bool = False
    ) -> None:
        """Press an emoji on a message, or take it back."""
        await self.ask(
            "POST",
            "reactions",
            channel_id=thread_id,
            message_id=message_id,
            user_id=self.users[by],
            emoji=emoji,
            remove=remove,
        )

    async def messages(self, channel_id: str) -> list[dict[str, Any]]:
        """What is in a channel."""
        return await self.ask("GET", f"channels/{channel_id}/messages")

    async def reactions(self, channel_id: str, message_id: str) -> dict[str, list[str]]:
        """Emoji -> ids of those whose reaction is on the message."""
        found = next(one for one in await self.messages(channel_id) if one["id"] == message_id)
        return {one["emoji"]["name"]: one["users"] for one in found.get("reactions", [])}

    async def log(self) -> list[dict[str, Any]]:
        """Every REST exchange so far."""
        return await self.ask("GET", "log")

    # -- the bot --------------------------------------------------------------------------------------------

    async def start_bot(self, **given: Any) -> Bot:
        """Start the front end, and wait until it is ready and its commands are there."""
        facts = await learn(f"{self.url}/api/v10", TOKEN, http=self.http)
        point_at(f"{self.url}/api/v10", facts.gateway_url)
        client = make_client(facts, ready_timeout_s=0.1, identify_pause_s=0.0, **given)
        api = DiscordApi(client, deadline_s=10.0)
        dropped = DroppedFiles(http=self.http, blobs=self.storage.blobs, caps=CAPS)
        openings = Openings(control=self.control, api=api)
        demo = (("primes", "find the primes below 100"),)
        treasury = self.treasury
        clock = Clock()
        timetable = Timetable(
            client=client,
            api=api,
            control=self.control,
            openings=openings,
            plans=Plans(self.storage.calendar),
            clock=clock,
            pool=None,
            papers=treasury.papers,
        )
        desk = Desk(
            control=self.control,
            api=api,
            dropped=dropped,
            openings=openings,
            ledger=treasury.ledger,
            experiments=treasury.experiments,
            fetch=treasury.fetch,
            papers=treasury.papers,
            memory=self.memory,
            audience=Audience(
                client=client, api=api, index=self.storage.index, memory=self.memory, library=self.library
            ),
            forget_me=lambda guild_id, person: self.forgetter.member(guild_id, person, self.control.wake),
            plans=Plans(self.storage.calendar),
            begin=timetable.run_now,
            clock=clock,
            admission=Admission(self.library, Limits()),
            pool=None,
            box_limits=Limits(),
            demo_goals=demo,
        )
        commands = commands_for(client, desk)
        notes = Notes(api)
        words = Words(
            client=client,
            control=self.control,
            api=api,
            dropped=dropped,
            notes=notes,
            memory=self.memory,
        )
        presses = Presses(
            client=client,
            control=self.control,
            api=api,
            notes=notes,
            ledger=treasury.ledger,
            scheduled=timetable.pressed,
        )
        threads = Threads(client=client, control=self.control, api=api)
        catchup = CatchUp(
            control=self.control, words=words, presses=presses, threads=threads, openings=openings
        )
        events = Events(
            client=client,
            commands=commands,
            words=words,
            presses=presses,
            threads=threads,
            catchup=catchup,
            hearing=self.storage.hearing,
            control=self.control,
            mend_every_s=0.05,
        )
        gateway = Gateway(
            client=client, token=TOKEN, events=events, timetable=timetable, patience=self.patience
        )
        running = asyncio.create_task(gateway.run())
        self.bot = Bot(client=client, gateway=gateway, commands=commands, running=running)
        await self.until(self.ready)
        return self.bot

    async def ready(self) -> bool:
        """Whether the bot is connected and its commands are registered."""
        assert self.bot is not None
        if self.bot.running.done():
            self.bot.running.result()
        if not self.bot.client.is_ready():
            return False
        state = await self.ask("GET", "state")
        return any(bot["connected"] and bot["commands"] for bot in state["bots"])

    async def stop_bot(self) -> None:
        """End the front end."""
        if self.bot is None:
            return
        self.bot.running.cancel()
        await asyncio.wait({self.bot.running})
        await self.bot.gateway.close()
        self.bot = None

    async def refuse_writes(self, refuse: bool) -> None:
        """Let the Redis refuse every write, as one that is full does; or take them again."""
        async with connected(self.redis_url, repeat=True) as client:
            await client.config_set("maxmemory", int(refuse))  # pyright: ignore[reportUnknownMemberType]

    # -- what a worker would do -----------------------------------------------------------------------------

    async def goal(self, text: str = "make a chart", **options: Any) -> State:
        """Start a goal by its command, and bind its thread as a worker does."""
        given = {key: options.pop(key) for key in ("by", "files", "channel_id") if key in options}
        outcome = await self.command("goal", {"text": text, **options}, **given)
        ref = SessionRef(self.guild_id, outcome["interaction_id"])
        (opened,) = await self.heard(ref, "thread_opened")
        bound = ThreadBound(thread_id=opened.thread_id, upload_limit=opened.upload_limit)
        await self.take(ref, bound)
        return await self.control.read(ref)

    async def take(self, ref: SessionRef, *events: Event) -> None:
        """Commit these events, all of the inbox taken."""
        state = await self.control.read(ref)
        waiting = await self.storage.inbox.fresh(ref, "0-0")
        self.taken.setdefault(ref, []).extend(signal for _, signal in waiting)
        inbox_id = waiting[-1][0] if waiting else state.inbox_id
        commit = Commit(
            version=state.version + 1, at=time.time(), events=(*events, SignalsTaken(inbox_id=inbox_id))
        )
        await self.storage.journal.append(ref, commit)

    async def propose(self, ref: SessionRef, *, record: bool = True) -> str:
        """Commit a proposal and post it with its emoji; the message's id."""
        action = Action(id="c1", name="run_python", arguments={"code": "print(1)"}, raw="{}")
        step = (await self.control.read(ref)).step + 1
        thought = Thought(
            step=step, text="", actions=(action,), problems={}, usage=Usage(), cost_usd=0.0, message={}
        )
        await self.take(ref, thought, Proposed(action=f"{step}.1", why="runs code", rule="run_python"))
        thread_id = str((await self.control.read(ref)).thread_id)
        assert self.bot is not None
        api = DiscordApi(self.bot.client)
        sent = await api.send(thread_id, "May I?", nonce=f"p{step}-{ref.id}"[:25])
        for emoji in PROPOSAL:
            await api.react(thread_id, sent.id, emoji)
        if record:
            await self.record(ref, sent.id, f"{step}.1")
        return sent.id

    async def record(self, ref: SessionRef, message_id: str, about: str) -> None:
        """Note what the post asks, as the reporter does."""
        await self.storage.posts.put(ref, f"{about}.proposal", message_id, Asks(post="proposal", about=about))

    async def signals(self, ref: SessionRef) -> list[Any]:
        """All that was ever put into the session's inbox."""
        found: list[Signal] = [signal for _, signal in await self.storage.inbox.fresh(ref, "0-0")]
        return [*self.taken.get(ref, ()), *found]

    async def heard(self, ref: SessionRef, kind: str, count: int = 1) -> list[Any]:
        """The signals of this kind, once there are so many."""
        found: list[Any] = []

        async def enough() -> bool:
            found[:] = [one for one in await self.signals(ref) if one.kind == kind]
            return len(found) >= count

        await self.until(enough)
        return found

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Wait until this holds."""
        async with asyncio.timeout(WAIT_S):
            while not await holds():  # noqa: ASYNC110 - what is waited for is on the other side of a socket
                await asyncio.sleep(0.02)

    async def until_said(self, channel_id: str, words: str) -> dict[str, Any]:
        """The bot's message with these words, once it is there."""
        found: list[dict[str, Any]] = []

        async def there() -> bool:
            found[:] = [
                one
                for one in await self.messages(channel_id)
                if one["author"].get("bot") and words in one["content"]
            ]
            return bool(found)

        await self.until(there)
        return found[0]


def _encoded(files: Mapping[str, bytes] | None) -> list[dict[str, str]]:
    return [{"name": name, "base64": base64.b64encode(data).decode()} for name, data in (files or {}).items()]


@asynccontextmanager
async def open_front(redis_url: str, folder: Path) -> AsyncGenerator[Front]:
    """The world without the bot. What discord.py keeps per process is put back at the end."""
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    async with AsyncExitStack() as stack:
        playground = await stack.enter_async_context(Playground(folder / "world", 0, rate_limits=False))
        storage = await stack.enter_async_context(Storage.open(redis_url, folder / "blobs"))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        prefix = Prefix(model="demo", system="", tools=())
        control = Control(storage=storage, engine=Wakes(), clock=Clock(), prefix=prefix)
        web = await stack.enter_async_context(GuardedFetcher())
        treasury = await open_treasury(stack, storage, Clock(), web, control.rules)
        embedder = await stack.enter_async_context(Embedder(cache=MODELS))
        memory = await stack.enter_async_context(Memory.open(redis_url, embedder, at_hand=lambda: False))
        library = library_of(storage)
        front = Front(
            url=playground.url,
            redis_url=redis_url,
            http=http,
            storage=storage,
            control=control,
            treasury=treasury,
            memory=memory,
            library=library,
            forgetter=Forgetter(storage, memory, library, folder / "work"),
        )
        stack.push_async_callback(front.stop_bot)
        state = await front.ask("GET", "state")
        guild = state["guilds"][0]
        front.guild_id, front.channel_id = guild["id"], guild["channels"][0]["id"]
        front.users = {member["username"].title(): member["id"] for member in guild["members"]}
        try:
            yield front
        finally:
            with contextlib.suppress(Exception):
                await front.stop_bot()
            Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before
