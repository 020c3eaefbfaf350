"""What docs/playground.md tells a reader to run does run."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from playground import Playground
from tests.playground.docs import example
from tests.playground.people import Http

DEADLINE_S = 20.0


@asynccontextmanager
async def script(path: Path, source: str) -> AsyncGenerator[asyncio.subprocess.Process, None]:
    path.write_text(source, "utf-8")  # noqa: ASYNC240 - a kilobyte
    process = await asyncio.create_subprocess_exec(sys.executable, str(path), stdout=asyncio.subprocess.PIPE)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def registered(http: Http, name: str) -> None:
    """Wait until a connected bot has a command of this name."""
    async with asyncio.timeout(DEADLINE_S):
        while not any(  # noqa: ASYNC110 - another process registers it
            bot["connected"] and name in {command["name"] for command in bot["commands"]}
            for bot in (await http.state())["bots"]
        ):
            await asyncio.sleep(0.05)


async def test_the_discord_py_bot_answers_the_person_of_the_test_example(
    server: Playground, http: Http, tmp_path: Path
):
    async with script(tmp_path / "bot.py", example("python", "MyBot", server.url)):
        await registered(http, "hello")
        person = example("python", "/playground/commands", server.url)
        async with script(tmp_path / "person.py", person) as process, asyncio.timeout(DEADLINE_S):
            output, _ = await process.communicate()
        assert output.decode().startswith("Hello, world! ")
