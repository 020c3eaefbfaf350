"""What to try first against an error, from how past tries of the same kind of error fared. Pure.

A hint's chance is its record under the error's exact signature, shrunk to its record under the error's shape,
that to its record under the kind, and that to its record everywhere: what has seldom been seen believes what
is known more broadly (a hierarchy of beta-binomial means; Gelman et al., Bayesian Data Analysis, ch. 5).
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from agent_core.skills.signature import Signature

WITHHELD = 0.15
"""The share of tasks in which a lesson is kept out of view, so that its worth can be measured."""

_PRIOR = 4.0
"""How many tries the broader record counts for."""
_PRIOR_MEAN = 0.05
_FORGET = 0.985
"""What a record keeps of its weight with each new try of its hint: what was true once may not be now."""

Level = tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Tally:
    """Tries, and how many of them worked; both fade."""

    tried: float = 0.0
    worked: float = 0.0

    def add(self, *, worked: bool) -> None:
        """One more try."""
        self.tried = self.tried * _FORGET + 1
        self.worked = self.worked * _FORGET + worked


@dataclass(slots=True, kw_only=True)
class Experience:
    """The record of every hint under every level of every signature."""

    tallies: dict[str, dict[Level, Tally]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Tally))
    )

    def learn(self, signature: Signature, hint: str, *, worked: bool) -> None:
        """Note how a try went."""
        for level in signature.levels:
            self.tallies[hint][level].add(worked=worked)

    def chance(self, signature: Signature, hint: str) -> float:
        """How likely this hint mends this error."""
        mean = _PRIOR_MEAN
        known: Mapping[Level, Tally] = self.tallies.get(hint, {})
        for level in signature.levels:
            if tally := known.get(level):
                mean = (tally.worked + _PRIOR * mean) / (tally.tried + _PRIOR)
        return mean

    def order(self, signature: Signature, hints: Iterable[str]) -> list[str]:
        """The hints, the most promising first; ties keep their order."""
        return sorted(hints, key=lambda hint: -self.chance(signature, hint))


@dataclass(slots=True, kw_only=True)
class Lesson:
    """Something learnt that may be put into view, with how tasks went with and without it."""

    id: str
    shown: Tally = field(default_factory=Tally)
    withheld: Tally = field(default_factory=Tally)

    def uplift(self, base: float) -> float:
        """By how much more often a task succeeds with it in view, each side shrunk to the base rate."""
        return _shrunk(self.shown, base) - _shrunk(self.withheld, base)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Which lessons a task sees, and which were kept out to measure them."""

    shown: tuple[str, ...]
    withheld: tuple[str, ...]


def choose(lessons: Sequence[Lesson], base: float, random: Random, *, most: int = 3) -> View:
    """The lessons for one task: those that may well help, the best first, less the random share withheld.

    A lesson is tried while its uplift could still be above zero (its upper bound), so that a harmful one
    goes out of view after a few tasks and a new one gets its chance.
    """
    promising = sorted(
        (lesson for lesson in lessons if _upper(lesson, base) > 0), key=lambda lesson: -_upper(lesson, base)
    )
    shown: list[str] = []
    withheld: list[str] = []
    for lesson in promising[:most]:
        (withheld if random.random() < WITHHELD else shown).append(lesson.id)
    return View(shown=tuple(shown), withheld=tuple(withheld))


def book(lessons: Mapping[str, Lesson], view: View, *, worked: bool) -> None:
    """Note how the task went for every lesson that was in view or withheld."""
    for name in view.shown:
        lessons[name].shown.add(worked=worked)
    for name in view.withheld:
        lessons[name].withheld.add(worked=worked)


def _shrunk(tally: Tally, base: float) -> float:
    return (tally.worked + _PRIOR * base) / (tally.tried + _PRIOR)


def _upper(lesson: Lesson, base: float) -> float:
    """The uplift that could still be: what was seen, and most of a standard deviation more."""
    spread = 0.0
    for tally in (lesson.shown, lesson.withheld):
        mean = _shrunk(tally, base)
        spread += mean * (1 - mean) / (tally.tried + _PRIOR)
    return lesson.uplift(base) + 0.8 * math.sqrt(spread)
