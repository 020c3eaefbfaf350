"""A contract, from the plan card to the end."""

from typing import Any

from tests.flow.conftest import Stage

CHECK = {"name": "has three lines", "code": "assert len(open('out.txt').readlines()) == 3"}


def write(content: str) -> tuple[str, dict[str, Any]]:
    return ("write_file", {"path": "out.txt", "content": content})


def finish() -> tuple[str, dict[str, Any]]:
    return ("finish", {"summary": "all done", "files": ["out.txt"]})


async def test_a_contract_is_agreed_on_the_plan_card_and_decides_the_end(stage: Stage):
    stage.model.will("I propose", ("set_contract", {"checks": [CHECK]}))
    thread = await stage.people.goal("three lines")
    card = await thread.proposal()
    assert "has three lines" in card["content"]
    stage.model.will("", write("1\n2\n"), finish())
    await thread.press(card, "✅")
    request = await stage.model.asked(3)
    assert "has three lines" in request["messages"][-1]["content"]
    stage.model.will("", write("1\n2\n3\n"), finish())
    closing = await thread.until(
        lambda one: one["author"].get("bot", False) and "**finished**" in one["content"], "finished"
    )
    assert "unchecked" not in closing["content"]
    assert await thread.file("out.txt") == b"1\n2\n3\n"


async def test_a_check_that_passes_before_the_work_is_sent_back(stage: Stage):
    stage.model.will("", ("set_contract", {"checks": [{"name": "easy", "code": "pass"}]}))
    thread = await stage.people.goal("be easy", autonomy="auto")
    request = await stage.model.asked(2)
    assert "easy" in request["messages"][-1]["content"]
    assert (await stage.state(thread)).contract is None


async def test_a_check_without_code_is_judged_by_a_person(stage: Stage):
    checks = [{"name": "it looks nice", "code": ""}]
    stage.model.will("", ("set_contract", {"checks": checks}))
    stage.model.will("", write("x"), finish())
    thread = await stage.people.goal("be nice", autonomy="auto")
    judging = await thread.proposal()
    assert "it looks nice" in judging["content"]
    stage.model.will("", finish())
    await thread.write("make it nicer")
    request = await stage.model.asked(3)
    assert "make it nicer" in str(request["messages"][-2:])
    await thread.press(await thread.proposal(2), "✅")
    await thread.until(lambda one: "**finished**" in one["content"], "finished")
