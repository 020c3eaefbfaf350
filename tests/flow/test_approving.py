"""Who may let an action run, and how, over the wire."""

from typing import Any

import pytest

from tests.flow.conftest import Stage
from tests.flow.people import emoji_of

FINISH = ("finish", {"summary": "all done"})


def python(code: str) -> tuple[str, dict[str, Any]]:
    return ("run_python", {"code": code})


async def test_nothing_runs_before_a_yes_and_then_it_does(stage: Stage):
    stage.model.will("I print", python("print('printed', 6 * 7)"))
    thread = await stage.people.goal("print something")
    proposal = await thread.proposal()
    assert "printed 42" not in await thread.text()
    assert len(stage.model.requests) == 1
    stage.model.will("I am done", FINISH)
    await thread.press(proposal, "✅")
    await thread.says("printed 42")
    await thread.says("finished, unchecked")


async def test_in_guarded_the_next_run_does_not_ask(stage: Stage):
    stage.model.will("one", python("print('first')"))
    stage.model.will("two", python("print('second')"))
    stage.model.will("end", FINISH)
    thread = await stage.people.goal("run twice")
    await thread.press(await thread.proposal(), "✅")
    await thread.says("finished, unchecked")
    proposals = [one for one in await thread.messages() if "🔁" in emoji_of(one)]
    assert len(proposals) == 1


async def test_in_ask_each_run_asks(stage: Stage):
    thread_goal = stage.people.goal("run twice", autonomy="ask")
    stage.model.will("one", python("print('first')"))
    stage.model.will("two", python("print('second')"))
    stage.model.will("end", FINISH)
    thread = await thread_goal
    await thread.press(await thread.proposal(1), "✅")
    second = await thread.proposal(2)
    assert "exit code 0\nsecond" not in await thread.text()
    await thread.press(second, "✅")
    await thread.says("finished, unchecked")


async def test_a_strangers_reaction_changes_nothing_and_is_taken_off(stage: Stage):
    stranger = await stage.people.member("Mallory")
    stage.model.will("one", python("print('first')"))
    thread = await stage.people.goal("run once")
    proposal = await thread.proposal()
    await thread.press(proposal, "✅", stranger)
    await thread.until(
        lambda one: (
            one["id"] == proposal["id"]
            and all(stranger not in reaction["users"] for reaction in one["reactions"])
        ),
        "taken off",
    )
    assert (await stage.state(thread)).waiting == "decision"


async def test_a_reply_to_an_open_proposal_rejects_it_and_the_model_gets_the_text(stage: Stage):
    stage.model.will("one", python("print('first')"))
    stage.model.will("understood", FINISH)
    thread = await stage.people.goal("run once")
    proposal = await thread.proposal()
    await thread.write("not like that, use seven", reply_to=proposal["id"])
    await thread.says("finished, unchecked")
    second = stage.model.requests[1]["messages"]
    assert any(one["role"] == "tool" and "use seven" in one["content"] for one in second)
    assert sum(one["role"] == "user" and "use seven" in one["content"] for one in second) == 1


@pytest.mark.parametrize("first", ["✅", "❌"])
async def test_a_no_beats_a_yes(stage: Stage, first: str):
    other = await stage.people.member("Olga", permissions=str(1 << 5 | 1 << 10 | 1 << 11 | 1 << 16 | 1 << 38))
    stage.model.will("one", python("print('first')"))
    stage.model.will("understood", FINISH)
    thread = await stage.people.goal("run once", autonomy="ask")
    proposal = await thread.proposal()
    if first == "❌":
        await thread.press(proposal, "❌")
        await thread.press(proposal, "✅", other)
        await thread.write("because")
        await thread.says("finished, unchecked")
        assert "exit code" not in await thread.text()
    else:
        await thread.press(proposal, "✅", other)
        await thread.says("finished, unchecked")


async def test_stop_by_emoji_ends_the_goal(stage: Stage):
    stage.model.will("one", python("print('first')"))
    thread = await stage.people.goal("run once")
    await thread.press(await thread.proposal(), "🛑")
    await thread.says("stopped")
    assert "exit code" not in await thread.text()


async def test_always_is_confirmed_by_a_second_press_on_the_rule(stage: Stage):
    stage.model.will("one", python("print('first')"))
    stage.model.will("two", python("print('second')"))
    stage.model.will("end", FINISH)
    thread = await stage.people.goal("run twice", autonomy="ask")
    await thread.press(await thread.proposal(), "🔁")
    rule = await thread.until(
        lambda one: "run_python" in one["content"] and emoji_of(one) == {"🔁"}, "the rule"
    )
    assert "exit code" not in await thread.text()
    await thread.press(rule, "🔁")
    await thread.says("finished, unchecked")


async def test_five_lets_five_through_and_no_more(stage: Stage):
    for number in range(1, 7):
        stage.model.will(f"run {number}", python(f"print('ran', {number})"))
    thread = await stage.people.goal("run often", autonomy="ask")
    await thread.press(await thread.proposal(1), "5️⃣")
    await thread.says("ran 5")
    await thread.proposal(2)
    assert "exit code 0\nran 6" not in await thread.text()
