"""Is a session going in circles? Decided from the steps since somebody last put it on a new way. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from agent_core.events import Observed, Thought

TIMES = 3
"""This often in a row is stuck; an alternation of two, this many rounds."""

OVERFLOWS = 2
"""Requests in a row that did not fit the model's window."""

MOST_TOLD = 2
"""The model is told so often; the time after, the session pauses and asks."""

TRIM = 600
"""Bytes of a tool output that a fresh context keeps where the one before did not fit the window."""

FRESH_STEPS = 6
"""Steps that a fresh context still holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Did:
    """One step: what it asked for and what came back, without the ids that differ each time."""

    actions: tuple[str, ...]
    """Name and arguments of each, as text; empty where the model only talked."""
    results: tuple[str, ...]
    failed: bool
    """Everything that came back is an error."""


def steps_done(history: Sequence[object], since: int) -> list[Did]:
    """The steps with a number above `since`, oldest first. Other items of the history do not matter."""
    thoughts = [item for item in history if isinstance(item, Thought) and item.step > since]
    results: dict[int, list[Observed]] = {}
    for item in history:
        if isinstance(item, Observed):
            results.setdefault(int(item.action.partition(".")[0]), []).append(item)
    return [_did(thought, results.get(thought.step, [])) for thought in thoughts]


def noticed(steps: Sequence[Did], overflows: int) -> str | None:
    """What the model keeps doing, as it is told; None where it gets on."""
    if overflows >= OVERFLOWS:
        return f"The request was too long for the model {OVERFLOWS} times."
    last = steps[-TIMES:]
    if len(last) < TIMES:
        return None
    if not any(step.actions for step in last):
        return f"You have talked {TIMES} times without calling a tool, so nothing happened."
    if len({step.actions for step in last}) == 1:
        if len({step.results for step in last}) == 1:
            return f"You have done the same {TIMES} times in a row, with the same result."
        if all(step.failed for step in last):
            return f"You have done the same {TIMES} times in a row, and it failed each time."
    return _alternates(steps[-2 * TIMES :])


def _alternates(steps: Sequence[Did]) -> str | None:
    if len(steps) < 2 * TIMES or steps[0] == steps[1]:
        return None
    if any(step != steps[number % 2] for number, step in enumerate(steps)):
        return None
    return f"You have gone back and forth between the same two steps {TIMES} times, with the same results."


def _did(thought: Thought, observed: Sequence[Observed]) -> Did:
    return Did(
        actions=tuple(
            f"{one.name} {one.raw if one.arguments is None else json.dumps(one.arguments, sort_keys=True)}"
            for one in thought.actions
        ),
        results=tuple(one.observation.text for one in observed),
        failed=bool(observed) and all(one.observation.is_error for one in observed),
    )
