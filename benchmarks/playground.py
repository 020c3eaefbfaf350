"""What the playground carries: `python -m benchmarks.playground`.

Bots post and people press and write at the same time, over the wire, without rate limits; the median and the
slowest twentieth of a REST reply, and of the time from a bot's post to its event at another bot.
"""

import asyncio
import base64
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

ROUNDS = ((1, 10), (5, 50), (10, 100), (20, 200))
"""(bots, people) of each round."""
ROUND_S = 10.0
BOT_PAUSE_S, PERSON_PAUSE_S = 1.0, 5.0
"""How long each waits, on average, between two deeds."""
MESSAGES = 10_000
ALL_INTENTS = 53608447
SERVE = """
import asyncio, pathlib, sys
from playground import Playground
async def main():
    async with Playground(pathlib.Path(sys.argv[1]), 0, page=lambda app: None, rate_limits=False) as server:
        print(server.url, flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""
Json = dict[str, Any]


@dataclass(slots=True)
class Took:
    """Seconds, as they were measured in one round."""

    replies: list[float] = field(default_factory=list[float])
    events: list[float] = field(default_factory=list[float])


def token(number: int) -> str:
    """A token of Discord's shape for the bot of this number."""
    head = base64.urlsafe_b64encode(str(100_000_000_000_000_000 + number).encode()).decode().rstrip("=")
    return f"{head}.bench1.{'x' * 38}"


def pause(average_s: float) -> float:
    """A pause of this length on average, so that nobody marches in step."""
    return random.uniform(0, 2 * average_s)  # noqa: S311 - no secret


