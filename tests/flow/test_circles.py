"""The four classic failures of agents: noticed, shown, and broken. And what every goal begins with."""

import io
import json
from itertools import count

from PIL import Image

from agent_core.model import estimate_tokens
from agent_core.values import Status
from tests.fakes import Call, Request, Turn
from tests.flow.conftest import Stage
from tests.flow.people import attached

FINISH: Call = ("finish", {"summary": "out of the circle"})
LOOK: Call = ("list_files", {})
MISS: Call = ("read_file", {"path": "nothing.txt"})

FAILURES = {
    "repeats itself": "You have done the same 3 times in a row",
    "alternates": "You have gone back and forth between the same two steps 3 times",
    "only talks": "You have talked 3 times without calling a tool",
    "overflows": "The request was too long for the model 2 times",
}
MOST_PREFIX = 4_000
"""Tokens, by a bound that is a third above the truth."""


def in_circles(request: Request) -> Turn:
    """Goes wrong in the way that its goal names, until it is told."""
    said = json.dumps(request["messages"])
    goal = str(request["messages"][1]["content"])  # further on, memories of the other goals may stand
    steps = sum(one["role"] == "assistant" for one in request["messages"])
    if not request.get("tools"):
        return Turn(text="A record.")
    if "The system says:" in said:
        return Turn(text="Oh!", calls=(FINISH,))
    if "only talks" in goal:
        return Turn(text="I shall begin soon.")
    if "overflows" in goal:
        error = "This model's maximum context length is 128000 tokens, you sent more."
        return Turn(text="So far", calls=(LOOK,)) if steps < 1 else Turn(status=400, text=error)
    return Turn(text="Again.", calls=(MISS if "alternates" in goal and steps % 2 else LOOK,))


async def test_each_of_the_four_failures_is_noticed_shown_and_broken(stage: Stage):
    stage.model.answers(in_circles)
    threads = {name: await stage.people.goal(f"a goal that {name}", autonomy="auto") for name in FAILURES}
    for name, notice in FAILURES.items():
        thread = threads[name]
        await thread.says(notice)
        await thread.says("out of the circle")
        assert (await stage.state(thread)).status is Status.FINISHED


async def test_a_goal_begins_with_a_small_prefix_and_the_pictures_that_were_dropped(stage: Stage):
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, "PNG")
    numbers = count(1)
    stage.model.answers(lambda _: Turn(calls=(LOOK if next(numbers) < 3 else FINISH,)))
    thread = await stage.people.goal(
        "look at it", autonomy="auto", file="pic.png", files=[attached("pic.png", out.getvalue())]
    )
    await thread.says("out of the circle")
    first, second, third = (one["messages"] for one in stage.model.requests)
    system, goal, shown = first[:3]
    tools = stage.model.requests[0]["tools"]
    assert estimate_tokens(system["content"]) + estimate_tokens(tools) <= MOST_PREFIX
    assert "inputs/pic.png" in goal["content"]
    assert [part["type"] for part in shown["content"]] == ["text", "image_url"]
    assert second[: len(first)] == first
    assert third[: len(second)] == second
    assert [one["tools"] for one in stage.model.requests] == [tools] * 3
