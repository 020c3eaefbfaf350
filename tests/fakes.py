"""The one part that cannot be real in a test: a language model, scripted, behind the OpenAI protocol."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

Call = tuple[str, dict[str, Any]]
"""Name and arguments of a tool call."""

Request = dict[str, Any]

WAIT_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One reply of the model."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    status: int = 200
    """Anything else than 200 is an error reply."""
    takes_s: float = 0.0
    """Seconds until it comes."""


Script = Turn | Callable[[Request], Turn]


class ScriptedModel:
    """Answers each request with the next turn of its script, and waits for one where there is none yet."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        """The body of every request, oldest first."""
        self.base_url = ""
        self._script: asyncio.Queue[Script] = asyncio.Queue()
        self._arrived = asyncio.Event()
        self._ids = 0
        self._turns: tuple[Turn, ...] = ()
        self._always: Callable[[Request], Turn] | None = None
        self._answer: Callable[[Request], Turn] | None = None
        self._count: Callable[[Request], int] = lambda _: _USAGE["prompt_tokens"]

    def will(self, text: str = "", *calls: Call) -> None:
        """The next free reply has this text and these tool calls."""
        self._script.put_nowait(Turn(text=text, calls=calls))

    def will_do(self, *script: Script) -> None:
        """The next free replies."""
        for one in script:
            self._script.put_nowait(one)

    def plays(self, *turns: Turn) -> None:
        """From now on each reply depends only on how many replies the request already holds."""
        self._turns = turns

    def answers(
        self, answer: Callable[[Request], Turn], count: Callable[[Request], int] | None = None
    ) -> None:
        """From now on each reply is what this says; `count` gives the tokens of its prompt."""
        self._answer = answer
        self._count = count or self._count

    def will_always(self, script: Callable[[Request], Turn]) -> None:
        """From now on each reply depends only on its request."""
        self._always = script

    async def asked(self, count: int) -> Request:
        """The request of this number (from 1), once it has arrived."""
        async with asyncio.timeout(WAIT_S):
            while len(self.requests) < count:
                self._arrived.clear()
                await self._arrived.wait()
        return self.requests[count - 1]

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncGenerator["ScriptedModel"]:
        """Serve on a free port of loopback."""
        model = cls()
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", model._complete)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            model.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
            yield model
        finally:
            await runner.cleanup()

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body: Request = await request.json()
        self.requests.append(body)
        self._arrived.set()
        turn = await self._turn(body)
        await asyncio.sleep(turn.takes_s)
        if turn.status != 200:
            error = {"message": turn.text, "type": "server_error"}
            return web.json_response({"error": error}, status=turn.status)
        message = self._message(turn)
        reason = "tool_calls" if turn.calls else "stop"
        if body.get("stream"):
            return await self._stream(request, message, reason, self._usage(body))
        choice = {"index": 0, "message": message, "finish_reason": reason}
        return web.json_response(
            {**_envelope("chat.completion"), "choices": [choice], "usage": self._usage(body)}
        )

    def _usage(self, body: Request) -> dict[str, int]:
        return {**_USAGE, "prompt_tokens": self._count(body)}

    async def _turn(self, body: Request) -> Turn:
        if self._answer:
            return self._answer(body)
        return self._replay(body) if self._turns else await self._next(body)

    async def _next(self, body: Request) -> Turn:
        if self._always:
            return self._always(body)
        script = await self._script.get()
        return script if isinstance(script, Turn) else script(body)

    def _replay(self, body: Request) -> Turn:
        return self._turns[sum(one["role"] == "assistant" for one in body["messages"])]

    def _message(self, turn: Turn) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": turn.text or None}
        calls: list[dict[str, Any]] = []
        for name, arguments in turn.calls:
            self._ids += 1
            function = {"name": name, "arguments": json.dumps(arguments)}
            calls.append({"id": f"call_{self._ids}", "type": "function", "function": function})
        return message | ({"tool_calls": calls} if calls else {})

    async def _stream(
        self, request: web.Request, message: dict[str, Any], reason: str, usage: dict[str, int]
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": message["content"] or ""}]
        deltas += [
            {"tool_calls": [{**call, "index": index}]}
            for index, call in enumerate(message.get("tool_calls", []))
        ]
        chunks: list[dict[str, Any]] = [
            {"index": 0, "delta": delta, "finish_reason": None} for delta in deltas
        ]
        chunks.append({"index": 0, "delta": {}, "finish_reason": reason})
        for chunk in chunks:
            await _send(response, {**_envelope("chat.completion.chunk"), "choices": [chunk]})
        await _send(response, {**_envelope("chat.completion.chunk"), "choices": [], "usage": usage})
        await response.write(b"data: [DONE]\n\n")
        return response


_USAGE = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}


def _envelope(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": "scripted"}


async def _send(response: web.StreamResponse, chunk: dict[str, Any]) -> None:
    await response.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
