"""Question: ask the person, and use the answer."""

from __future__ import annotations

from playground.demo.acts import hand_over, propose, python
from playground.demo.script import Scene, Script
from playground.demo.transcript import Past
from playground.demo.wire import Call

_SHAPES = {
    "a star": "r = 1 + 0.45 * np.cos(5 * t)",
    "a spiral": "r, t = np.linspace(0, 1.4, t.size), 5 * t",
    "a heart": "r = 1.2 - 1.1 * np.sin(t) + np.sin(t) * np.abs(np.cos(t)) ** 0.5 / (np.sin(t) + 1.6)",
    "a rose": "r = np.cos(4 * t)",
}

_CODE = """\
import numpy as np
import matplotlib.pyplot as plt

t = np.linspace(0, 2 * np.pi, 2000)
{shape}
plt.figure(figsize=(5, 5))
plt.fill(r * np.cos(t), r * np.sin(t), color={colour!r}, alpha=0.35)
plt.plot(r * np.cos(t), r * np.sin(t), color={colour!r}, lw=2)
plt.axis("equal")
plt.axis("off")
plt.title({title!r})
plt.savefig("picture.png", dpi=130)
print("drawn:", {title!r})
"""


def play(scene: Scene) -> Script:
    """Ask which shape to draw; an answer in own words becomes the title."""
    ask = Call(
        name="ask",
        arguments={"question": "Which picture shall I draw for you?", "options": list(_SHAPES)},
    )
    plan = scene.set_plan("Ask which picture", "Draw it", "Hand it over")
    past = yield scene.turn("Before I draw anything I ask what you would like to see.", plan, ask)
    answer = _answer(past)
    shape = next((name for name in _SHAPES if name.split()[-1] in answer.lower()), None)

    def code(attempt: int) -> str:
        colour = scene.wishes().colour or ("teal" if attempt else "crimson")
        title = shape or answer[:80] or "no answer"
        return _CODE.format(shape=_SHAPES[shape or "a star"], colour=colour, title=title)

    heard = f"You chose {shape}." if shape else f"Your answer: “{answer[:200]}”. I put it above a star."
    yield from propose(scene, f"{heard} I draw it.", lambda n: python(code(n)), scene.ticked(1))
    yield from hand_over(scene, "Here it is.", ["picture.png"], f"As you wished: {shape or answer[:80]}")
    return f"I asked, you answered “{answer[:200]}”, and I drew {shape or 'a star with your words above it'}."


def _answer(past: Past) -> str:
    """The person's words, whether they came as the result of the question or as a message."""
    text = past.last.text.strip()
    known = any(name.split()[-1] in text.lower() for name in _SHAPES)
    if not known and past.words:
        return past.words[-1]
    if past.last.rejected:
        return past.last.reason
    front, colon, rest = text.partition(":")
    return rest.strip() if colon and "\n" not in front else text
