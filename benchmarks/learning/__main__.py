"""Is anything learnt? A simple author repairs mutants in the order that the product's selection proposes.

The programs that are judged were never trained on, half of the cases are hidden from the author, and every
arm meets the same tasks. Intervals are clustered by program; the four comparisons are corrected by Holm's
method. Then: how long a poisoned lesson stays in view, and what lessons cost that a change has made wrong.
"""

import asyncio
import difflib
import statistics
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

from agent_core.skills.selection import Experience
from agent_core.skills.signature import Signature
from benchmarks.learning.edits import EDITS
from benchmarks.learning.harm import poison, shift
from benchmarks.learning.table import Mutant, build

SEEDS = 100
TRIES = 4
"""Edits that the author tries before it gives up."""

KINDS = [edit.kind for edit in EDITS]
ARMS = ("off", "placebo", "base rate", "nearest", "raw cases", "ours")
Order = Callable[[Signature, Random], list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One edit that was tried in training."""

    signature: Signature
    kind: str
    worked: bool


def main() -> None:
    """Build the table, play all seeds, print the rates and the differences."""
    mutants = asyncio.run(build())
    programs = sorted({mutant.program for mutant in mutants})
    print(f"{len(mutants)} repairable mutants of {len(programs)} programs, {TRIES} tries each, {SEEDS} seeds")
    rates: dict[str, dict[str, list[float]]] = {arm: defaultdict(list) for arm in ARMS}
    for seed in range(SEEDS):
        _play(mutants, programs, Random(seed), rates)  # noqa: S311 - to repeat it
    for arm in ARMS:
        print(f"{arm:<10} repaired {100 * _mean_of(rates[arm]):5.1f} %")
    _compare(rates)
    poison()
    shift(mutants)


def _play(
    mutants: Sequence[Mutant],
    programs: Sequence[str],
    random: Random,
    rates: dict[str, dict[str, list[float]]],
) -> None:
    names = list(programs)
    random.shuffle(names)
    trained = set(names[: len(names) // 2])
    training = [mutant for mutant in mutants if mutant.program in trained]
    random.shuffle(training)
    orders = _trained(_tries(training, random), random)
    for mutant in mutants:
        if mutant.program not in trained:
            seed = random.random()
            for arm, order in orders.items():
                kinds = order(mutant.signature, Random(seed))  # noqa: S311 - the same for every arm
                rates[arm][mutant.program].append(_repaired(mutant, kinds))


def _tries(training: Sequence[Mutant], random: Random) -> list[Try]:
    """What an author without any guidance tried and saw: it goes on until the open cases hold."""
    tries: list[Try] = []
    for mutant in training:
        for kind in random.sample(KINDS, len(KINDS)):
            places = mutant.edits[kind]
            if places:
                worked = any(whole for _, whole in places)
                tries.append(Try(signature=mutant.signature, kind=kind, worked=worked))
                if worked:
                    break
    return tries


def _trained(tries: Sequence[Try], random: Random) -> dict[str, Order]:
    ours, base, placebo = Experience(), Experience(), Experience()
    signatures = [one.signature for one in tries]
    shuffled = random.sample(signatures, len(signatures))
    nothing = Signature(kind="")
    for one, other in zip(tries, shuffled, strict=True):
        ours.learn(one.signature, one.kind, worked=one.worked)
        placebo.learn(other, one.kind, worked=one.worked)
        base.learn(nothing, one.kind, worked=one.worked)
    cases = [(str(one.signature), one.kind) for one in tries if one.worked]

    def mixed(order: Callable[[list[str]], list[str]]) -> Order:
        return lambda _, chance: order(chance.sample(KINDS, len(KINDS)))

    def nearest(signature: Signature, chance: Random) -> list[str]:
        close = sorted(cases, key=lambda case: -_likeness(str(signature), case[0]))
        return list(dict.fromkeys([kind for _, kind in close] + chance.sample(KINDS, len(KINDS))))

    recent = [kind for _, kind in reversed(cases)]
    return {
        "off": mixed(lambda kinds: kinds),
        "placebo": lambda signature, chance: placebo.order(signature, chance.sample(KINDS, len(KINDS))),
        "base rate": lambda _, chance: base.order(nothing, chance.sample(KINDS, len(KINDS))),
        "nearest": nearest,
        "raw cases": lambda _, chance: list(dict.fromkeys(recent + chance.sample(KINDS, len(KINDS)))),
        "ours": lambda signature, chance: ours.order(signature, chance.sample(KINDS, len(KINDS))),
    }


@cache
def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()


def _repaired(mutant: Mutant, kinds: Sequence[str]) -> float:
    """Try edits in this order; the first that the open cases accept is handed in, right or not."""
    tried = 0
    for kind in kinds:
        for opened, whole in mutant.edits[kind]:
            if opened:
                return float(whole)
            tried += 1
            if tried >= TRIES:
                return 0.0
    return 0.0


def _mean_of(rates: dict[str, list[float]]) -> float:
    return statistics.fmean(statistics.fmean(values) for values in rates.values())


def _compare(rates: dict[str, dict[str, list[float]]]) -> None:
    """Ours less each other arm, one difference per program."""
    rows = [(arm, *_difference(rates["ours"], rates[arm])) for arm in ARMS if arm != "ours"]
    held = sorted((row for row in rows if row[0] != "base rate"), key=lambda row: row[3])
    below = True
    for rank, (arm, mean, error, chance) in enumerate(held):
        below = below and chance < 0.05 / (len(held) - rank)
        print(f"ours - {arm:<10} {100 * mean:+5.1f} ± {196 * error:.1f} points, p = {chance:.1e}"
              f"{'' if below else ' (NOT above zero after Holm)'}")  # fmt: skip
    arm, mean, error, _ = next(row for row in rows if row[0] == "base rate")
    print(f"ours - {arm:<10} {100 * mean:+5.1f} ± {196 * error:.1f} points")


def _difference(ours: dict[str, list[float]], other: dict[str, list[float]]) -> tuple[float, float, float]:
    """Mean, its standard error, and how likely so much is by chance (normal), over programs."""
    gaps = [statistics.fmean(ours[name]) - statistics.fmean(other[name]) for name in ours]
    mean, error = statistics.fmean(gaps), statistics.stdev(gaps) / len(gaps) ** 0.5
    return mean, error, 2 * (1 - statistics.NormalDist().cdf(abs(mean) / error)) if error else 0.0


if __name__ == "__main__":
    main()
