"""The discord.js example of docs/playground.md runs as it stands there."""

import asyncio
import shutil
from pathlib import Path

from playground import Playground
from tests.playground.docs import example
from tests.playground.people import Http
from tests.playground.test_docs import registered


async def test_the_discord_js_bot_answers(server: Playground, http: Http, modules: Path, tmp_path: Path):
    path = tmp_path / "bot.js"
    path.write_text(example("js", "discord.js", server.url), "utf-8")
    environment = {"NODE_PATH": str(modules), "PATH": str(Path(shutil.which("node") or "").parent)}
    process = await asyncio.create_subprocess_exec("node", str(path), env=environment)
    try:
        await registered(http, "hello")
        place = await http.place()
        answer = await http.person(
            "POST", "/commands", place.by_owner(name="hello", options={"name": "world"})
        )
        assert answer["response"]["content"] == "Hello, world!"
    finally:
        process.kill()
        await process.wait()
