"""Ours beside each other arm: intervals clustered by program, corrected by Holm's method."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy

RESAMPLES = 20_000
LEVEL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """By how much more ours repairs than another arm, in shares."""

    arm: str
    mean: float
    low: float
    high: float
    p: float
    """How often so much comes by chance, when each program's gap could as well be the other way round."""


def compare(
    rates: Mapping[str, Mapping[str, float]], beaten: Sequence[str], beside: Sequence[str]
) -> list[Gap]:
    """`rates`: arm -> program -> share repaired. `beaten` are corrected together, `beside` stands alone.

    The programs are what is drawn: seeds and mutants only make each program's share more exact.
    """
    gaps = {arm: _gaps(rates["ours"], rates[arm]) for arm in (*beaten, *beside)}
    p = {arm: _p(gap) for arm, gap in gaps.items()}
    ranked = sorted(beaten, key=p.__getitem__)
    levels = {arm: LEVEL / (len(ranked) - rank) for rank, arm in enumerate(ranked)}
    found: list[Gap] = []
    for arm in (*beaten, *beside):
        low, high = _interval(gaps[arm], levels.get(arm, LEVEL))
        found.append(Gap(arm=arm, mean=float(gaps[arm].mean()), low=low, high=high, p=p[arm]))
    return found


def _gaps(ours: Mapping[str, float], other: Mapping[str, float]) -> "numpy.ndarray":
    return numpy.array([ours[program] - other[program] for program in sorted(ours)])


def _interval(gaps: "numpy.ndarray", level: float) -> tuple[float, float]:
    """By drawing programs anew, with repetition."""
    random = numpy.random.default_rng(0)
    means = gaps[random.integers(0, len(gaps), (RESAMPLES, len(gaps)))].mean(axis=1)
    low, high = numpy.quantile(means, (level / 2, 1 - level / 2))
    return float(low), float(high)


def _p(gaps: "numpy.ndarray") -> float:
    """By turning the sign of each program's gap at random."""
    random = numpy.random.default_rng(1)
    signs = random.choice((-1.0, 1.0), (RESAMPLES, len(gaps)))
    as_far = numpy.abs((signs * gaps).mean(axis=1)) >= abs(gaps.mean()) - 1e-12
    return (int(as_far.sum()) + 1) / (RESAMPLES + 1)
