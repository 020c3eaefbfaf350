"""Whatever people and bots do, with faults between: nothing is a 500, and history is what was said."""

import asyncio
from collections.abc import Coroutine, Generator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from playground import Playground
from playground.rest.routes import routes
from tests.playground.conftest import no_page
from tests.playground.people import Http, Json, Place, http_on
from tests.protocol.openapi import DiscordOpenApi

T = TypeVar("T")
BOT_ID = "123456789012345678"
EMOJIS = ("✅", "❌", "5️⃣")


class Alive:
    """One playground for all examples of a test, with a loop of its own."""

    def __init__(self, data_dir: Path) -> None:
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self.http, self.place = self.run(self._start(data_dir))

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(coroutine)

    async def _start(self, data_dir: Path) -> tuple[Http, Place]:
        server = Playground(data_dir, 0, page=no_page, rate_limits=False)
        await self._stack.enter_async_context(server)
        http = await self._stack.enter_async_context(http_on(server.url))
        await http.api("PUT", f"/applications/{BOT_ID}/commands", [{"name": "a", "description": "b"}])
        return http, await http.place()

    def end(self) -> None:
        self.run(self._stack.aclose())
        self._runner.close()


@pytest.fixture
def alive(tmp_path: Path) -> Generator[Alive, None, None]:
    started = Alive(tmp_path)
    yield started
    started.end()


WORDS = """
content embeds components flags nonce allowed_mentions message_reference name type archived locked
messages permission_overwrites attachments data options description auto_archive_duration recipient_id
roles permissions allow deny title custom_id id fields message applied_tags available_tags poll username
nick users parse
"""
FIELDS = st.sampled_from(WORDS.split())
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
BODIES = st.recursive(
    VALUES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(FIELDS | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=20,
)


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_no_request_is_a_500(alive: Alive, data: st.DataObject):
    route = data.draw(st.sampled_from(routes()))
    known = {
        "channel_id": [alive.place.channel_id, "1", "x"],
        "guild_id": [alive.place.guild_id, "1"],
        "user_id": [alive.place.owner_id, BOT_ID, "@me"],
        "application_id": [BOT_ID],
        "emoji": [*EMOJIS, "a:b", "%"],
    }
    path = route.path
    for name in [part[1:-1] for part in path.split("/") if part.startswith("{")]:
        path = path.replace(f"{{{name}}}", data.draw(st.sampled_from(known.get(name, ["1", "@original"]))))
    if route.method == "DELETE" and path in {f"/channels/{alive.place.channel_id}", "/users/@me/guilds"}:
        return
    body = data.draw(BODIES)
    answer = alive.run(alive.http.api(route.method, path, body))
    assert answer.status < 500
    if answer.status >= 400:
        assert {"message", "code"} <= set(answer.body)


PATHS = """
messages commands components modals autocomplete reactions members guilds channels faults clock dms typing
"""
PEOPLE_WORDS = """
guild_id channel_id user_id name options files kind permissions message_id emoji custom_id values content
reply_to advance_s roles
"""


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    path=st.sampled_from(PATHS.split()), body=st.dictionaries(st.sampled_from(PEOPLE_WORDS.split()), BODIES)
)
def test_no_request_of_a_person_is_a_500(alive: Alive, path: str, body: Json):
    real = {
        "guild_id": alive.place.guild_id,
        "channel_id": alive.place.channel_id,
        "user_id": alive.place.owner_id,
    }
    for given_body in (body, real | body, body | real):
        if path != "faults" or given_body.get("kind") != "slow":
            assert alive.run(alive.http.ask("POST", f"/playground/{path}", given_body)).status < 500


