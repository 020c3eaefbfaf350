"""What happened in a session: frozen records, and the commits that hold them. Stored for ever; see FORMAT.

An action is named by its key, "step.number" (both from 1): a model may use a call id twice in a session.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from agent_core.below import CalledBack, Delegated, Rejoined, Relayed
from agent_core.errors import LimitName, NewerEventError
from agent_core.outside import Installed, Marked, Reached
from agent_core.past import Forked, Reminded, Rewound
from agent_core.signals import Post, as_json
from agent_core.thinking import CallReserved, CallSettled, Compacted, Recalled, Thought, ThoughtFailed, Told
from agent_core.values import (
    NO_MARKS,
    Action,
    Autonomy,
    Check,
    CheckResult,
    Inherited,
    Limits,
    Message,
    NamedFile,
    Observation,
    Parent,
    Person,
    PlanItem,
    Status,
)

FORMAT = 2
"""Rises when a stored event changes its shape; an older program leaves newer journals alone."""

How = Literal["once", "five", "always", "reject"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted:
    """Always the first event. The prefix of every request is kept here, byte for byte."""

    goal: str
    starter: Person
    channel_id: str
    autonomy: Autonomy
    limits: Limits
    model: str
    system: str
    tools: tuple[Message, ...]
    done_when: str = ""
    files: tuple[NamedFile, ...] = ()
    parent: Parent | None = None
    """Of a sub-session: who started it, and posts of which thread its own stand among."""
    fence: str = ""
    """The random marker around every text of a stranger in this session."""
    marks: Inherited = NO_MARKS
    safe_tools: tuple[str, ...] = ()
    """Tools of outside servers that the host had marked as safe."""
    before: str = ""
    """How the goal that this thread had before has ended."""
    kept: tuple[NamedFile, ...] = ()
    """The files of that goal, or of the session above, where they lay."""
    role: str = "goal"
    """Names the prompt and the set of tools; see roles.py."""
    subjects: tuple[str, ...] = ()
    """Ids of the skills that it is to improve."""
    kind: Literal["started"] = "started"


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadBound:
    """The session has its thread."""

    thread_id: str
    upload_limit: int
    kind: Literal["thread"] = "thread"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalsTaken:
    """Everything in the inbox up to here has been turned into events."""

    inbox_id: str
    kind: Literal["taken"] = "taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSpoke:
    """Words and files of somebody who may steer."""

    message_id: str
    person: Person
    text: str
    files: tuple[NamedFile, ...] = ()
    kind: Literal["spoke"] = "spoke"


@dataclass(frozen=True, slots=True, kw_only=True)
class WordsChanged:
    """Words that no request has held yet were edited, or taken back with their files."""

    message_id: str
    text: str | None
    """None: taken back."""
    kind: Literal["words_changed"] = "words_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionChanged:
    """A press, or its removal, that changed what is there."""

    post: Post
    about: str
    person: Person
    emoji: str
    present: bool
    kind: Literal["reaction"] = "reaction"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """An action waits for a person's word."""

    action: str
    why: str
    rule: str
    """What a standing yes would cover, in words."""
    plan_card: bool = False
    judges: tuple[str, ...] = ()
    """Names of the contract's checks that a person judges here."""
    asks_for: Action | None = None
    """Of a sub-session: what it wants to do. `action` then names both."""
    kind: Literal["proposed"] = "proposed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A person's answer to a proposal."""

    action: str
    person: Person
    how: How
    reason: str | None = None
    kind: Literal["decided"] = "decided"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionWithdrawn:
    """A decision was taken back before it was acted on; the proposal is open again."""

    action: str
    person: Person
    kind: Literal["undecided"] = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleOffered:
    """Somebody pressed for a standing yes; they are shown what it covers and press once more."""

    action: str
    person: Person
    rule: str
    kind: Literal["rule"] = "rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionStarted:
    """Written before the action runs."""

    action: str
    run_id: str
    uses_five: bool = False
    """It passed on a standing "next four", and used one of them up."""
    kind: Literal["act"] = "act"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Written after it."""

    action: str
    observation: Observation
    refused: bool = False
    """It never ran."""
    kind: Literal["observed"] = "observed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSet:
    """The model's plan, whole."""

    items: tuple[PlanItem, ...]
    kind: Literal["plan"] = "plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractFrozen:
    """The goal's checks, red on the files as they were, allowed by a person where that was due."""

    checks: tuple[Check, ...]
    kind: Literal["contract"] = "contract"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAsked:
    """The model asks a person."""

    action: str
    question: str
    options: tuple[str, ...] = ()
    kind: Literal["question"] = "question"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """Files handed over to the thread."""

    files: tuple[NamedFile, ...]
    note: str = ""
    kind: Literal["delivered"] = "delivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The contract was run on the delivered files."""

    action: str
    results: tuple[CheckResult, ...]
    kind: Literal["checked"] = "checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitReached:
    """The session has spent what it may, or somebody whose money it is has."""

    what: LimitName
    text: str
    until: float | None = None
    """Unix seconds when it goes on by itself; None: a person has to grant more."""
    kind: Literal["limit"] = "limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToppedUp:
    """Somebody who may spend granted more."""

    person: Person
    by: Limits
    kind: Literal["topped_up"] = "topped_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """The session stands still until somebody resumes it."""

    by: str
    reason: str
    kind: Literal["paused"] = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """It goes on."""

    person: Person
    kind: Literal["resumed"] = "resumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRequested:
    """Somebody ended it."""

    person: Person
    kind: Literal["stop"] = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Always the last event."""

    status: Status
    summary: str
    checked: bool
    """A contract was there and held."""
    files: tuple[NamedFile, ...] = ()
    kind: Literal["ended"] = "ended"


