"""Finding a skill by meaning and words, with the memory's own parts: nothing is ranked here."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import structlog
from numpy.typing import NDArray

from agent_core.errors import StoreUnavailableError
from agent_core.memory.embedder import Embeds
from agent_core.memory.lexical import Lexical
from agent_core.memory.ranking import TOP, Facts, Parts, rank
from agent_core.memory.rows import Rows, pack
from agent_core.memory.sessions import LIKELY_COSINE, LIKELY_SHARED, LIKELY_WORDS
from agent_core.skills.shelves import Skill
from agent_core.skills.values import Card

_PARTS = Parts(flow=False, author=False, strip_names=False)
_MOST_ROWS = 20_000

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A skill that fits."""

    skill: Skill
    card: Card
    score: float
    why: str
    likely: bool = False
    """It has probably to do with what was asked, as with memories."""


class Finder:
    """Searches among skills; keeps the vectors of their words."""

    def __init__(self, embedder: Embeds, at_hand: Callable[[], bool]) -> None:
        """`at_hand`: whether the model is loaded; until then words alone find."""
        self._embedder = embedder
        self._at_hand = at_hand
        self._rows: OrderedDict[str, bytes] = OrderedDict()

    async def find(self, query: str, among: Sequence[tuple[Skill, Card]], k: int, now: float) -> list[Hit]:
        """The best k of these, best first."""
        if not among or not query.strip():
            return []
        texts = [card.words for _, card in among]
        vectors = await self._vectors(query, texts)
        return await asyncio.to_thread(_ranked, query, among, vectors, k, now)

    async def _vectors(
        self, query: str, texts: Sequence[str]
    ) -> tuple[NDArray[np.float32], list[bytes]] | None:
        if not self._at_hand():
            return None
        try:
            missing = [text for text in dict.fromkeys(texts) if text not in self._rows]
            if missing:
                for text, vector in zip(missing, await self._embedder.embed(missing), strict=True):
                    self._rows[text] = pack(vector)
            asked = (await self._embedder.embed([query], urgent=True))[0]
        except StoreUnavailableError as error:
            log.warning("skills without meaning, by words only", reason=str(error))
            return None
        rows = [self._rows[text] for text in texts]
        while len(self._rows) > _MOST_ROWS:
            self._rows.popitem(last=False)
        return asked, rows


def _ranked(
    query: str,
    among: Sequence[tuple[Skill, Card]],
    vectors: tuple[NDArray[np.float32], list[bytes]] | None,
    k: int,
    now: float,
) -> list[Hit]:
    lexical = Lexical()
    for slot, (_, card) in enumerate(among):
        lexical.add(slot, card.words)
    everything = np.ones(len(among), dtype=np.bool_)
    rows: Rows | None = None
    nominated: list[int] = []
    if vectors is not None:
        asked, packed = vectors
        rows = Rows(len(asked))
        for slot, row in enumerate(packed):
            rows.put(slot, row)
        nominated, _ = rows.nearest(asked, everything, TOP)
    words = lexical.scores(query, len(among))
    ranked = rank(
        dense=(lambda slots: rows.cosines(vectors[0], slots)) if rows is not None and vectors else None,
        nominated=nominated,
        words=words,
        facts=Facts.alone(everything, np.array([now - skill.at for skill, _ in among])),
        named=(),
        parts=_PARTS,
        most=k,
    )

    def likely(slot: int) -> bool:
        if rows is None or vectors is None:
            return lexical.shared(query, slot) >= LIKELY_SHARED
        return float(rows.cosines(vectors[0], [slot])[0]) > LIKELY_COSINE or words[slot] > LIKELY_WORDS

    return [
        Hit(
            skill=among[one.slot][0],
            card=among[one.slot][1],
            score=one.score,
            why=one.why(),
            likely=likely(one.slot),
        )
        for one in ranked
    ]
