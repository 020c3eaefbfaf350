"""A process is killed right after a commit, whichever it is: the goal goes on as if nothing had been.

CI tries a few, chosen anew each time; `make chaos` tries every one.
"""

import asyncio
import difflib
import random
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import get_args

from agent_core.events import Event
from tests.chaos.meaning import Meaning, meaning
from tests.chaos.script import STEPS_GRANTED, Script, play, play_stopped
from tests.chaos.stage import Chaos, chaos

SAMPLED = 2
AT_ONCE = 6


@asynccontextmanager
async def two_workers(folder: Path) -> AsyncGenerator[tuple[Chaos, Script]]:
    """A gateway and two workers, started again whenever they die."""
    async with chaos(folder, SESSION_STEPS=str(STEPS_GRANTED)) as stage:
        script = Script()
        stage.model.will_always(script.reply)
        await stage.start_two_workers()
        keeping = asyncio.create_task(stage.keep_alive())
        try:
            yield stage, script
        finally:
            keeping.cancel()
            await asyncio.wait({keeping})


async def goal(stage: Chaos, script: Script, version: int) -> Meaning:
    """The goal, whose process is killed after this commit; 0: it lives."""
    own = await _own_server(stage)
    return await meaning(own, *await play(own, script, f"goal-x{version}"))


async def stopped(stage: Chaos, version: int) -> Meaning:
    """The same for a goal that somebody stops."""
    own = await _own_server(stage)
    return await meaning(own, *await play_stopped(own, f"goal-x{version}"))


async def _own_server(stage: Chaos) -> Chaos:
    """A server for one goal alone: what others leave in a server's memory would be another goal's."""
    return replace(stage, people=await stage.people.new_server("own"))


def _difference(killed: Meaning, calm: Meaning) -> str:
    before, after = ("\n".join((*one.events, *map(str, one.files), *one.posts)) for one in (calm, killed))
    rows = difflib.unified_diff(before.split("\n"), after.split("\n"), "calm", "killed", lineterm="", n=1)
    return "\n".join(rows)[:3000]


def same(killed: Meaning, calm: Meaning, version: int) -> None:
    """Raises AssertionError where the two differ by more than they may."""
    about = f"killed after commit {version}: {_difference(killed, calm)}"
    assert killed.events == calm.events, about
    assert killed.files == calm.files, about
    assert killed.posts == calm.posts, about
    assert len(set(killed.world)) == len(killed.world), f"{about}: done twice"
    assert set(killed.world) <= set(calm.world), about
    assert len(calm.world) - len(killed.world) <= killed.cut <= len(calm.world), about


async def check(folder: Path, sampled: int | None, rng: random.Random) -> int:
    """Kill after so many commits, or after each; how many those were."""
    async with two_workers(folder) as (stage, script):
        calm = await goal(stage, script, 0)
        kinds = set(re.findall(r"'kind': '(\w+)'}", "\n".join(calm.events)))
        every = {one.__dataclass_fields__["kind"].default for one in get_args(Event)}
        print("not in the goal:", *sorted(every - kinds))
        every_one = range(1, calm.commits + 1)
        todo = list(every_one) if sampled is None else rng.sample(every_one, sampled)
        for at in range(0, len(todo), AT_ONCE):
            async with asyncio.TaskGroup() as group:
                goals = {
                    version: group.create_task(goal(stage, script, version))
                    for version in todo[at : at + AT_ONCE]
                }
            for version, one in goals.items():
                same(one.result(), calm, version)
        return len(todo) + await check_stopped(stage, sampled, rng)


async def check_stopped(stage: Chaos, sampled: int | None, rng: random.Random) -> int:
    """The same for the goal that is stopped."""
    calm = await stopped(stage, 0)
    every_one = range(1, calm.commits + 1)
    todo = list(every_one) if sampled is None else rng.sample(every_one, 1)
    for version in todo:
        same(await stopped(stage, version), calm, version)
    return len(todo)


async def test_killed_after_a_commit_the_goal_is_as_without(tmp_path: Path):
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    rng = random.Random(seed)  # noqa: S311 - chance, not secrecy
    await check(tmp_path, SAMPLED, rng)
