"""What an improvement takes up: failures by frequency and severity, and successes to have children. Pure.

Among successes a parent's chance is sigmoid(score) / (1 + children), so that no line crowds out the others
(the archive of Zhang et al., Darwin Gödel Machine, 2025).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from agent_core.skills.library import Held
from agent_core.skills.shelves import Shelves, Skill
from agent_core.skills.signature import Severity, Signature

Way = Literal["repair", "modify", "combine"]

REPAIRS = 0.6
"""The share of improvements that repair, where there is anything to repair."""
COMBINES = 0.4
"""The share of the others that combine two successes, where there are two."""
_STEEP = 4.0
"""How much a better score counts; scores lie between -0.1 and 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is to be improved, and how."""

    way: Way
    held: tuple[Held, ...]
    """Two where they are to be combined, else one."""


def of_named(held: Held) -> Target:
    """What somebody named: a failure is repaired, a success modified."""
    return Target(way="modify" if held.skill.proven else "repair", held=(held,))


def choose(shelves: Shelves, held: Sequence[Held], random: Random) -> Target | None:
    """What to take up next, of what may be read; None where there is nothing."""
    broken = [one for one in held if one.skill.shelf == "failures" and urgency(shelves, one.skill) > 0]
    proven = [one for one in held if one.skill.usable]
    if broken and (not proven or random.random() < REPAIRS):
        weights = [urgency(shelves, one.skill) / (1 + one.skill.children) for one in broken]
        return Target(way="repair", held=(random.choices(broken, weights)[0],))
    if not proven:
        return None
    parent = random.choices(proven, [likelihood(one.skill) for one in proven])[0]
    others = [one for one in proven if one is not parent]
    if others and random.random() < COMBINES:
        other = random.choices(others, [likelihood(one.skill) for one in others])[0]
        return Target(way="combine", held=(parent, other))
    return Target(way="modify", held=(parent,))


def urgency(shelves: Shelves, skill: Skill) -> int:
    """Frequency times severity of what went wrong with it; what the machine or network did counts nothing."""
    found = [
        seen.weight
        for seen in shelves.errors_of(skill.id)
        if seen.signature.severity is not Severity.ENVIRONMENT
    ]
    return max(found, default=0)


def likelihood(skill: Skill) -> float:
    """How likely a success becomes a parent, up to a common factor."""
    return 1 / (1 + math.exp(-_STEEP * (skill.score - 0.5))) / (1 + skill.children)


def last_error(shelves: Shelves, skill: Skill) -> Signature | None:
    """What went wrong with it last."""
    found = shelves.errors_of(skill.id)
    return max(found, key=lambda seen: seen.last).signature if found else skill.filed.signature
