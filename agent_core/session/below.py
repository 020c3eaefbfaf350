"""What a session knows of the sub-session that does one of its actions. Pure.

Whatever there needs a person's word is asked for here: the action stands before the one it is done for, and
leaves when the word is handed on. All that people have allowed is kept here alone.
"""

from typing import TYPE_CHECKING

from agent_core.below import CalledBack, Delegated, Rejoined, Relayed
from agent_core.events import LimitReached
from agent_core.session.acting import allow

if TYPE_CHECKING:
    from agent_core.session.state import State

Below = Delegated | Relayed | CalledBack | Rejoined

ABOVE = "above"
"""By whom a sub-session is paused while the session above it is."""
PASSES_S = 300.0
"""Seconds that a sub-session waits at most for a limit to pass; after that the session above is told."""


def follow(state: "State", event: Below) -> None:
    """Fold in how a sub-session begins, what is said to it, and that it has ended."""
    match event:
        case Delegated():
            state.children += 1
            if pending := state.find(event.action):
                pending.delegated = event
        case Relayed():
            _relay(state, event)
        case CalledBack():
            _close(state)
            if pending := state.find(event.action):
                pending.called_back = event.person
        case Rejoined():
            _close(state)
            state.active_s += event.active_s


def stands_still(state: "State", now: float) -> str | None:
    """Why a sub-session ends here: nobody waits in its place for money, or for a mended fault."""
    if state.started.parent is None:
        return None
    if state.paused and state.paused.by != ABOVE:
        return state.paused.reason
    return state.limit.text if state.limit and not _passes(state.limit, now) else None


def _passes(limit: LimitReached, now: float) -> bool:
    return limit.until is not None and limit.until - now <= PASSES_S


def _relay(state: "State", event: Relayed) -> None:
    asked = state.find(event.action)
    if event.allowed:
        allow(state, event.asks_for, asked.decision if asked else None)
        state.five_left -= event.uses_five
    _close(state)
    if child := state.child:
        child.relayed = event


def _close(state: "State") -> None:
    state.pending = [pending for pending in state.pending if not pending.below]
