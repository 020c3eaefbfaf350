"""Each goal is played to its end: what the model asks for is really run, and it says what came back."""

from __future__ import annotations

import csv
import json

import pytest

from playground.demo import GOALS
from tests.playground.demo.conftest import TOOLS, Called, Rehearsal

SMALL = ("run_python", "read_file", "write_file", "ask", "set_contract", "finish")
"""The toolbox of a model with a small window."""
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("example", [goal.example for goal in GOALS])
@pytest.mark.parametrize("tools", [TOOLS, SMALL], ids=["all tools", "small toolbox"])
async def test_every_example_ends_with_its_files_handed_over(
    stage: Rehearsal, example: str, tools: tuple[str, ...]
):
    stage.tools = tools
    stage.verdict = without_the_wait
    summary = await stage.play(example)
    assert stage.calls[0].thought.startswith("(Demo model:")
    assert stage.delivered
    assert summary


async def test_primes_are_right_and_said_as_they_came_out(rehearsal: Rehearsal):
    summary = await rehearsal.play("primes below 50")
    primes = (rehearsal.workspace / "primes.txt").read_text().split()
    assert primes == ["2", "3", "5", "7", "11", "13", "17", "19", "23", "29", "31", "37", "41", "43", "47"]
    assert "15 primes below 50" in summary


@pytest.mark.parametrize(
    ("name", "text", "columns"),
    [
        ("my sales.csv", "Region;Umsatz (€);Stück\nNord;1.234,50;3\nSüd;99,90;12\n", ("Umsatz (€)", "Stück")),
        ("売上.csv", "\ufeff日付,金額\n2026-01-01,10\n2026-01-02,30\n2026-01-03,20\n", ("金額",)),
        ("plain.tsv", "a\tb\n1\t2\n3\t5\n", ("a", "b")),
        ("it's; `my` (2) <table>.csv", "name|v\nx|1\ny|2\n", ("v",)),
    ],
)
async def test_a_chart_uses_the_columns_that_the_file_really_has(
    stage: Rehearsal, name: str, text: str, columns: tuple[str, ...]
):
    (stage.workspace / "inputs" / name).write_text(text, encoding="utf-8")
    summary = await stage.play("chart the file, please")
    assert stage.delivered == ["chart.png"]
    assert (stage.workspace / "chart.png").read_bytes().startswith(PNG)
    assert all(column in stage.named("run_python")[0].text("code") for column in columns)
    assert f"inputs/{name}" in summary
    assert "sample" not in summary


async def test_a_table_of_an_older_spreadsheet_keeps_its_letters(stage: Rehearsal):
    (stage.workspace / "inputs" / "old.csv").write_bytes("Straße;Höhe\nA;1,5\nB;2,5\n".encode("latin-1"))
    summary = await stage.play("chart the file, please")
    assert stage.delivered == ["chart.png"]
    assert "columns: Straße, Höhe; Höhe: total 4," in summary


async def test_sums_in_the_summary_are_those_of_the_whole_file(stage: Rehearsal):
    rows = "".join(f"item {n % 4},{n}\n" for n in range(2000))
    (stage.workspace / "inputs" / "big.csv").write_text("kind,amount\n" + rows)
    assert "total 1.999e+06" in await stage.play("chart") or "total 1999000" in await stage.play("chart")


async def test_without_a_file_the_chart_says_that_its_data_are_made_up(stage: Rehearsal):
    assert "sample data that I made up" in await stage.play("chart")


async def test_a_file_dropped_later_replaces_the_sample(stage: Rehearsal):
    (stage.workspace / "inputs" / "late.csv").write_text("day,visits\nMon,3\nTue,9\n")
    stage.tools = tuple(name for name in TOOLS if name != "list_files")
    stage.verdict = lambda called: "exit code 0\n" if "glob" in str(called.arguments) else None
    stage.said = {2: "\n\nFiles dropped into the workspace:\n- inputs/late.csv (24 bytes)"}
    summary = await stage.play("chart")
    assert "visits: total 12" in summary
    assert "sample" not in summary


