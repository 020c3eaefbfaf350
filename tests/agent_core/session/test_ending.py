"""How goals end, wait for answers and for budget."""

from agent_core.events import ActionStarted, Event, Observed, ThoughtFailed, ThreadBound
from agent_core.session import Think, Wait
from agent_core.signals import PauseAsked, ResumeAsked
from agent_core.values import Action, Autonomy, Limits, Status
from tests.agent_core.session.desk import ANN, BOB, RUN, Desk, call

FINISH = call("finish", summary="done")
CONTRACT = call("set_contract", checks=[])


def test_a_goal_without_a_contract_may_finish_at_once():
    desk = Desk()
    desk.think(FINISH)
    assert desk.state.status is Status.FINISHED
    assert desk.state.ended is not None
    assert not desk.state.ended.checked


def test_a_thought_that_has_heard_all_words_may_finish():
    desk = Desk()
    desk.think(RUN)
    desk.say("and count back", BOB, may_decide=False)
    desk.press("✅")
    desk.think(FINISH)
    assert desk.state.status is Status.FINISHED


def test_words_that_come_between_the_thought_and_its_finish_keep_the_goal_open():
    desk = Desk(Autonomy.ASK)
    desk.think(RUN, FINISH)
    desk.say("and count back", BOB, may_decide=False)
    desk.press("✅")
    assert desk.state.status is Status.RUNNING
    assert "somebody has written" in desk.told()[-1]


def test_a_failing_check_keeps_the_goal_open_and_is_told():
    desk = Desk(Autonomy.AUTO)
    desk.think(CONTRACT)
    desk.verdicts = {"right": False}
    assert isinstance(desk.think(FINISH), Think)
    assert desk.told()[-1] == "fails"


def test_a_check_without_code_is_judged_by_a_person_at_the_end():
    desk = Desk(Autonomy.AUTO)
    desk.think(CONTRACT)
    desk.think(FINISH)
    assert desk.state.waiting == "decision"
    desk.press("✅")
    assert desk.state.status is Status.FINISHED
    assert desk.state.ended is not None
    assert desk.state.ended.checked


def test_a_person_who_judges_no_sends_the_goal_back_with_the_reason():
    desk = Desk(Autonomy.AUTO)
    desk.think(CONTRACT)
    desk.think(FINISH)
    assert isinstance(desk.say("the colours are ugly"), Think)
    assert desk.told()[-1] == "Rejected by Ann: the colours are ugly"


def test_a_frozen_contract_changes_only_by_a_word_even_in_auto_and_never_by_a_standing_one():
    desk = Desk(Autonomy.AUTO)
    desk.think(CONTRACT)
    desk.think(CONTRACT)
    assert desk.ran == ["1.1"]
    desk.press("5️⃣")
    assert desk.ran == ["1.1", "2.1"]
    desk.think(CONTRACT)
    assert desk.ran == ["1.1", "2.1"]


def test_a_question_waits_for_words_or_for_a_press():
    desk = Desk()
    desk.think(call("ask", question="Which?", options=["red", "blue"]))
    assert desk.state.waiting == "answer"
    desk.press("2️⃣", post="question")
    assert desk.told() == ["Ann answers: blue"]
    desk.think(call("ask", question="Why?"))
    desk.say("because", BOB, may_decide=False)
    assert desk.told()[-1] == "Bob answers: because"


def test_a_press_past_the_options_answers_nothing():
    desk = Desk()
    desk.think(call("ask", question="Which?", options=["red", "blue"]))
    desk.press("3️⃣", post="question")
    assert desk.state.waiting == "answer"


def test_arguments_that_are_wrong_come_back_without_asking_anybody():
    desk = Desk(Autonomy.ASK)
    assert isinstance(desk.think(RUN, problems={"1.1": "wrong arguments"}), Think)
    assert desk.ran == []
    assert desk.told() == ["wrong arguments"]


def test_steps_are_limited_and_a_grant_adds_the_first_budget_again():
    desk = Desk(Autonomy.AUTO, Limits(steps=2))
    desk.think(RUN)
    desk.think(RUN)
    assert desk.state.waiting == "budget"
    desk.press("💰", post="budget")
    assert isinstance(desk.go_on(), Think)
    assert desk.state.limits.steps == 4


def test_money_and_tokens_are_limited():
    assert _limited_by(Limits(usd=0.01)) == "usd"
    assert _limited_by(Limits(tokens=15)) == "tokens"


def _limited_by(limits: Limits) -> str:
    desk = Desk(Autonomy.AUTO, limits)
    desk.think(RUN)
    assert desk.state.limit is not None
    return desk.state.limit.what


def test_time_spent_waiting_for_people_is_not_counted():
    desk = Desk(Autonomy.ASK, Limits(hours=1))
    desk.think(RUN)
    desk.now += 36_000
    desk.press("✅")
    assert desk.state.active_s < 60


def test_a_session_without_its_thread_waits_for_it():
    desk = Desk(thread=False)
    assert isinstance(desk.go_on(), Wait)
    assert desk.state.waiting == "thread"
    desk.append(ThreadBound(thread_id="1", upload_limit=1))
    assert isinstance(desk.go_on(), Think)


def test_what_leaves_the_sandbox_is_never_repeated_after_a_crash():
    desk = Desk(Autonomy.AUTO)
    desk.append(*_thought_of(desk, call("install", packages=["six"])))
    desk.append(ActionStarted(action="1.1", run_id="r"))
    desk.go_on()
    assert desk.ran == []
    assert "unknown" in desk.told()[0]


def test_a_sealed_run_is_run_again_after_a_crash():
    desk = Desk(Autonomy.AUTO)
    desk.append(*_thought_of(desk, RUN))
    desk.append(ActionStarted(action="1.1", run_id="r"))
    desk.go_on()
    assert desk.ran == ["1.1"]


def _thought_of(desk: Desk, *actions: Action) -> tuple[Event, ...]:
    desk.think(*actions)
    thought = desk.commits[2].events
    del desk.commits[2:]
    desk.ran.clear()
    return thought


def test_a_failed_thought_is_tried_again_at_its_time_and_otherwise_waits_for_a_person():
    desk = Desk()
    desk.append(ThoughtFailed(error="transient", text="no answer", retry_at=desk.now + 100))
    step = desk.go_on()
    assert isinstance(step, Wait)
    assert step.until is not None
    desk.now = step.until
    assert isinstance(desk.go_on(), Think)
    desk.append(ThoughtFailed(error="auth", text="the key was refused", retry_at=None))
    assert isinstance(desk.go_on(), Wait)
    assert desk.state.status is Status.PAUSED
    assert isinstance(desk.signal(ResumeAsked(person=ANN)), Think)


def test_a_pause_holds_until_somebody_resumes():
    desk = Desk(Autonomy.AUTO)
    desk.signal(PauseAsked(by="Ann", reason="lunch"))
    assert desk.state.status is Status.PAUSED
    desk.say("are you there?")
    assert isinstance(desk.go_on(), Wait)
    desk.signal(ResumeAsked(person=ANN))
    assert isinstance(desk.go_on(), Think)


def test_every_call_of_a_finished_step_has_an_observation_for_the_model():
    desk = Desk(Autonomy.AUTO)
    desk.think(RUN, call("list_files"), RUN)
    observed = [one for one in desk.state.history if isinstance(one, Observed)]
    assert [one.action for one in observed] == ["1.1", "1.2", "1.3"]
