"""What people's presses and words do to a proposal."""

import pytest

from agent_core.events import Decided, Observed, RuleOffered
from agent_core.session import Think, Wait
from agent_core.signals import Edited, Said, StopAsked, Withdrawn
from agent_core.values import Autonomy, FileRef, NamedFile, Observation, Status
from tests.agent_core.session.desk import ANN, BOB, RUN, Desk, call


def test_in_guarded_the_first_run_asks_and_the_next_does_not():
    desk = Desk()
    assert isinstance(desk.think(RUN), Wait)
    assert desk.state.waiting == "decision"
    assert desk.ran == []
    assert isinstance(desk.press("✅"), Think)
    desk.think(RUN)
    assert desk.ran == ["1.1", "2.1"]


def test_the_first_run_of_a_guarded_session_is_proposed_as_the_plan_card():
    desk = Desk()
    desk.think(RUN)
    proposal = desk.state.proposal
    assert proposal is not None
    assert proposal.proposal is not None
    assert proposal.proposal.plan_card


def test_in_ask_each_run_asks():
    desk = Desk(Autonomy.ASK)
    for step in (1, 2, 3):
        assert isinstance(desk.think(RUN), Wait)
        desk.press("✅")
        assert desk.ran[-1] == f"{step}.1"


def test_in_auto_nothing_sealed_asks():
    desk = Desk(Autonomy.AUTO)
    assert isinstance(desk.think(RUN, call("run_shell", command="ls")), Think)
    assert desk.ran == ["1.1", "1.2"]


@pytest.mark.parametrize("autonomy", list(Autonomy))
def test_what_only_looks_never_asks(autonomy: Autonomy):
    desk = Desk(autonomy)
    desk.think(call("list_files"), call("write_file", path="a", content="b"))
    assert desk.ran == ["1.1", "1.2"]


def test_what_leaves_the_sandbox_asks_after_the_plan_was_allowed():
    desk = Desk()
    desk.think(RUN)
    desk.press("✅")
    assert isinstance(desk.think(call("install", packages=["six"])), Wait)


def test_five_lets_this_and_the_next_four_through_and_no_more():
    desk = Desk(Autonomy.ASK)
    desk.think(RUN)
    desk.press("5️⃣")
    desk.think(*[RUN] * 6)
    assert desk.ran == ["1.1", "2.1", "2.2", "2.3", "2.4"]
    assert desk.state.waiting == "decision"


def test_an_action_that_needs_no_asking_uses_none_of_the_five_up():
    desk = Desk(Autonomy.ASK)
    desk.think(RUN)
    desk.press("5️⃣")
    desk.think(*[call("list_files")] * 3, *[RUN] * 5)
    assert desk.ran[-1] == "2.7"


def test_always_takes_a_second_press_by_the_same_person():
    desk = Desk(Autonomy.ASK)
    desk.think(RUN)
    desk.press("🔁")
    assert desk.ran == []
    offered = [e for c in desk.commits for e in c.events if isinstance(e, RuleOffered)]
    assert "run_python" in offered[0].rule
    desk.press("🔁", BOB, post="rule")
    assert desk.ran == []
    desk.press("🔁", post="rule")
    assert desk.ran == ["1.1"]
    desk.think(RUN)
    assert desk.ran == ["1.1", "2.1"]
    desk.think(call("run_shell", command="ls"))
    assert desk.state.waiting == "decision"


def test_always_for_one_package_does_not_cover_another():
    desk = Desk()
    desk.think(call("install", packages=["six"]))
    desk.press("🔁")
    desk.press("🔁", post="rule")
    desk.think(call("install", packages=["six"]))
    assert desk.ran == ["1.1", "2.1"]
    desk.think(call("install", packages=["six", "attrs"]))
    assert desk.state.waiting == "decision"


def test_a_rejection_beats_a_yes_that_arrived_with_it():
    desk = Desk()
    desk.think(RUN)
    desk.signal(desk.pressed("✅"), desk.pressed("❌", BOB))
    assert desk.ran == []


