"""The world outlives the process, also a killed one; and what the start refuses."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from playground import Playground, PlaygroundError
from tests.playground.conftest import no_page
from tests.playground.people import Http, Json, http_on

SERVE = """
import asyncio, pathlib, sys
from playground import Playground
async def main():
    async with Playground(pathlib.Path(sys.argv[1]), 0, page=lambda app: None, rate_limits=False) as started:
        print(started.url, flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""


@asynccontextmanager
async def killed_at_the_end(data_dir: Path) -> AsyncGenerator[Http, None]:
    """A playground in a process of its own that ends by kill -9."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVE, str(data_dir), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        url = (await asyncio.wait_for(process.stdout.readline(), 30)).decode().strip()
        async with http_on(url) as http:
            yield http
    finally:
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()


async def test_the_world_is_the_same_after_kill_9(tmp_path: Path):
    async with killed_at_the_end(tmp_path) as http:
        await http.api("GET", "/users/@me")
        place = await http.place()
        say = {"channel_id": place.channel_id, "user_id": place.owner_id, "content": "hello"}
        said = await http.person("POST", "/messages", say | {"files": [{"name": "空.txt", "base64": "AAEC"}]})
        path = f"/channels/{place.channel_id}/messages/{said['id']}"
        await http.api("PUT", f"{path}/reactions/✅/@me")
        thread = (await http.api("POST", f"{path}/threads", {"name": "t"})).body
        await http.api(
            "PUT", "/applications/123456789012345678/commands", [{"name": "a", "description": "b"}]
        )
        await http.person("POST", "/clock", {"advance_s": 1000})
        posted = await http.api("POST", f"/channels/{thread['id']}/messages", {"content": "x", "nonce": "n"})
        before, state = await http.messages(place.channel_id), await http.state()
    async with killed_at_the_end(tmp_path) as http:
        assert _timeless(await http.messages(place.channel_id)) == _timeless(before)
        assert await http.state() == state
        url = (await http.messages(place.channel_id))[0]["attachments"][0]["url"]
        assert (await http.ask("GET", url.removeprefix(http.url))).body == b"\x00\x01\x02"
        again: Json = {"content": "x", "nonce": "n", "enforce_nonce": True}
        same = await http.api("POST", f"/channels/{thread['id']}/messages", again)
        assert same.body["id"] == posted.body["id"]
        newer = await http.api("POST", f"/channels/{thread['id']}/messages", {"content": "y"})
        assert int(newer.body["id"]) > int(posted.body["id"])


def _timeless(messages: list[Json]) -> list[Json]:
    """Without the signed addresses, which are new each time."""
    for message in messages:
        for attachment in message["attachments"]:
            attachment["url"] = attachment["proxy_url"] = ""
    return messages


async def test_a_taken_port_is_one_clear_sentence(tmp_path: Path):
    async with Playground(tmp_path / "one", 0, page=no_page) as first:
        port = int(first.url.rpartition(":")[2])
        with pytest.raises(PlaygroundError, match="PLAYGROUND_PORT"):
            await Playground(tmp_path / "two", port, page=no_page).__aenter__()


async def test_a_folder_in_use_or_unusable_is_one_clear_sentence(tmp_path: Path):
    async with Playground(tmp_path / "one", 0, page=no_page):
        with pytest.raises(PlaygroundError, match="another playground"):
            await Playground(tmp_path / "one", 0, page=no_page).__aenter__()
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(PlaygroundError, match="DATA_DIR"):
        await Playground(tmp_path / "file", 0, page=no_page).__aenter__()


async def test_it_can_be_started_again_in_the_same_process(tmp_path: Path):
    for _ in range(2):
        async with Playground(tmp_path, 0, page=no_page) as started, http_on(started.url) as http:
            assert len((await http.state())["guilds"]) == 1


async def test_who_started_it_is_told_of_a_moved_clock(tmp_path: Path):
    moved: list[float] = []
    async with (
        Playground(tmp_path, 0, page=no_page, on_clock_advance=moved.append) as started,
        http_on(started.url) as http,
    ):
        await http.person("POST", "/clock", {"advance_s": 90})
    assert moved == [90]


async def test_it_ends_at_once_with_everybody_still_connected(tmp_path: Path):
    async with contextlib.AsyncExitStack() as stack:
        started = await stack.enter_async_context(Playground(tmp_path, 0, page=no_page))
        async with http_on(started.url) as http:
            owner = (await http.place()).owner_id
            await http.session.get(f"{started.url}/playground/stream?user_id={owner}")
            socket = await http.session.ws_connect(started.url.replace("http", "ws", 1) + "/gateway")
            await socket.receive_json(timeout=5)
            async with asyncio.timeout(10):
                closing = asyncio.create_task(stack.aclose())
                assert (await socket.receive()).data == 1001
                await closing
