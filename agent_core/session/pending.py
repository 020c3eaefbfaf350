"""An action that was asked for and not observed yet, with everything that has happened to it."""

from dataclasses import dataclass, field

from agent_core.below import Delegated, Relayed
from agent_core.events import Decided, DecisionWithdrawn, Proposed, QuestionAsked, RuleOffered, Thought
from agent_core.values import Action, CheckResult, Person


@dataclass(slots=True, kw_only=True)
class Pending:
    """An action of the current step that has no observation yet."""

    key: str
    action: Action
    problem: str | None
    proposal: Proposed | None = None
    decision: Decided | None = None
    decided_at: float = 0.0
    offered: dict[str, RuleOffered] = field(default_factory=dict[str, RuleOffered])
    """Person id -> the rule that they were shown."""
    run_id: str | None = None
    question: QuestionAsked | None = None
    results: tuple[CheckResult, ...] | None = None
    delegated: Delegated | None = None
    """It is done by a session of its own, once that was asked for."""
    called_back: Person | None = None
    """Who interrupted that session."""
    relayed: Relayed | None = None
    """The last word that was handed on to it."""
    below: bool = False
    """It is an action of that session, which waits for a word here."""

    @property
    def started(self) -> bool:
        """It began to run, in this turn or in one that died."""
        return self.run_id is not None

    @property
    def child(self) -> str | None:
        """Id of the session that does it."""
        return self.delegated.session if self.delegated else None

    @property
    def open(self) -> bool:
        """It waits for a person's decision."""
        return self.proposal is not None and self.decision is None and not self.started

    def decide(self, event: Proposed | Decided | DecisionWithdrawn | RuleOffered, at: float) -> None:
        """Fold in what was asked of people, or what they said."""
        match event:
            case Proposed():
                self.proposal = event
            case DecisionWithdrawn():
                self.decision = None
            case RuleOffered():
                self.offered[event.person.id] = event
            case Decided():
                self.decision, self.decided_at = event, at


def key_below(above: str, key: str) -> str:
    """The name of a sub-session's action in the session above it, whose action `above` it works on."""
    return f"{above}~{key}"


def keyed(step: int, actions: tuple[Action, ...]) -> list[tuple[str, Action]]:
    """The actions of a step with the keys that the journal names them by."""
    return [(f"{step}.{number}", action) for number, action in enumerate(actions, start=1)]


def asked_for(thought: Thought) -> list[Pending]:
    """The actions of a new step."""
    return [
        Pending(key=key, action=action, problem=thought.problems.get(key))
        for key, action in keyed(thought.step, thought.actions)
    ]
