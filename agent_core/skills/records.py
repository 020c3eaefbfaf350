"""What is written into the history of a server's skills: only ever added to, each change can be undone.

No record holds words or names: those are in the blobs that it names, so that forgetting can reach them.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from agent_core.skills.signature import Signature
from agent_core.skills.undoing import Undone
from agent_core.skills.values import Shelf
from agent_core.storage.chronicle import Written
from agent_core.values import FileRef

FORMAT = 1

Standing = Literal["released", "quarantined", "archived", "active"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """A script was judged, and put on a shelf; one that stood on the other moves."""

    skill: str
    key: str
    """Equal for all scripts that are the same (normal.skill_key)."""
    shelf: Shelf
    card: FileRef
    check: FileRef
    parents: tuple[str, ...] = ()
    quarantined: bool = False
    signature: Signature | None = None
    """Of the failure."""
    why: str = ""
    """What the gate said, in its own words."""
    caught: int = 0
    mutants: int = 0
    duration_s: float = 0.0
    archived: tuple[str, ...] = ()
    """Those that made room for it."""
    kind: Literal["filed"] = "filed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A skill was used, or tried again."""

    skill: str
    id: str
    """Of the run: a run is counted once."""
    signature: Signature | None = None
    """How it failed; None: it did not."""
    duration_s: float = 0.0
    kind: Literal["ran"] = "ran"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stood:
    """A person, or the bot, changed how a skill stands."""

    skill: str
    standing: Standing
    by: str = ""
    """Id of the person; empty: the bot."""
    why: str = ""
    archived: tuple[str, ...] = ()
    kind: Literal["stood"] = "stood"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgot:
    """What these held is gone for good; no undoing brings it back."""

    skills: tuple[str, ...]
    kind: Literal["forgot"] = "forgot"


Record = Filed | Ran | Stood | Undone | Forgot

STORED: TypeAdapter[Written[Record]] = TypeAdapter(Written[Annotated[Record, Field(discriminator="kind")]])
"""How they are kept."""
