"""What to show against an error, from how past tries at the same kind of error fared. Pure.

A hint's chance is its record under the error's exact signature, shrunk to its record under the error's shape,
that to its record under the kind, and that to its record everywhere: what has seldom been seen believes what
is known more broadly (a hierarchy of beta-binomial means; Gelman et al., Bayesian Data Analysis, ch. 5).
Its worth is by how much that is more than without it: from a random share of tasks it is withheld.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from random import Random

from agent_core.skills.signature import Signature

WITHHELD = 0.15
"""The share of tasks in which a hint is kept out of view, so that its worth can be measured."""

MOST_SHOWN = 3

_PRIOR = 3.0
"""How many tries the broader record counts for."""
_FORGET = 0.985
"""What a record keeps of its weight with each new try of its hint: what was true once may not be now."""
_BOUND = 0.5
"""Standard deviations above the mean that a hint could still be worth."""

Level = tuple[str, ...]

ANY = Signature(kind="")
"""Any error at all."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """Tries, and how many of them worked; both fade."""

    tried: float = 0.0
    worked: float = 0.0

    def add(self, *, worked: bool) -> None:
        """One more try."""
        self.tried = self.tried * _FORGET + 1
        self.worked = self.worked * _FORGET + worked

    def less(self, part: "Tally") -> "Tally":
        """Without a part of it; the part fades more slowly, being seldom added to."""
        tried = max(self.tried - part.tried, 0.0)
        return Tally(tried=tried, worked=min(max(self.worked - part.worked, 0.0), tried))


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

    def chance(self, signature: Signature, hint: str, base: float) -> float:
        """How likely this error is mended, from the hint's record alone; `base`: where there is none."""
        mean, known = base, self._of(hint)
        tallies = [known.get(level) or Tally() for level in signature.levels]
        for tally, inner in zip(tallies, [*tallies[1:], Tally()], strict=True):
            outside = tally.less(inner)  # what is known more exactly counts there, and once
            mean = (outside.worked + _PRIOR * mean) / (outside.tried + _PRIOR)
        return mean

    def tried(self, hint: str) -> float:
        """In how many tries it was seen; old ones count for less."""
        tally = self._of(hint).get(())
        return tally.tried if tally else 0.0

    def variance(self, hint: str, mean: float) -> float:
        """Of a chance that rests on so many tries."""
        return mean * (1 - mean) / (self.tried(hint) + _PRIOR)

    def _of(self, hint: str) -> Mapping[Level, Tally]:
        return self.tallies.get(hint, {})


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Which hints a task sees, and which were kept out to measure them."""

    shown: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    """Hints that were not good enough: how the task goes without them is known as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """By how much more often a task succeeds with a hint in view, and how sure that is."""

    uplift: float
    spread: float
    """Standard deviation."""
    shown: float
    """Tasks that saw it; old ones count for less, here and below."""
    withheld: float

    @property
    def upper(self) -> float:
        """What it could still be worth."""
        return self.uplift + _BOUND * self.spread


@dataclass(slots=True, kw_only=True)
class Credit:
    """How tasks went with each hint in view, and without."""

    shown: Experience = field(default_factory=Experience)
    withheld: Experience = field(default_factory=Experience)
    tasks: Experience = field(default_factory=Experience)
    """All tasks, whatever they saw, under one name."""

    def base(self, signature: Signature) -> float:
        """How often an error like this is mended, whatever is in view."""
        return self.tasks.chance(signature, "", 0.5)

    def worth(self, signature: Signature, hint: str) -> Worth:
        """What the hint is worth against this error; each side is shrunk to the base rate."""
        base = self.base(signature)
        with_it = self.shown.chance(signature, hint, base)
        without = self.withheld.chance(signature, hint, base)
        variance = self.shown.variance(hint, with_it) + self.withheld.variance(hint, without)
        return Worth(
            uplift=with_it - without,
            spread=math.sqrt(variance),
            shown=self.shown.tried(hint),
            withheld=self.withheld.tried(hint),
        )

    def order(self, signature: Signature, hints: Iterable[str]) -> list[str]:
        """The hints, the most promising first; ties keep their order."""
        worth = {hint: self.worth(signature, hint).uplift for hint in hints}
        return sorted(worth, key=lambda hint: -worth[hint])

    def choose(
        self, signature: Signature, hints: Iterable[str], random: Random, most: int = MOST_SHOWN
    ) -> View:
        """What one task sees: hints that may well help, the best first, less the random share withheld.

        A hint is tried while it could still be worth something, so that a harmful one goes out of view after
        a few tasks; the last place goes to the one that could be worth most, so that a new one gets a chance.
        """
        upper = {hint: min(self.worth(one, hint).upper for one in (signature, ANY)) for hint in hints}
        open_to = self.order(signature, (hint for hint in upper if upper[hint] > 0))
        best = open_to[: most - 1]
        best += sorted(open_to[most - 1 :], key=lambda hint: -upper[hint])[:1]
        shown: list[str] = []
        withheld: list[str] = []
        for hint in best:
            (withheld if random.random() < WITHHELD else shown).append(hint)
        left_out = tuple(hint for hint in upper if hint not in best)
        return View(shown=tuple(shown), withheld=tuple(withheld), left_out=left_out)

    def book(self, signature: Signature, view: View, *, worked: bool) -> None:
        """Note how a task went, for every hint that was in view or withheld."""
        self.tasks.learn(signature, "", worked=worked)
        for hint in view.shown:
            self.shown.learn(signature, hint, worked=worked)
        for hint in (*view.withheld, *view.left_out):
            self.withheld.learn(signature, hint, worked=worked)
