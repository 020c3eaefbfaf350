"""What decisions and actions change in a session's state."""

from typing import TYPE_CHECKING

from agent_core.events import (
    ActionStarted,
    Checked,
    Decided,
    DecisionWithdrawn,
    Observed,
    Proposed,
    QuestionAsked,
    ReactionChanged,
    RuleOffered,
)
from agent_core.policy import kinds, risk_of
from agent_core.session.pending import Pending
from agent_core.values import Action, Risk

if TYPE_CHECKING:
    from agent_core.session.state import State


Deciding = ReactionChanged | Proposed | Decided | DecisionWithdrawn | RuleOffered
Acting = ActionStarted | Observed | QuestionAsked | Checked


def decide(state: "State", event: Deciding) -> None:
    """Fold in a proposal, and what people say to it."""
    if isinstance(event, ReactionChanged):
        key = (event.post, event.about, event.emoji, event.person.id)
        state.reactions.pop(key, None)
        if event.present and (state.find(event.about) or event.post == "budget"):
            state.reactions[key] = event.person
        return
    if isinstance(event, Proposed):
        state.asked_at, state.reminded = state.at, 0
        if event.asks_for:
            asked = Pending(key=event.action, action=event.asks_for, problem=None, below=True)
            state.pending.insert(0, asked)
    if pending := state.find(event.action):
        pending.decide(event, state.at)


def act(state: "State", event: Acting) -> None:
    """Fold in what becomes of an action."""
    pending = state.find(event.action)
    if pending is None:
        return
    match event:
        case ActionStarted():
            pending.run_id = event.run_id
            allow(state, pending.action, pending.decision)
            state.five_left -= event.uses_five
        case QuestionAsked():
            pending.question = event
            state.asked_at, state.reminded = state.at, 0
        case Checked():
            pending.results = state.results = event.results
        case Observed():
            state.pending.remove(pending)
            state.history.append(event)
            for path in event.observation.removed:
                state.files.pop(path, None)
            state.files |= {named.path: named.file for named in event.observation.changed}


def allow(state: "State", action: Action, decision: Decided | None) -> None:
    """A decision takes effect when its action starts: until then it can be taken back."""
    if risk_of(action.name) is Risk.RUN:
        state.first_run_allowed = True
    if decision is None or decision.how == "reject":
        return
    if decision.how == "five":
        state.five_left = 4
    if decision.how == "always":
        state.always |= set(kinds(action))
