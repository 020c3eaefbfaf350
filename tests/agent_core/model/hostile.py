"""A local model server that answers with exactly the bytes that a test wants, however broken."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Json = Any
Reply = bytes | Sequence[bytes]
"""The bytes of an answer, head included; several pieces are sent as several writes."""
HANG = b"<hang>"
"""As a piece: send nothing more until the client has gone."""
RESET = b"<reset>"
"""As a piece: break the connection."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: Json


@dataclass(kw_only=True)
class Hostile:
    """Answers in the order of `replies`; the last one again and again."""

    url: str = ""
    replies: list[Reply | Callable[[Asked], Reply]] = field(default_factory=list[Any])
    asked: list[Asked] = field(default_factory=list[Asked])
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a client leaves in the middle of an answer."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked = await _request(reader)
            self.asked.append(asked)
            self.arrived.set()
            reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
            pieces = reply(asked) if callable(reply) else reply
            for piece in [pieces] if isinstance(pieces, bytes) else pieces:
                if piece == HANG:
                    await reader.read()
                    self.left.set()
                elif piece == RESET:
                    writer.transport.abort()
                else:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            self.left.set()
        finally:
            writer.close()


@asynccontextmanager
async def hostile(*replies: Reply | Callable[[Asked], Reply]) -> AsyncGenerator[Hostile]:
    """A running server."""
    server = Hostile(replies=list(replies))
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    async with listening:
        yield server


async def _request(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(path=first.split()[1], headers=headers, body=json.loads(body) if body else None)


def http(
    body: bytes,
    status: int = 200,
    content_type: str = "application/json",
    headers: dict[str, str] | None = None,
) -> bytes:
    """A whole answer; its end is the end of the connection."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Type: {content_type}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def document(value: Json, status: int = 200, headers: dict[str, str] | None = None) -> bytes:
    """A JSON answer."""
    return http(json.dumps(value).encode(), status, headers=headers)


def error(status: int, message: str, headers: dict[str, str] | None = None, **more: Json) -> bytes:
    """An error in OpenAI's shape."""
    return document({"error": {"message": message, **more}}, status, headers)


def event(value: Json) -> bytes:
    """One server-sent event."""
    return b"data: " + (value if isinstance(value, bytes) else json.dumps(value).encode()) + b"\n\n"


DONE = b"data: [DONE]\n\n"
STREAM = http(b"", content_type="text/event-stream")


def stream(*events: Json, done: bool = True) -> list[bytes]:
    """A streamed answer, one write per event."""
    return [STREAM, *map(event, events), *([DONE] if done else [])]


def delta(finish: Json = None, **parts: Json) -> Json:
    """One chunk with this delta."""
    return {"choices": [{"index": 0, "delta": parts, "finish_reason": finish}]}


def call_delta(arguments: Json = None, *, finish: Json = None, **parts: Json) -> Json:
    """One chunk with one piece of a tool call; `name` goes into its function."""
    function = {} if "name" not in parts else {"name": parts.pop("name")}
    if arguments is not None:
        function["arguments"] = arguments
    return delta(finish, tool_calls=[{**parts, "function": function}])


USAGE: Json = {"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 20}}
STOP = delta("stop")
CALLS = delta("tool_calls")


def message(finish: Json = "stop", usage: Json = None, **parts: Json) -> bytes:
    """A plain answer with this message."""
    body: Json = {
        "choices": [{"index": 0, "message": {"role": "assistant", **parts}, "finish_reason": finish}]
    }
    return document({**body, "usage": usage or USAGE["usage"]})


def tool_call(name: str, arguments: Json, id_: Json = "call_1") -> Json:
    """A tool call of a plain message."""
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}
