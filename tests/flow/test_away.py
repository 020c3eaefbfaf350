"""What people do while the bot is away is heard before it goes on."""

from pathlib import Path
from typing import Any

from bot.app import running
from bot.reporter import Pace
from playground import Playground
from tests.fakes import ScriptedModel
from tests.flow.conftest import settings_for
from tests.flow.people import People, attached

FINISH = ("finish", {"summary": "all done"})
EAGER = Pace(young_s=0.05)


def python(code: str) -> tuple[str, dict[str, Any]]:
    return ("run_python", {"code": code})


async def test_words_and_files_given_while_away_are_in_the_next_request(
    redis_url: str, people: People, tmp_path: Path, playground: Playground
):
    async with ScriptedModel.open() as model:
        settings = settings_for(playground, redis_url, model.base_url, tmp_path / "data")
        model.will("", python("import time; time.sleep(0.5)"))
        async with running(settings, pace=EAGER):
            await people.until_bot_is_ready()
            thread = await people.goal("work", autonomy="auto")
            await thread.says("run_python")
        mine = await thread.write("please in blue", files=[attached("late.csv", b"1,2\n")])
        model.will("", FINISH)
        slow = f"/channels/{thread.id}/messages"
        await people.post("/faults", kind="slow", method="GET", path=slow, seconds=0.7)
        async with running(settings, pace=EAGER):
            await thread.says("finished, unchecked")
        asked = [one["content"] for one in model.requests[1]["messages"] if one["role"] == "user"]
        assert sum("please in blue" in one and "inputs/late.csv" in one for one in asked) == 1
    assert mine["id"] in [one["id"] for one in await thread.messages()]


async def test_a_no_given_while_away_comes_before_the_act(
    redis_url: str, people: People, tmp_path: Path, playground: Playground
):
    async with ScriptedModel.open() as model:
        settings = settings_for(playground, redis_url, model.base_url, tmp_path / "data")
        model.will("", python("print('it ' + 'ran')"))
        async with running(settings, pace=EAGER):
            await people.until_bot_is_ready()
            thread = await people.goal("work")
            proposal = await thread.proposal()
        await thread.press(proposal, "✅")
        await thread.press(proposal, "❌")
        await thread.write("not on a Sunday")
        model.will("", FINISH)
        async with running(settings, pace=EAGER):
            await thread.says("finished, unchecked")
        assert "not on a Sunday" in str(model.requests[1]["messages"])
    assert "it ran" not in await thread.text()
