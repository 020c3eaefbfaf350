"""The sandbox's way out, as code in the box would try to widen it. Run by test_leaving.py in a namespace."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from agent_core.web import Hosts
from agent_core.web.egress import Egress
from tests.security.web.within.town import Town, open_town

NAMED = frozenset({"good1.example", "private.example", "loop.example", "closed.example"})


@pytest_asyncio.fixture
async def town() -> AsyncGenerator[Town]:
    async with open_town() as served:
        served.page("good1.example/data", "forty-two", "text/plain")
        yield served


@asynccontextmanager
async def way_out(most_bytes: int = 200_000) -> AsyncGenerator[tuple[Egress, int]]:
    listener = socket.create_server(("127.0.0.1", 0))
    port = int(listener.getsockname()[1])
    lists = Hosts(deny=("closed.example",))
    async with Egress(listener, NAMED, lists=lists, most_bytes=most_bytes) as way:
        yield way, port


async def asked(port: int, *pieces: bytes) -> bytes:
    """What comes back for these bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(20):
            return await reader.read(1_000_000)
    except ConnectionError:
        return b""
    finally:
        writer.close()


def get(url: str, *rows: str) -> bytes:
    return "\r\n".join([f"GET {url} HTTP/1.1", *rows, "", ""]).encode()


@pytest.mark.parametrize(
    "request_",
    [
        get("http://good2.example/"), get("http://evil.example/"), get("http://127.0.0.1/"), get("http://[::1]/"),
        get("http://private.example/"), get("http://loop.example/"), get("http://closed.example/"),
        get("http://2130706433/"), get("http://good1.example:22/"), get("http://u:p@good1.example/"),
        get("http://good1.example@evil.example/"), get("http://good1.example\\@evil.example/"), get("/data"),
        get("https://good1.example/"), get("ftp://good1.example/"), b"CONNECT 127.0.0.1:443 HTTP/1.1\r\n\r\n",
        b"CONNECT private.example:443 HTTP/1.1\r\n\r\n", b"CONNECT evil.example:443 HTTP/1.1\r\n\r\n",
        b"CONNECT good1.example:25 HTTP/1.1\r\n\r\n", b"CONNECT good1.example HTTP/1.1 x\r\n\r\n",
        b"CONNECT good1.example:443/@evil.example HTTP/1.1\r\n\r\n", b"\xff\xfe\r\n\r\n", b"\r\n\r\n",
        b"GET http://good1.example/" + b"a" * 100_000,
    ],
)  # fmt: skip
async def test_what_was_not_named_or_is_not_public_is_not_dialled(town: Town, request_: bytes):
    async with way_out() as (way, port):
        answer = await asked(port, request_)
    assert answer.startswith((b"HTTP/1.1 403 ", b"HTTP/1.1 400 ", b"HTTP/1.1 502 ")) or not answer
    assert town.visited == []
    assert [record.addresses for record in way.records] == [()]


async def test_what_is_named_is_reached_with_the_host_that_was_judged_and_every_byte_counted(town: Town):
    async with way_out() as (way, port):
        headers = ("Host: evil.example", "Proxy-Authorization: x", "Connection: keep-alive", "Accept: */*")
        answer = await asked(port, get("http://good1.example/data", *headers))
    assert b"forty-two" in answer
    assert town.visited == ["good1.example/data"]
    (record,) = way.records
    assert (record.outcome, record.addresses) == ("tunnelled", ("93.184.216.34",))
    assert record.size == len(answer)
    assert record.sent > 0


async def test_a_run_has_only_so_many_bytes(town: Town):
    town.page("good1.example/large", "x" * 500_000, "text/plain")
    async with way_out(most_bytes=100_000) as (way, port):
        answer = await asked(port, get("http://good1.example/large"))
        again = await asked(port, get("http://good1.example/data"))
    assert len(answer) <= 100_000
    assert b"forty-two" not in again
    assert sum(record.size for record in way.records) <= 100_000
