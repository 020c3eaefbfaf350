"""summarize reads a long file by fresh calls of the model, on the goal's account."""

import json

from tests.fakes import Request, Turn
from tests.flow.conftest import Stage
from tests.flow.people import attached

PARAGRAPH = "The ferry leaves at nine and the harbour is quiet until then, as the log of that day says. " * 12
REPORT = "\n\n".join(f"Entry {number}. {PARAGRAPH}" for number in range(30))
ASK = ("summarize", {"source": "inputs/log.txt", "question": "When does the ferry leave?"})


def reads(request: Request) -> Turn:
    """The agent has the log read and ends; the readers answer from what they see."""
    said = json.dumps(request["messages"])
    if request.get("tools"):
        done = any(one["role"] == "tool" for one in request["messages"])
        return Turn(calls=(("finish", {"summary": "at nine"}),) if done else (ASK,))
    if "Several readers" in said:
        return Turn(text=f"At nine, says each of {said.count('it leaves at nine')} readers.")
    return Turn(text="it leaves at nine" if "leaves at nine" in said else "Nothing here.")


async def test_a_long_file_is_read_in_parts_and_answered_once_with_its_lines(stage: Stage):
    stage.model.will_always(reads)
    thread = await stage.people.goal(
        "When does the ferry leave?", autonomy="auto", files=[attached("log.txt", REPORT.encode())]
    )
    await thread.says("finished")
    asked = [one for one in stage.model.requests if not one.get("tools")]
    assert len(asked) == 4
    assert all("Part " in json.dumps(one["messages"]) for one in asked[:3])
    seen = json.dumps(stage.model.requests[-1]["messages"])
    assert "At nine, says each of 3 readers." in seen
    assert "Read in 3 parts: inputs/log.txt, lines 1 to " in seen
    state = await stage.state(thread)
    assert state.spending.held == 0
    assert state.usage.prompt_tokens > 0


async def test_what_is_no_text_is_said_plainly(stage: Stage):
    stage.model.will("", ("summarize", {"source": "inputs/a.bin", "question": "what?"}))
    stage.model.will("", ("summarize", {"source": "nowhere.md", "question": "what?"}))
    stage.model.will("", ("finish", {"summary": "done"}))
    thread = await stage.people.goal("look", autonomy="auto", files=[attached("a.bin", b"\x00\x01" * 99)])
    await thread.says("finished")
    seen = json.dumps(stage.model.requests[-1]["messages"])
    assert "is no text" in seen
    assert "There is no file or folder" in seen
