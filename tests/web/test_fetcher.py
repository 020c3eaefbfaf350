"""The rules of the fetcher that need no network: nothing private is dialled from this very machine."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from agent_core.errors import FetchRefusedError
from agent_core.web import FetchRecord, GuardedFetcher, Hosts


async def test_a_server_on_this_machine_is_never_dialled_and_the_refusal_is_recorded():
    asked: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(text="secret")

    app = web.Application()
    app.router.add_get("/", handle)
    records: list[FetchRecord] = []
    async with TestServer(app, port=8443), GuardedFetcher(audit=records.append) as fetcher:
        for url in ("http://127.0.0.1:8443/", "http://localhost:8443/"):
            with pytest.raises(FetchRefusedError):
                await fetcher.get(url)
    assert asked == []
    assert [(record.outcome, record.addresses) for record in records] == [("FetchRefusedError", ())] * 2


async def test_lists_close_and_open_hosts_with_all_below_them():
    hosts = Hosts(allow=("good.example",), deny=("bad.good.example",))
    assert hosts.permit("www.good.example.")
    assert not hosts.permit("bad.good.example")
    assert not hosts.permit("notgood.example")
    async with GuardedFetcher(hosts=hosts) as fetcher, asyncio.timeout(5):
        with pytest.raises(FetchRefusedError, match="rules of this server"):
            await fetcher.read("https://other.example/")
