"""Long: twelve short steps, one after the other, that change course when somebody says something."""

from __future__ import annotations

import re
from collections.abc import Generator

from playground.demo.acts import hand_over, propose, python, write
from playground.demo.script import Scene, Script, Turn, wishes_of
from playground.demo.transcript import Past, Result
from playground.demo.wire import Call

_SEQUENCES = {
    "squares": "n * n",
    "cubes": "n ** 3",
    "triangular numbers": "n * (n + 1) // 2",
    "powers of two": "2 ** n",
    "factorials": "math.factorial(n)",
    "fibonacci numbers": "round(((1 + 5**0.5) / 2) ** n / 5**0.5)",
    "pentagonal numbers": "n * (3 * n - 1) // 2",
    "catalan numbers": "math.comb(2 * n, n) // (n + 1)",
    "tetrahedral numbers": "n * (n + 1) * (n + 2) // 6",
    "pronic numbers": "n * (n + 1)",
    "hexagonal numbers": "n * (2 * n - 1)",
    "central binomials": "math.comb(2 * n, n)",
}

_STEP = """\
import math
import time

time.sleep(2)  # slow on purpose, so that there is time to say something
terms = [{formula} for n in range(1, {count} + 1)]
with open("survey.md", "a") as out:
    out.write({heading!r} + "\\n" + ", ".join(map(str, terms)) + "\\n\\n")
print({name!r} + ":", *terms)
print("even:", sum(term % 2 == 0 for term in terms), "of", len(terms))
"""

_WORDS = """\
from collections import Counter

words = {words!r}
letters = Counter(letter for letter in words.lower() if letter.isalpha())
with open("survey.md", "a") as out:
    out.write("## What you said\\n> " + " ".join(words.split()) + "\\n\\n")
print(len(words.split()), "words,", sum(letters.values()), "letters")
print("most frequent:", letters.most_common(3))
"""

_ENOUGH = re.compile(r"\b(enough|finish|stop|end here|that'?s all|wrap up)\b", re.IGNORECASE)


def play(scene: Scene) -> Script:
    """A survey of twelve sequences; words of a person pick the next one, the number of terms, or the end."""
    course = list(_SEQUENCES)
    done: list[str] = []
    plan: Call | None = scene.set_plan(*(f"The {name}" for name in course), "Hand over the survey")
    yield scene.turn(
        f"I survey {len(course)} famous sequences, one a step. Say something and I change course.",
        plan,
        write("survey.md", "# A survey of famous sequences\n\n"),
    )
    for _ in range(3 * len(_SEQUENCES)):
        fresh = scene.news()
        for words in fresh:
            course = yield from _heed(scene, words, course)
        if not course:
            break
        scene.plan = (*(f"The {name}" for name in done + course), "Hand over the survey")
        shown = scene.ticked(len(done)) if fresh or len(done) % 4 == 3 else None
        result = yield from _step(scene, course[0], len(done), shown, left=len(course) - 1)
        if not result.interrupted:
            done.append(course.pop(0))
    note = f"{len(done)} sequences: {', '.join(done)}"
    yield from hand_over(scene, f"I have {note}.", ["survey.md"], note)
    return f"The survey holds {note}."


def _heed(scene: Scene, words: str, course: list[str]) -> Generator[Turn, Past, list[str]]:
    """What a person's words make of the course: its end, another order, or themselves as the next subject."""
    if _ENOUGH.search(words):
        return []
    named = [name for name in _SEQUENCES if name.split()[0] in words.lower()]
    if not named and not wishes_of([words]).numbers:
        yield from propose(
            scene,
            "That is no sequence on my list, so your words become the subject of this step.",
            lambda _: python(_WORDS.format(words=words)),
        )
    return named + [name for name in course if name not in named]


def _step(
    scene: Scene, name: str, number: int, plan: Call | None, *, left: int
) -> Generator[Turn, Past, Result]:
    def make(attempt: int) -> Call:
        count = wishes_of(scene.words).number(6 if attempt else 12, low=1, high=30)
        heading = f"## {number + 1}. The first {count} {name}"
        return python(_STEP.format(formula=_SEQUENCES[name], count=count, heading=heading, name=name))

    thought = f"Step {number + 1}: the {name}. {left} more to come."
    return (yield from propose(scene, thought, make, plan, patient=False))
