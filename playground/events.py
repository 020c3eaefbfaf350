"""What the world tells those who watch it: gateway sessions and people's pages."""

from collections.abc import Callable
from dataclasses import dataclass

from playground.wire import Payload


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """For whom a payload is shaped."""

    user_id: str
    sees_content: bool = True
    """Whether the message content intent is held. People always see content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change of the world, in the gateway's words."""

    name: str
    shape: Callable[[Viewer], Payload]
    """Called at once, while the world still is as the event says."""
    guild_id: str | None = None
    channel_id: str | None = None
    """Only those who may see this channel get the event."""
    only: frozenset[str] | None = None
    """Only these users get the event."""
    without: str | None = None
    """This user does not get the event."""
    page_only: bool = False
    """For people's pages, never for the gateway."""


Listener = Callable[[Event], None]