def test_a_yes_after_a_rejection_changes_nothing():
    desk = Desk()
    desk.think(RUN)
    desk.signal(desk.pressed("❌", BOB), desk.pressed("✅"))
    assert desk.ran == []


def test_a_yes_taken_back_in_time_is_no_yes():
    desk = Desk()
    desk.think(RUN)
    desk.signal(desk.pressed("✅"), desk.pressed("✅", present=False))
    assert desk.ran == []
    assert desk.state.waiting == "decision"


def test_a_yes_taken_back_leaves_the_yes_of_another():
    desk = Desk()
    desk.think(RUN)
    desk.signal(desk.pressed("✅"), desk.pressed("✅", BOB), desk.pressed("✅", present=False))
    assert desk.ran == ["1.1"]
    decided = [e for c in desk.commits for e in c.events if isinstance(e, Decided)]
    assert decided[-1].person == BOB


def test_a_bare_rejection_waits_ten_seconds_for_its_reason():
    desk = Desk()
    desk.think(RUN)
    step = desk.press("❌")
    assert isinstance(step, Wait)
    assert step.until is not None
    desk.now = step.until
    assert isinstance(desk.go_on(), Think)
    assert desk.told() == ["Rejected by Ann, without a reason."]


def test_words_after_a_bare_rejection_are_its_reason_at_once():
    desk = Desk()
    desk.think(RUN)
    desk.press("❌")
    assert isinstance(desk.say("use less memory"), Think)
    assert desk.told() == ["Rejected by Ann: use less memory"]


def test_words_to_an_open_proposal_reject_it_with_that_text():
    desk = Desk()
    desk.think(RUN)
    assert isinstance(desk.say("only up to 100"), Think)
    assert desk.told() == ["Rejected by Ann: only up to 100"]
    assert desk.ran == []


def test_words_of_somebody_who_may_not_decide_steer_and_the_proposal_waits():
    desk = Desk()
    desk.think(RUN)
    assert isinstance(desk.say("only up to 100", BOB, may_decide=False), Wait)
    assert desk.state.waiting == "decision"
    assert desk.state.unheard == ["101"]


def test_a_file_alone_never_decides():
    desk = Desk()
    desk.think(RUN)
    dropped = NamedFile(path="inputs/a.csv", file=FileRef(sha256="x", size=1))
    desk.signal(Said(message_id="5", person=ANN, text="", files=(dropped,), may_decide=True))
    assert desk.state.waiting == "decision"
    assert "inputs/a.csv" in desk.state.files


def test_nothing_that_stood_on_a_rejected_action_runs():
    desk = Desk()
    desk.think(RUN, call("write_file", path="a", content="b"))
    desk.say("no")
    assert desk.ran == []
    assert len(desk.told()) == 2


def test_stop_on_a_proposal_ends_the_session():
    desk = Desk()
    desk.think(RUN)
    desk.press("🛑")
    assert desk.state.status is Status.STOPPED
    assert desk.ran == []


def test_stop_beats_everything_that_waits_with_it():
    desk = Desk()
    desk.think(RUN)
    desk.signal(desk.pressed("✅"), StopAsked(person=BOB))
    assert desk.ran == []
    assert desk.state.status is Status.STOPPED


def test_the_same_press_told_twice_counts_once():
    desk = Desk(Autonomy.ASK)
    desk.think(RUN)
    press = desk.pressed("✅")
    desk.signal(press, press)
    desk.think(RUN)
    assert desk.ran == ["1.1"]


def test_a_press_on_an_old_proposal_decides_nothing_now():
    desk = Desk(Autonomy.ASK)
    desk.think(RUN)
    press = desk.pressed("5️⃣")
    desk.press("✅")
    desk.think(RUN)
    desk.signal(press)
    assert desk.ran == ["1.1"]
    assert desk.state.waiting == "decision"


def test_a_message_edited_while_it_waits_says_the_new_words():
    desk = Desk()
    said = Said(message_id="5", person=ANN, text="old")
    desk.signal(said, Edited(message_id="5", edited_at=1.0, text="new"))
    spoken = desk.state.history
    assert [getattr(one, "text", "") for one in spoken] == ["new"]


