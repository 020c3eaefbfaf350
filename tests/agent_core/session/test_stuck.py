"""The classic ways to go in circles: noticed, told to the model and the thread, broken, and asked about."""

import pytest

from agent_core import context
from agent_core.events import ActionStarted, Observed, Paused, PlanSet, Resumed, ThoughtFailed, Told
from agent_core.session import Think, Wait, fold
from agent_core.values import Action, Autonomy, Observation, PlanItem, Status
from tests.agent_core.session.desk import ANN, REF, RUN, Desk, call

READ = call("read_file", path="a.txt")
LIST = call("list_files")


def step(desk: Desk, *actions: Action, result: str = "same", failed: bool = False) -> None:
    """One step whose actions come back with this result; then all that can happen without the model."""
    desk.reply(*actions, whole=True)
    for pending in desk.state.pending:
        desk.append(ActionStarted(action=pending.key, run_id="r"))
        desk.append(Observed(action=pending.key, observation=Observation(text=result, is_error=failed)))
    desk.go_on()


def told(desk: Desk) -> list[Told]:
    return [event for commit in desk.commits for event in commit.events if isinstance(event, Told)]


def a_desk() -> Desk:
    return Desk(Autonomy.AUTO)


def overflow(desk: Desk) -> None:
    desk.append(ThoughtFailed(error="overflow", text="too long", retry_at=desk.now))
    desk.go_on()


def test_the_same_action_with_the_same_result_is_told_after_three_times():
    desk = a_desk()
    step(desk, READ)
    step(desk, READ)
    assert told(desk) == []
    step(desk, READ)
    assert "the same 3 times in a row, with the same result" in told(desk)[0].text
    assert isinstance(desk.go_on(), Think)


def test_the_same_action_is_told_when_it_fails_each_time_in_another_way():
    desk = a_desk()
    for number in range(3):
        assert told(desk) == []
        step(desk, READ, result=f"error {number}", failed=True)
    assert "it failed each time" in told(desk)[0].text


def test_the_same_action_whose_result_changes_gets_on():
    desk = a_desk()
    for number in range(12):
        step(desk, READ, result=f"line {number}")
    assert told(desk) == []


def test_other_arguments_are_another_action():
    desk = a_desk()
    for number in range(12):
        step(desk, call("read_file", path=f"{number}.txt"))
    assert told(desk) == []


def test_to_and_fro_is_told_after_three_rounds():
    desk = a_desk()
    for _ in range(2):
        step(desk, READ)
        step(desk, LIST)
    step(desk, READ)
    assert told(desk) == []
    step(desk, LIST)
    assert "back and forth" in told(desk)[0].text


def test_to_and_fro_between_an_edit_and_a_test_that_fails_differently_gets_on():
    desk = a_desk()
    for number in range(6):
        step(desk, READ)
        step(desk, RUN, result=f"{number} tests fail", failed=True)
    assert told(desk) == []


def test_one_step_of_three_like_actions_is_no_circle():
    desk = a_desk()
    step(desk, READ, READ, READ)
    step(desk, LIST, LIST, LIST)
    assert told(desk) == []


def test_talk_without_action_is_told_after_three_times():
    desk = a_desk()
    for number in range(3):
        assert told(desk) == []
        desk.think(text=f"thought {number}")
    assert "without calling a tool" in told(desk)[0].text


def test_two_overflows_in_a_row_are_told_and_one_is_tried_again():
    desk = a_desk()
    overflow(desk)
    assert told(desk) == []
    step(desk, READ)
    overflow(desk)
    assert told(desk) == []
    overflow(desk)
    assert "too long for the model" in told(desk)[0].text
    assert isinstance(desk.go_on(), Think)


def test_a_second_overflow_keeps_less():
    desk = a_desk()
    for number in range(8):
        step(desk, READ, result=str(number))
    for _ in range(4):
        overflow(desk)
    assert [one.keep for one in told(desk)] == [6, 1]


@pytest.mark.parametrize("how", ["repeat", "talk", "overflow"])
def test_the_third_time_it_pauses_and_asks_and_goes_on_when_resumed(how: str):
    desk = a_desk()
    for _ in range(9):
        assert desk.state.paused is None
        match how:
            case "repeat":
                step(desk, READ)
            case "talk":
                desk.think()
            case _:
                overflow(desk)
                if desk.state.overflows:
                    overflow(desk)
        if desk.state.status is Status.PAUSED:
            break
    assert len(told(desk)) == 2
    paused = desk.state.paused
    assert isinstance(paused, Paused)
    assert "was told 2 times that it is stuck" in paused.reason
    assert isinstance(desk.go_on(), Wait)
    desk.append(Resumed(person=ANN))
    assert isinstance(desk.go_on(), Think)
    assert len(told(desk)) == 2


def test_a_persons_words_put_it_on_a_new_way():
    desk = a_desk()
    step(desk, READ)
    step(desk, READ)
    desk.say("look again")
    step(desk, READ)
    step(desk, READ)
    assert told(desk) == []
    step(desk, READ)
    assert len(told(desk)) == 1


def test_the_fresh_context_holds_prefix_words_six_steps_plan_and_what_is_told():
    desk = a_desk()
    before = context.request(desk.state)
    desk.say("count slowly")
    desk.append(PlanSet(items=(PlanItem(text="count", done=True), PlanItem(text="tell"))))
    for number in range(10):
        step(desk, LIST, result=f"old {number}")
    for _ in range(3):
        step(desk, READ)
    fresh = context.request(desk.state)
    assert fresh[:2] == before
    assert [one["role"] for one in fresh[2:]] == ["user", *["assistant", "tool"] * 6, "user"]
    assert "count slowly" in str(fresh[2]["content"])
    results = [one["content"] for one in fresh if one["role"] == "tool"]
    assert results == ["old 7", "old 8", "old 9", "same", "same", "same"]
    last = str(fresh[-1]["content"])
    assert last.startswith("The system says: You have done the same 3 times")
    assert "Your plan:\n[x] count\n[ ] tell" in last
    desk.say("and loudly")
    step(desk, LIST)
    assert context.request(desk.state)[: len(fresh)] == fresh


def test_a_replay_comes_to_the_same_state_and_request():
    desk = a_desk()
    for _ in range(3):
        step(desk, READ)
    overflow(desk)
    once, again = fold(REF, desk.commits), fold(REF, desk.commits)
    assert once is not None
    assert again is not None
    assert once == again
    assert context.request(once) == context.request(again)
