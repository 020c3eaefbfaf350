"""The bot is killed between two commits; the next start goes on, and the thread is as without."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from playground import Playground
from tests.fakes import ScriptedModel, Turn
from tests.flow.conftest import settings_for
from tests.flow.people import WAIT_S, People, Thread

ROOT = Path(__file__).parents[2]
TURNS = (
    Turn(text="First a plan.", calls=(("set_plan", {"items": [{"text": "count"}]}),)),
    Turn(text="Now I count.", calls=(("run_python", {"code": "print('one', 'two')"}),)),
    Turn(
        text="Then I write.",
        calls=(
            ("run_shell", {"command": "echo three >> count.txt; cat count.txt"}),
            ("deliver", {"paths": ["count.txt"], "note": "on the way"}),
        ),
    ),
    Turn(text="That is all.", calls=(("finish", {"summary": "counted to three"}),)),
)


@asynccontextmanager
async def bot(environment: dict[str, str], die_after: int) -> AsyncGenerator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.flow.victim", str(die_after), cwd=ROOT, env=environment
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(WAIT_S):
            await process.wait()


async def play(people: People, environment: dict[str, str], die_after: int) -> list[str]:
    """Run the goal, killed once; what the bot's messages say in the end, without their small print."""
    async with bot(environment, die_after) as first:
        await people.until_bot_is_ready()
        asking = asyncio.create_task(people.command("goal", text="count"))
        pressing = asyncio.create_task(_approve(people))
        if die_after:
            async with asyncio.timeout(WAIT_S):
                await first.wait()
            async with bot(environment, 0):
                thread = await pressing
                await _over(thread)
        else:
            await _over(await pressing)
        asking.cancel()
    thread = Thread(people=people, id=(await people.threads())[0]["id"])
    return [
        "\n".join(line for line in one["content"].split("\n") if not line.startswith("-#"))
        for one in await thread.messages()
        if one["author"].get("bot", False)
    ]


async def _approve(people: People) -> Thread:
    async with asyncio.timeout(WAIT_S):
        while not (threads := await people.threads()):  # noqa: ASYNC110 - another process acts
            await asyncio.sleep(0.05)
    thread = Thread(people=people, id=threads[0]["id"])
    await thread.press(await thread.proposal(), "✅")
    return thread


async def _over(thread: Thread) -> None:
    await thread.says("**finished, unchecked**")
    await thread.until(lambda one: "0.card" in one["content"] and "finished" in one["content"], "the card")


@pytest.mark.parametrize("die_after", [1, 2, 4, 6, 8, 10, 13, 16])
async def test_killed_between_two_commits_the_thread_is_as_without(
    die_after: int, playground: Playground, redis_url: str, tmp_path: Path, people: People
):
    async with ScriptedModel.open() as model:
        model.plays(*TURNS)
        settings = settings_for(playground, redis_url, model.base_url, tmp_path / "data")
        environment = {
            name.upper(): str(getattr(value, "get_secret_value", lambda value=value: value)())
            for name, value in settings.model_dump(exclude_defaults=True).items()
        }
        said = await play(people, {**environment, "PATH": "/usr/bin:/bin", "LEASE_S": "1"}, die_after)
    whole = "\n".join(said)
    for once in ("First a plan.", "Now I count.", "one two", "Then I write.", "That is all.", "on the way"):
        assert whole.count(once) == 1, f"{once!r} in\n{whole}"
    assert whole.count("\nthree\n") == 1
    assert whole.count("counted to three") == 1
