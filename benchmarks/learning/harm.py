"""What a wrong lesson costs: one that was poisoned from the start, and all of them after a change."""

from collections.abc import Sequence
from random import Random

from agent_core.skills.selection import Experience, Lesson, book, choose
from benchmarks.learning.edits import EDITS
from benchmarks.learning.table import Mutant

TRIES = 4
KINDS = [edit.kind for edit in EDITS]
_BASE, _POISONED, _HELPFUL = 0.5, 0.3, 0.65


def poison(runs: int = 200, tasks: int = 300, after: int = 50) -> None:
    """How often a lesson that does harm is still shown, beside one that helps."""
    shown = {"poisoned": 0, "helpful": 0}
    for seed in range(runs):
        random = Random(seed)  # noqa: S311 - to repeat it
        lessons = {name: Lesson(id=name) for name in shown}
        for task in range(tasks):
            view = choose(list(lessons.values()), _BASE, random)
            chance = _BASE
            if "helpful" in view.shown:
                chance = _HELPFUL
            if "poisoned" in view.shown:
                chance -= _BASE - _POISONED
            book(lessons, view, worked=random.random() < chance)
            if task >= after:
                for name in view.shown:
                    shown[name] += 1
    for name, count in shown.items():
        share = count / (runs * (tasks - after))
        print(f"a {name} lesson is shown in {100 * share:.1f} % of the tasks after the first {after}")


def shift(mutants: Sequence[Mutant], runs: int = 50, after: int = 100) -> None:
    """Train, let every hint mean another one, go on: success after so many tasks, beside no lessons."""
    with_lessons, without = [0, 0], [0, 0]
    for seed in range(runs):
        random = Random(seed)  # noqa: S311 - to repeat it
        tasks = random.sample(list(mutants), min(2 * after + 200, len(mutants)))
        experience = Experience()
        changed = dict(zip(KINDS, random.sample(KINDS, len(KINDS)), strict=True))
        for number, mutant in enumerate(tasks):
            meaning = changed if number >= 200 else {kind: kind for kind in KINDS}
            mixed = random.sample(KINDS, len(KINDS))
            worked = _try(mutant, experience.order(mutant.signature, mixed), meaning, experience)
            if number >= 200 + after:
                with_lessons[0], with_lessons[1] = with_lessons[0] + worked, with_lessons[1] + 1
                without[0], without[1] = without[0] + _try(mutant, mixed, meaning, None), without[1] + 1
    ours, off = (100 * part[0] / part[1] for part in (with_lessons, without))
    print(
        f"{after} tasks after a change that made all lessons wrong: {ours:.1f} % repaired,"
        f" {off:.1f} % without lessons"
    )


def _try(
    mutant: Mutant, kinds: Sequence[str], meaning: dict[str, str], experience: Experience | None
) -> bool:
    tried = 0
    for kind in kinds:
        places = mutant.edits[meaning[kind]]
        if not places:
            continue
        worked = any(whole for _, whole in places)
        if experience is not None:
            experience.learn(mutant.signature, kind, worked=worked)
        if worked:
            return True
        tried += len(places)
        if tried >= TRIES:
            return False
    return False
