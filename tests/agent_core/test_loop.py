"""Whole sessions with a real Redis, a real worker and a real sandbox; only the model is scripted."""

import io
import json
from typing import Any

from PIL import Image

from agent_core.pictures import CANNOT_SEE
from agent_core.signals import Said
from agent_core.values import Autonomy, NamedFile, Right, Status
from tests.agent_core.office import ANN, Office
from tests.fakes import Turn

FINISH = ("finish", {"summary": "done"})


def python(code: str) -> tuple[str, dict[str, Any]]:
    return ("run_python", {"code": code})


def messages(request: dict[str, Any], role: str) -> list[str]:
    return [one["content"] for one in request["messages"] if one["role"] == role]


async def test_code_runs_and_its_output_reaches_the_model(office: Office):
    ref = await office.start()
    office.model.will("I count", python("print(sum(range(5)))"))
    office.model.will("so", FINISH)
    await office.until(ref, Status.FINISHED)
    assert messages(office.model.requests[1], "tool") == ["exit code 0\n10"]


async def test_files_stay_from_step_to_step_and_are_read_back(office: Office):
    ref = await office.start()
    office.model.will("", python("open('a.txt', 'w').write('one\\ntwo\\n')"))
    office.model.will("", ("edit_file", {"path": "a.txt", "old": "two", "new": "three"}))
    office.model.will(
        "", ("run_shell", {"command": "cat a.txt"}), ("read_file", {"path": "a.txt", "offset": 1})
    )
    office.model.will("", ("list_files", {}), FINISH)
    state = await office.until(ref, Status.FINISHED)
    told = messages(office.model.requests[3], "tool")
    assert told[-2:] == ["exit code 0\none\nthree", "three\n"]
    assert await office.content(state, "a.txt") == b"one\nthree\n"


async def test_a_traceback_reaches_the_model(office: Office):
    ref = await office.start()
    office.model.will("", python("1 / 0"))
    office.model.will("", FINISH)
    await office.until(ref, Status.FINISHED)
    told = messages(office.model.requests[1], "tool")[0]
    assert told.startswith("exit code 1\nTraceback")
    assert "ZeroDivisionError" in told


async def test_long_output_is_cut_and_kept_whole_in_a_file(office: Office):
    ref = await office.start()
    office.model.will("", python("print('a' * 1_000_000 + 'end')"))
    office.model.will("", FINISH)
    state = await office.until(ref, Status.FINISHED)
    told = messages(office.model.requests[1], "tool")[0]
    assert len(told) < 5000
    assert "outputs/1.1.txt" in told
    assert (await office.content(state, "outputs/1.1.txt")).decode().rstrip().endswith("aend")


async def test_wrong_arguments_and_unknown_tools_come_back_as_errors(office: Office):
    ref = await office.start()
    office.model.will("", ("run_python", {"codes": "1"}), ("fly", {}), ("read_file", {"path": "../secret"}))
    office.model.will("", FINISH)
    await office.until(ref, Status.FINISHED)
    told = messages(office.model.requests[1], "tool")
    assert "code: Field required" in told[0]
    assert "There is no tool 'fly'" in told[1]
    assert "outside the workspace" in told[2]


async def test_nothing_runs_before_a_yes(office: Office):
    ref = await office.start(autonomy=Autonomy.GUARDED)
    office.model.will("may I?", python("print('hello')"))
    state = await office.until(ref, "decision")
    assert not state.pending[0].started
    office.model.will("", FINISH)
    await office.press(ref, "✅")
    await office.until(ref, Status.FINISHED)


async def test_a_yes_of_somebody_who_lost_the_right_meanwhile_runs_nothing(office: Office):
    ref = await office.start(autonomy=Autonomy.GUARDED)
    office.model.will("may I?", python("print('hello')"))
    await office.until(ref, "decision")
    office.lost.add((ANN.id, Right.APPROVE))
    await office.press(ref, "✅")
    office.model.will("", FINISH)
    office.lost.clear()
    await office.say(ref, "no, do not")
    state = await office.until(ref, Status.FINISHED)
    assert "print" not in str(
        [one for one in state.history if "hello" in str(one) and "exit code" in str(one)]
    )


async def test_a_no_that_comes_while_the_right_of_a_yes_is_looked_up_still_wins(office: Office):
    ref = await office.start(autonomy=Autonomy.GUARDED)
    office.model.will("may I?", python("print('hello')"))
    await office.until(ref, "decision")
    office.meanwhile = lambda: office.say(ref, "no, wait")
    await office.press(ref, "✅")
    request = await office.model.asked(2)
    assert messages(request, "tool") == ["Rejected by Ann: no, wait"]
    office.model.will("", FINISH)
    await office.until(ref, Status.FINISHED)


