"""Hits that say nearly the same: repetitions go to the end, and of two that contradict the newer comes first.

Never told apart by their vectors alone: "Friday" and "Saturday" are nearer to each other there than two ways
to say one thing.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from agent_core.memory import words

_SAME = 0.9
_VERSION = 0.5
_VERSION_COSINE = 0.8
_COMPARABLE = 0.5
"""The newer one has at least this part of the older one's score; else it is about something else."""
_TELLING = re.compile(r"\d")
_DAYS = frozenset(
    words.stem(day, words.ENGLISH)
    for day in (
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "today",
        "tomorrow",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """What is compared."""

    slot: int
    text: str
    at: float
    score: float
    alone: bool
    """Its vector is of its own text only."""


def arrange(hits: list[Hit], cosine: Callable[[int, int], float]) -> list[Hit]:
    """The hits with repetitions last, and each newer version before what it replaces."""
    said = {hit.slot: words.every_word(hit.text) for hit in hits}
    kept: list[Hit] = []
    repeated: list[Hit] = []
    for hit in hits:
        place = len(kept)
        repeats = False
        for at, earlier in enumerate(kept):
            mine, theirs = said[hit.slot], said[earlier.slot]
            shared = len(mine & theirs) / max(len(mine | theirs), 1)
            if shared >= _SAME and _telling(mine) == _telling(theirs):
                repeats = True
                break
            newer = hit.at > earlier.at and hit.score >= _COMPARABLE * earlier.score
            if newer and at < place and _versions(hit, earlier, shared, cosine):
                place = at
        if repeats:
            repeated.append(hit)
        else:
            kept.insert(place, hit)
    return _falling(kept + repeated)


def _falling(hits: list[Hit]) -> list[Hit]:
    """Whoever moved up or down has the score of its new place, so that scores never rise."""
    best = sorted((hit.score for hit in hits), reverse=True)
    return [replace(hit, score=score) for hit, score in zip(hits, best, strict=True)]


def _versions(hit: Hit, earlier: Hit, shared: float, cosine: Callable[[int, int], float]) -> bool:
    if shared >= _VERSION:
        return True
    if not (hit.alone and earlier.alone and words.is_latin(hit.text) and words.is_latin(earlier.text)):
        return False  # of scripts that a model cannot read, all texts are the same to it
    return cosine(hit.slot, earlier.slot) >= _VERSION_COSINE


def _telling(said: frozenset[str]) -> frozenset[str]:
    """What turns a repetition into a contradiction: numbers, negations, days."""
    return frozenset(
        word for word in said if _TELLING.search(word) or word in words.NEGATIONS or word in _DAYS
    )
