"""What people say to a session, as it waits in the inbox. Rights were checked at the door."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar, cast

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, to_json

from agent_core.errors import NewerEventError
from agent_core.values import NamedFile, Person

T = TypeVar("T")

Post = Literal["proposal", "rule", "question", "budget", "entry", "schedule"]
"""The posts whose reactions mean something: those of a session, an entry of the books, a schedule."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class RewindAsked:
    """Somebody wants the session to go back to how it stood after this step."""

    person: Person
    step: int
    id: str = ""
    """Of the command that asked, so that a signal that comes twice goes back once; older ones have none."""
    kind: Literal["rewind"] = "rewind"


@dataclass(frozen=True, slots=True, kw_only=True)
class Worded:
    """The session above a sub-session hands on whether an action may run."""

    action: str
    """The sub-session's own key."""
    person: Person
    allowed: bool
    reason: str | None = None
    kind: Literal["worded"] = "worded"


Signal = (
    Said
    | Edited
    | Withdrawn
    | Reacted
    | ThreadOpened
    | StopAsked
    | PauseAsked
    | ResumeAsked
    | RewindAsked
    | Worded
)

_adapter: TypeAdapter[Signal] = TypeAdapter(Annotated[Signal, Field(discriminator="kind")])


def dump_signal(signal: Signal) -> bytes:
    """The signal as JSON."""
    return as_json(_adapter, signal)


def as_json(adapter: TypeAdapter[T], value: T, exclude: Mapping[str, set[str]] | None = None) -> bytes:
    """The value as JSON, `exclude` left out. Lone surrogates, which no JSON can hold, become U+FFFD."""
    left_out = dict(exclude) if exclude else None
    try:
        return adapter.dump_json(value, exclude=left_out)
    except PydanticSerializationError:
        return to_json(_without_surrogates(adapter.dump_python(value, exclude=left_out)))


def _without_surrogates(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, dict):
        items = cast(dict[object, object], value).items()
        return {_without_surrogates(key): _without_surrogates(inner) for key, inner in items}
    if isinstance(value, (list, tuple)):
        return [_without_surrogates(inner) for inner in cast(Sequence[object], value)]
    return value


def load_signal(data: bytes) -> Signal:
    """The inverse of `dump_signal`.

    Raises NewerEventError for a kind that only a later version of the program can know, and
    pydantic.ValidationError on anything else.
    """
    try:
        return _adapter.validate_json(data)
    except ValidationError as error:
        if error.errors()[0]["type"] == "union_tag_invalid":
            raise NewerEventError("The inbox holds a signal of a newer version.") from None
        raise
