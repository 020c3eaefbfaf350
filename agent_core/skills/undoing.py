"""What is taken back in a history to which records are only ever added. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agent_core.storage.chronicle import Written


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """The change of this number counts as if it had not been made; undoing this makes it again."""

    number: int
    by: str = ""
    kind: Literal["undone"] = "undone"


def undone_in(past: Sequence[Written[object]]) -> set[int]:
    """The numbers of what does not count; a later undoing of an undoing is looked at first."""
    found: set[int] = set()
    for one in reversed(past):
        if isinstance(one.record, Undone) and one.number not in found:
            found.add(one.record.number)
    return found
