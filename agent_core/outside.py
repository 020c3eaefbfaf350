"""Events between a session and the world outside: what came in, what was dialled, what was installed.

They are stored as all events are; see events.py, which gathers them.
"""

from dataclasses import dataclass
from typing import Literal

from agent_core.values import Package, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """An action brought something into the session that its marks keep. Stands before the observation."""

    action: str
    tainted: tuple[Source, ...] = ()
    """Texts of strangers."""
    private: tuple[str, ...] = ()
    """What not everybody in the server may read."""
    addresses: tuple[str, ...] = ()
    """Keys (`links.key_of`) of the addresses that stood in it, verbatim."""
    kind: Literal["marked"] = "marked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """The audit: one connection of an action to the outside, or the refusal of it."""

    action: str
    url: str
    outcome: str
    """`fetched`, `tunnelled`, or the class of the error."""
    reason: str = ""
    status: int = 0
    size: int = 0
    """Bytes that came in."""
    sent: int = 0
    """Bytes that went out, where they are counted."""
    addresses: tuple[str, ...] = ()
    """What was dialled."""
    duration_s: float = 0.0
    kind: Literal["reached"] = "reached"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """Packages that code of this session can import from now on."""

    action: str
    packages: tuple[Package, ...]
    kind: Literal["installed"] = "installed"
