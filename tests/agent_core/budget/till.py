"""A model server that writes down what it charges, and loses replies on the way."""

import json
import random
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

Fate = Literal["ok", "drop", "cut", "refuse", "fail"]
"""Answered; the connection closed before a reply; in the middle of one; 429; 500."""

INPUT, CACHED, OUTPUT = 2.0, 0.5, 8.0
"""US$ per million tokens."""
PRICES = {"scripted": (INPUT, CACHED, OUTPUT)}


@dataclass(frozen=True, kw_only=True)
class Charge:
    """One request, as the server sees it."""

    fate: Fate
    nano: int
    """What it charges; of a lost reply too."""
    body: dict[str, Any]


@dataclass(kw_only=True)
class Till:
    """The server, and its log."""

    fates: Callable[[], Fate]
    log: list[Charge] = field(default_factory=list[Charge])
    base_url: str = ""
    chance: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311
    talks: int | None = None
    """Tokens of every reply, whatever the request allows; None: some number that it allows."""
    calls: Callable[[dict[str, Any]], tuple[str, dict[str, Any]] | None] = lambda _: None
    """What a reply calls, from the request; None: it writes a plan."""
    cost: bool = False
    """Say what is charged, as some routers do."""

    @property
    def fated(self) -> Counter[Fate]:
        """How many requests met which fate."""
        return Counter(one.fate for one in self.log)

    @property
    def billed(self) -> int:
        """Nano-dollars of all replies that were delivered."""
        return sum(one.nano for one in self.log if one.fate == "ok")

    @classmethod
    @asynccontextmanager
    async def open(cls, fates: Callable[[], Fate] = lambda: "ok") -> AsyncGenerator["Till"]:
        """Serve on a free port of loopback."""
        till = cls(fates=fates)
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", till._complete)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            till.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
            yield till
        finally:
            await runner.cleanup()

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        body = json.loads(raw)
        fate = self.fates()
        prompt = len(raw) // 4
        most = int(body.get("max_tokens", 1 << 30))
        output = self.talks or self.chance.randint(1, min(60, most))
        nano = int(prompt * INPUT * 1000 + output * OUTPUT * 1000) if fate in ("ok", "drop", "cut") else 0
        charge = Charge(fate=fate, nano=nano, body=body)
        self.log.append(charge)
        if fate in ("refuse", "fail"):
            status = 429 if fate == "refuse" else 500
            return web.json_response(
                {"error": {"message": "not now"}}, status=status, headers={"Retry-After": "0"}
            )
        if fate == "drop":
            _hang_up(request)
            return web.Response()
        plan = ("set_plan", {"items": [{"text": f"line {len(self.log)}"}]})
        return await self._stream(request, charge, prompt, output, self.calls(body) or plan)

    async def _stream(
        self,
        request: web.Request,
        charge: Charge,
        prompt: int,
        output: int,
        called: tuple[str, dict[str, Any]],
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        function = {"name": called[0], "arguments": json.dumps(called[1])}
        call = {"id": f"c{len(self.log)}", "type": "function", "index": 0, "function": function}
        await _send(response, {"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]})
        for _ in range(output if self.talks else 0):
            await _send(response, {"choices": [{"index": 0, "delta": {"content": "word "}}]})
        if charge.fate == "cut":
            _hang_up(request)
            return response
        await _send(response, {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
        usage: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": output}
        if self.cost:
            usage["cost"] = charge.nano / 1e9
        await _send(response, {"choices": [], "usage": usage})
        await response.write(b"data: [DONE]\n\n")
        return response


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


async def _send(response: web.StreamResponse, chunk: dict[str, Any]) -> None:
    await response.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