Event = (
    SessionStarted
    | ThreadBound
    | SignalsTaken
    | PersonSpoke
    | WordsChanged
    | ReactionChanged
    | Thought
    | ThoughtFailed
    | Told
    | Compacted
    | Recalled
    | Proposed
    | Decided
    | DecisionWithdrawn
    | RuleOffered
    | ActionStarted
    | Observed
    | Marked
    | Reached
    | Installed
    | PlanSet
    | ContractFrozen
    | QuestionAsked
    | Delegated
    | Relayed
    | CalledBack
    | Rejoined
    | Delivered
    | Checked
    | LimitReached
    | CallReserved
    | CallSettled
    | ToppedUp
    | Paused
    | Resumed
    | Rewound
    | Forked
    | Reminded
    | StopRequested
    | Ended
)


Item = PersonSpoke | Thought | Observed | Told | Compacted | Recalled
"""What a session's history is made of: all that may become a message to the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """The events written by one append."""

    version: int
    """1 for the first; no gaps."""
    at: float
    """Unix seconds."""
    events: tuple[Annotated[Event, Field(discriminator="kind")], ...]
    format: int = FORMAT


_adapter: TypeAdapter[Commit] = TypeAdapter(Commit)
_head: TypeAdapter[dict[str, object]] = TypeAdapter(dict[str, object])


def dump_commit(commit: Commit) -> bytes:
    """The commit as JSON."""
    return as_json(_adapter, commit)


def load_commit(data: bytes) -> Commit:
    """The inverse of `dump_commit`.

    Raises NewerEventError where a later version of the program wrote it, so also for an unknown kind of
    event, and pydantic.ValidationError for anything else.
    """
    try:
        commit = _adapter.validate_json(data)
    except ValidationError as error:
        _refuse_newer(_head.validate_json(data).get("format"))
        unknown = [one for one in error.errors(include_input=False) if one["type"] == "union_tag_invalid"]
        if unknown:
            raise NewerEventError("This journal holds an event of a newer version.") from None
        raise
    _refuse_newer(commit.format)  # it can be read, but what it means may be another thing there
    return commit


def _refuse_newer(written: object) -> None:
    if isinstance(written, int) and written > FORMAT:
        raise NewerEventError(f"This journal was written in format {written}, newer than {FORMAT}.")
