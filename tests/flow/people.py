"""What people do in the playground, over HTTP, with waits that end in a deadline."""

import asyncio
import base64
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

Json = dict[str, Any]

WAIT_S = 40.0
_LOOK_S = 0.03


@dataclass(kw_only=True)
class Thread:
    """A goal's thread, as somebody who watches it sees it."""

    people: "People"
    id: str

    async def messages(self) -> list[Json]:
        """Every message, oldest first."""
        found: list[Json] = []
        while True:
            after = found[-1]["id"] if found else "0"
            page = await self.people.get(f"/channels/{self.id}/messages", after=after)
            found += page
            if len(page) < 100:
                return found

    async def until(self, wanted: Callable[[Json], bool], what: str) -> Json:
        """The first message that is wanted, once it is there."""
        async with asyncio.timeout(WAIT_S):
            while True:
                for message in await self.messages():
                    if wanted(message):
                        return message
                await asyncio.sleep(_LOOK_S)
        raise AssertionError(what)

    async def says(self, text: str) -> Json:
        """The first message of the bot that contains this text."""
        return await self.until(lambda one: text in one["content"] and one["author"].get("bot", False), text)

    async def proposal(self, number: int = 1) -> Json:
        """The proposal of this number: a message that carries the bot's own ✅, all its emoji in place."""
        async with asyncio.timeout(WAIT_S):
            while True:
                found = [one for one in await self.messages() if self._proposes(one)]
                if len(found) >= number and "🛑" in emoji_of(found[number - 1]):
                    return found[number - 1]
                await asyncio.sleep(_LOOK_S)
        raise AssertionError(number)

    def _proposes(self, message: Json) -> bool:
        pressed = {one["emoji"]["name"]: one["users"] for one in message.get("reactions", [])}
        return message["author"].get("bot", False) and message["author"]["id"] in pressed.get("✅", [])

    async def press(
        self, message: Json, emoji: str, user_id: str | None = None, *, remove: bool = False
    ) -> None:
        """A person's reaction."""
        await self.people.post(
            "/reactions",
            channel_id=self.id,
            message_id=message["id"],
            user_id=user_id or self.people.owner_id,
            emoji=emoji,
            remove=remove,
        )

    async def write(self, content: str, user_id: str | None = None, **more: Any) -> Json:
        """A person's message."""
        return await self.people.post(
            "/messages",
            channel_id=self.id,
            user_id=user_id or self.people.owner_id,
            content=content,
            **more,
        )

    async def files(self) -> dict[str, bytes]:
        """Every attachment of the bot, by name, downloaded."""
        found: dict[str, bytes] = {}
        for message in await self.messages():
            if message["author"].get("bot", False):
                for attachment in message["attachments"]:
                    found[attachment["filename"]] = await self.people.download(attachment["url"])
        return found

    async def file(self, name: str) -> bytes:
        """The attachment of this name, once it is there."""
        async with asyncio.timeout(WAIT_S):
            while name not in (found := await self.files()):  # noqa: ASYNC110 - another process acts
                await asyncio.sleep(_LOOK_S)
        return found[name]

    async def text(self) -> str:
        """Everything the bot has said."""
        found = [one["content"] for one in await self.messages() if one["author"].get("bot", False)]
        return "\n".join(found)


@dataclass(kw_only=True)
class People:
    """The members of one server of the playground."""

    http: aiohttp.ClientSession
    url: str
    guild_id: str = ""
    channel_id: str = ""
    owner_id: str = ""
    members: dict[str, str] = field(default_factory=dict[str, str])

    async def new_server(self, name: str) -> "People":
        """A server of its own for one test."""
        made = await self.post("/guilds", name=name)
        return People(
            http=self.http,
            url=self.url,
            guild_id=made["id"],
            channel_id=made["channel_id"],
            owner_id=made["owner_id"],
        )

    async def member(self, name: str, **more: Any) -> str:
        """A new member's id."""
        made = await self.post("/members", guild_id=self.guild_id, name=name, **more)
        return made["id"]

    async def command(
        self, name: str, *, user_id: str | None = None, channel_id: str | None = None, **options: Any
    ) -> Json:
        """Run a slash command; its response."""
        files = options.pop("files", [])
        done = await self.post(
            "/commands",
            guild_id=self.guild_id,
            channel_id=channel_id or self.channel_id,
            user_id=user_id or self.owner_id,
            name=name,
            options=options,
            files=files,
        )
        return done["response"]

    async def goal(self, text: str, **options: Any) -> Thread:
        """Start a goal; its thread, once it is open."""
        return await self.threaded("goal", text=text, **options)

    async def threaded(self, command: str, **options: Any) -> Thread:
        """Start a session by a command; its thread, once it is open."""
        response = await self.command(command, **options)
        async with asyncio.timeout(WAIT_S):
            while True:
                for thread in await self.threads():
                    if thread["id"] == response["id"]:
                        return Thread(people=self, id=thread["id"])
                await asyncio.sleep(_LOOK_S)
        raise AssertionError(command)

    async def until_bot_is_ready(self) -> None:
        """Until a bot is connected and has registered its commands."""
        async with asyncio.timeout(WAIT_S):
            while not any(bot["connected"] and bot["commands"] for bot in (await self.get("/state"))["bots"]):  # noqa: ASYNC110 - another process acts
                await asyncio.sleep(_LOOK_S)

    async def threads(self) -> list[Json]:
        """Every thread of the server."""
        state = await self.get("/state")
        (guild,) = [one for one in state["guilds"] if one["id"] == self.guild_id]
        return [thread for channel in guild["channels"] for thread in channel.get("threads", [])]

    async def get(self, path: str, **query: str) -> Any:
        """Ask the people API."""
        async with self.http.get(f"{self.url}/playground{path}", params=query) as reply:
            assert reply.status == 200, await reply.text()
            return await reply.json()

    async def post(self, path: str, /, **body: Any) -> Any:
        """Do something through the people API."""
        data = io.BytesIO(json.dumps(body).encode())
        headers = {"Content-Type": "application/json"}
        async with self.http.post(f"{self.url}/playground{path}", data=data, headers=headers) as reply:
            assert reply.status in (200, 201, 204), f"{path} {body}: {await reply.text()}"
            return await reply.json() if reply.content_type == "application/json" else {}

    async def download(self, url: str) -> bytes:
        """The bytes behind an attachment's link."""
        async with self.http.get(url) as reply:
            assert reply.status == 200, await reply.text()
            return await reply.read()

    async def log(self) -> list[Json]:
        """Every exchange between the bot and the server."""
        found: list[Json] = []
        while page := await self.get("/log", after=str(found[-1]["seq"] if found else 0)):
            found += page
        return found


def attached(name: str, data: bytes) -> Json:
    """A file as the people API takes it."""
    return {"name": name, "base64": base64.b64encode(data).decode()}


def emoji_of(message: Json) -> set[str]:
    """The emoji on a message."""
    return {one["emoji"]["name"] for one in message.get("reactions", [])}