async def test_a_file_without_numbers_is_explained_and_not_drawn(stage: Rehearsal):
    (stage.workspace / "inputs" / "names.csv").write_text("first,last\nAda,Lovelace\nAlan,Turing\n")
    summary = await stage.play("chart")
    assert "no column of numbers" in summary
    assert "first, last" in summary
    assert not stage.delivered


async def test_debug_names_the_exception_that_really_happened(rehearsal: Rehearsal):
    summary = await rehearsal.play("debug")
    runs = rehearsal.named("run_python")
    assert "KeyError: 'count'" in runs[0].result
    assert "ZeroDivisionError" in runs[1].result
    assert runs[-1].result.startswith("exit code 0")
    edits = rehearsal.named("edit_file")
    assert "KeyError: 'count'" in edits[0].thought
    assert "line 7" in edits[0].thought
    assert "all orders: 25.50" in summary


async def test_debug_does_not_pretend_when_it_knows_no_repair(rehearsal: Rehearsal):
    trouble = (
        "exit code 1\nTraceback (most recent call last):\nPermissionError: [Errno 13] denied: 'orders.json'"
    )
    rehearsal.verdict = lambda called: trouble if called.name == "run_python" else None
    assert "PermissionError" in await rehearsal.play("debug")


async def test_clean_text_has_no_doubles_and_no_loose_spaces(rehearsal: Rehearsal):
    (rehearsal.workspace / "inputs" / "list.txt").write_bytes(
        b"\xef\xbb\xbfa  b\r\n\r\n\r\nA b\r\n c\t\r\nc\r\n\xff\r\n"
    )
    summary = await rehearsal.play("clean up the text")
    assert (rehearsal.workspace / "clean.txt").read_text(encoding="utf-8") == "a b\n\nc\n\ufffd\n"
    assert "removed 2 duplicate lines" in summary


@pytest.mark.parametrize("answer", ["a heart", 'my cat\'s "name"\nin {braces}'])
async def test_the_answer_to_the_question_is_used(stage: Rehearsal, answer: str):
    stage.answer = answer
    await stage.play("question")
    assert answer.split()[-1] in stage.named("run_python")[0].text("code")
    assert stage.delivered == ["picture.png"]


async def test_the_contract_is_red_first_and_a_failing_check_is_repaired(rehearsal: Rehearsal):
    await rehearsal.play("contract")
    first, last = rehearsal.named("finish")
    assert "should be IV" in first.result
    assert "should be IV" in rehearsal.named("edit_file")[0].thought
    assert last.result == "finished"


async def test_csv_becomes_json_and_comes_back(stage: Rehearsal):
    (stage.workspace / "inputs" / "a.csv").write_text("id,name\n1,Ada\n2,Bo\n")
    await stage.play("convert my csv to json")
    assert json.loads((stage.workspace / "a.json").read_text())[1] == {"id": 2, "name": "Bo"}
    (stage.workspace / "inputs" / "a.csv").unlink()
    (stage.workspace / "inputs" / "b.json").write_text('{"rows": [{"x": 1, "y": {"z": "ü"}}]}')
    await stage.play("convert")
    with (stage.workspace / "b.csv").open(encoding="utf-8") as file:
        assert list(csv.DictReader(file)) == [{"x": "1", "y.z": "ü"}]


async def test_a_steered_long_goal_repeats_the_words_and_changes_course(rehearsal: Rehearsal):
    words = "Do the factorials next, {please} — only 5 of them"
    rehearsal.said = {2: words}
    rehearsal.verdict = without_the_wait
    await rehearsal.play("a long survey")
    after = rehearsal.named("run_python")[2]
    assert f"“{words}”" in after.thought
    assert "factorials: 1 2 6 24 120\n" in after.result
    assert len(rehearsal.named("run_python")) == 12


async def test_a_long_goal_takes_words_off_its_list_as_its_next_subject(rehearsal: Rehearsal):
    rehearsal.said = {1: 'Tell me about "otters"\nand their paws', 4: "that is enough"}
    rehearsal.verdict = without_the_wait
    summary = await rehearsal.play("a long survey")
    assert "7 words" in rehearsal.named("run_python")[1].result
    assert "> Tell me about" in (rehearsal.workspace / "survey.md").read_text()
    assert "3 sequences" in summary


