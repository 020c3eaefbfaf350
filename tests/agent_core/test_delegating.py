"""A goal hands a piece of its work to a session of its own: everything real but the model."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent_core.below import Delegated, Rejoined
from agent_core.events import CallReserved, CallSettled, DecisionWithdrawn, Event, Observed
from agent_core.session import State
from agent_core.signals import PauseAsked, ResumeAsked
from agent_core.storage import Storage
from agent_core.values import Autonomy, Limits, Right, SessionRef, Status
from tests.agent_core.office import ANN, WAIT_S, Office, open_office
from tests.fakes import Request

FINISH = ("finish", {"summary": "done"})


def delegate(goal: str) -> tuple[str, dict[str, Any]]:
    return ("delegate", {"goal": goal})


def python(code: str) -> tuple[str, dict[str, Any]]:
    return ("run_python", {"code": code})


def told(request: Request) -> list[str]:
    """What the tools have said, in this request."""
    return [one["content"] for one in request["messages"] if one["role"] == "tool"]


async def events(office: Office, ref: SessionRef) -> list[Event]:
    return [event for commit in await office.control.commits(ref) for event in commit.events]


async def until(wanted: Callable[[], bool]) -> None:
    """Until it is so."""
    async with asyncio.timeout(WAIT_S):
        while not wanted():  # noqa: ASYNC110 - a worker acts
            await asyncio.sleep(0.01)


async def below(office: Office, ref: SessionRef, key: str = "1.1") -> State:
    """The sub-session that does this action, once it is there."""
    async with asyncio.timeout(WAIT_S):
        while (state := await office.control.storage.states.load(ref.sub(key))) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return state


async def test_a_delegate_has_its_own_context_and_hands_back_a_paragraph_and_its_files(office: Office):
    ref = await office.start("write a book")
    office.model.will("", ("write_file", {"path": "a.txt", "content": "mine"}))
    office.model.will("secret thoughts of the parent", delegate("count the words of a.txt"))
    office.model.will("", python("open('count.md', 'w').write('1'); open('a.txt', 'a').write(' and yours')"))
    office.model.will("", ("finish", {"summary": "There is one word.", "files": ["count.md", "a.txt"]}))
    office.model.will("", FINISH)
    state = await office.until(ref, Status.FINISHED)
    asked = office.model.requests[2]
    assert "secret thoughts" not in str(asked["messages"])
    assert "write a book" not in str(asked["messages"])
    assert "count the words of a.txt" in asked["messages"][1]["content"]
    offered = {one["function"]["name"] for one in asked["tools"]}
    assert {"run_python", "finish"} <= offered
    assert not offered & {"ask", "delegate", "set_contract", "deliver"}
    answer = told(office.model.requests[4])[-1]
    assert answer.startswith("There is one word.")
    assert await office.content(state, "count.md") == b"1"
    assert await office.content(state, "a.txt") == b"mine"
    assert await office.content(state, "delegate/2.1/a.txt") == b"mine and yours"
    assert "delegate/2.1/a.txt" in answer


async def test_while_its_delegate_works_the_goal_waits_and_is_the_only_one_that_is_listed(office: Office):
    ref = await office.start()
    office.model.will("", delegate("think"))
    await office.model.asked(2)
    state = await office.until(ref, "delegate")
    assert state.status is Status.WAITING
    assert await office.control.live("10") == [ref]
    assert await office.control.recent("10", 5) == [ref]
    assert [one.ref for one in await office.control.live_states("10")] == [ref]
    office.model.will("", FINISH)
    office.model.will("", FINISH)
    await office.until(ref, Status.FINISHED)
    await until(lambda: ref in office.ended)
    assert set(office.ended) == {ref, ref.sub("1.1")}


async def test_what_a_delegate_may_spend_is_held_from_its_goal_and_settled_with_what_it_cost(office: Office):
    ref = await office.start()
    office.model.will("", delegate("think"))
    office.model.will("", ("write_file", {"path": "x", "content": "y"}))
    office.model.will("", FINISH)
    office.model.will("", FINISH)
    state = await office.until(ref, Status.FINISHED)
    child = await below(office, ref)
    happened = await events(office, ref)
    held = [one for one in happened if isinstance(one, CallReserved) and one.purpose == "delegate"]
    settled = [one for one in happened if isinstance(one, CallSettled) and one.purpose == "delegate"]
    assert len(held) == len(settled) == 1
    assert held[0].tokens == child.limits.tokens < state.limits.tokens
    assert settled[0].usage == child.usage
    assert state.usage.total_tokens == 4 * 110  # the goal's two requests and the delegate's two
    assert state.spending.open == {}


async def test_a_delegate_that_was_begun_and_left_is_found_again(office: Office):
    """The worker died after it wrote that there is to be one, and before it began it."""
    ref = await office.start()
    office.model.will("", delegate("think"))
    child = await below(office, ref)
    assert child.started.goal == "think"
    for _ in range(3):
        await office.control.wake(ref)
    office.model.will("", FINISH)
    office.model.will("", FINISH)
    await office.until(ref, Status.FINISHED)
    happened = await events(office, ref)
    assert sum(isinstance(one, Delegated) for one in happened) == 1
    assert sum(isinstance(one, Rejoined) for one in happened) == 1
    assert sum(isinstance(one, Observed) for one in happened) == 1


async def test_stopping_the_goal_stops_its_delegate_first(office: Office):
    ref = await office.start()
    office.model.will("", delegate("think"))
    await office.model.asked(2)
    await office.stop(ref)
    state = await office.until(ref, Status.STOPPED)
    child = await below(office, ref)
    assert child.status is Status.STOPPED
    assert state.spending.open == {}
    happened = await events(office, ref)
    assert [one.status for one in happened if isinstance(one, Rejoined)] == [Status.STOPPED]


async def test_pausing_the_goal_pauses_its_delegate_and_resuming_lets_it_go_on(office: Office):
    ref = await office.start()
    office.model.will("", delegate("think"))
    await office.model.asked(2)
    await office.control.signal(ref, PauseAsked(by="Ann", reason="Ann paused it."))
    office.model.will("", ("write_file", {"path": "x", "content": "y"}))
    await office.until(ref.sub("1.1"), Status.PAUSED)
    await office.until(ref, Status.PAUSED)
    assert len(office.model.requests) == 2
    office.model.will("", FINISH)
    office.model.will("", FINISH)
    await office.control.signal(ref, ResumeAsked(person=ANN))
    await office.until(ref, Status.FINISHED)


async def test_a_delegates_action_is_proposed_by_the_goal_and_a_yes_goes_down(office: Office):
    ref = await office.start(autonomy=Autonomy.ASK)
    office.model.will("", delegate("compute"))
    office.model.will("", python("print(6 * 7)"))
    state = await office.until(ref, "decision")
    asked = state.pending[0]
    assert (asked.key, asked.action.name) == ("1.1~1.1", "run_python")
    office.model.will("", FINISH)
    office.model.will("", FINISH)
    await office.press(ref, "✅")
    await office.until(ref, Status.FINISHED)
    assert told(office.model.requests[2]) == ["exit code 0\n42"]


async def test_a_no_with_words_goes_down_to_the_delegate(office: Office):
    ref = await office.start(autonomy=Autonomy.ASK)
    office.model.will("", delegate("compute"))
    office.model.will("", python("print(6 * 7)"))
    await office.until(ref, "decision")
    office.model.will("", FINISH)
    office.model.will("", FINISH)
    await office.say(ref, "not like this")
    await office.until(ref, Status.FINISHED)
    assert told(office.model.requests[2]) == ["Rejected by Ann: not like this"]


async def test_the_next_four_are_counted_above_whoever_uses_them(office: Office):
    ref = await office.start(autonomy=Autonomy.ASK)
    office.model.will("", python("print(1)"))
    office.model.will("", delegate("compute"))
    office.model.will("", python("print(2)"), python("print(3)"), python("print(4)"))
    office.model.will("", FINISH)
    office.model.will("", python("print(5)"))
    office.model.will("", python("print(6)"))
    await office.press(ref, "5️⃣")
    await office.model.asked(6)
    state = await office.until(ref, "decision")
    assert state.five_left == 0
    assert state.pending[0].action.arguments == {"code": "print(6)"}
    office.model.will("", FINISH)
    await office.press(ref, "✅")
    await office.until(ref, Status.FINISHED)


async def test_a_yes_of_somebody_who_lost_the_right_meanwhile_does_not_go_down(office: Office):
    ref = await office.start(autonomy=Autonomy.ASK)
    office.model.will("", delegate("compute"))
    office.model.will("", python("print(6 * 7)"))
    await office.until(ref, "decision")
    office.lost.add((ANN.id, Right.APPROVE))
    await office.press(ref, "✅")
    async with asyncio.timeout(WAIT_S):
        while not any(  # noqa: ASYNC110 - a worker acts
            isinstance(one, DecisionWithdrawn) for one in await events(office, ref)
        ):
            await asyncio.sleep(0.01)
    office.lost.clear()
    office.model.will("", FINISH)
    office.model.will("", FINISH)
    await office.say(ref, "no")
    await office.until(ref, Status.FINISHED)
    assert told(office.model.requests[2]) == ["Rejected by Ann: no"]


async def test_a_word_with_an_exclamation_mark_calls_the_delegate_back(office: Office):
    ref = await office.start()
    office.model.will("", delegate("think for long"))
    await office.model.asked(2)
    await office.say(ref, "! enough", interrupt=True)
    request = await office.model.asked(3)
    assert told(request) == ["It has not finished (stopped). Stopped by Ann."]
    assert "! enough" in request["messages"][-1]["content"]
    office.model.will("for the request that was called back", FINISH)
    office.model.will("", FINISH)
    await office.until(ref, Status.FINISHED)


async def test_a_goal_has_only_so_many_delegates_and_they_have_none(office: Office):
    ref = await office.start()
    for _ in range(8):
        office.model.will("", delegate("think"))
        office.model.will("", FINISH)
    office.model.will("", delegate("once more"))
    office.model.will("", FINISH)
    await office.until(ref, Status.FINISHED)
    assert "the most it may" in told(office.model.requests[-1])[-1]
    assert len([one for one in office.ended if one.is_sub]) >= 8


async def test_a_delegate_that_would_wait_for_more_ends_and_its_goal_is_told(
    storage: Storage, redis_url: str, tmp_path: Path
):
    async with open_office(storage, redis_url, tmp_path, limits=Limits(steps=3)) as office:
        ref = await office.start()
        office.model.will("", delegate("write much"))
        for name in ("x", "y"):
            office.model.will("", ("write_file", {"path": name, "content": name}))
        office.model.will("", FINISH)
        state = await office.until(ref, Status.FINISHED)
        (answer,) = told(office.model.requests[-1])
    assert answer.startswith("It has not finished (stopped). 2 steps are done")
    assert set(state.files) == {"x", "y"}
