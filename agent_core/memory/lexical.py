"""BM25 over one server's memories, kept up to date one text at a time."""

import math
from array import array
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from agent_core.memory import words

K1 = 1.0
"""How soon a repeated word stops to count."""
B = 0.6
"""How much a long text is held against it. Both: the middle of what was measured as flat."""

_MOST = 65_535
"""As often as a term is counted in one text."""


class Lexical:
    """Which slots hold which terms. A slot is a small number; removing one forgets its words."""

    def __init__(self) -> None:
        self._filed: dict[str, tuple[array[int], array[int]]] = {}
        """Term -> the slots that hold it, and how often each does."""
        self._lengths = np.zeros(0, dtype=np.float32)
        self._total = 0
        self._texts = 0
        self._languages: Counter[str] = Counter()

    def add(self, slot: int, text: str) -> None:
        """File a text under a free slot."""
        found, spoken = words.terms(text)
        self._languages[spoken] += 1
        filed = self._filed
        for term, count in Counter(found).items():
            there = filed.get(term)
            if there is None:
                there = filed[term] = (array("I"), array("H"))
            there[0].append(slot)
            there[1].append(count if count < _MOST else _MOST)
        if slot >= len(self._lengths):
            self._lengths = _grown(self._lengths, slot + 1)
        self._lengths[slot] = len(found)
        self._total += len(found)
        self._texts += 1

    def remove(self, slot: int, text: str) -> None:
        """Take it out again; `text` is what it was filed with."""
        found, spoken = words.terms(text)
        self._languages[spoken] -= 1
        for term in set(found):
            slots, counts = self._filed[term]
            at = slots.index(slot)
            slots[at], counts[at] = slots[-1], counts[-1]
            slots.pop()
            counts.pop()
            if not slots:
                del self._filed[term]
        self._lengths[slot] = 0.0
        self._total -= len(found)
        self._texts -= 1

    def scores(self, query: str, size: int) -> NDArray[np.float32]:
        """The score of every slot below `size`; 0 where no word is shared."""
        scores = np.zeros(size, dtype=np.float32)
        mean = max(self._total / self._texts, 1.0) if self._texts else 1.0
        spoken = [name for name, count in self._languages.items() if count > 0]
        for variants, times in Counter(words.wanted(query, spoken)).items():
            there = [term for term in variants if term in self._filed]
            if len(there) == 1:
                slots, gains = self._gains(there[0], mean)
                scores[slots] += times * gains
            elif there:
                best = np.zeros(size, dtype=np.float32)
                for term in there:
                    slots, gains = self._gains(term, mean)
                    best[slots] = np.maximum(best[slots], gains)
                scores += times * best
        return scores

    def shared(self, query: str, slot: int) -> int:
        """How many different words of the query this slot holds."""
        spoken = [name for name, count in self._languages.items() if count > 0]
        return sum(
            any(term in self._filed and slot in self._filed[term][0] for term in variants)
            for variants in set(words.wanted(query, spoken))
        )

    def _gains(self, term: str, mean: float) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        held, often = self._filed[term]
        slots = np.array(held, dtype=np.intp)
        counts = np.array(often, dtype=np.float32)
        rarity = math.log(1.0 + (self._texts - len(slots) + 0.5) / (len(slots) + 0.5))
        weight = K1 * (1.0 - B + B * self._lengths[slots] / mean)
        return slots, (rarity * counts / (counts + weight)).astype(np.float32)


def _grown(lengths: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    grown = np.zeros(max(size, 2 * len(lengths), 64), dtype=np.float32)
    grown[: len(lengths)] = lengths
    return grown
