"""The sandbox's only way out: a proxy on a socket that listens inside the box, served out here.

What the fetcher refuses is refused here too: the check sits where the socket is made. Only the hosts that
were named are dialled, names are looked up out here, and every byte is counted.
"""

import asyncio
import socket
import time
from collections.abc import Set
from contextlib import suppress
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

import structlog
from yarl import URL

from agent_core.errors import FetchRefusedError
from agent_core.web.dialing import Dialer, NotPublicError, PublicResolver
from agent_core.web.fetched import FetchRecord, Hosts
from agent_core.web.urls import check

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

MOST_BYTES = 200_000_000
"""Of one run, both ways together."""
MOST_AT_ONCE = 16
MOST_CONNECTIONS = 500
DIAL_WITHIN_S = 15.0
HEAD_WITHIN_S = 10.0
_HEAD_BYTES = 32 * 1024
_CHUNK = 64 * 1024
_HOP = (b"proxy-", b"connection:", b"keep-alive:", b"host:", b"upgrade:", b"te:", b"trailer:")


class _Refusal(Exception):  # noqa: N818 - an answer to the code in the box, no error of ours
    """The proxy answers with this status and these words, and dials nothing."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(slots=True)
class _Count:
    came: int = 0
    went: int = 0


class Egress:
    """`async with Egress(listener, hosts) as way`, around the run; then `way.records` has each connection."""

    def __init__(
        self,
        listener: socket.socket,
        hosts: Set[str],
        *,
        lists: Hosts | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        """`listener` is closed at the end. `hosts`: exact names; `lists`: of the server's rules."""
        self.records: list[FetchRecord] = []
        self._listener = listener
        self._hosts = frozenset(host.lower().rstrip(".") for host in hosts)
        self._lists = lists or Hosts()
        self._left = most_bytes
        self._dialer = Dialer()
        self._resolver = PublicResolver()
        self._places = asyncio.Semaphore(MOST_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._accepting: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._listener.setblocking(False)
        self._accepting = asyncio.create_task(self._accept())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tasks = [*self._tasks, *([self._accepting] if self._accepting else [])]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._listener.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(MOST_CONNECTIONS):
            await self._places.acquire()
            try:
                inner, _ = await loop.sock_accept(self._listener)
            except OSError:
                return  # the box is gone
            task = asyncio.create_task(self._serve(inner))
            self._tasks.add(task)
            task.add_done_callback(self._gone)

    def _gone(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._places.release()

    async def _serve(self, inner: socket.socket) -> None:
        started = time.monotonic()
        count = _Count()
        record = FetchRecord(url="", outcome="cancelled")
        dialled = self._dialer.record()
        reader, writer = await asyncio.open_connection(sock=inner, limit=_HEAD_BYTES)
        try:
            url, first, tunnels = await self._asked(reader)
            record = replace(record, url=str(url))
            out_reader, out_writer = await self._dial(url)
            try:
                if tunnels:
                    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                else:
                    out_writer.write(first)
                    count.went += len(first)
                record = replace(record, outcome="tunnelled", status=200)
                await self._both_ways((reader, writer), (out_reader, out_writer), count)
            finally:
                out_writer.close()
        except _Refusal as refusal:
            record = replace(record, outcome="FetchRefusedError", reason=str(refusal), status=refusal.status)
            await _say(writer, refusal)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            record = replace(record, outcome="FetchFailedError", reason=str(error)[:200])
            await _say(writer, _Refusal(502, f"{type(error).__name__}: {str(error)[:100]}"))
        finally:
            writer.close()
            self._keep(record, dialled, count, time.monotonic() - started)

    async def _asked(self, reader: asyncio.StreamReader) -> tuple[URL, bytes, bool]:
        """Where it wants to go, what is sent there first, and whether it is a tunnel."""
        async with asyncio.timeout(HEAD_WITHIN_S):
            head = await reader.readuntil(b"\r\n\r\n")
        line, *rows = head[:-4].split(b"\r\n")
        try:
            method, target, version = line.decode("ascii").split(" ")
        except (UnicodeDecodeError, ValueError) as error:
            raise _Refusal(400, "This is no request of HTTP.") from error
        tunnels = method == "CONNECT"
        if tunnels and set(target) & set("/?#@"):
            raise _Refusal(400, "CONNECT takes a host and a port, and nothing more.")
        url = self._judged(f"https://{target}/" if tunnels else target)
        if tunnels:
            return url, b"", True
        if url.scheme != "http":
            raise _Refusal(400, "Ask for https by CONNECT.")
        kept = [row for row in rows if row.strip() and not row.lower().startswith(_HOP)]
        port = "" if url.port == 80 else f":{url.port}"
        lines = [f"{method} {url.raw_path_qs} {version}".encode(), f"Host: {url.raw_host}{port}".encode()]
        return url, b"\r\n".join([*lines, *kept, b"Connection: close", b"", b""]), False

    def _judged(self, text: str) -> URL:
        try:
            url = check(text, self._lists)
        except FetchRefusedError as error:
            raise _Refusal(403, str(error)) from error
        host = (url.raw_host or "").lower().rstrip(".")
        if host not in self._hosts:
            raise _Refusal(403, f"{host} is not among the hosts that were named and allowed for this run.")
        return url

    async def _dial(self, url: URL) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to one of the name's addresses, all of which have to be public."""
        host, port = url.raw_host or "", url.port or 443
        loop = asyncio.get_running_loop()
        last: OSError = OSError(f"{host} has no address")
        async with asyncio.timeout(DIAL_WITHIN_S):
            try:
                found = await self._resolver.resolve(host, port)
            except NotPublicError as error:
                raise _Refusal(403, f"{host} is refused: {error}.") from error
            for one in found[:4]:
                address = (one["host"], one["port"])
                sock = self._dialer.socket((one["family"], socket.SOCK_STREAM, one["proto"], "", address))
                sock.setblocking(False)
                try:
                    await loop.sock_connect(sock, address)
                except OSError as error:
                    sock.close()
                    last = error
                    continue
                except BaseException:
                    sock.close()
                    raise
                return await asyncio.open_connection(sock=sock)
        raise last

    async def _both_ways(
        self,
        inside: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        outside: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        count: _Count,
    ) -> None:
        """Until the far side has ended; the near side may end its half before."""
        sending = asyncio.create_task(self._pour(inside[0], outside[1], count, came=False))
        try:
            await self._pour(outside[0], inside[1], count, came=True)
        finally:
            sending.cancel()
            await asyncio.wait({sending})

    async def _pour(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, count: _Count, *, came: bool
    ) -> None:
        with suppress(ConnectionError):
            while data := await source.read(_CHUNK):
                self._left -= len(data)
                if self._left < 0:
                    return  # the run has had its bytes
                if came:
                    count.came += len(data)
                else:
                    count.went += len(data)
                sink.write(data)
                await sink.drain()
            if sink.can_write_eof():
                sink.write_eof()

    def _keep(self, record: FetchRecord, dialled: list[str], count: _Count, duration_s: float) -> None:
        record = replace(
            record, addresses=tuple(dialled), size=count.came, sent=count.went, duration_s=duration_s
        )
        self.records.append(record)
        log.info(
            "reached from the sandbox",
            url=record.url[:500],
            outcome=record.outcome,
            came=record.size,
            sent=record.sent,
            addresses=record.addresses,
            duration_s=round(duration_s, 3),
        )


async def _say(writer: asyncio.StreamWriter, refusal: _Refusal) -> None:
    words = f"{refusal}\n".encode()
    head = (
        f"HTTP/1.1 {refusal.status} Refused\r\nContent-Type: text/plain\r\nContent-Length: {len(words)}\r\n"
    )
    with suppress(OSError):
        writer.write(f"{head}Connection: close\r\n\r\n".encode() + words)
        async with asyncio.timeout(1.0):
            await writer.drain()
