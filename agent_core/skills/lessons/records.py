"""What is written down about learning on a server: only ever added to, each change can be undone.

No record holds words or names: those are in the blobs that it names, so that forgetting can reach them.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from agent_core.skills.signature import Signature
from agent_core.skills.undoing import Undone
from agent_core.storage.chronicle import Written
from agent_core.values import FileRef

FORMAT = 1

Standing = Literal["active", "quarantined", "retired", "stale"]
"""Only what is active is shown. Quarantined: a person has doubts, or strangers had a hand in it. Retired: it
never helped. Stale: its case no longer comes out as it did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewed:
    """What a task saw at one point of its way, and what was kept from it to measure that."""

    task: str
    """Id of the session that does it."""
    key: str
    """Which point that was: a task sees the same again when it is asked again."""
    signature: Signature
    shown: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    kind: Literal["viewed"] = "viewed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A task ran its code against a case."""

    task: str
    key: str
    source: FileRef
    case: FileRef
    signature: Signature | None = None
    """How it failed; None: it did not."""
    kind: Literal["tried"] = "tried"


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """How a task came out; a later one of the same task takes its place."""

    task: str
    worked: bool
    kind: Literal["came"] = "came"


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """A case that failed was repaired."""

    lesson: str
    task: str
    signature: Signature
    text: FileRef
    standing: Standing = "active"
    retired: tuple[str, ...] = ()
    """Those that made room for it."""
    kind: Literal["learnt"] = "learnt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """A lesson's case was run again, since a package or the model is another one."""

    lesson: str
    text: FileRef
    """The lesson, with what it was run with now."""
    holds: bool
    kind: Literal["reviewed"] = "reviewed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stood:
    """A person, or the bot, changed how a lesson stands."""

    lesson: str
    standing: Standing
    by: str = ""
    """Id of the person; empty: the bot."""
    kind: Literal["stood"] = "stood"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgot:
    """What these held is gone for good; no undoing brings it back."""

    lessons: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    kind: Literal["forgot"] = "forgot"


Change = Came | Learnt | Reviewed | Stood | Undone
"""What somebody may want to undo."""

Record = Viewed | Tried | Forgot | Change

STORED: TypeAdapter[Written[Record]] = TypeAdapter(Written[Annotated[Record, Field(discriminator="kind")]])
"""How they are kept."""
