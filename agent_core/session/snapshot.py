"""The state of a session as bytes and back, so that a long journal need not be folded whole. Pure.

The history, which only grows at its end, lies in pieces of its own: those that are full stay as they are, so
a new snapshot adds few bytes. What another version of this program wrote is never read: it may have folded
otherwise, and the journal has everything.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from agent_core import events
from agent_core.events import Commit
from agent_core.session.rewind import rewinds
from agent_core.session.state import State
from agent_core.signals import as_json

EVERY = 150
"""Commits from one snapshot to the next; a step makes about three."""

PIECE = 64
"""Items of the history in one piece."""

_FOLDS = (
    "session/*.py",
    "below.py",
    "events.py",
    "links.py",
    "outside.py",
    "past.py",
    "policy.py",
    "signals.py",
    "thinking.py",
    "values.py",
)
"""What decides how a journal becomes a state."""

Item = Annotated[events.Item, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A snapshot without its history."""

    state: State
    pieces: tuple[str, ...]
    """SHA-256 of each piece of the history, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    pieces: tuple[str, ...]


_named: TypeAdapter[_Named] = TypeAdapter(_Named)
_heads: TypeAdapter[Head] = TypeAdapter(Head)
_items: TypeAdapter[list[Item]] = TypeAdapter(list[Item])


@cache
def program() -> str:
    """Names the code that folds; a snapshot counts only for the code that made it."""
    package = Path(__file__).parent.parent
    found = hashlib.sha256()
    for path in sorted(path for pattern in _FOLDS for path in package.glob(pattern)):
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


def due(state: State) -> bool:
    """Whether a snapshot should be taken at this version."""
    return state.version % EVERY == 0


def dump_pieces(state: State) -> list[bytes]:
    """The history in pieces."""
    history = state.history
    return [as_json(_items, history[at : at + PIECE]) for at in range(0, len(history), PIECE)]


def dump_head(state: State, pieces: Sequence[str]) -> bytes:
    """All the rest, and the names of the pieces."""
    return as_json(_heads, Head(state=state, pieces=tuple(pieces)), exclude={"state": {"history"}})


def load_head(data: bytes) -> Head:
    """The inverse of `dump_head`; the history of its state is empty. Raises pydantic.ValidationError."""
    return _heads.validate_json(data)


def piece_names(data: bytes) -> tuple[str, ...]:
    """The pieces of a snapshot of any version, from its head; none where it is none."""
    try:
        return _named.validate_json(data).pieces
    except ValidationError:
        return ()


def load_piece(data: bytes) -> list[Item]:
    """The inverse of `dump_pieces`, for one of them. Raises pydantic.ValidationError."""
    return _items.validate_json(data)


def reach_back(commits: Iterable[Commit], version: int) -> bool:
    """Whether one of these commits after this version may need a state from before it."""
    return any(rewinds(commit) for commit in commits if commit.version > version)
