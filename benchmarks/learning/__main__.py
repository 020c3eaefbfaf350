"""Is anything learnt? A simple author repairs mutants in the order that the product's selection proposes.

The programs that are judged were never trained on, half of the cases are hidden from the author, and every
arm meets the same tasks. Then: how long a poisoned lesson stays in view, and what lessons cost that a change
has made wrong. `python -m benchmarks.learning [--seeds 100] [--programs N]`; no language model is asked.
"""

import argparse
import asyncio
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from random import Random

from benchmarks.learning.arms import ARMS, trained, tries
from benchmarks.learning.comparison import compare
from benchmarks.learning.harm import poison, shift
from benchmarks.learning.programs import PROGRAMS
from benchmarks.learning.table import Mutant, build

TRIES = 4
"""Edits that the author tries before it gives up."""

BEATEN = ("off", "placebo", "nearest", "raw cases")

Rates = dict[str, dict[str, list[float]]]


def main() -> None:
    """Build the table, play all seeds, print the rates and the differences."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--programs", type=int, default=len(PROGRAMS), help="a sample of so many")
    asked, _ = parser.parse_known_args()  # `python -m benchmarks` runs this one among others
    began = time.monotonic()
    mutants = asyncio.run(build(PROGRAMS[: asked.programs]))
    programs = sorted({mutant.program for mutant in mutants})
    print(
        f"{len(mutants)} repairable mutants of {len(programs)} programs, {TRIES} tries, {asked.seeds} seeds"
    )
    print(f"every mutant and every edit of it was run, in {time.monotonic() - began:.0f} s")
    rates: Rates = {arm: defaultdict(list) for arm in ARMS}
    for seed in range(asked.seeds):
        play(mutants, programs, Random(seed), rates)  # noqa: S311 - to repeat it
    _tell(rates)
    poison()
    shift(mutants)


def play(mutants: Sequence[Mutant], programs: Sequence[str], random: Random, rates: Rates) -> None:
    """One seed: half of the programs to train on, the mutants of the others to repair."""
    names = list(programs)
    random.shuffle(names)
    seen = set(names[: len(names) // 2])
    training = [mutant for mutant in mutants if mutant.program in seen]
    random.shuffle(training)
    orders = trained(tries(training, random), random)
    for mutant in mutants:
        if mutant.program not in seen:
            seed = random.random()
            for arm, order in orders.items():
                kinds = order(mutant.signature, Random(seed))  # noqa: S311 - the same for every arm
                rates[arm][mutant.program].append(repaired(mutant, kinds))


def repaired(mutant: Mutant, kinds: Sequence[str]) -> float:
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


def _tell(rates: Rates) -> None:
    shares = {
        arm: {program: statistics.fmean(values) for program, values in by_program.items()}
        for arm, by_program in rates.items()
    }
    for arm in ARMS:
        print(f"{arm:<10} repaired {100 * statistics.fmean(shares[arm].values()):5.1f} %")
    for gap in compare(shares, BEATEN, ("base rate",)):
        interval = f"[{100 * gap.low:+.1f}, {100 * gap.high:+.1f}]"
        words = "" if gap.low > 0 else ": NOT above zero"
        print(f"ours - {gap.arm:<10} {100 * gap.mean:+5.1f} {interval} points, p = {gap.p:.5f}{words}")


if __name__ == "__main__":
    main()
