"""One search over one server's copy: blocks for milliseconds, so it runs in a thread."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from agent_core.memory import ranking, versions
from agent_core.memory.ranking import Parts, Scored
from agent_core.memory.shelf import Shelf
from agent_core.memory.values import Recall, Seen

_MARGIN = 10
"""Hits past the wanted ones that are looked at for newer versions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The hits, and how sure it is that they have to do with the question."""

    hits: tuple[Recall, ...]
    best_cosine: float
    best_words: float
    """The highest BM25 score."""
    shared: int = 0
    """How many words of the question the best hit by words has."""


def search(
    shelf: Shelf,
    query: str,
    vector: NDArray[np.float32] | None,
    named: set[int],
    *,
    seen: Seen,
    k: int,
    now: float,
    parts: Parts,
) -> Found:
    """The best k that this reader may see. `vector`: of the query without names, None where there is none."""
    mask = shelf.seen(seen)
    words = shelf.lexical.scores(query, shelf.size)
    nominated, best_cosine = (
        shelf.rows.nearest(vector, mask, ranking.TOP) if vector is not None and parts.dense else ([], 0.0)
    )

    def dense(slots: Sequence[int]) -> ranking.Scores:
        assert vector is not None  # noqa: S101 - only handed on where there is one
        return shelf.rows.cosines(vector, slots)

    ranked = ranking.rank(
        dense=None if vector is None else dense,
        nominated=nominated,
        words=words,
        facts=shelf.facts(mask, now),
        named=named,
        parts=parts,
        most=k + _MARGIN,
    )
    chosen = _arranged(shelf, ranked)[:k]
    shown_words = np.where(mask, words, 0.0)
    best = int(shown_words.argmax()) if mask.any() else -1
    best_words = float(shown_words[best]) if best >= 0 else 0.0
    shared = shelf.lexical.shared(query, best) if best_words > 0.0 else 0
    hits = tuple(hit for one in chosen if (hit := _hit(shelf, one, seen)) is not None)
    return Found(hits=hits, best_cosine=best_cosine, best_words=best_words, shared=shared)


def _arranged(shelf: Shelf, ranked: Sequence[Scored]) -> list[Scored]:
    by_slot = {one.slot: one for one in ranked}
    hits = [
        versions.Hit(
            slot=slot, text=record.text, at=shelf.at(slot), score=one.score, alone=record.before is None
        )
        for slot, one in by_slot.items()
        if (record := shelf.record(slot)) is not None
    ]
    return [replace(by_slot[hit.slot], score=hit.score) for hit in versions.arrange(hits, shelf.rows.between)]


def _hit(shelf: Shelf, scored: Scored, seen: Seen) -> Recall | None:
    record = shelf.record(scored.slot)
    source = seen.through(record) if record is not None else None
    if record is None or source is None:
        return None
    return Recall(
        id=record.id,
        text=record.text,
        score=scored.score,
        at=source.at,
        author=record.author,
        message_id=source.message_id,
        why=scored.why(),
        author_id=record.author_id,
        channel_id=source.channel_id,
        kind=source.kind,
        tainted=source.tainted,
    )
