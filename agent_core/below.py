"""Events between a session and the sub-session that does one of its actions.

They are stored as all events are; see events.py, which gathers them.
"""

from dataclasses import dataclass, field
from typing import Literal

from agent_core.values import Action, Limits, NamedFile, Person, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegated:
    """The action is done by a session of its own, which is waited for. All that it begins with is here."""

    action: str
    session: str
    """Its id, in the same server."""
    role: str = "delegate"
    goal: str = ""
    limits: Limits = field(default_factory=Limits)
    """Its share of the budget."""
    done_when: str = ""
    files: tuple[NamedFile, ...] = ()
    """Files that it is given besides those of the workspace."""
    kind: Literal["delegated"] = "delegated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Relayed:
    """The word that an action of the sub-session waited for; it is handed on from here."""

    action: str
    """As it was proposed here: this session's action, and behind it the sub-session's."""
    asks_for: Action
    allowed: bool
    person: Person
    reason: str | None = None
    uses_five: bool = False
    """It passed on a standing "next four", and used one of them up."""
    kind: Literal["relayed"] = "relayed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledBack:
    """Somebody interrupted the action: its sub-session ends, and what it has done by then is observed."""

    action: str
    person: Person
    kind: Literal["called_back"] = "called_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejoined:
    """That session has ended; its outcome is observed in the same commit."""

    action: str
    session: str
    status: Status
    steps: int = 0
    active_s: float = 0.0
    """Seconds that it has worked: they count here too."""
    kind: Literal["rejoined"] = "rejoined"