async def test_words_while_a_step_runs_are_in_the_next_request(office: Office):
    ref = await office.start()
    office.model.will("", python("import time; time.sleep(0.5)"))
    office.model.will("", FINISH)
    await office.until_it_runs(ref)
    await office.say(ref, "count to seven, please")
    await office.until(ref, Status.FINISHED)
    said = messages(office.model.requests[1], "user")
    assert sum("count to seven, please" in one for one in said) == 1


async def test_a_message_with_an_exclamation_mark_interrupts_the_running_action(office: Office):
    ref = await office.start()
    office.model.will("", python("import time; open('half', 'w').write('x'); time.sleep(15)"))
    await office.until_it_runs(ref)
    await office.say(ref, "! enough", interrupt=True)
    request = await office.model.asked(2)
    assert "Interrupted by Ann" in messages(request, "tool")[0]
    assert "! enough" in messages(request, "user")[-1]
    office.model.will("", ("list_files", {}), FINISH)
    state = await office.until(ref, Status.FINISHED)
    assert state.files == {}


async def test_a_stop_ends_a_running_action_at_once(office: Office):
    ref = await office.start()
    office.model.will("", python("import time; time.sleep(15)"))
    await office.until_it_runs(ref)
    await office.stop(ref)
    state = await office.until(ref, Status.STOPPED)
    assert state.active_s < 10


async def test_a_dropped_file_is_readable_by_code(office: Office):
    file = await office.control.storage.blobs.put_bytes("10", b"a,b\n1,2\n")
    ref = await office.start(files=(NamedFile(path="inputs/data.csv", file=file),))
    office.model.will("", python("print(open('inputs/data.csv').read())"))
    office.model.will("", FINISH)
    await office.until(ref, Status.FINISHED)
    assert "a,b\n1,2" in messages(office.model.requests[1], "tool")[0]
    assert "inputs/data.csv" in messages(office.model.requests[0], "user")[0]


async def test_a_file_dropped_while_the_session_works_is_there_for_the_next_run(office: Office):
    ref = await office.start()
    await office.model.asked(1)
    file = await office.control.storage.blobs.put_bytes("10", b"later")
    dropped = NamedFile(path="inputs/日本.txt", file=file)
    await office.control.signal(ref, Said(message_id="7", person=ANN, text="", files=(dropped,)))
    office.model.will("", python("print(open('inputs/日本.txt').read())"))
    office.model.will("", FINISH)
    await office.until(ref, Status.FINISHED)
    assert "later" in messages(office.model.requests[1], "tool")[0]


# --- The contract ----------------------------------------------------------------------------------

CHECK = {"name": "three lines", "code": "assert len(open('a.txt').readlines()) == 3"}