def test_a_message_deleted_while_it_waits_was_never_said():
    desk = Desk()
    desk.signal(Said(message_id="5", person=ANN, text="old"), Withdrawn(message_id="5"))
    assert desk.state.history == []


def test_a_message_told_twice_is_heard_once():
    desk = Desk()
    said = Said(message_id="5", person=ANN, text="go left")
    desk.signal(said, said)
    assert len(desk.state.history) == 1
    assert desk.taken() == 2


def test_a_second_file_of_the_same_name_replaces_nothing():
    first = NamedFile(path="inputs/a.csv", file=FileRef(sha256="x", size=1))
    second = NamedFile(path="inputs/a.csv", file=FileRef(sha256="y", size=2))
    desk = Desk(files=[first])
    desk.signal(Said(message_id="5", person=ANN, text="", files=(second,)))
    assert desk.state.files["inputs/a.csv"].sha256 == "x"
    assert desk.state.files["inputs/a (2).csv"].sha256 == "y"


def test_an_interruption_drops_what_has_not_started():
    desk = Desk()
    desk.think(RUN, RUN)
    said = Said(message_id="5", person=BOB, text="! wait", interrupt=True, may_decide=True)
    assert isinstance(desk.signal(said), Think)
    assert desk.ran == []
    assert all("Bob interrupted" in told for told in desk.told())


def test_an_interruption_by_somebody_who_may_not_decide_leaves_the_proposal_open():
    desk = Desk()
    desk.think(RUN)
    desk.signal(Said(message_id="5", person=BOB, text="! wait", interrupt=True))
    assert desk.state.waiting == "decision"
    assert desk.state.unheard == ["5"]


def test_an_interruption_also_ends_an_action_that_a_dead_worker_had_started():
    desk = Desk(Autonomy.AUTO)
    desk.begin(RUN, RUN)
    step = desk.signal(Said(message_id="5", person=BOB, text="! wait", interrupt=True))
    assert isinstance(step, Think)
    assert desk.ran == []
    assert [observed.action for observed in desk.observed()] == ["1.1", "1.2"]


def test_a_rejection_with_a_reason_keeps_it_when_somebody_presses_no_as_well():
    desk = Desk()
    desk.think(RUN)
    said = Said(message_id="5", person=ANN, text="use less memory", may_decide=True)
    desk.signal(said, desk.pressed("❌", BOB))
    assert desk.told() == ["Rejected by Ann: use less memory"]


def test_a_bare_rejection_waits_for_its_reason_also_where_other_words_are_unheard():
    desk = Desk()
    desk.think(RUN)
    desk.say("hello", BOB, may_decide=False)
    assert isinstance(desk.press("❌"), Wait)
    desk.say("use less memory")
    assert desk.told() == ["Rejected by Ann: use less memory"]


def test_a_standing_yes_taken_back_in_time_is_no_yes():
    desk = Desk(Autonomy.ASK)
    desk.think(RUN)
    desk.press("🔁")
    desk.signal(desk.pressed("🔁", post="rule"), desk.pressed("🔁", post="rule", present=False))
    assert desk.ran == []
    assert desk.state.waiting == "decision"


def test_a_no_taken_back_leaves_the_standing_yes_of_another():
    desk = Desk(Autonomy.ASK)
    desk.think(RUN)
    desk.press("🔁")
    desk.signal(
        desk.pressed("🔁", post="rule"), desk.pressed("❌", BOB), desk.pressed("❌", BOB, present=False)
    )
    assert desk.ran == ["1.1"]
    assert desk.state.always == {"run_python"}


def test_a_decision_of_somebody_who_lost_the_right_gives_way_to_those_of_others():
    desk = Desk(Autonomy.ASK)
    desk.think(RUN)
    desk.lost.add(ANN.id)
    desk.signal(desk.pressed("5️⃣"), desk.pressed("✅"), desk.pressed("✅", BOB))
    assert desk.ran == ["1.1"]
    assert desk.state.five_left == 0


