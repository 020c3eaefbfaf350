"""How hits are ordered: a pure function of two scores and of who follows whom. Each part can be switched off.

The recipe and its weights were measured on LoCoMo (`benchmarks/memory.py`). Rank fusion in place of the sum
of scores, and words that only reorder what the meaning found, are both far worse.
"""

from collections.abc import Callable, Container, Sequence
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
class Facts:
    """What is known of every slot, by its number."""

    seen: NDArray[np.bool_]
    """The reader may see it."""
    before: NDArray[np.int32]
    """The slot of the message that it follows; -1 where there is none."""
    asks: NDArray[np.bool_]
    """Its text is a question; one more at the end, for who follows nobody."""
    ages_s: NDArray[np.float64]
    """Seconds since it was last said."""

    @classmethod
    def alone(cls, seen: NDArray[np.bool_], ages_s: NDArray[np.float64]) -> "Facts":
        """Of what follows nobody, as messages do."""
        count = len(seen)
        nobody = np.full(count, -1, dtype=np.int32)
        return cls(seen=seen, before=nobody, asks=np.zeros(count + 1, dtype=np.bool_), ages_s=ages_s)


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
    facts: Facts,
    named: Container[int],
    parts: Parts,
    most: int,
) -> list[Scored]:
    """The `most` slots that are worth looking at, best first; where two are equal, the newer one.

    `nominated`: the slots nearest by meaning; `dense`: the cosines of any slots, None without a vector;
    `words`: the BM25 score of every slot; `named`: slots of authors who were named.
    """
    by_words = _top(np.where(facts.seen, words, 0.0).astype(np.float32)) if parts.words else []
    candidates = list(dict.fromkeys([*nominated, *by_words])) if parts.dense else by_words
    pool = _with_neighbours(candidates, facts) if parts.flow else np.array(candidates, dtype=np.intp)
    if not len(pool):
        return []
    meaning, lexical = np.zeros(len(pool)), np.zeros(len(pool))
    if dense is not None and parts.dense:
        meaning = np.maximum(dense(pool.tolist()), 0.0).astype(np.float64)
    if parts.words:
        lexical = words[pool].astype(np.float64)
    meaning = HALF * meaning / max(float(meaning.max()), _TINY)
    lexical = HALF * lexical / max(float(lexical.max()), _TINY)
    flow = _flow(pool, meaning + lexical, facts) if parts.flow else np.zeros(len(pool))
    author = np.array([AUTHOR if parts.author and slot in named else 0.0 for slot in pool.tolist()])
    ages_s = facts.ages_s[pool]
    recency = (
        RECENT * 0.5 ** (np.maximum(0.0, ages_s) / HALF_LIFE_S) if parts.recency else np.zeros(len(pool))
    )
    score = meaning + lexical + flow + author + recency
    return [
        Scored(
            slot=int(pool[at]),
            score=float(score[at]),
            meaning=float(meaning[at]),
            words=float(lexical[at]),
            flow=float(flow[at]),
            author=float(author[at]),
            recency=float(recency[at]),
        )
        for at in np.lexsort((ages_s, -score))[:most]
    ]


def _top(scores: Scores) -> list[int]:
    count = min(TOP, len(scores))
    best = np.argpartition(-scores, count - 1)[:count] if count else np.zeros(0, dtype=np.intp)
    return [int(slot) for slot in best if scores[slot] > 0.0]


def _with_neighbours(candidates: Sequence[int], facts: Facts) -> NDArray[np.intp]:
    """The candidates, what each of them follows, and what follows each; only such that the reader may see."""
    chosen = np.array(candidates, dtype=np.intp)
    wanted = np.zeros(len(facts.before) + 1, dtype=np.bool_)
    wanted[chosen] = True
    wanted[-1] = False  # whom those follow who follow nobody
    after = np.flatnonzero(wanted[facts.before])
    before = facts.before[chosen]
    wanted[after] = True
    wanted[before] = True
    return np.flatnonzero(wanted[:-1] & facts.seen)


def _flow(pool: NDArray[np.intp], base: NDArray[np.float64], facts: Facts) -> NDArray[np.float64]:
    """What flows in from the better one of the messages before and after."""
    scores = np.zeros(len(facts.before) + 1)
    scores[pool] = base
    before = facts.before[pool]
    weight = np.where(facts.asks[before], FLOW_OF_QUESTION, FLOW)
    from_before = weight * scores[before]
    from_after = np.zeros(len(facts.before) + 1)
    np.maximum.at(from_after, before, FLOW * base)
    from_after[-1] = 0.0
    return np.maximum(from_before, from_after[pool])
