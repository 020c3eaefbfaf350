"""How hits are ordered: a pure function of two scores and of who follows whom. Each part can be switched off.

The recipe and its weights were measured on LoCoMo (`benchmarks/memory.py`). Rank fusion in place of the sum
of scores, and words that only reorder what the meaning found, are both far worse.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]

TOP = 200
"""How many each side nominates."""
HALF = 0.5
FLOW = 0.5
FLOW_OF_QUESTION = 0.7
AUTHOR = 0.1
RECENT = 0.05
HALF_LIFE_S = 30 * 86_400.0
_TINY = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Which parts of the recipe are used; benchmarks switch them off one by one."""

    dense: bool = True
    words: bool = True
    flow: bool = True
    author: bool = True
    strip_names: bool = True
    recency: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """Who comes before and after a slot; only such that the reader may see."""

    before: Callable[[int], int | None]
    after: Callable[[int], Sequence[int]]
    asks: Callable[[int], bool]
    """Whether the text of a slot is a question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A slot and what its score is made of: the sum of the parts, until a newer version takes its place."""

    slot: int
    score: float
    meaning: float
    words: float
    flow: float
    author: float
    recency: float

    def why(self) -> str:
        """The parts in words, the largest first."""
        named = (
            ("meaning", self.meaning),
            ("words", self.words),
            ("the message next to it", self.flow),
            ("its author was named", self.author),
            ("recent", self.recency),
        )
        parts = sorted(((value, name) for name, value in named if value >= 0.005), reverse=True)
        return ", ".join(f"{name} {value:.2f}" for value, name in parts) or "the only one there is"


def rank(
    *,
    dense: Callable[[Sequence[int]], Scores] | None,
    nominated: Sequence[int],
    words: Scores,
    seen: NDArray[np.bool_],
    neighbours: Neighbours,
    named: Iterable[int],
    ages_s: Callable[[int], float],
    parts: Parts,
) -> list[Scored]:
    """The slots worth looking at, best first.

    `nominated`: the slots nearest by meaning; `dense`: the cosines of any slots, None without a vector;
    `words`: the BM25 score of every slot; `seen`: which slots the reader may see; `named`: slots of authors
    who were named.
    """
    by_words = _top(np.where(seen, words, 0.0).astype(np.float32)) if parts.words else []
    candidates = list(dict.fromkeys([*nominated, *by_words])) if parts.dense else by_words
    around: Mapping[int, list[int]] = _around(candidates, neighbours) if parts.flow else {}
    pool: list[int] = list(dict.fromkeys([*candidates, *(one for found in around.values() for one in found)]))
    if not pool:
        return []
    meaning = np.maximum(dense(pool), 0.0) if dense is not None and parts.dense else np.zeros(len(pool))
    lexical = words[pool] if parts.words else np.zeros(len(pool))
    meaning = HALF * meaning / max(float(meaning.max()), _TINY)
    lexical = HALF * lexical / max(float(lexical.max()), _TINY)
    base = {slot: float(meaning[at] + lexical[at]) for at, slot in enumerate(pool)}
    said_by_named = frozenset(named) if parts.author else frozenset[int]()

    def scored_at(at: int, slot: int) -> Scored:
        flow = _flow(slot, base, neighbours) if parts.flow else 0.0
        author = AUTHOR if slot in said_by_named else 0.0
        recency = RECENT * 0.5 ** (max(0.0, ages_s(slot)) / HALF_LIFE_S) if parts.recency else 0.0
        return Scored(
            slot=slot,
            score=base[slot] + flow + author + recency,
            meaning=float(meaning[at]),
            words=float(lexical[at]),
            flow=flow,
            author=author,
            recency=recency,
        )

    scored = [scored_at(at, slot) for at, slot in enumerate(pool)]
    return sorted(scored, key=lambda one: (-one.score, ages_s(one.slot)))


def _top(scores: Scores) -> list[int]:
    count = min(TOP, len(scores))
    best = np.argpartition(-scores, count - 1)[:count] if count else np.zeros(0, dtype=np.intp)
    return [int(slot) for slot in best if scores[slot] > 0.0]


def _around(candidates: Sequence[int], neighbours: Neighbours) -> Mapping[int, list[int]]:
    found: dict[int, list[int]] = {}
    for slot in candidates:
        before = neighbours.before(slot)
        found[slot] = [*neighbours.after(slot), *([] if before is None else [before])]
    return found


def _flow(slot: int, base: Mapping[int, float], neighbours: Neighbours) -> float:
    """What flows in from the better one of the messages before and after."""
    before = neighbours.before(slot)
    weight = FLOW_OF_QUESTION if before is not None and neighbours.asks(before) else FLOW
    from_before = weight * base.get(before, 0.0) if before is not None else 0.0
    from_after = max((FLOW * base.get(after, 0.0) for after in neighbours.after(slot)), default=0.0)
    return max(from_before, from_after)
