"""What the world tells those who watch it: gateway sessions and people's pages."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from playground.wire import Payload


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """For whom a payload is shaped."""

    user_id: str
    sees_content: bool = True
    """Whether the message content intent is held. People always see content."""
    large_from: int | None = None
    """Guilds of more members come without them; None (people): they always come with all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change of the world, in the gateway's words."""

    name: str
    shape: Callable[[Viewer], Payload]
    """Called at once, while the world still is as the event says."""
    personal: frozenset[str] | None = frozenset()
    """Users for whom the payload differs from everybody else's; None: it differs for each."""
    guild_id: str | None = None
    channel_id: str | None = None
    """Only those who may see this channel get the event."""
    only: frozenset[str] | None = None
    """Only these users get the event."""
    without: str | None = None
    """This user does not get the event."""
    page_only: bool = False
    """For people's pages, never for the gateway."""


class Rendering:
    """The JSON of an event's payload for whoever asks, made once where it is the same."""

    def __init__(self, event: Event) -> None:
        self._event = event
        self._made: dict[Viewer, str] = {}

    def text(self, viewer: Viewer) -> str:
        """The payload as this viewer gets it."""
        personal = self._event.personal
        shared = personal is not None and viewer.user_id not in personal
        key = Viewer(user_id="", sees_content=viewer.sees_content) if shared else viewer
        if key not in self._made:
            self._made[key] = encode(self._event.shape(viewer))
        return self._made[key]


def encode(payload: Payload) -> str:
    """JSON as it goes over the wire."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


Listener = Callable[[Event], None]
