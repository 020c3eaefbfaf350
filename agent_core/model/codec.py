"""The seam between the two ways to speak to a server: encode a request, fold the answer into a draft."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import JsonValue

from agent_core.model.learned import Learned
from agent_core.model.reply import Draft
from agent_core.model.shapes import JsonObject
from agent_core.model.sse import StreamEvent
from agent_core.values import Message, Usage

ITEMS_KEY = "response_items"
"""Where an assistant message carries the output items of the Responses API; sent nowhere else."""


class Fold(Protocol):
    """What a codec makes of an answer. Raises BrokenReplyError where it is no reply."""

    @property
    def finished(self) -> bool:
        """The reply is whole."""
        ...

    @property
    def bill(self) -> tuple[Usage | None, float | None]:
        """The tokens, and the US$ that the server itself charges, as far as it has said."""
        ...

    @property
    def began(self) -> bool:
        """Something of a reply has come."""
        ...

    def feed(self, event: StreamEvent) -> str:
        """Take an event; answers the visible text that it adds."""
        ...

    def whole(self, body: JsonValue, *, damaged: bool = False) -> str:
        """Take a whole reply; answers its visible text."""
        ...

    def end(self) -> str:
        """Nothing more comes; answers the visible text that was held back."""
        ...

    def draft(self, *, cut: bool = False) -> Draft:
        """All that came."""
        ...


class Encode(Protocol):
    """Messages and tools in the Chat Completions shape -> the body of a request."""

    def __call__(
        self,
        name: str,
        messages: Sequence[Message],
        tools: Sequence[Message],
        *,
        stream: bool,
        learned: Learned,
        max_output: int | None = None,
    ) -> JsonObject:
        """Pure; nothing handed in is changed. `max_output`: the most tokens that the server may answer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """One way to speak to a server."""

    path: str
    encode: Encode
    fold: Callable[[frozenset[str]], Fold]
    """Given the names of the offered tools."""
