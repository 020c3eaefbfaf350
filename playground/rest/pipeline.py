"""From an aiohttp request to a handler and back: token, faults, rate limit, body, errors, log."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from math import ceil
from typing import Any, NoReturn

from aiohttp import web

from playground.actions.members import new_bot
from playground.errors import ApiError, Problem
from playground.faults import Fault, Faults
from playground.forms import Form
from playground.ids import bot_id_of
from playground.rest.call import Call, Reply, Route
from playground.rest.exchanges import ExchangeLog
from playground.rest.pacing import Pace, Pacing
from playground.rest.reading import Body, discard, read_body
from playground.world import World

_VIA = {"Via": "1.1 google"}
FIRST_BOT_NAME = "Goalkeeper"


class Pipeline:
    """Holds what every request passes through."""

    def __init__(
        self,
        world: World,
        pacing: Pacing,
        exchanges: ExchangeLog,
        faults: Faults,
        may_join: Callable[[web.Request, str], bool],
    ) -> None:
        self._world, self._pacing, self._exchanges, self._faults = world, pacing, exchanges, faults
        self._may_join = may_join
        self._addresses: list[re.Pattern[str]] = []

    def handler(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The aiohttp handler of a route."""
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(route.path))
        self._addresses.append(re.compile(rf"/api(/v10)?{pattern}$"))

        async def handle(request: web.Request) -> web.StreamResponse:
            banned_s = self._pacing.banned()
            if banned_s is not None:
                return _banned(banned_s)
            fault = self._faults.take(request.method, request.path)
            if fault is not None and fault.kind == "drop":
                _cut(request)
            if fault is not None and fault.kind == "slow":
                await asyncio.sleep(fault.seconds)
            body = Body()
            pace = Pace(headers={})
            try:
                bot_id = self._bot(request) if route.needs_bot else ""
                body = await read_body(request, self._world.store)
                pace = self._pace(route, bot_id, request.match_info)
                reply, headers = self._answer(route, request, bot_id, body, fault), dict(pace.headers)
            except ApiError as error:
                reply, headers = _refuse(error, pace)
            finally:
                if body.uploads:
                    await asyncio.to_thread(discard, body.uploads)
            self._pacing.count_invalid(reply.status)
            self._note(request, body, reply)
            if fault is not None and fault.kind == "lose_reply":
                _cut(request)
            return respond(reply, headers)

        return handle

    async def nowhere(self, request: web.Request) -> web.StreamResponse:
        """An address that Discord does not have, or bots like ours never use; the log shows it."""
        taken = any(known.match(request.path) for known in self._addresses)
        error = ApiError(Problem.METHOD_NOT_ALLOWED if taken else Problem.NOT_FOUND)
        reply = Reply(status=error.status, body=error.body())
        self._note(request, Body(), reply)
        return respond(reply)

    def _bot(self, request: web.Request) -> str:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        bot_id = bot_id_of(token) if kind == "Bot" else None
        if bot_id is None or not self._may_join(request, token):
            raise ApiError(Problem.UNAUTHORIZED)
        self.ensure_bot(bot_id)
        return bot_id

    def ensure_bot(self, bot_id: str) -> None:
        """Make a bot that was never seen a member of every guild."""
        if bot_id in self._world.applications:
            return
        if bot_id in self._world.users:
            raise ApiError(Problem.UNAUTHORIZED)
        name = FIRST_BOT_NAME if not self._world.applications else f"Bot {bot_id[-4:]}"
        with self._world.change():
            new_bot(self._world, bot_id, name)

    def _pace(self, route: Route, bot_id: str, params: Mapping[str, str]) -> Pace:
        pace = self._pacing.take(route, bot_id, params)
        if pace.retry_after is not None:
            raise TooFastError(pace)
        return pace

    def _answer(
        self, route: Route, request: web.Request, bot_id: str, body: Body, fault: Fault | None
    ) -> Reply:
        _check_ids(request.match_info)
        if fault is not None and fault.kind == "rate_limit":
            raise ApiError(Problem.RATE_LIMITED, retry_after=fault.seconds)
        if fault is not None and fault.kind == "status":
            status = fault.code or 500
            return Reply(status=status, body={"message": f"{status}: ordered by a fault", "code": 0})
        call = Call(
            world=self._world,
            actor_id=bot_id,
            params=request.match_info,
            query=request.query,
            body=body.json,
            uploads=body.uploads,
        )
        with self._world.change():
            return route.handler(call)

    def _note(self, request: web.Request, body: Body, reply: Reply) -> None:
        self._exchanges.add(
            {
                "at": self._world.clock.now(),
                "method": request.method,
                "path": request.path_qs,
                "status": reply.status,
                "request": body.json,
                "response": reply.body,
                "headers": {key: value for key, value in request.headers.items() if key != "Authorization"},
                "files": [
                    {"name": upload.name, "size": upload.size, "content_type": upload.content_type}
                    for upload in body.uploads
                ],
            }
        )


class TooFastError(ApiError):
    """A 429 with the pace that its headers tell."""

    def __init__(self, pace: Pace) -> None:
        super().__init__(Problem.RATE_LIMITED, retry_after=pace.retry_after)
        self.pace = pace


def _check_ids(params: Mapping[str, str]) -> None:
    """Whatever is an id in an address must look like one; the names that stand for one apart."""
    form = Form(dict(params))
    for key, value in params.items():
        if key.endswith("_id") and value not in {"@me", "@original"}:
            form.snowflake(key)
    form.check()


def _refuse(error: ApiError, pace: Pace) -> tuple[Reply, dict[str, str]]:
    headers = dict(error.pace.headers if isinstance(error, TooFastError) else pace.headers)
    body = error.body()
    if error.status == 429:
        headers |= _VIA | {"Retry-After": str(max(1, ceil(error.retry_after or 1)))}
        headers.setdefault("X-RateLimit-Scope", "user")
        if error.code == 0:
            del body["code"]
        body["global"] = isinstance(error, TooFastError) and error.pace.is_global
    return Reply(status=error.status, body=body), headers


def respond(reply: Reply, headers: Mapping[str, str] | None = None) -> web.Response:
    """Exactly `Content-Type: application/json`: with a charset, discord.py keeps the body a string."""
    if reply.status == 204:
        return web.Response(status=204, headers=headers)
    data = json.dumps(reply.body, ensure_ascii=False, separators=(",", ":")).encode()
    return web.Response(
        status=reply.status, body=data, headers={**(headers or {}), "Content-Type": "application/json"}
    )


def _banned(seconds: float) -> web.Response:
    """What Cloudflare answers in Discord's place: no JSON, no Via."""
    headers = {"Retry-After": f"{seconds:.0f}"}
    return web.Response(status=429, text="error code: 1015", content_type="text/html", headers=headers)


def _cut(request: web.Request) -> NoReturn:
    """End the connection without a reply."""
    if request.transport is not None:
        request.transport.abort()
    raise asyncio.CancelledError


def plain(body: Any, status: int = 200) -> web.Response:
    """A JSON answer outside of the pipeline."""
    return respond(Reply(body=body, status=status))
