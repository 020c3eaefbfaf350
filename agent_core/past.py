"""Events by which a session looks back: it returns to a step, comes from another session, or has waited long.

They are stored as all events are; see events.py, which gathers them.
"""

from dataclasses import dataclass
from typing import Literal

from agent_core.values import Limits, Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewound:
    """The session goes on from how it stood after an earlier step; what it has spent stays spent."""

    step: int
    to_version: int
    """The last commit that still counts for what the session knows and holds."""
    person: Person
    asked: str = ""
    """The id of what asked for it; empty where that had none."""
    kind: Literal["rewound"] = "rewound"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forked:
    """The commits before this one were copied from another session, which this one goes on from."""

    source: str
    """The id of that session."""
    source_thread: str | None
    step: int
    starter: Person
    channel_id: str
    limits: Limits
    kind: Literal["forked"] = "forked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminded:
    """What waits for a person was brought to mind again."""

    number: int
    """From 1, counted for the one thing that waits."""
    kind: Literal["reminded"] = "reminded"
