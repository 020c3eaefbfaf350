"""Many goals at once: Discord's own pace is kept, so that it never has to say no."""

import asyncio
import re
from pathlib import Path

from bot.app import running
from bot.reporter import Pace
from playground import Playground
from tests.fakes import ScriptedModel, Turn
from tests.flow.conftest import settings_for
from tests.flow.people import Json, People

GOALS = 6


async def test_a_start_with_many_open_proposals_stays_below_the_limit_of_discord(
    redis_url: str, people: People, tmp_path: Path, playground: Playground
):
    async with ScriptedModel.open() as model:
        run = ("run_python", {"code": "print(1)"})
        model.plays(Turn(calls=(run,)), Turn(calls=(("finish", {"summary": "done"}),)))
        settings = settings_for(playground, redis_url, model.base_url, tmp_path / "data")
        async with running(settings, pace=Pace(young_s=0.05)):
            await people.until_bot_is_ready()
            async with asyncio.TaskGroup() as group:
                started = [group.create_task(people.goal(f"goal {number}")) for number in range(GOALS)]
            threads = [one.result() for one in started]
            proposals = [await thread.proposal() for thread in threads]
        for thread, proposal in zip(threads, proposals, strict=True):
            await thread.press(proposal, "✅")
        before = len(await people.log())
        async with running(settings, pace=Pace(young_s=0.05)):
            for thread in threads:
                await thread.says("finished, unchecked")
    log = await people.log()
    assert busiest_second(log[:before]) <= 50
    assert busiest_second(log[before:]) <= 50
    looked = [one for one in log[before:] if one["method"] == "GET" and "/reactions/" in one["path"]]
    assert len(looked) == GOALS, "only what people pressed is looked up, and once"


def busiest_second(log: list[Json]) -> int:
    """The most requests in any second, of those that Discord counts."""
    counted = [one["at"] for one in log if not re.search("/(interactions|webhooks)/", one["path"])]
    return max(sum(at <= other < at + 1 for other in counted) for at in counted)
