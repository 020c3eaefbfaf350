"""Evidence against "no effect" that may be looked at every day. Pure.

The e-process of Turner, Ly and Gruenwald (Generic E-variables for exact sequential k-sample tests that allow
for optional stopping, 2024), as a mixture over a fixed grid of alternatives. Under any common rate of both
arms its expectation is at most 1 at every moment, so that by Ville's inequality it ever passes 1 / alpha with
a probability of at most alpha, however often one looks and whenever one stops.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

ALPHA = 0.05
"""How often an experiment without effect may ever be called a success."""

ENOUGH = 1 / ALPHA

_LOGITS = tuple(-5.5 + 0.25 * step for step in range(43))
_LIFTS = (0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What came in since the last look: hits out of trials, in either arm."""

    control_hits: int
    control_trials: int
    variant_hits: int
    variant_trials: int


def evidence(looks: Iterable[Look], baseline: float | None = None) -> list[float]:
    """The e-value after each look; success is an e-value of 20 or more at any of them.

    With a baseline there is no control arm: the variant is compared with that rate. Only a rise counts.
    """
    grid = list(_alternatives(baseline))
    logs = [0.0] * len(grid)
    values: list[float] = []
    for look in looks:
        for at, (control, variant) in enumerate(grid):
            logs[at] += _log_e(look, control, variant, baseline)
        values.append(_mean(logs))
    return values


def _alternatives(baseline: float | None) -> Iterator[tuple[float, float]]:
    """The pairs of rates that the evidence is collected for: every baseline, several rises."""
    controls = [_logistic(logit) for logit in _LOGITS] if baseline is None else [baseline]
    for control in controls:
        for lift in _LIFTS:
            yield control, _logistic(math.log(control / (1 - control)) + lift)


def _log_e(look: Look, control: float, variant: float, baseline: float | None) -> float:
    if baseline is not None:
        return _log_ratio(look.variant_hits, look.variant_trials, variant, baseline)
    trials = look.control_trials + look.variant_trials
    if not trials:
        return 0.0
    common = (look.control_trials * control + look.variant_trials * variant) / trials
    return _log_ratio(look.control_hits, look.control_trials, control, common) + _log_ratio(
        look.variant_hits, look.variant_trials, variant, common
    )


def _log_ratio(hits: int, trials: int, rate: float, other: float) -> float:
    return hits * math.log(rate / other) + (trials - hits) * math.log((1 - rate) / (1 - other))


def _mean(logs: list[float]) -> float:
    """The mean of e^x, capped where a float ends."""
    top = max(logs)
    return math.exp(min(top + math.log(sum(math.exp(one - top) for one in logs) / len(logs)), 700.0))


def _logistic(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))