def contract(*checks: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return ("set_contract", {"checks": list(checks)})


async def test_a_goal_whose_check_fails_is_not_finished_and_the_model_is_told_which(office: Office):
    ref = await office.start()
    office.model.will("", contract(CHECK))
    office.model.will("", ("write_file", {"path": "a.txt", "content": "1\n2\n"}))
    office.model.will("", ("finish", {"summary": "done", "files": ["a.txt"]}))
    office.model.will("", ("write_file", {"path": "a.txt", "content": "1\n2\n3\n"}))
    office.model.will("", ("finish", {"summary": "done", "files": ["a.txt"]}))
    state = await office.until(ref, Status.FINISHED)
    told = messages(office.model.requests[3], "tool")[-1]
    assert "three lines" in told
    assert state.ended is not None
    assert state.ended.checked


async def test_a_check_that_already_passes_is_sent_back(office: Office):
    ref = await office.start()
    office.model.will("", contract(CHECK, {"name": "easy", "code": "pass"}))
    office.model.will("", contract(CHECK, {"name": "easy", "code": "pass", "invariant": True}))
    office.model.will("", ("write_file", {"path": "a.txt", "content": "1\n2\n3\n"}), FINISH)
    state = await office.until(ref, Status.FINISHED)
    assert "easy" in messages(office.model.requests[1], "tool")[0]
    assert "Nothing was frozen" in messages(office.model.requests[1], "tool")[0]
    assert state.contract is not None
    assert len(state.contract) == 2


async def test_a_check_sees_only_what_is_handed_over_and_what_was_dropped(office: Office):
    file = await office.control.storage.blobs.put_bytes("10", b"x")
    ref = await office.start(files=(NamedFile(path="inputs/x", file=file),))
    code = "import os; assert sorted(os.listdir()) == ['a.txt', 'inputs'], os.listdir()"
    office.model.will("", contract({"name": "only", "code": code}))
    office.model.will("", python("open('a.txt', 'w').write('1'); open('b.txt', 'w').write('2')"))
    office.model.will("", ("finish", {"summary": "done", "files": ["a.txt"]}))
    await office.until(ref, Status.FINISHED)


async def test_code_in_the_workspace_cannot_reach_a_check(office: Office):
    await office.start()
    code = "import json, math; json.loads(open('a.json').read()); assert math.floor(1.5) == 1"
    office.model.will("", contract({"name": "valid", "code": code}))
    cheat = "class JSONDecodeError(Exception): pass\ndef loads(text): return {}\n"
    office.model.will(
        "",
        ("write_file", {"path": "json.py", "content": cheat}),
        ("write_file", {"path": "sitecustomize.py", "content": "import os; os._exit(0)"}),
        ("write_file", {"path": "a.json", "content": "{"}),
    )
    office.model.will("", ("finish", {"summary": "done", "files": ["a.json", "json.py", "sitecustomize.py"]}))
    request = await office.model.asked(4)
    assert "valid" in messages(request, "tool")[-1]
    office.model.will(
        "", ("write_file", {"path": "a.json", "content": "{}"}), ("finish", {"summary": "done"})
    )


async def test_a_check_cannot_change_what_it_judges(office: Office):
    ref = await office.start()
    code = "open('a.txt', 'w').write('1\\n2\\n3\\n')"
    office.model.will("", contract({"name": "writes", "code": code}))
    office.model.will("", ("write_file", {"path": "a.txt", "content": "1"}), FINISH)
    request = await office.model.asked(3)
    assert "writes" in messages(request, "tool")[-1]
    await office.stop(ref)
    await office.until(ref, Status.STOPPED)


async def test_a_frozen_contract_changes_only_by_a_word_even_in_auto(office: Office):
    ref = await office.start()
    office.model.will("", contract(CHECK))
    office.model.will("", contract({"name": "nothing", "code": "raise SystemExit(1)"}))
    state = await office.until(ref, "decision")
    assert state.contract is not None
    assert state.contract[0].name == "three lines"
    office.model.will("", ("write_file", {"path": "a.txt", "content": "1\n2\n3\n"}), FINISH)
    await office.say(ref, "keep the contract")
    await office.until(ref, Status.FINISHED)


# --- What breaks -----------------------------------------------------------------------------------


async def test_a_refused_key_pauses_with_one_sentence(office: Office):
    ref = await office.start()
    office.model.will_do(Turn(status=401, text="bad key"))
    state = await office.until(ref, Status.PAUSED)
    assert state.paused is not None
    assert "OPENAI_API_KEY" in state.paused.reason


async def test_a_file_that_finish_names_and_that_is_not_there_keeps_the_goal_open(office: Office):
    ref = await office.start()
    office.model.will("", ("finish", {"summary": "done", "files": ["nowhere.txt"]}))
    office.model.will("", FINISH)
    await office.until(ref, Status.FINISHED)
    assert "nowhere.txt" in messages(office.model.requests[1], "tool")[0]


async def test_the_same_order_twice_is_one_session(office: Office):
    ref = await office.start()
    await office.start(ref=ref)
    office.model.will("", FINISH)
    await office.until(ref, Status.FINISHED)
    assert len(office.model.requests) == 1


async def test_a_file_named_outputs_does_not_hinder_long_output(office: Office):
    ref = await office.start()
    office.model.will("", ("write_file", {"path": "outputs", "content": "mine"}))
    office.model.will("", python("print('a' * 9000)"), ("read_file", {"path": "outputs"}))
    office.model.will("", FINISH)
    state = await office.until(ref, Status.FINISHED)
    told = messages(office.model.requests[2], "tool")
    assert "outputs (2)/2.1.txt" in told[1]
    assert told[2] == "mine"
    assert len(await office.content(state, "outputs (2)/2.1.txt")) > 9000


async def test_a_finish_with_hostile_files_and_a_check_with_much_to_say_are_cut_to_size(office: Office):
    ref = await office.start()
    code = "print('x' * 3000); raise SystemExit(1)"
    office.model.will("", contract(*[{"name": f"{number}" * 20, "code": code} for number in range(9)]))
    office.model.will("", python("for n in range(300): open(f'{n}' * 20, 'w').write('1')"))
    office.model.will("", ("finish", {"summary": "done", "files": ["/" + "x" * 100_000]}))
    office.model.will("", FINISH)
    request = await office.model.asked(5)
    assert all(len(told.encode()) < 4500 for told in messages(request, "tool"))
    await office.stop(ref)
    await office.until(ref, Status.STOPPED)


async def test_names_that_no_journal_can_hold_are_left_out_and_named(office: Office):
    ref = await office.start()
    office.model.will(
        "", python("import os\nopen(b'\\xff', 'w').write('1')\nopen('b', 'w').write('1')\nos.chmod('b', 0)")
    )
    office.model.will("", ("run_shell", {"command": "ls; cat b"}))
    office.model.will("", FINISH)
    state = await office.until(ref, Status.FINISHED)
    assert set(state.files) == {"b"}
    assert "not valid UTF-8" in messages(office.model.requests[1], "tool")[0]
    assert messages(office.model.requests[2], "tool")[1] == "exit code 0\nb\n1"


async def test_a_folder_that_became_a_file_and_back_is_laid_out_on_another_worker(office: Office):
    ref = await office.start()
    office.model.will("", ("run_shell", {"command": "mkdir -p a/b; echo 1 > a/b/c; ln -s a link"}))
    office.model.will("", ("run_shell", {"command": "rm -r a; echo 2 > a; sleep 0.2"}))
    office.model.will("", ("run_shell", {"command": "rm a; mkdir a; echo 3 > a/c; cat a/c"}))
    office.model.will("", ("read_file", {"path": "a/c"}), FINISH)
    state = await office.until(ref, Status.FINISHED)
    assert (
        messages(office.model.requests[3], "tool")[-1]
        == "exit code 0\n3\nfiles written: a/c\nfiles removed: a"
    )
    assert set(state.files) == {"a/c"}


async def test_a_session_that_repeats_itself_is_told_so_and_finishes(office: Office):
    ref = await office.start()
    for _ in range(3):
        office.model.will("again", python("print('same')"))
    office.model.will("another way", FINISH)
    state = await office.until(ref, Status.FINISHED)
    assert state.step == 4
    last = office.model.requests[3]["messages"][-1]
    assert last["role"] == "user"
    assert "the same 3 times in a row, with the same result" in last["content"]


async def test_requests_that_do_not_fit_are_made_shorter(office: Office):
    ref = await office.start()
    for number in range(8):
        office.model.will("", python(f"print({number})"))
    too_long = "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000."
    office.model.will_do(*[Turn(text=too_long, status=400)] * 2)
    office.model.will("", FINISH)
    await office.until(ref, Status.FINISHED)
    assert len(messages(office.model.requests[-2], "tool")) == 8
    assert len(messages(office.model.requests[-1], "tool")) == 6


DRAW = "from PIL import Image; Image.new('RGB', (40, 30), 'red').save('chart.png')"
LOOK = ("read_file", {"path": "chart.png"})


async def test_pictures_that_people_drop_and_code_draws_are_seen_and_the_context_only_grows(office: Office):
    out = io.BytesIO()
    Image.new("RGB", (3000, 20), "blue").save(out, "PNG")
    file = await office.control.storage.blobs.put_bytes("10", out.getvalue())
    ref = await office.start(files=(NamedFile(path="inputs/photo.png", file=file),))
    office.model.will("draw", python(DRAW))
    office.model.will("look", LOOK)
    office.model.will("seen", FINISH)
    await office.until(ref, Status.FINISHED)
    first, second, third = (one["messages"] for one in office.model.requests)
    assert second[: len(first)] == first
    assert third[: len(second)] == second
    assert [part["type"] for part in first[-1]["content"]] == ["text", "image_url"]
    assert "inputs/photo.png" in first[-1]["content"][0]["text"]
    assert messages({"messages": third}, "tool")[-1].startswith("chart.png is a picture: PNG, 40 x 30")
    assert third[-1]["content"][1]["image_url"]["url"].startswith("data:image/png;base64,")


async def test_a_server_that_takes_no_pictures_is_sent_them_once(office: Office):
    look = ("read_file", {"path": "inputs/chart.png"})

    def answer(request: Any) -> Turn:
        refused = "image_url" in json.dumps(request)
        last = len(request["messages"]) > 6
        text = "image input is not supported" if refused else ""
        return Turn(text=text, status=500 if refused else 200, calls=(FINISH if last else look,))

    office.model.will_always(answer)
    out = io.BytesIO()
    Image.new("RGB", (30, 20), "blue").save(out, "PNG")
    file = await office.control.storage.blobs.put_bytes("10", out.getvalue())
    ref = await office.start(files=(NamedFile(path="inputs/chart.png", file=file),))
    state = await office.until(ref, Status.FINISHED)
    assert state.failures == 0
    shown = ["image_url" in json.dumps(request) for request in office.model.requests]
    assert shown == [True] + [False] * (len(shown) - 1)
    assert CANNOT_SEE in office.model.requests[1]["messages"][2]["content"]
    assert "cannot see it" in messages(office.model.requests[-1], "tool")[0]
