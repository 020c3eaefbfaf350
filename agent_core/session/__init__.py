"""One session as a pure value: its state folded from the journal, and the one thing to do next."""

from agent_core.session.next import (
    Act,
    Attend,
    CheckContract,
    End,
    Next,
    Propose,
    Record,
    TakeSignals,
    Think,
    Wait,
    next_for,
)
from agent_core.session.rewind import apply, fold, rewinds
from agent_core.session.state import Pending, State
from agent_core.session.take import take

__all__ = [
    "Act",
    "Attend",
    "CheckContract",
    "End",
    "Next",
    "Pending",
    "Propose",
    "Record",
    "State",
    "TakeSignals",
    "Think",
    "Wait",
    "apply",
    "fold",
    "next_for",
    "rewinds",
    "take",
]
