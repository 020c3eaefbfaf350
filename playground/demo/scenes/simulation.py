"""Simulation: an epidemic or a random walk, with a picture."""

from __future__ import annotations

import re

from playground.demo.acts import hand_over, propose, python
from playground.demo.script import Scene, Script

_EPIDEMIC = """\
import numpy as np
import matplotlib.pyplot as plt

PEOPLE = {size}
rng = np.random.default_rng(7)
ill = np.zeros(PEOPLE, bool)
immune = np.zeros(PEOPLE, bool)
ill[: max(1, PEOPLE // 200)] = True
history = []
for day in range(400):
    history.append((np.sum(~ill & ~immune), ill.sum(), immune.sum()))
    if not ill.any():
        break
    risk = 1 - np.exp(-{spread} * ill.mean())
    caught = ~ill & ~immune & (rng.random(PEOPLE) < risk)
    recovered = ill & (rng.random(PEOPLE) < 0.1)
    ill = (ill & ~recovered) | caught
    immune |= recovered
days = np.array(history)
plt.figure(figsize=(8, 4.5))
plt.stackplot(range(len(days)), days[:, 1], days[:, 0], days[:, 2], labels=["ill", "healthy", "recovered"],
              colors=["{colour}", "#9ecae1", "#c7e9c0"])
plt.xlabel("day")
plt.ylabel("people")
plt.title(f"An epidemic among {{PEOPLE:,}} people")
plt.legend(loc="center right")
plt.tight_layout()
plt.savefig("simulation.png", dpi=130)
print(f"over after {{len(days) - 1}} days")
print(f"peak: {{days[:, 1].max()}} of {{PEOPLE}} ill at once, on day {{days[:, 1].argmax()}}")
print(f"never ill: {{days[-1, 0]}}")
"""

_WALK = """\
import numpy as np
import matplotlib.pyplot as plt

STEPS = {size}
rng = np.random.default_rng(7)
walks = rng.choice([-1, 1], size=(5, STEPS, 2)).cumsum(axis=1)
plt.figure(figsize=(7, 7))
for number, walk in enumerate(walks):
    plt.plot(*walk.T, lw=0.8, alpha=0.8, color="{colour}" if number == 0 else None)
    plt.plot(*walk[-1], "k.")
plt.axis("equal")
plt.title(f"Five random walks of {{STEPS:,}} steps")
plt.tight_layout()
plt.savefig("simulation.png", dpi=130)
distance = np.hypot(*walks[:, -1].T)
print(f"mean distance from the start: {{distance.mean():.1f}}")
print(f"expected for {{STEPS}} steps: about {{(np.pi * STEPS / 2) ** 0.5:.1f}}")
"""


def play(scene: Scene) -> Script:
    """Simulate with the numbers and colours that people name, twice as mild after a no."""
    walk = re.search(r"\bwalks?\b", scene.goal, re.IGNORECASE) is not None

    def code(attempt: int) -> str:
        wishes = scene.wishes()
        size = wishes.number(2_000, low=50, high=200_000)
        colour = wishes.colour or "crimson"
        if walk:
            return _WALK.format(size=size, colour=colour)
        return _EPIDEMIC.format(size=size, colour=colour, spread=0.15 if attempt else 0.3)

    subject = "five random walks" if walk else "an epidemic"
    plan = scene.set_plan(f"Simulate {subject}", "Look at the numbers", "Hand over the picture")
    ran = yield from propose(
        scene, f"I simulate {subject} with numpy and draw what happens.", lambda n: python(code(n)), plan
    )
    numbers = "; ".join(
        line.strip() for line in ran.output.splitlines() if ":" in line or "over after" in line
    )
    for words in scene.news():
        ran = yield from propose(
            scene,
            f"I run it again with what you said: “{words}”.",
            lambda _: python(code(0)),
            scene.ticked(1),
        )
        numbers = "; ".join(line.strip() for line in ran.output.splitlines())
    yield from hand_over(
        scene, f"What came out: {numbers}.", ["simulation.png"], "The simulation as a picture"
    )
    return f"Simulated {subject}. {numbers}."