def without_the_wait(called: Called) -> None:
    """Run long steps without their pause, as nobody has to read along."""
    if called.name == "run_python":
        called.arguments["code"] = called.text("code").replace("time.sleep(2)", "")


async def test_a_rejected_run_comes_back_changed_by_the_reason(rehearsal: Rehearsal):
    def reject_first(called: Called) -> str | None:
        if called.name == "run_python" and len(rehearsal.named("run_python")) == 1:
            return "Rejected by Ada: only below 30, please"
        return None

    rehearsal.verdict = reject_first
    summary = await rehearsal.play("primes below 500")
    first, second = rehearsal.named("run_python")[:2]
    assert "LIMIT = 500" in first.text("code")
    assert "LIMIT = 30" in second.text("code")
    assert "only below 30, please" in second.thought
    assert "10 primes below 30" in summary


async def test_words_that_break_in_are_heeded_and_the_broken_step_is_done_again(rehearsal: Rehearsal):
    def break_in(called: Called) -> str | None:
        without_the_wait(called)
        runs = len(rehearsal.named("run_python"))
        return "Interrupted by Ada." if called.name == "run_python" and runs == 2 else None

    rehearsal.verdict = break_in
    rehearsal.said = {2: "fibonacci now, 7 of them"}
    summary = await rehearsal.play("a long survey")
    assert "cubes" in rehearsal.named("run_python")[1].text("code")
    assert "fibonacci numbers: 1 1 2 3 5 8 13\n" in rehearsal.named("run_python")[2].result
    assert "12 sequences: squares, fibonacci numbers, cubes" in summary


async def test_an_action_that_never_ran_is_asked_for_again(rehearsal: Rehearsal):
    def skip_once(called: Called) -> str | None:
        first = called.name == "deliver" and len(rehearsal.named("deliver")) == 1
        return "Not run: Ada interrupted the step and says something first." if first else None

    rehearsal.verdict = skip_once
    await rehearsal.play("primes")
    assert rehearsal.delivered == ["primes.txt"]


@pytest.mark.parametrize("goal", [goal.example for goal in GOALS if goal.words[0] != "haiku"])
async def test_two_rejections_end_politely_without_running(rehearsal: Rehearsal, goal: str):
    rehearsal.verdict = lambda called: (
        "Rejected by Ada: no" if called.name in ("run_python", "set_contract") else None
    )
    summary = await rehearsal.play(goal)
    assert "You said no twice" in summary
    assert len(rehearsal.named("run_python")) <= 3
    assert not rehearsal.delivered


async def test_an_error_is_answered_with_another_way_then_said_plainly(stage: Rehearsal):
    trouble = "exit code 1\nTraceback (most recent call last):\nModuleNotFoundError: No module named 'pandas'"
    (stage.workspace / "inputs" / "x.csv").write_text("day,visits\nMon,3\nTue,9\n")
    stage.verdict = lambda called: trouble if called.name == "run_python" else None
    summary = await stage.play("chart")
    first, second = stage.named("run_python")
    assert first.text("code") != second.text("code")
    assert "No module named 'pandas'" in second.thought
    assert "No module named 'pandas'" in summary


async def test_any_other_goal_is_told_what_there_is_and_how_to_get_a_real_model(rehearsal: Rehearsal):
    summary = await rehearsal.play("book me a flight to Reykjavik")
    assert [call.name for call in rehearsal.calls] == ["finish"]
    assert all(goal.example in summary for goal in GOALS)
    assert all(name in summary for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "SMART_MODEL"))


async def test_words_after_the_end_are_answered_and_the_end_repeated(rehearsal: Rehearsal):
    await rehearsal.play("haiku")
    rehearsal.messages.append({"role": "user", "content": "make it rhyme!"})
    message = await rehearsal.ask()
    assert "make it rhyme!" in (message.content or "")
    assert [call.type == "function" and call.function.name for call in message.tool_calls or []] == ["finish"]


async def test_the_same_transcript_gives_the_same_turn(rehearsal: Rehearsal):
    await rehearsal.play("primes")
    assert await rehearsal.ask() == await rehearsal.ask()
