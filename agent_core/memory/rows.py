"""The vectors of one server as int8 rows, scanned exactly; past a size, after a coarse look at their signs.

Against 32-bit rows this loses no recall (measured on LoCoMo), at a quarter of the memory.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

COARSE_FROM = 20_000
"""Rows from which on signs alone choose who is looked at."""
_COARSE = 2_000
_BLOCK = 512
_WORD = 64


def pack(vector: NDArray[np.float32]) -> bytes:
    """A vector as it lies in Redis: one byte per dimension, scaled to its largest."""
    largest = float(np.abs(vector).max()) or 1.0
    return np.round(vector * (127.0 / largest)).astype(np.int8).tobytes()


class Rows:
    """One row per slot; a row of zeros means that there is no vector yet."""

    def __init__(self, dim: int) -> None:
        self.dim = dim
        self._rows = np.zeros((0, dim), dtype=np.int8)
        self._norms = np.zeros(0, dtype=np.float32)
        self._signs = np.zeros((0, -(-dim // _WORD)), dtype=np.uint64)
        self._fresh: list[int] = []
        """Slots whose norms and signs are yet to be worked out: of many at once, when they are needed."""

    def put(self, slot: int, row: bytes) -> None:
        """Set a row; empty bytes, or fewer than a row has, clear it."""
        if slot >= len(self._norms):
            self._grow(slot + 1)
        self._rows[slot] = np.frombuffer(row, dtype=np.int8) if len(row) == self.dim else 0
        self._fresh.append(slot)

    def row(self, slot: int) -> bytes:
        """The row as it lies in Redis."""
        return self._rows[slot].tobytes() if slot < len(self._norms) else b""

    def has(self, slot: int) -> bool:
        """Whether there is a vector."""
        self._settle()
        return slot < len(self._norms) and bool(self._norms[slot] > 0)

    def filled(self, size: int) -> NDArray[np.bool_]:
        """Which of the first so many slots have a vector."""
        self._settle()
        found = np.zeros(size, dtype=np.bool_)
        there = self._norms[:size] > 0
        found[: len(there)] = there
        return found

    def cosines(
        self, query: NDArray[np.float32], slots: Sequence[int] | NDArray[np.intp]
    ) -> NDArray[np.float32]:
        """The cosine of these rows with the query; 0 where there is no vector."""
        self._settle()
        wanted = np.asarray(slots, dtype=np.intp)
        found = np.zeros(len(wanted), dtype=np.float32)
        for start in range(0, len(wanted), _BLOCK):  # a block stays in the processor's cache
            block = wanted[start : start + _BLOCK]
            found[start : start + _BLOCK] = self._rows[block].astype(np.float32) @ query
        norms = self._norms[wanted] * max(float(np.linalg.norm(query)), 1e-9)
        return np.divide(found, norms, out=np.zeros_like(found), where=norms > 0)

    def _all_cosines(self, query: NDArray[np.float32]) -> NDArray[np.float32]:
        """The same for every slot: rows that lie side by side need not be gathered first."""
        found = np.empty(len(self._norms), dtype=np.float32)
        for start in range(0, len(found), _BLOCK):
            found[start : start + _BLOCK] = self._rows[start : start + _BLOCK].astype(np.float32) @ query
        norms = self._norms * max(float(np.linalg.norm(query)), 1e-9)
        return np.divide(found, norms, out=np.zeros_like(found), where=norms > 0)

    def between(self, one: int, other: int) -> float:
        """The cosine of two rows."""
        return float(self.cosines(self._rows[one].astype(np.float32), [other])[0])

    def nearest(
        self, query: NDArray[np.float32], seen: NDArray[np.bool_], top: int
    ) -> tuple[list[int], float]:
        """The slots with the highest cosines among those seen, and the highest cosine itself."""
        self._settle()
        slots = np.flatnonzero(seen & (self._norms[: len(seen)] > 0))
        if len(slots) > COARSE_FROM:
            differing = np.bitwise_count(self._signs[slots] ^ self._coarse(query[np.newaxis])).sum(axis=1)
            slots = slots[np.argpartition(differing, _COARSE)[:_COARSE]]
        if not len(slots):
            return [], 0.0
        cosines = (
            self._all_cosines(query)[slots] if 2 * len(slots) > len(seen) else self.cosines(query, slots)
        )
        count = min(top, len(slots))
        best = np.argpartition(-cosines, count - 1)[:count]
        return [int(slot) for slot in slots[best]], float(cosines.max())

    def _settle(self) -> None:
        for start in range(0, len(self._fresh), _BLOCK):
            slots = np.array(self._fresh[start : start + _BLOCK], dtype=np.intp)
            values = self._rows[slots]
            self._norms[slots] = np.linalg.norm(values.astype(np.float32), axis=1)
            self._signs[slots] = self._coarse(values)
        self._fresh.clear()

    def _coarse(self, values: NDArray[np.int8] | NDArray[np.float32]) -> NDArray[np.uint64]:
        """The signs of each row, packed into words."""
        bits = np.zeros((len(values), self._signs.shape[1] * _WORD), dtype=np.uint8)
        bits[:, : self.dim] = values > 0
        return np.packbits(bits, axis=1).view(np.uint64)

    def _grow(self, size: int) -> None:
        room = max(size, 2 * len(self._norms), 64)
        more = room - len(self._norms)
        self._rows = np.concatenate([self._rows, np.zeros((more, self.dim), np.int8)])
        self._norms = np.concatenate([self._norms, np.zeros(more, np.float32)])
        self._signs = np.concatenate([self._signs, np.zeros((more, self._signs.shape[1]), np.uint64)])
