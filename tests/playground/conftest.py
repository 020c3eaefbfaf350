"""A playground on a free port, and those who use it. What goes over its API is checked too."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TypeAlias

import pytest
from aiohttp import web

from playground import Playground
from tests.playground.bots import Bot, running
from tests.playground.people import Http, Place, http_on
from tests.protocol.openapi import DiscordOpenApi

Run: TypeAlias = Callable[[Bot], AbstractAsyncContextManager[Bot]]


def no_page(_: web.Application) -> None:
    """These tests are about the server; its page has its own."""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncGenerator[Playground, None]:
    async with Playground(tmp_path, 0, page=no_page, rate_limits=False) as started:
        yield started


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
