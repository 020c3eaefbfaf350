"""An ordinary discord.js bot lives here too: what both clients stumble over is the server's fault."""

import asyncio
import base64
import json
import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from playground import Playground
from tests.playground.people import Http, Json, bot_token

WAIT_S = 15.0


class JsBot:
    """The bot's process and what it tells."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def next(self, event: str) -> Json:
        """The next thing told of an event; an error that it tells fails the test."""
        assert self.process.stdout is not None
        async with asyncio.timeout(WAIT_S):
            while True:
                line = await self.process.stdout.readline()
                assert line, "the bot has ended"
                told: Json = json.loads(line)
                assert told["event"] != "error", told
                if told["event"] == event:
                    return told


@pytest.fixture
async def bot(server: Playground, modules: Path) -> AsyncGenerator[JsBot, None]:
    script = Path(__file__).with_name("bot.js")
    environment = {"NODE_PATH": str(modules), "PATH": str(Path(shutil.which("node") or "").parent)}
    process = await asyncio.create_subprocess_exec(
        "node", str(script), server.url, bot_token(), stdout=asyncio.subprocess.PIPE, env=environment
    )
    try:
        yield JsBot(process)
    finally:
        process.kill()
        await process.wait()


async def test_a_discord_js_bot_behaves_as_on_discord(bot: JsBot, http: Http):
    ready = await bot.next("ready")
    place = await http.place()
    assert ready == {"event": "ready", "guilds": 1, "members": len(place.people)}

    guild = (await http.state())["guilds"][0]
    role_id = next(role["id"] for role in guild["roles"] if role["name"] == "Goalkeeper")
    options = {
        "text": "hello", "whole": 3, "truth": True, "user": place.people["sasha"], "role": role_id,
        "channel": place.channel_id, "either": role_id, "number": 2.5,
    }  # fmt: skip
    files = [{"name": "数.csv", "base64": base64.b64encode(b"1,2\n").decode()}]
    answer = await http.person("POST", "/commands", place.by_owner(name="all", options=options, files=files))
    assert json.loads(answer["response"]["content"]) == options | {
        "user": "Sasha", "role": "Goalkeeper", "either": "Goalkeeper", "channel": "playground",
        "file": base64.b64encode(b"1,2\n").decode(), "name": "数.csv",
    }  # fmt: skip
    assert (await bot.next("followed"))["ephemeral"]
    typed = place.by_owner(name="all", option="text", value="r", options={})
    offered = await http.person("POST", "/autocomplete", typed)
    assert [one["value"] for one in offered["choices"]] == ["red", "rose"]
    leaf = await http.person("POST", "/commands", place.by_owner(name="group inner leaf"))
    assert leaf["response"]["content"] == "inner leaf"

    shown = await http.person("POST", "/commands", place.by_owner(name="panel"))
    press = place.by_owner(message_id=shown["response"]["id"])
    chosen = await http.person("POST", "/components", press | {"custom_id": "choose", "values": ["b"]})
    modal = await http.person("POST", "/components", press | {"custom_id": "explain"})
    filled = {
        "interaction_id": modal["interaction_id"],
        "user_id": place.owner_id,
        "values": {"reason": "so"},
    }
    done = await http.person("POST", "/modals", filled)
    pressed = await http.person("POST", "/components", press | {"custom_id": "press"})
    assert chosen["response"]["content"] == "chose b"
    assert done["response"]["content"] == "because so"
    assert (pressed["response"]["content"], pressed["response"]["components"]) == ("pressed", [])

    await http.person("POST", "/commands", place.by_owner(name="thread"))
    asked = await bot.next("asked")
    vote = {"channel_id": asked["thread"], "message_id": asked["message"], "user_id": place.owner_id}
    await http.person("POST", "/reactions", vote | {"emoji": "✅"})
    assert (await bot.next("decided"))["emoji"] == "✅"
    say = {"channel_id": asked["thread"], "user_id": place.owner_id, "content": "wake up"}
    await http.person("POST", "/messages", say)
    heard = await bot.next("message")
    while heard["content"] != "wake up":
        heard = await bot.next("message")
    assert (heard["channel"], heard["archived"]) == ("work", False)

    await http.person("POST", "/faults", {"kind": "reconnect"})
    await http.person("POST", "/messages", say | {"content": "while away"})
    heard = await bot.next("message")
    assert heard["content"] == "while away"
    await http.person("POST", "/faults", {"kind": "close", "code": 1006})
    await bot.next("resumed")
