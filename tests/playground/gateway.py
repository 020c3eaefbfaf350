"""A gateway client that only frames and unframes, and checks every event that it reads."""

import asyncio
import json
import zlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from playground import Playground
from tests.playground.people import Json, bot_token

ALL = 53608447
WAIT_S = 5.0


class Socket:
    """A gateway client that only frames and unframes."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, *, compressed: bool = False) -> None:
        self.socket = socket
        self._inflate = zlib.decompressobj() if compressed else None

    async def read(self) -> Json:
        message = await self.socket.receive(timeout=WAIT_S)
        if self._inflate is not None:
            assert message.data.endswith(b"\x00\x00\xff\xff")
            return json.loads(self._inflate.decompress(message.data))
        assert message.type is aiohttp.WSMsgType.TEXT, (message.type, message.data, message.extra)
        return json.loads(message.data)

    async def event(self, name: str) -> Json:
        """The data of the next event of a name."""
        async with asyncio.timeout(WAIT_S):
            while (frame := await self.read())["t"] != name:
                pass
        return frame["d"]

    async def send(self, op: int, data: Any) -> None:
        await self.socket.send_str(json.dumps({"op": op, "d": data}))

    async def closed_with(self) -> int | None:
        while (await self.socket.receive(timeout=WAIT_S)).type not in {
            aiohttp.WSMsgType.CLOSE,
            aiohttp.WSMsgType.CLOSED,
        }:
            pass
        return self.socket.close_code


@asynccontextmanager
async def connect(server: Playground, query: str = "v=10&encoding=json") -> AsyncGenerator[Socket, None]:
    url = server.url.replace("http", "ws", 1)
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}/gateway/?{query}") as socket:
        yield Socket(socket, compressed="zlib" in query)


async def identify(socket: Socket, *, intents: int = ALL, **more: Any) -> Json:
    assert (await socket.read())["op"] == 10
    body: Json = {"token": bot_token(), "intents": intents, "properties": Json()} | more
    await socket.send(2, body)
    return await socket.event("READY")


@asynccontextmanager
async def asking_in_background(request: Any) -> AsyncGenerator[Any, None]:
    async def ask() -> Any:
        return await request

    task = asyncio.create_task(ask())
    try:
        yield task
    finally:
        await asyncio.wait({task})