class Client:
    """One bot: REST and a gateway socket of its own."""

    def __init__(self, http: aiohttp.ClientSession, url: str, number: int, took: Took) -> None:
        self._http, self._url, self._token, self._took = http, url, token(number), took
        self._headers = {"Authorization": f"Bot {self._token}"}

    async def ask(self, method: str, path: str, body: Json | None = None) -> Any:
        """One request; its time counts."""
        began = time.perf_counter()
        url = f"{self._url}/api/v10{path}"
        async with self._http.request(method, url, json=body, headers=self._headers) as reply:
            reply.raise_for_status()
            answer = await reply.json() if reply.status != 204 else None
        self._took.replies.append(time.perf_counter() - began)
        return answer

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[None, None]:
        """Identified, and hearing; posts of bots carry the time at which they were sent."""
        address = self._url.replace("http", "ws", 1) + "/gateway?v=10&encoding=json"
        async with self._http.ws_connect(address, max_msg_size=0) as socket:
            await socket.receive(timeout=10)
            about: Json = {"token": self._token, "intents": ALL_INTENTS, "properties": {}}
            await socket.send_json({"op": 2, "d": about})
            await socket.receive(timeout=10)
            hearing = asyncio.create_task(self._hear(socket))
            yield
            hearing.cancel()
            await asyncio.wait({hearing})

    async def _hear(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            now = time.perf_counter()
            if '"MESSAGE_CREATE"' not in message.data[:40]:
                continue
            word, _, sent = json.loads(message.data)["d"]["content"].partition(" ")
            if word == "sent":
                self._took.events.append(now - float(sent))

    async def work(self, channel_id: str) -> None:
        """Post, edit, react, read; forever."""
        while True:
            await asyncio.sleep(pause(BOT_PAUSE_S))
            path = f"/channels/{channel_id}/messages"
            posted = await self.ask("POST", path, {"content": f"sent {time.perf_counter()}"})
            await self.ask("PATCH", f"{path}/{posted['id']}", {"content": "edited"})
            await self.ask("PUT", f"{path}/{posted['id']}/reactions/✅/@me")
            await self.ask("GET", f"{path}?limit=50")


async def person(http: aiohttp.ClientSession, url: str, channel_id: str, user_id: str) -> None:
    """Write, and press the emoji of what was written; forever."""
    while True:
        await asyncio.sleep(pause(PERSON_PAUSE_S))
        here = {"channel_id": channel_id, "user_id": user_id}
        async with http.post(f"{url}/playground/messages", json=here | {"content": "hello"}) as reply:
            message = await reply.json()
        press = here | {"message_id": message["id"], "emoji": "👍"}
        async with http.post(f"{url}/playground/reactions", json=press) as reply:
            reply.raise_for_status()


@asynccontextmanager
async def serving(folder: Path) -> AsyncGenerator[str, None]:
    """A playground in a process of its own, as bots meet it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVE, str(folder), stdout=asyncio.subprocess.PIPE
    )
    try:
        if process.stdout is None:
            raise RuntimeError("The server has no output.")
        yield (await asyncio.wait_for(process.stdout.readline(), 30)).decode().strip()
    finally:
        process.terminate()
        await process.wait()


async def one_round(http: aiohttp.ClientSession, url: str, bots: int, people: int) -> Took:
    """So many bots and people at once, spread over ten channels."""
    took = Took()
    async with http.get(f"{url}/playground/state") as reply:
        guild = (await reply.json())["guilds"][0]
    channels = [channel["id"] for channel in guild["channels"]]
    humans = [member["id"] for member in guild["members"] if member["username"].startswith("person_")]
    clients = [Client(http, url, number, took) for number in range(bots)]
    for client in clients:
        await client.ask("GET", "/users/@me")
    took.replies.clear()
    async with asyncio.timeout(ROUND_S + 30), asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(_live(client, channels[number % len(channels)]))
            for number, client in enumerate(clients)
        ]
        tasks += [
            group.create_task(person(http, url, channels[number % len(channels)], humans[number]))
            for number in range(people)
        ]
        await asyncio.sleep(ROUND_S)
        for task in tasks:
            task.cancel()
    return took


async def _live(client: Client, channel_id: str) -> None:
    async with client.listening():
        await client.work(channel_id)


async def furnish(http: aiohttp.ClientSession, url: str, people: int) -> None:
    """Ten channels and all the people."""
    async with http.get(f"{url}/playground/state") as reply:
        guild_id = (await reply.json())["guilds"][0]["id"]
    for number in range(8):
        async with http.post(
            f"{url}/playground/channels", json={"guild_id": guild_id, "name": f"room-{number}"}
        ) as reply:
            reply.raise_for_status()
    for number in range(people):
        about = {"guild_id": guild_id, "name": f"Person {number}"}
        async with http.post(f"{url}/playground/members", json=about) as reply:
            reply.raise_for_status()


async def long_channel(http: aiohttp.ClientSession, url: str) -> None:
    """Post and read in a channel of many messages, against a fresh one."""
    took = Took()
    client = Client(http, url, 0, took)
    guild = (await client.ask("GET", "/users/@me/guilds"))[0]
    medians: list[tuple[float, float]] = []
    dm = (await client.ask("GET", f"/guilds/{guild['id']}/channels"))[0]
    path = f"/channels/{dm['id']}/messages"
    for count in (0, MESSAGES):
        for number in range(count):
            await client.ask("POST", path, {"content": f"message {number}"})
        reads: list[float] = []
        posts: list[float] = []
        for _ in range(50):
            posted = await client.ask("POST", path, {"content": "x"})
            posts.append(took.replies[-1])
            await client.ask("GET", f"{path}?limit=50&before={posted['id']}")
            reads.append(took.replies[-1])
        medians.append((statistics.median(posts) * 1000, statistics.median(reads) * 1000))
    (post, read), (late_post, late_read) = medians
    say(
        f"after {MESSAGES} messages in a channel: post {late_post:.2f} ms, {late_post / post:.2f} times; "
        f"page of 50 {late_read:.2f} ms, {late_read / read:.2f} times"
    )


def row(bots: int, people: int, took: Took, first: Took) -> str:
    """One line of the table."""
    cells = [f"{bots:>4} {people:>6} {len(took.replies) / ROUND_S:>8.0f} {len(took.events) / ROUND_S:>8.0f}"]
    for values, before in ((took.replies, first.replies), (took.events, first.events)):
        middle = statistics.median(values) * 1000
        slow = statistics.quantiles(values, n=20)[-1] * 1000
        cells.append(f"{middle:>9.2f} {slow:>8.2f} {middle / (statistics.median(before) * 1000):>6.2f}")
    return " ".join(cells)


def say(line: str) -> None:
    """To the terminal at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def main() -> None:
    """Every round on one server, then the long channel."""
    with tempfile.TemporaryDirectory() as folder:
        connector = aiohttp.TCPConnector(limit=0)
        async with serving(Path(folder)) as url, aiohttp.ClientSession(connector=connector) as http:
            await furnish(http, url, max(people for _, people in ROUNDS))
            say("bots people requests/s events/s  reply ms   p95 ms growth  event ms   p95 ms growth")
            first: Took | None = None
            for bots, people in ROUNDS:
                took = await one_round(http, url, bots, people)
                first = first or took
                say(row(bots, people, took, first))
            await long_channel(http, url)


if __name__ == "__main__":
    asyncio.run(main())
