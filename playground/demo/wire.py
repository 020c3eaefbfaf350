"""The shapes of Chat Completions on the wire: what comes in is checked, what goes out is built. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import BaseModel, Field

Json = dict[str, object]
"""One JSON object that goes out."""

_PIECE = 48
"""Characters per streamed piece: small enough that a reader sees the text grow."""


class Part(BaseModel):
    """One part of a content given as a list; only text counts here."""

    type: str = "text"
    text: str = ""


class CalledFunction(BaseModel):
    """Name and raw arguments of a call that the assistant made."""

    name: str
    arguments: str = ""


class ToolCall(BaseModel):
    """A call in an assistant message."""

    id: str
    function: CalledFunction


class Message(BaseModel):
    """One message of the request."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[Part] | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None

    @property
    def text(self) -> str:
        """The content as one text."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type == "text")
        return self.content or ""


class OfferedFunction(BaseModel):
    """The name of an offered tool; its schema is taken on trust."""

    name: str


class OfferedTool(BaseModel):
    """One entry of the request's `tools`."""

    function: OfferedFunction


class StreamOptions(BaseModel):
    """Whether the stream ends with a chunk of usage."""

    include_usage: bool = False


class ChatRequest(BaseModel):
    """The body of POST /v1/chat/completions, as far as it matters here."""

    model: str = Field(min_length=1)
    messages: list[Message] = Field(min_length=1)
    tools: list[OfferedTool] = []
    tool_choice: object = "auto"
    stream: bool = False
    stream_options: StreamOptions | None = None

    @property
    def offered(self) -> frozenset[str]:
        """The names of the tools that may be called."""
        if self.tool_choice == "none":
            return frozenset()
        return frozenset(tool.function.name for tool in self.tools)

    @property
    def wants_usage(self) -> bool:
        """Whether a stream of this request ends with its usage."""
        return self.stream_options is not None and self.stream_options.include_usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One tool call that the model asks for."""

    name: str
    arguments: Json

    @property
    def raw(self) -> str:
        """The arguments as JSON text."""
        return json.dumps(self.arguments, ensure_ascii=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the model answers to one request, with the numbers that the wire wants beside it."""

    id: str
    created: int
    """Unix seconds."""
    model: str
    text: str
    calls: tuple[Call, ...] = ()
    prompt_bytes: int
    """UTF-8 bytes of the request: the base of the usage."""

    @property
    def finish_reason(self) -> str:
        """Why the reply ends."""
        return "tool_calls" if self.calls else "stop"

    def saying(self, text: str, calls: tuple[Call, ...] = ()) -> Reply:
        """The same reply with its words and calls."""
        return replace(self, text=text, calls=calls)

    def call_id(self, number: int) -> str:
        """The id of one of its calls: unique in a session, because the reply's id is."""
        return f"call_{self.id.removeprefix('chatcmpl-')}_{number}"

    def tool_calls(self) -> list[Json]:
        """The calls as they stand in an assistant message."""
        return [
            {
                "id": self.call_id(number),
                "type": "function",
                "function": {"name": call.name, "arguments": call.raw},
            }
            for number, call in enumerate(self.calls)
        ]

    def usage(self) -> Json:
        """Tokens, estimated as UTF-8 bytes / 4 (true within a third for prose and code)."""
        written = len(self.text.encode()) + len(
            json.dumps(self.tool_calls() or "", ensure_ascii=False).encode()
        )
        prompt, completion = _tokens(self.prompt_bytes), _tokens(written)
        return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _tokens(size: int) -> int:
    return max(1, -(-size // 4))


def plain(reply: Reply) -> Json:
    """The whole answer of a request that is not streamed."""
    message: Json = {"role": "assistant", "content": reply.text or None, "refusal": None}
    if reply.calls:
        message["tool_calls"] = reply.tool_calls()
    choice: Json = {"index": 0, "message": message, "finish_reason": reply.finish_reason, "logprobs": None}
    return {**_head(reply, "chat.completion"), "choices": [choice], "usage": reply.usage()}


def chunks(reply: Reply, *, with_usage: bool) -> Iterator[Json]:
    """The same answer in the pieces of a stream, the usage last where it is wanted."""
    head = _head(reply, "chat.completion.chunk")
    tail: Json = {"usage": None} if with_usage else {}
    for delta in _deltas(reply):
        yield {**head, "choices": [_choice(delta, None)], **tail}
    yield {**head, "choices": [_choice({}, reply.finish_reason)], **tail}
    if with_usage:
        yield {**head, "choices": [], "usage": reply.usage()}


def _deltas(reply: Reply) -> Iterator[Json]:
    yield {"role": "assistant", "content": ""}
    for piece in _pieces(reply.text):
        yield {"content": piece}
    for index, call in enumerate(reply.calls):
        opening: Json = {"name": call.name, "arguments": ""}
        yield {
            "tool_calls": [
                {"index": index, "id": reply.call_id(index), "type": "function", "function": opening}
            ]
        }
        for piece in _pieces(call.raw):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), _PIECE):
        yield text[start : start + _PIECE]


def _head(reply: Reply, kind: str) -> Json:
    return {"id": reply.id, "object": kind, "created": reply.created, "model": reply.model}


def _choice(delta: Json, finish_reason: str | None) -> Json:
    return {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}


def error(message: str, *, code: str | None = None, param: str | None = None) -> Json:
    """An error as OpenAI's API words it."""
    return {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}
