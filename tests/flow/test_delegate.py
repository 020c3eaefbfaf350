"""A goal hands a piece of its work to a session of its own; people see and decide in the goal's thread."""

from typing import Any

from tests.flow.conftest import Stage

FINISH = ("finish", {"summary": "all done"})


def delegate(goal: str) -> tuple[str, dict[str, Any]]:
    return ("delegate", {"goal": goal})


async def test_a_delegate_is_shown_in_the_thread_of_its_goal_and_asks_there(stage: Stage):
    stage.model.will("I hand this on", delegate("count to three in count.txt"))
    stage.model.will("I count", ("run_python", {"code": "open('count.txt', 'w').write('1 2 3')"}))
    stage.model.will("", ("finish", {"summary": "It counts to three.", "files": ["count.txt"]}))
    stage.model.will("", ("finish", {"summary": "all done", "files": ["count.txt"]}))
    thread = await stage.people.goal("count")
    await thread.says("delegated:")
    proposal = await thread.proposal()
    assert "count.txt" in proposal["content"]
    state = await stage.state(thread)
    assert state.waiting == "decision"
    sessions = await stage.people.command("sessions")
    assert sessions["content"].count("<#") == 1
    await thread.press(proposal, "✅")
    await thread.says("It counts to three.")
    await thread.says("finished, unchecked")
    assert await thread.file("count.txt") == b"1 2 3"
    text = await thread.text()
    assert "the delegate has finished" in text
    assert "allowed once by" in text


async def test_words_while_a_delegate_asks_reject_what_it_wants(stage: Stage):
    stage.model.will("", delegate("compute"))
    stage.model.will("", ("run_python", {"code": "print(1)"}))
    thread = await stage.people.goal("work")
    await thread.proposal()
    stage.model.will("", ("finish", {"summary": "I did not compute."}))
    stage.model.will("", FINISH)
    await thread.write("do it by hand")
    await thread.says("I did not compute.")
    await thread.says("finished, unchecked")
    (answer,) = [one for one in stage.model.requests[2]["messages"] if one["role"] == "tool"]
    assert answer["content"].endswith("do it by hand")


async def test_a_goal_that_is_stopped_takes_its_delegate_along(stage: Stage):
    stage.model.will("", delegate("think"))
    thread = await stage.people.goal("work")
    await stage.model.asked(2)
    await stage.people.command("stop", channel_id=thread.id)
    await thread.says("Stopped by")
    state = await stage.state(thread)
    child = await stage.control.read(state.ref.sub("1.1"))
    assert child.ended is not None
