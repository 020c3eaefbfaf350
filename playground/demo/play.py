"""The demo model's mind: from the messages so far to the next turn. Pure."""

from __future__ import annotations

from itertools import count

from playground.demo.goals import GOALS, find_goal
from playground.demo.scenes import library
from playground.demo.script import Scene, Script, ScriptEndedError, Turn
from playground.demo.transcript import Transcript

HELLO = "(Demo model: I play a script, with real tools.)"
_OWN_ANSWER = frozenset({"run_python", "run_shell", "set_contract"})
"""Calls whose interruption the scripts answer themselves."""
_REAL_MODEL = (
    "For a real model set `OPENAI_API_KEY` (and `OPENAI_BASE_URL` for a server other than OpenAI's, "
    "`SMART_MODEL` for its name) in the environment or in `.env`, and start again."
)


def next_turn(transcript: Transcript, offered: frozenset[str]) -> Turn:
    """Replay the script of the goal against what really came back, and take its next turn."""
    scene = Scene(goal=transcript.goal, offered=offered)
    scene.hear(transcript.opening)
    script = _perform(scene)
    turn = next(script)
    for past in transcript.past:
        scene.hear(past)
        if past.last.interrupted and past.last.name not in _OWN_ANSWER:
            continue  # it never happened: the same turn again
        turn = script.send(past)
    said = (transcript.past[-1] if transcript.past else transcript.opening).words
    lead = "" if transcript.past else f"{HELLO} "
    lead += "".join(f"You say: “{words}”. " for words in said)
    return Turn(thought=lead + turn.thought, calls=turn.calls)


def _perform(scene: Scene) -> Script:
    """The goal's script, then an end without end: whatever comes back after `finish` is answered too."""
    goal = find_goal(scene.goal)
    thought, note = "That is all there is to do.", ""
    try:
        if library.task(scene.goal):
            closing = yield from library.play(scene)
        elif goal is None:
            thought, closing = "I have no script for this goal, so I say what I can show.", _menu()
        else:
            closing = yield from goal.play(scene)
    except ScriptEndedError as end:
        closing = str(end)
    for _ in count():
        past = yield scene.finish(f"{closing}{note}", thought)
        if past.words:
            thought = "My script is over, so I cannot take that further."
            note = f"\n\nAt the end you said: “{' '.join(past.words)}”. {thought} {_REAL_MODEL}"
        else:
            thought = "The end was sent back, and my script has nothing left to try."
            note = f"\n\nThe end was sent back ({past.last.complaint[:300]}); my script cannot mend that."
    return closing


def _menu() -> str:
    shown = "\n".join(f"- `{goal.example}`: {goal.title}" for goal in GOALS)
    return f"I am a demo model and cannot do this. Try one of these goals:\n{shown}\n{_REAL_MODEL}"