def test_decisions_of_people_who_all_lost_the_right_leave_the_proposal_open():
    desk = Desk(Autonomy.ASK)
    desk.think(RUN)
    desk.lost |= {ANN.id, BOB.id}
    desk.signal(desk.pressed("✅"), desk.pressed("✅", BOB))
    assert desk.ran == []
    assert desk.state.waiting == "decision"


def test_a_person_who_lost_the_right_does_not_judge_the_end():
    desk = Desk(Autonomy.AUTO)
    desk.think(call("set_contract", checks=[]))
    desk.think(call("finish", summary="done"))
    desk.lost.add(ANN.id)
    desk.press("✅")
    assert desk.state.waiting == "decision"


def test_no_rule_is_offered_for_what_no_rule_can_cover():
    desk = Desk(Autonomy.AUTO)
    contract = call("set_contract", checks=[])
    desk.think(contract)
    desk.think(contract)
    proposal = desk.state.proposal
    assert proposal is not None
    assert proposal.proposal is not None
    assert proposal.proposal.rule == ""
    desk.press("🔁")
    assert not any(isinstance(event, RuleOffered) for commit in desk.commits for event in commit.events)


def test_in_guarded_a_run_that_passes_on_a_standing_yes_is_the_first_run():
    desk = Desk()
    desk.think(call("install", packages=["six"]))
    desk.press("5️⃣")
    desk.think(RUN)
    desk.think(RUN)
    assert desk.state.five_left == 3
    assert desk.ran == ["1.1", "2.1", "3.1"]


def test_a_message_without_words_and_files_is_none():
    desk = Desk()
    desk.signal(Said(message_id="5", person=ANN, text=" "))
    assert desk.state.history == []


def test_a_dropped_file_lies_in_inputs_whatever_its_path_says():
    desk = Desk()
    hostile = ["inputs/../../etc/passwd", "/etc/passwd", "inputs/..", "inputs", "", "a/b\0c", "x" * 300]
    files = [NamedFile(path=path, file=FileRef(sha256=path, size=1)) for path in hostile]
    desk.signal(Said(message_id="5", person=ANN, text="", files=tuple(files)))
    assert len(desk.state.inputs) == len(hostile)
    for path in desk.state.inputs:
        folder, name = path.split("/")
        assert folder == "inputs"
        assert name not in {"", ".", ".."}
        assert len(name.encode()) <= 255
        assert "\0" not in name


def test_a_dropped_file_takes_the_place_of_a_file_named_inputs_and_goes_beside_a_folder_of_its_name():
    desk = Desk(Autonomy.AUTO)
    desk.begin(RUN)
    made = [NamedFile(path=path, file=FileRef(sha256=path, size=1)) for path in ("inputs", "b")]
    desk.append(Observed(action="1.1", observation=Observation(text="", changed=tuple(made))))
    dropped = NamedFile(path="inputs/a", file=FileRef(sha256="x", size=1))
    desk.signal(Said(message_id="5", person=ANN, text="", files=(dropped,)))
    assert set(desk.state.files) == {"b", "inputs/a"}
    desk.begin(RUN)
    inner = NamedFile(path="inputs/c/d", file=FileRef(sha256="y", size=1))
    desk.append(Observed(action="2.1", observation=Observation(text="", changed=(inner,))))
    dropped = NamedFile(path="inputs/c", file=FileRef(sha256="z", size=1))
    desk.signal(Said(message_id="6", person=ANN, text="", files=(dropped,)))
    assert set(desk.state.files) == {"b", "inputs/a", "inputs/c (2)", "inputs/c/d"}


def test_words_that_no_request_has_held_can_still_be_edited_and_taken_back():
    desk = Desk()
    desk.think(RUN)
    dropped = NamedFile(path="inputs/a.csv", file=FileRef(sha256="x", size=1))
    desk.signal(Said(message_id="5", person=BOB, text="old", files=(dropped,)))
    desk.signal(Edited(message_id="5", edited_at=1.0, text="new"))
    words = desk.state.spoken("5")
    assert words is not None
    assert words.text == "new"
    desk.signal(Withdrawn(message_id="5"))
    assert desk.state.unheard == []
    assert desk.state.files == {}
