"""What a person waits for, with a model that answers at once: `python -m benchmarks.goal`.

Discord is the playground without its pacing, in this process; Redis, sandbox and discord.py are real.
"""

import asyncio
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from agent_core.control import Control
from agent_core.events import ActionStarted, Ended, Thought
from agent_core.storage.embedded import EmbeddedRedis
from bot.app import running
from bot.app.outside import playground_token
from bot.settings import load
from playground import Playground
from tests.fakes import ScriptedModel, Turn
from tests.flow.people import People, Thread

TIMES = 50
STEERED = 10

FINISH = Turn(text="done", calls=(("finish", {"summary": "done"}),))
RUN = Turn(text="run", calls=(("run_python", {"code": "print('here it is')"}),))
NOTES = [
    Turn(text="note", calls=(("write_file", {"path": "notes.txt", "content": f"step {number}"}),))
    for number in range(TIMES)
]
"""Steps that differ, as a session's do: one that repeats itself is stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A bot on the playground."""

    people: People
    model: ScriptedModel
    control: Control


@asynccontextmanager
async def bench(folder: Path) -> AsyncGenerator[Bench]:
    """Everything up."""
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(EmbeddedRedis(folder))
        playground = await stack.enter_async_context(Playground(folder / "playground", 0, rate_limits=False))
        model = await stack.enter_async_context(ScriptedModel.open())
        environment = {
            "DISCORD_TOKEN": playground_token(),
            "DISCORD_API_URL": playground.api_url,
            "REDIS_URL": redis.url,
            "DATA_DIR": str(folder / "data"),
            "OPENAI_BASE_URL": model.base_url,
            "MODEL_PROBE": "0",
            "MODEL_PRICES": "free",
            "LOG_LEVEL": "ERROR",
        }
        up = await stack.enter_async_context(running(load(environment, env_file=None)))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        people = await People(http=http, url=playground.url).new_server("bench")
        await people.until_bot_is_ready()
        yield Bench(people=people, model=model, control=up.control)


async def command_and_yes(on: Bench) -> tuple[list[float], list[float], list[float]]:
    """Seconds from a command to its thread, and from the press to the action and to the posted result."""
    to_thread: list[float] = []
    to_action: list[float] = []
    to_result: list[float] = []
    on.model.plays(RUN, FINISH)
    for number in range(TIMES):
        seen = len(await on.people.log())
        asked = time.time()
        thread = await on.people.goal(f"goal {number}")
        proposal = await thread.proposal()
        pressed = time.time()
        await thread.press(proposal, "✅")
        await thread.says("here it is\n```")
        await thread.says("finished, unchecked")
        log = (await on.people.log())[seen:]
        to_thread.append(next(one["at"] for one in log if one["path"].endswith("/threads")) - asked)
        to_result.append(next(one["at"] for one in log if _result(one, thread)) - pressed)
        to_action.append(await _started(on, thread) - pressed)
    return to_thread, to_action, to_result


async def _started(on: Bench, thread: Thread) -> float:
    ref = await on.control.by_thread(on.people.guild_id, thread.id)
    if ref is None:
        raise LookupError(thread.id)
    commits = await on.control.commits(ref)
    return next(one.at for one in commits if any(isinstance(event, ActionStarted) for event in one.events))


async def steering_in_the_next_request(on: Bench) -> tuple[int, int]:
    """How often words said while a step ran are in the very next request, and how often they were said."""
    found = 0
    slow = Turn(text="run", calls=(("run_python", {"code": "import time; time.sleep(0.3)"}),))
    on.model.plays(slow, FINISH, FINISH)
    for number in range(STEERED):
        before = len(on.model.requests)
        thread = await on.people.goal(f"steered {number}", autonomy="auto")
        await on.model.asked(before + 1)
        await thread.write(f"words {number}.")
        await thread.says("finished, unchecked")
        found += f"words {number}." in str(on.model.requests[before + 1]["messages"])
    return found, STEERED


def _result(exchange: dict[str, object], thread: Thread) -> bool:
    posted = exchange["method"] == "POST" and str(exchange["path"]).endswith(f"/{thread.id}/messages")
    return posted and "exit code 0" in str(exchange["request"])


async def seconds_a_step(on: Bench) -> list[float]:
    """Seconds between two thoughts of a session whose steps do next to nothing."""
    on.model.plays(*NOTES, FINISH)
    thread = await on.people.goal("many steps", autonomy="auto")
    await thread.says("finished, unchecked")
    ref = await on.control.by_thread(on.people.guild_id, thread.id)
    if ref is None:
        raise LookupError(thread.id)
    thoughts = [
        commit.at
        for commit in await on.control.commits(ref)
        if any(isinstance(event, Thought | Ended) for event in commit.events)
    ]
    return [after - before for before, after in itertools.pairwise(thoughts)]


async def cold_python_s() -> float:
    """Median seconds of a bare `python -I -c pass`, so that the figures can be set against this machine."""
    took: list[float] = []
    for _ in range(20):
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(sys.executable, "-I", "-c", "pass")
        await process.wait()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def show(name: str, took: list[float], unit_s: float) -> None:
    """One line: median, 95th percentile, and the ratio to a cold Python."""
    median, high = statistics.median(took), sorted(took)[int(len(took) * 0.95) - 1]
    print(
        f"{name:28} median {median * 1000:7.1f} ms   p95 {high * 1000:7.1f} ms"
        f"   {median / unit_s:5.2f} x a cold python   n={len(took)}",
        flush=True,
    )


async def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        async with bench(Path(folder)) as on:
            unit_s = await cold_python_s()
            to_thread, to_action, to_result = await command_and_yes(on)
            show("command to thread", to_thread, unit_s)
            show("yes to action", to_action, unit_s)
            show("yes to result posted", to_result, unit_s)
            show("a step, shown in its thread", await seconds_a_step(on), unit_s)
            seen, said = await steering_in_the_next_request(on)
            print(f"steering seen by the next step: {seen} of {said}")


if __name__ == "__main__":
    asyncio.run(main())
