"""The arms: what each proposes to try first, trained on the same tries."""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

from agent_core.skills import Credit, Signature, View
from benchmarks.learning.edits import EDITS
from benchmarks.learning.table import Mutant

KINDS = [edit.kind for edit in EDITS]
ARMS = ("off", "placebo", "base rate", "nearest", "raw cases", "ours")
Order = Callable[[Signature, Random], list[str]]
_NOTHING = Signature(kind="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One edit that was tried in training."""

    signature: Signature
    kind: str
    worked: bool


def tries(training: Sequence[Mutant], random: Random) -> list[Try]:
    """What an author without any guidance tried, and whether all cases held: it goes on until they do."""
    made: list[Try] = []
    for mutant in training:
        for kind in random.sample(KINDS, len(KINDS)):
            if places := mutant.edits[kind]:
                worked = any(whole for _, whole in places)
                made.append(Try(signature=mutant.signature, kind=kind, worked=worked))
                if worked:
                    break
    return made


def trained(made: Sequence[Try], random: Random) -> dict[str, Order]:
    """The arms after these tries.

    off: any order. placebo: as ours, with the signatures dealt anew among the tries: each kind of edit keeps
    its tries and successes, each signature its number. base rate: as ours, with no signature at all. nearest:
    what repaired the most similar signatures. raw cases: what repaired last. ours: `Credit.order`.
    """
    signatures = [one.signature for one in made]
    dealt = random.sample(signatures, len(signatures))
    cases = [(str(one.signature), one.kind) for one in made if one.worked]
    recent = [kind for _, kind in reversed(cases)]

    def nearest(signature: Signature, chance: Random) -> list[str]:
        close = sorted(cases, key=lambda case: -_likeness(str(signature), case[0]))
        return list(dict.fromkeys([*(kind for _, kind in close), *mixed(chance)]))

    return {
        "off": lambda _, chance: mixed(chance),
        "placebo": _by(_booked(made, dealt)),
        "base rate": _by(_booked(made, [_NOTHING] * len(made)), blind=True),
        "nearest": nearest,
        "raw cases": lambda _, chance: list(dict.fromkeys([*recent, *mixed(chance)])),
        "ours": _by(_booked(made, signatures)),
    }


def _booked(made: Sequence[Try], signatures: Sequence[Signature]) -> Credit:
    credit = Credit()
    for one, signature in zip(made, signatures, strict=True):
        credit.book(signature, View(shown=(one.kind,)), worked=one.worked)
    return credit


def _by(credit: Credit, *, blind: bool = False) -> Order:
    """In the order that the product's selection proposes."""
    known: dict[Signature, list[str]] = {}

    def order(signature: Signature, chance: Random) -> list[str]:
        seen = _NOTHING if blind else signature
        if seen not in known:
            known[seen] = credit.order(seen, mixed(chance))
        return known[seen]

    return order


def mixed(chance: Random) -> list[str]:
    """All kinds of edit in an order of chance."""
    return chance.sample(KINDS, len(KINDS))


@cache
def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()
