"""What people say to a session, as it waits in the inbox. Rights were checked at the door."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from agent_core.values import NamedFile, Person

Post = Literal["proposal", "rule", "question", "budget"]
"""The posts of a session whose reactions mean something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Somebody who may steer wrote in the thread, or used `/steer`."""

    message_id: str
    person: Person
    text: str
    files: tuple[NamedFile, ...] = ()
    """Their bytes are already in the blob store; paths begin with inputs/."""
    interrupt: bool = False
    may_decide: bool = False
    kind: Literal["said"] = "said"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """A message was edited; changes it while it still waits."""

    message_id: str
    edited_at: float
    text: str
    kind: Literal["edited"] = "edited"


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """A message was deleted; withdraws it while it still waits."""

    message_id: str
    kind: Literal["withdrawn"] = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reacted:
    """Somebody with the right to it pressed, or took back, an emoji on a post that asks something."""

    post: Post
    about: str
    """The action's key (proposal, rule, question), or the version of the limit (budget)."""
    person: Person
    emoji: str
    present: bool
    kind: Literal["reacted"] = "reacted"


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadOpened:
    """The session's thread exists."""

    thread_id: str
    upload_limit: int
    """Bytes that one attachment may have there."""
    kind: Literal["thread_opened"] = "thread_opened"


@dataclass(frozen=True, slots=True, kw_only=True)
class StopAsked:
    """Somebody wants the session to end now."""

    person: Person
    kind: Literal["stop"] = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseAsked:
    """Somebody, or the bot itself, wants the session to stand still."""

    by: str
    reason: str
    kind: Literal["pause"] = "pause"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeAsked:
    """Somebody wants a paused session to go on."""

    person: Person
    kind: Literal["resume"] = "resume"


Signal = Said | Edited | Withdrawn | Reacted | ThreadOpened | StopAsked | PauseAsked | ResumeAsked

_adapter: TypeAdapter[Signal] = TypeAdapter(Annotated[Signal, Field(discriminator="kind")])


def dump_signal(signal: Signal) -> bytes:
    """The signal as JSON."""
    return _adapter.dump_json(signal)


def load_signal(data: bytes) -> Signal:
    """The inverse of `dump_signal`. Raises pydantic.ValidationError on anything else."""
    return _adapter.validate_json(data)
