"""A playground on a free port, and those who use it. What goes over its wires is checked too."""

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TypeAlias

import pytest
from aiohttp import web

from playground import Playground
from playground.gateway.session import Session
from tests.playground.bots import Bot, running
from tests.playground.people import Http, Json, Place, http_on
from tests.protocol.openapi import DiscordOpenApi

Run: TypeAlias = Callable[[Bot], AbstractAsyncContextManager[Bot]]


def no_page(_: web.Application) -> None:
    """These tests are about the server; its page has its own."""


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Json]]:
    """Every event that any gateway session is sent, by name and payload."""
    heard: list[tuple[str, Json]] = []
    send = Session.send

    def note(session: Session, name: str, data: str) -> None:
        heard.append((name, json.loads(data)))
        send(session, name, data)

    monkeypatch.setattr(Session, "send", note)
    return heard


@pytest.fixture
async def server(
    tmp_path: Path, sent: list[tuple[str, Json]], discord_openapi_if_there: DiscordOpenApi | None
) -> AsyncGenerator[Playground, None]:
    """A playground; the events of the test are checked at its end, but for those that a fault spoiled."""
    async with Playground(tmp_path, 0, page=no_page, rate_limits=False) as started:
        yield started
    judge, ordered = discord_openapi_if_there, {"id": None, "content": 7}
    if judge is not None:
        whole = [(name, data) for name, data in sent if data != ordered]
        assert [problem for name, data in whole for problem in judge.check_event(name, data)] == []


@pytest.fixture
async def http(
    server: Playground, discord_openapi_if_there: DiscordOpenApi | None
) -> AsyncGenerator[Http, None]:
    async with http_on(server.url) as client:
        yield client
        if discord_openapi_if_there is not None:
            assert discord_openapi_if_there.check_exchanges(await client.log()) == []


@pytest.fixture
async def place(http: Http) -> Place:
    """The first server, with the test's bot in it."""
    assert (await http.api("GET", "/users/@me")).status == 200
    return await http.place()


@pytest.fixture
def run(server: Playground, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Start a bot on the server: `async with run(bot):`."""
    return lambda bot: running(bot, server.url, monkeypatch)
