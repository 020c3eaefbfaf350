"""The demo model as an OpenAI-compatible server: a stand-in for a vendor, reached only over HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from hashlib import blake2b
from types import TracebackType
from typing import Self

from aiohttp import web
from pydantic import ValidationError

from playground.demo.goals import GOALS
from playground.demo.play import next_turn
from playground.demo.transcript import read
from playground.demo.wire import ChatRequest, Json, Reply, chunks, error, plain

NAME = "goalkeeper-demo"
_BODY_BYTES = 32 * 1024 * 1024
_STARTED = 1_790_000_000
"""When the model was "made", in unix seconds: a constant of the model, as vendors report it."""


class DemoModel:
    """The server's life: `async with DemoModel() as demo`, then `demo.base_url` and `demo.name`.

    Raises OSError on entering when the port is taken. Port 0 takes a free one.
    """

    def __init__(self, port: int = 0, host: str = "127.0.0.1") -> None:
        self.name = NAME
        self._host = host
        self._port = port
        self._runner = web.AppRunner(_app(), access_log=None, shutdown_timeout=1.0)

    @property
    def base_url(self) -> str:
        """What goes into OPENAI_BASE_URL; known once the server has started."""
        return f"http://{self._host}:{self._port}/v1"

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError:
            await self._runner.cleanup()
            raise
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()


def _app() -> web.Application:
    app = web.Application(client_max_size=_BODY_BYTES, middlewares=[_errors_as_json])
    app.router.add_get("/v1/models", _models)
    app.router.add_get("/v1/models/{name}", _model)
    app.router.add_get("/v1/demo/goals", _goals)
    app.router.add_post("/v1/chat/completions", _complete)
    return app


@web.middleware
async def _errors_as_json(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """What aiohttp answers itself (404, 405, 413) in the API's own shape."""
    try:
        return await handler(request)
    except web.HTTPException as refused:
        message = f"{refused.reason} ({request.method} {request.path})."
        return web.json_response(error(message, code=f"http_{refused.status}"), status=refused.status)


async def _models(_: web.Request) -> web.Response:
    return web.json_response({"object": "list", "data": [_described()]})


async def _model(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    if name != NAME:
        return web.json_response(
            error(f"There is no model {name!r} here, only {NAME!r}.", code="model_not_found", param="model"),
            status=404,
        )
    return web.json_response(_described())


def _described() -> Json:
    return {"id": NAME, "object": "model", "created": _STARTED, "owned_by": "goalkeeper"}


async def _goals(_: web.Request) -> web.Response:
    goals = [{"words": list(goal.words), "title": goal.title, "example": goal.example} for goal in GOALS]
    return web.json_response(goals)


async def _complete(request: web.Request) -> web.StreamResponse:
    body = await request.read()
    try:
        asked = ChatRequest.model_validate_json(body)
    except ValidationError as invalid:
        first = invalid.errors(include_url=False)[0]
        param = ".".join(str(part) for part in first["loc"]) or None
        return web.json_response(error(f"Invalid request: {first['msg']}.", param=param), status=400)
    reply = _reply(asked, body)
    if not asked.stream:
        return web.json_response(plain(reply))
    return await _stream(request, asked, reply)


def _reply(asked: ChatRequest, body: bytes) -> Reply:
    seen = json.dumps([message.model_dump() for message in asked.messages]).encode()
    reply = Reply(
        # From the messages alone: the same transcript gives the same ids, another one gives others.
        id=f"chatcmpl-{blake2b(seen, digest_size=9).hexdigest()}",
        created=int(time.time()),
        model=asked.model,
        text="",
        prompt_bytes=len(body),
    )
    if "finish" not in asked.offered:
        return reply.saying(_aside(asked))
    turn = next_turn(read(asked.messages), asked.offered)
    return reply.saying(turn.thought, turn.calls)


def _aside(asked: ChatRequest) -> str:
    """A short answer to a request outside the steps (a summary, a name): the front of what it is about."""
    texts = [message.text for message in asked.messages if message.role == "user" and message.text.strip()]
    words = (texts[-1] if texts else "nothing").split()
    return "Demo model, in short: " + " ".join(words[:40])[:300]


async def _stream(request: web.Request, asked: ChatRequest, reply: Reply) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    try:
        await response.prepare(request)
        for chunk in chunks(reply, with_usage=asked.wants_usage):
            await response.write(f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode())
        await response.write(b"data: [DONE]\n\n")
        await response.write_eof()
    except ConnectionError:  # the client went away in the middle; nobody is left to answer
        return response
    return response