class Told:
    """A gateway client that rebuilds a channel from events alone, through lost sockets."""

    def __init__(self, http: Http, judge: DiscordOpenApi | None) -> None:
        self._http, self._judge = http, judge
        self._session: str | None = None
        self.seq = 0
        self.greeted = asyncio.Event()
        self.channels: dict[str, dict[str, Json]] = {}

    async def listen_until(self, mark: str) -> None:
        """Read events, resuming as often as the socket is lost, until a message says the mark."""
        async with asyncio.timeout(20):
            while not await self._one_socket(mark):
                pass

    async def _one_socket(self, mark: str) -> bool:
        url = self._http.url.replace("http", "ws", 1) + "/gateway"
        async with self._http.session.ws_connect(url) as socket:
            await socket.receive_json()
            login: Json = {"token": self._http.token, "intents": 53608447, "properties": {}}
            resume: Json = {"token": self._http.token, "session_id": self._session, "seq": self.seq}
            await socket.send_json({"op": 2, "d": login} if self._session is None else {"op": 6, "d": resume})
            async for message in socket:
                frame = message.json()
                if frame["op"] == 7:
                    await socket.close(code=4000)
                if frame["op"] == 0 and self._hear(frame, mark):
                    await socket.close(code=4000)
                    return True
        return False

    def _hear(self, frame: Json, mark: str) -> bool:
        assert frame["s"] == self.seq + 1
        self.seq = frame["s"]
        name, data = frame["t"], frame["d"]
        if self._judge is not None:
            assert self._judge.check_event(name, data) == []
        if name == "READY":
            self._session = data["session_id"]
            self.greeted.set()
        elif name in {"MESSAGE_CREATE", "MESSAGE_UPDATE"}:
            self.channels.setdefault(data["channel_id"], {})[data["id"]] = data
        elif name == "MESSAGE_DELETE":
            self.channels[data["channel_id"]].pop(data["id"])
        elif name.startswith("MESSAGE_REACTION_"):
            self._count(data, 1 if name.endswith("ADD") else -1)
        return name == "MESSAGE_CREATE" and data["content"] == mark

    def _count(self, data: Json, change: int) -> None:
        message = self.channels[data["channel_id"]][data["message_id"]]
        counts = message.setdefault("counts", {})
        counts[data["emoji"]["name"]] = counts.get(data["emoji"]["name"], 0) + change


STEPS = "post say edit delete press unpress thread archive lose drop limit cut pin"
STEP = st.tuples(st.sampled_from(STEPS.split()), st.integers(0, 50), st.sampled_from(EMOJIS))


