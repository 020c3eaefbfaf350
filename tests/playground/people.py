"""People and raw programs on the playground, over HTTP."""

import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

Json = dict[str, Any]


def bot_token(bot_id: int = 123456789012345678) -> str:
    """A token of Discord's shape."""
    head = base64.urlsafe_b64encode(str(bot_id).encode()).decode().rstrip("=")
    return f"{head}.GabcDE.{'x' * 38}"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A reply with its JSON."""

    status: int
    body: Any
    headers: Any


class Http:
    """One HTTP client on one playground: as a person, and as a bot with `api`."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        self.session, self.url, self.token = session, url, token

    async def ask(self, method: str, path: str, body: Any = None, **rest: Any) -> Answer:
        async with self.session.request(method, self.url + path, json=body, **rest) as reply:
            is_json = reply.content_type == "application/json"
            return Answer(
                status=reply.status,
                body=await reply.json() if is_json else await reply.read(),
                headers=reply.headers,
            )

    async def person(self, method: str, path: str, body: Any = None) -> Any:
        """A request of the people API that must succeed."""
        answer = await self.ask(method, "/playground" + path, body)
        assert answer.status == 200, answer.body
        return answer.body

    async def api(self, method: str, path: str, body: Any = None, **rest: Any) -> Answer:
        """A request of a bot, whatever comes of it."""
        headers = {"Authorization": f"Bot {self.token}"} | rest.pop("headers", {})
        return await self.ask(method, "/api/v10" + path, body, headers=headers, **rest)

    async def state(self) -> Json:
        return await self.person("GET", "/state")

    async def place(self) -> "Place":
        """The first server."""
        guild = (await self.state())["guilds"][0]
        names = {member["username"]: member["id"] for member in guild["members"]}
        channels = {channel["name"]: channel["id"] for channel in guild["channels"]}
        return Place(guild_id=guild["id"], owner_id=guild["owner_id"], people=names, channels=channels)

    async def messages(self, channel_id: str, user_id: str | None = None) -> list[Json]:
        suffix = f"?user_id={user_id}" if user_id else ""
        return await self.person("GET", f"/channels/{channel_id}/messages{suffix}")

    async def log(self) -> list[Json]:
        return await self.person("GET", "/log")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Ids of the first server."""

    guild_id: str
    owner_id: str
    people: dict[str, str]
    channels: dict[str, str]

    @property
    def channel_id(self) -> str:
        return self.channels["playground"]

    def by_owner(self, **body: Any) -> Json:
        """A people request of the owner in the channel."""
        return {
            "guild_id": self.guild_id,
            "channel_id": self.channel_id,
            "user_id": self.owner_id,
        } | body


@asynccontextmanager
async def http_on(url: str, bot_id: int = 123456789012345678) -> AsyncGenerator[Http, None]:
    async with aiohttp.ClientSession() as session:
        yield Http(session, url, bot_token(bot_id))
