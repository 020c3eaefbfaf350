"""Going back: what returns, what stays, and that nothing allowed later stands."""

import pytest

from agent_core.events import Forked, PersonSpoke, Reminded, Thought
from agent_core.session import Think, Wait, apply, fold
from agent_core.session.next import REMIND_S
from agent_core.signals import PauseAsked, ResumeAsked, RewindAsked
from agent_core.values import Autonomy, Limits, Person, SessionRef, Status
from tests.agent_core.session.desk import ANN, REF, RUN, Desk

BOB = Person(id="2", name="Bob")


def three_steps(autonomy: Autonomy = Autonomy.AUTO) -> Desk:
    desk = Desk(autonomy)
    for text in ("one", "two", "three"):
        desk.think(RUN, text=text)
    return desk


def texts(desk: Desk) -> list[str]:
    return [item.text for item in desk.state.history if isinstance(item, Thought)]


def test_it_goes_back_waits_for_a_word_and_never_uses_a_number_twice():
    desk = three_steps()
    spent = desk.state.cost_usd
    desk.signal(RewindAsked(person=BOB, step=1))
    state = desk.state
    assert texts(desk) == ["one"]
    assert state.status is Status.PAUSED
    assert state.cost_usd == spent
    assert isinstance(desk.signal(ResumeAsked(person=BOB)), Think)
    desk.think(RUN, text="another two")
    assert texts(desk) == ["one", "another two"]
    assert desk.state.step == 4


def test_words_said_afterwards_are_kept_and_earlier_ones_are_as_they_were():
    desk = three_steps()
    desk.say("before")
    desk.think(RUN, text="four")
    desk.signal(RewindAsked(person=BOB, step=3))
    last = desk.state.history[-1]
    assert isinstance(last, PersonSpoke)
    assert last.text == "before"
    desk.say("after")
    assert len(desk.state.unheard) == 2


def test_a_request_that_comes_twice_goes_back_once():
    desk = three_steps()
    asked = RewindAsked(person=BOB, step=1, id="77")
    desk.signal(asked)
    desk.signal(ResumeAsked(person=BOB))
    desk.think(RUN, text="another two")
    desk.signal(asked)
    assert texts(desk) == ["one", "another two"]
    assert desk.state.status is Status.RUNNING
    desk.signal(RewindAsked(person=BOB, step=1, id="78"))
    assert texts(desk) == ["one"]


def test_what_was_allowed_since_does_not_stand():
    desk = Desk(Autonomy.ASK)
    desk.think(RUN)
    desk.press("✅")
    desk.think(RUN)
    desk.press("5️⃣")
    assert desk.state.five_left == 4
    desk.signal(RewindAsked(person=ANN, step=1))
    desk.signal(ResumeAsked(person=ANN))
    desk.think(RUN)
    assert desk.state.proposal is not None


def test_an_open_proposal_is_gone_and_a_press_on_its_post_decides_nothing():
    desk = Desk(Autonomy.ASK)
    desk.think(RUN)
    desk.press("✅")
    desk.think(RUN)
    stale = desk.pressed("✅")
    desk.signal(RewindAsked(person=ANN, step=1))
    desk.signal(stale, ResumeAsked(person=ANN))
    assert not desk.state.pending
    desk.think(RUN)
    assert desk.state.proposal is not None
    desk.signal(stale)
    assert desk.state.proposal is not None


@pytest.mark.parametrize("step", [3, 7, -1])
def test_a_step_that_is_none_or_the_last_changes_nothing(step: int):
    desk = three_steps()
    desk.signal(RewindAsked(person=ANN, step=step))
    assert texts(desk) == ["one", "two", "three"]
    assert desk.state.status is Status.RUNNING


def test_going_back_twice_and_to_before_the_first_step():
    desk = three_steps()
    desk.signal(RewindAsked(person=ANN, step=2))
    desk.signal(RewindAsked(person=ANN, step=1))
    assert texts(desk) == ["one"]
    desk.signal(RewindAsked(person=ANN, step=0))
    assert texts(desk) == []
    assert desk.state.goal == "count to three"


def test_a_rewind_without_the_state_before_is_refused():
    desk = three_steps()
    before = desk.state
    desk.signal(RewindAsked(person=ANN, step=1))
    with pytest.raises(ValueError, match="rewinds to"):
        apply(before, desk.commits[before.version])


def test_a_fork_knows_what_was_known_and_has_its_own_money_thread_and_decisions():
    desk = Desk(Autonomy.ASK)
    desk.think(RUN, text="one")
    desk.press("5️⃣")
    limits = Limits(usd=0.1)
    forked = Forked(source="1", source_thread="40", step=1, starter=BOB, channel_id="31", limits=limits)
    desk.append(forked)
    state = fold(SessionRef("10", "2"), desk.commits)
    assert state is not None
    assert (state.cost_usd, state.step, state.thread_id, state.five_left) == (0.0, 1, None, 0)
    assert (state.starter, state.channel_id, state.limits) == (BOB, "31", limits)
    assert [item.text for item in state.history if isinstance(item, Thought)] == ["one"]


def test_what_waits_is_brought_to_mind_three_times_and_no_more():
    desk = Desk()
    step = desk.think(RUN)
    for number, due in enumerate(REMIND_S, start=1):
        assert isinstance(step, Wait)
        assert step.until == desk.state.asked_at + due
        desk.now = desk.state.asked_at + due
        step = desk.go_on()
        assert desk.state.reminded == number
    assert step == Wait()
    said = [event for commit in desk.commits for event in commit.events if isinstance(event, Reminded)]
    assert len(said) == 3


def test_an_answer_ends_the_reminders_and_the_next_question_begins_anew():
    desk = Desk(Autonomy.ASK)
    step = desk.think(RUN)
    assert isinstance(step, Wait)
    assert step.until is not None
    desk.now = step.until
    desk.go_on()
    desk.press("✅")
    step = desk.think(RUN)
    assert desk.state.reminded == 0
    assert step == Wait(until=desk.state.asked_at + REMIND_S[0])


def test_a_paused_session_reminds_nobody():
    desk = three_steps()
    desk.signal(RewindAsked(person=ANN, step=1))
    assert desk.go_on() == Wait()
    assert desk.state.ref == REF


def test_of_the_reminders_that_were_missed_only_the_last_is_given():
    desk = Desk()
    desk.think(RUN)
    desk.now += 30 * 86_400
    assert desk.go_on() == Wait()
    said = [event for commit in desk.commits for event in commit.events if isinstance(event, Reminded)]
    assert [one.number for one in said] == [len(REMIND_S)]


def test_words_alone_let_it_go_on_from_where_it_was_taken_back_to():
    desk = three_steps()
    desk.signal(RewindAsked(person=BOB, step=1))
    assert desk.state.status is Status.PAUSED
    assert isinstance(desk.say("in blue, this time"), Think)


def test_words_do_not_let_a_goal_go_on_that_was_paused():
    desk = three_steps()
    desk.signal(PauseAsked(by="Bob", reason="lunch"))
    desk.say("in blue, this time")
    assert desk.state.status is Status.PAUSED
