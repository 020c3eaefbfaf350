"""What a wrong lesson costs: one that was poisoned from the start, and all of them after a change."""

import statistics
from collections.abc import Sequence
from random import Random

from agent_core.skills import Credit, Signature, View
from benchmarks.learning.arms import KINDS, mixed
from benchmarks.learning.table import Mutant

TRIES = 4
TRAINED = 200
_BASE, _POISONED, _HELPFUL = 0.5, 0.3, 0.65
_SIGNATURES = tuple(Signature(kind=kind, shape=shape) for kind in ("A", "B", "C") for shape in ("x", "y"))


def poison(runs: int = 200, tasks: int = 300, after: int = 50) -> None:
    """How often a lesson that does harm is still shown, beside one that helps, over errors of six kinds."""
    shown = {"poisoned": 0, "helpful": 0}
    for seed in range(runs):
        random = Random(seed)  # noqa: S311 - to repeat it
        credit = Credit()
        for task in range(tasks):
            signature = random.choice(_SIGNATURES)
            view = credit.choose(signature, shown, random)
            chance = _HELPFUL if "helpful" in view.shown else _BASE
            if "poisoned" in view.shown:
                chance -= _BASE - _POISONED
            credit.book(signature, view, worked=random.random() < chance)
            if task >= after:
                for name in view.shown:
                    shown[name] += 1
    for name, count in shown.items():
        share = count / (runs * (tasks - after))
        print(f"a {name} lesson is shown in {100 * share:.1f} % of the tasks after the first {after}")


def shift(mutants: Sequence[Mutant], runs: int = 50, after: int = 100) -> None:
    """Learn from 200 tasks, let every kind of edit do what another one did, go on, beside no lessons."""
    ours: tuple[list[bool], list[bool]] = ([], [])
    off: tuple[list[bool], list[bool]] = ([], [])
    for seed in range(runs):
        random = Random(seed)  # noqa: S311 - to repeat it
        credit = Credit()
        same = {kind: kind for kind in KINDS}
        changed = dict(zip(KINDS, mixed(random), strict=True))
        for number in range(TRAINED + 2 * after):
            mutant = random.choice(mutants)
            meaning = same if number < TRAINED else changed
            plain = mixed(random)
            worked = _try(mutant, credit.order(mutant.signature, plain), meaning, credit)
            if number >= TRAINED:
                later = number >= TRAINED + after
                ours[later].append(worked)
                off[later].append(_try(mutant, plain, meaning, None))
    for part, words in enumerate((f"the first {after} tasks", f"the {after} tasks after those")):
        with_it, without = 100 * statistics.fmean(ours[part]), 100 * statistics.fmean(off[part])
        print(f"{words} from a change that made all lessons wrong: {with_it:.1f} % repaired, {without:.1f} % "
              f"without lessons ({with_it - without:+.1f} points)")  # fmt: skip


def _try(mutant: Mutant, kinds: Sequence[str], meaning: dict[str, str], credit: Credit | None) -> bool:
    """Whether one of the first tries repairs it; what is tried is learnt from."""
    tried = 0
    for kind in kinds:
        places = mutant.edits[meaning[kind]]
        if not places:
            continue
        worked = any(whole for _, whole in places)
        if credit is not None:
            credit.book(mutant.signature, View(shown=(kind,)), worked=worked)
        if worked:
            return True
        tried += len(places)
        if tried >= TRIES:
            return False
    return False
