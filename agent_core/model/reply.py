"""What the model client works with and hands out: the reply, its draft, and the failures inside."""

from dataclasses import dataclass, field
from typing import Literal

from pydantic import JsonValue

from agent_core.model.shapes import JsonObject
from agent_core.values import Action, Message, Usage

Kind = Literal[
    "transient", "rate_limit", "quota", "overflow", "auth", "config", "filtered", "bad_server", "bad_request"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReply:
    """A whole reply of the model."""

    text: str
    """What people may read: without <think> parts. A refusal is text too."""
    actions: tuple[Action, ...] = ()
    usage: Usage = field(default_factory=Usage)
    """All zero where the server reported none."""
    cost_usd: float | None = None
    """None where no price is known, or the server reported no usage to price."""
    finish_reason: str
    """stop, tool_calls, length, content_filter or refusal."""
    message: Message
    """The assistant message to append, with the server's opaque reasoning parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One tool call as it came from the server."""

    id: str = ""
    name: str = ""
    raw: str = ""
    extras: JsonObject = field(default_factory=dict[str, JsonValue])
    """Opaque parts that must be sent back with the call (signatures of thoughts)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Everything that one answer of the server carried, before it is judged."""

    text: str = ""
    """Visible text."""
    thought: str = ""
    """The <think> parts of the text, tags included."""
    refusal: str = ""
    calls: tuple[Call, ...] = ()
    finish: str = ""
    """The server's own word, lower case; empty where it gave none."""
    ended: bool = True
    """The server said in some way that the reply is whole."""
    cut: bool = False
    """The connection broke after the server had given its reason for ending."""
    usage: Usage | None = None
    cost_usd: float | None = None
    """The server's own figure."""
    content: JsonValue = None
    """The content as it has to be sent back."""
    extras: JsonObject = field(default_factory=dict[str, JsonValue])
    """Opaque parts of the message that must be sent back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why one attempt gave no reply."""

    kind: Kind
    text: str
    """For people; may still hold the key, which is taken out where the error is raised."""
    status: int | None = None
    retry_after_s: float | None = None
    wording: str = ""
    """All that the server wrote, for finding out which parameter it minds."""
    generation: str | None = None
    """What the model wrote where the server refused its call (tool_use_failed)."""
    may_cost: bool = True
    """The server may have worked on the request, and may charge for it."""


class BrokenReplyError(Exception):
    """Ends the reading of a reply; stays inside this package."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text)
        self.failure = failure