class Actor:
    """Does the steps, and keeps what must be true then."""

    def __init__(self, alive: Alive, channel_id: str) -> None:
        self._http, self._place = alive.http, alive.place
        self.channel_id = channel_id
        self.said: dict[str, str] = {}
        self.pressed: dict[str, set[tuple[str, str]]] = {}
        self.mine: set[str] = set()
        self._archived = False
        self._next = 0

    async def do(self, step: str, number: int, emoji: str) -> None:
        if step in {"post", "say"}:
            await self._say(by_bot=step == "post")
        elif step in {"lose", "drop", "limit", "cut"}:
            await self._break(step)
        elif self.said:
            message_id = sorted(self.said)[number % len(self.said)]
            await getattr(self, f"_{step}")(message_id, emoji)

    async def _say(self, *, by_bot: bool) -> None:
        self._next += 1
        text = f"message {self._next}"
        if by_bot:
            body: Json = {
                "content": text,
                "nonce": f"{self.channel_id[-8:]}-{self._next}",
                "enforce_nonce": True,
            }
            said = (await self._insist("POST", f"/channels/{self.channel_id}/messages", body)).body
            self.mine.add(said["id"])
        else:
            say = {"channel_id": self.channel_id, "user_id": self._place.owner_id, "content": text}
            said = await self._http.person("POST", "/messages", say)
        self.said[said["id"]] = text

    async def _insist(self, method: str, path: str, body: Json | None = None) -> Any:
        """As a bot that retries what a fault took."""
        for _ in range(60):
            try:
                answer = await self._http.api(method, path, body)
            except aiohttp.ClientConnectionError:
                continue
            if answer.status != 429:
                return answer
        raise AssertionError("the faults did not end")

    async def _edit(self, message_id: str, _: str) -> None:
        path = f"/channels/{self.channel_id}/messages/{message_id}"
        answer = await self._insist("PATCH", path, {"content": "edited"})
        assert answer.status == (200 if message_id in self.mine else 403)
        if message_id in self.mine:
            self.said[message_id] = "edited"

    async def _delete(self, message_id: str, _: str) -> None:
        path = f"/channels/{self.channel_id}/messages/{message_id}"
        assert (await self._insist("DELETE", path)).status in {204, 404}
        del self.said[message_id]
        self.pressed.pop(message_id, None)

    async def _press(self, message_id: str, emoji: str) -> None:
        path = f"/channels/{self.channel_id}/messages/{message_id}/reactions/{emoji}/@me"
        assert (await self._insist("PUT", path)).status == 204
        press = {"channel_id": self.channel_id, "message_id": message_id, "user_id": self._place.owner_id}
        await self._http.person("POST", "/reactions", press | {"emoji": emoji})
        self.pressed.setdefault(message_id, set()).update({(emoji, BOT_ID), (emoji, self._place.owner_id)})

    async def _unpress(self, message_id: str, emoji: str) -> None:
        path = f"/channels/{self.channel_id}/messages/{message_id}/reactions/{emoji}/{self._place.owner_id}"
        assert (await self._insist("DELETE", path)).status in {204, 400}
        self.pressed.get(message_id, set()).discard((emoji, self._place.owner_id))

    async def _thread(self, message_id: str, _: str) -> None:
        path = f"/channels/{self.channel_id}/messages/{message_id}/threads"
        assert (await self._insist("POST", path, {"name": "t"})).status in {201, 400}

    async def _archive(self, message_id: str, _: str) -> None:
        answer = await self._insist("PATCH", f"/channels/{message_id}", {"archived": True})
        assert answer.status in {200, 404}

    async def _pin(self, message_id: str, _: str) -> None:
        path = f"/channels/{self.channel_id}/messages/pins/{message_id}"
        await self._insist("PUT", path)
        await self._insist("DELETE", path)

    async def _break(self, step: str) -> None:
        fault: Json = {
            "lose": {"kind": "lose_reply"},
            "drop": {"kind": "drop"},
            "limit": {"kind": "rate_limit", "seconds": 0},
            "cut": {"kind": "close", "code": 1006},
        }[step]
        await self._http.person("POST", "/faults", fault)


@settings(
    phases=[Phase.reuse, Phase.generate],
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEP, min_size=5, max_size=25))
def test_history_is_what_was_said_and_events_tell_the_same(
    alive: Alive, discord_openapi_if_there: DiscordOpenApi | None, steps: list[tuple[str, int, str]]
):
    alive.run(live(alive, discord_openapi_if_there, steps))


async def live(alive: Alive, judge: DiscordOpenApi | None, steps: list[tuple[str, int, str]]) -> None:
    http = alive.http
    made = await http.person("POST", "/channels", {"guild_id": alive.place.guild_id, "name": "law"})
    actor, told = Actor(alive, made["id"]), Told(http, judge)
    before = len(await http.log())
    async with asyncio.TaskGroup() as group:
        listening = group.create_task(told.listen_until(f"end of {made['id']}"))
        await told.greeted.wait()
        for step in steps:
            await actor.do(*step)
        await http.person("DELETE", "/faults")
        end = {"channel_id": made["id"], "user_id": alive.place.owner_id, "content": f"end of {made['id']}"}
        actor.said[(await http.person("POST", "/messages", end))["id"]] = end["content"]
        await listening

    history = [one for one in await http.messages(made["id"]) if one["type"] == 0]
    assert {one["id"]: one["content"] for one in history} == actor.said
    assert [int(one["id"]) for one in history] == sorted(int(one["id"]) for one in history)
    for one in history:
        pressed = {(r["emoji"]["name"], user) for r in one.get("reactions", []) for user in r["users"]}
        assert pressed == actor.pressed.get(one["id"], set())
        assert all(r["count"] == len(r["users"]) for r in one.get("reactions", []))
    heard = {one["id"]: one["content"] for one in told.channels[made["id"]].values() if one["type"] == 0}
    assert heard == actor.said
    log = (await http.log())[before:]
    assert not [one for one in log if one["status"] >= 500]
    if judge is not None:
        assert judge.check_exchanges(log) == []
