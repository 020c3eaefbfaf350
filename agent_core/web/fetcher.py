"""The one client through which everything outside is fetched.

Where it is safe: `urls.check` judges each address before a look-up, `dialing` each socket before it is
dialled. Everything that a server sends has a cap, and one deadline covers all of a fetch. No proxy of the
environment, no cookie, no automatic redirect or decompression is used: each would be a way round.
"""

import asyncio
import json
import re
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

import aiohttp
import structlog
from aiohttp import ClientResponse
from yarl import URL

from agent_core.errors import FetchFailedError, FetchRefusedError
from agent_core.web import platforms
from agent_core.web.body import read_capped
from agent_core.web.charset import decode
from agent_core.web.dialing import Dialer, NotPublicError, PublicResolver
from agent_core.web.fetched import NO_VISIT, Fetched, FetchRecord, Hosts, Visit
from agent_core.web.kinds import PAGE_BYTES, PDF_BYTES, kind_of, media_type, readable
from agent_core.web.manners import Manners, wait_asked
from agent_core.web.page import Page
from agent_core.web.reader import Reader
from agent_core.web.robots import Robots, permit
from agent_core.web.urls import check

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

AGENT = "Goalkeeper"
GET_WITHIN_S = 18.0
READ_WITHIN_S = 27.0
TRIES = 3
"""Of one address, where its server asks to wait and there is time to."""
_ANSWERS_WITHIN_S = 3.0
REDIRECTS = 5
_REDIRECT = frozenset({301, 302, 303, 307, 308})
_RAW_BYTE = re.compile(r"[\udc80-\udcff]")
"""Of a header that is not UTF-8: addresses are percent-encoded bytes."""
_ACCEPT = (
    "text/html,application/xhtml+xml,application/json;q=0.9,application/pdf;q=0.9,text/*;q=0.8,*/xml;q=0.8"
)


def log_record(record: FetchRecord) -> None:
    """The audit where nobody else keeps it: one line of the log."""
    log.info(
        "fetched from the web",
        url=record.url[:500],
        final_url=record.final_url[:500],
        outcome=record.outcome,
        status=record.status,
        size=record.size,
        addresses=record.addresses,
        duration_s=round(record.duration_s, 3),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What one fetch is to bring."""

    any_type: bool = False
    max_bytes: int | None = None
    posts: bytes | None = None
    last_at: float = 0.0
    """Until when (monotonic) a wait that the server asks for may last."""


class GuardedFetcher:
    """`async with GuardedFetcher() as web`. Raises FetchRefusedError and FetchFailedError, nothing else."""

    def __init__(
        self,
        *,
        hosts: Hosts | None = None,
        contact: str = "",
        audit: Callable[[FetchRecord], None] = log_record,
    ) -> None:
        self._hosts = hosts or Hosts()
        self._agent = f"{AGENT}/0.1 ({contact})" if contact else f"{AGENT}/0.1"
        self._audit = audit
        self._dialer = Dialer()
        self._manners = Manners()
        self._robots = Robots(AGENT)
        self._reader = Reader()
        self._session: aiohttp.ClientSession | None = None
        self._closing = AsyncExitStack()

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            resolver=PublicResolver(),
            socket_factory=self._dialer.socket,
            use_dns_cache=False,
            force_close=True,
            limit=50,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            read_bufsize=64 * 1024,
            timeout=aiohttp.ClientTimeout(total=None),  # one deadline of ours covers everything
            headers={"User-Agent": self._agent, "Accept": _ACCEPT, "Accept-Encoding": "gzip, deflate"},
        )
        await self._closing.enter_async_context(self._session)
        await self._closing.enter_async_context(self._reader)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._closing.aclose()
        self._session = None

    async def get(
        self,
        url: str,
        *,
        crawl: bool = False,
        any_type: bool = False,
        max_bytes: int | None = None,
        posts: bytes | None = None,
        visit: Visit = NO_VISIT,
    ) -> Fetched:
        """What the server answers, whatever its status, after at most five redirects and within 18 s.

        Args:
            url: the whole address, http or https.
            crawl: nobody asked for this very page: robots.txt is asked first.
            any_type: pictures, archives and so on too; else only what can be read as a page.
            max_bytes: of the decompressed body; by default 3 MB, and 10 MB for a PDF.
            posts: JSON to ask with, for a platform that takes questions only so.
            visit: the lists of the server that it is fetched for, and the audit.

        Raises:
            FetchRefusedError: the address (or the one it redirects to) was never dialled.
            FetchFailedError: no usable answer came in time.
        """
        last_at = time.monotonic() + GET_WITHIN_S - _ANSWERS_WITHIN_S
        wish = _Wish(any_type=any_type, max_bytes=max_bytes, posts=posts, last_at=last_at)
        return await self._recorded(url, wish, crawl, visit)

    async def _recorded(self, url: str, wish: _Wish, crawl: bool, visit: Visit) -> Fetched:
        started = time.monotonic()
        dialled = self._dialer.record()
        record = FetchRecord(url=url if isinstance(url, str) else "", outcome="cancelled")  # pyright: ignore[reportUnnecessaryIsInstance]
        try:
            async with asyncio.timeout(GET_WITHIN_S):
                if crawl:
                    await self._ask_robots(self._check(url, visit), visit)
                answer = await self._follow(url, wish, visit)
            size = len(answer.body)
            record = replace(record, outcome="fetched", final_url=answer.url, status=answer.status, size=size)
        except (FetchRefusedError, FetchFailedError) as error:
            record = replace(record, outcome=type(error).__name__, reason=str(error))
            raise
        except TimeoutError as error:
            failed = FetchFailedError(f"The page did not arrive within {GET_WITHIN_S:g} s.")
            record = replace(record, outcome=type(failed).__name__, reason=str(failed))
            raise failed from error
        else:
            return answer
        finally:
            took_s = time.monotonic() - started
            self._keep(replace(record, addresses=tuple(dialled), duration_s=took_s), visit)

    def _keep(self, record: FetchRecord, visit: Visit) -> None:
        self._audit(record)
        if visit.records is not None:
            visit.records.append(record)

    async def read(self, url: str, *, crawl: bool = False, visit: Visit = NO_VISIT) -> Page:
        """The page behind an address, by the open endpoint of its platform where it has one. Within 27 s.

        Raises:
            FetchRefusedError: the address (or the one it redirects to) was never dialled.
            FetchFailedError: no usable page came in time, or its platform refuses.
        """
        try:
            async with asyncio.timeout(READ_WITHIN_S):
                self._admit(url, visit)  # the address that was asked for too, not only its endpoint
                route = platforms.route(url)
                if route is None:
                    answer = await self.get(url, crawl=crawl, visit=visit)
                    if answer.wait_s is not None:
                        raise FetchFailedError(asked_to_wait(answer))
                    route = platforms.discovered(answer.url, answer.body)
                    if route is None:
                        return await self._reader.read(answer, shape="", url=answer.url)
                return await self._platform(route, url, crawl, visit)
        except TimeoutError as error:
            raise FetchFailedError(f"The page could not be read within {READ_WITHIN_S:g} s.") from error

    async def parse(self, answer: Fetched) -> Page:
        """A page that is here already, in the process that may be killed. Raises FetchFailedError."""
        return await self._reader.read(answer, shape="", url=answer.url)

    def _admit(self, url: str, visit: Visit) -> None:
        try:
            self._check(url, visit)
        except FetchRefusedError as error:
            asked = url if isinstance(url, str) else ""  # pyright: ignore[reportUnnecessaryIsInstance]
            self._keep(FetchRecord(url=asked, outcome=type(error).__name__, reason=str(error)), visit)
            raise

    def _check(self, url: str, visit: Visit) -> URL:
        """The address in its one form, where neither the rules nor either list close it."""
        check(url, visit.hosts)
        return check(url, self._hosts)

    async def _platform(self, route: platforms.Route, url: str, crawl: bool, visit: Visit) -> Page:
        parts: list[str] = []
        for number, place in enumerate(route.urls):
            posts = route.posts if number == 0 else None
            parts.append(await self._part(route, place, posts, crawl, visit))
        try:
            parts += await self._more(route, parts[0], crawl, visit)
            whole = Fetched(url=url, status=200, content_type="", body=json.dumps(parts).encode())
            return await self._reader.read(whole, shape=route.shape, url=url)
        except FetchFailedError as error:
            raise FetchFailedError(f"{route.platform} gave no page that can be read: {error}") from error

    async def _more(self, route: platforms.Route, first: str, crawl: bool, visit: Visit) -> list[str]:
        place = route.more(first) if route.more is not None else ""
        if not place:
            return []
        try:
            return [await self._part(route, place, None, crawl, visit)]
        except FetchFailedError:
            if route.optional:
                return []
            raise

    async def _part(
        self, route: platforms.Route, place: str, posts: bytes | None, crawl: bool, visit: Visit
    ) -> str:
        answer = await self.get(place, crawl=crawl, visit=visit, posts=posts)
        platforms.check_answer(route, answer.status, answer.wait_s)
        return decode(answer.body, answer.content_type)

    async def _follow(self, url: str, wish: _Wish, visit: Visit) -> Fetched:
        here = self._check(url, visit)
        for _ in range(REDIRECTS + 1):
            answer, location = await self._patiently(here, wish)
            if location is None:
                return answer
            try:
                there = str(here.join(URL(_RAW_BYTE.sub(_quoted, location))))
            except ValueError as error:
                raise FetchRefusedError("The page redirects to a malformed address.") from error
            here = self._check(there, visit)
            if visit.leads is not None and not visit.leads(there):
                raise FetchRefusedError(f"It leads on to {here.host}, and nobody gave an address there.")
        raise FetchFailedError(f"The address redirects more than {REDIRECTS} times.")

    async def _patiently(self, url: URL, wish: _Wish) -> tuple[Fetched, str | None]:
        """Ask, and again after the wait that the server names, where that is over before `last_at`."""
        answer, location = await self._ask(url, wish)
        for _ in range(TRIES - 1):
            if answer.wait_s is None or time.monotonic() + answer.wait_s > wish.last_at:
                break
            await asyncio.sleep(answer.wait_s)
            answer, location = await self._ask(url, wish)
        return answer, location

    async def _ask(self, url: URL, wish: _Wish) -> tuple[Fetched, str | None]:
        if self._session is None:
            raise FetchFailedError("The fetcher is closed.")
        try:
            async with (
                self._manners.visit(str(url.origin())),
                self._session.request(
                    "GET" if wish.posts is None else "POST",
                    url,
                    data=wish.posts,
                    headers={} if wish.posts is None else {"Content-Type": "application/json"},
                    allow_redirects=False,
                ) as response,
            ):
                location = response.headers.get("Location")
                if response.status in _REDIRECT and location:
                    return Fetched(url=str(url), status=response.status, content_type="", body=b""), location
                return await self._take(url, response, wish), None
        except (aiohttp.ClientError, OSError, ValueError, UnicodeError) as error:
            if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ClientError):
                raise
            raise _translated(url, error) from error

    async def _take(self, url: URL, response: ClientResponse, wish: _Wish) -> Fetched:
        content_type = _printable(response.headers.get("Content-Type", ""))[:300]
        wait_s = wait_asked(response.status, response.headers.get("Retry-After"))
        answer = Fetched(
            url=str(url), status=response.status, content_type=content_type, body=b"", wait_s=wait_s
        )
        if wait_s is not None and not readable(content_type):
            return answer
        if not wish.any_type and not readable(content_type):
            raise FetchFailedError(
                f"{url} is {media_type(content_type)[:80]!r}, which cannot be read as a page."
            )
        cap = wish.max_bytes or (PDF_BYTES if media_type(content_type).endswith("pdf") else PAGE_BYTES)
        encoding = ",".join(response.headers.getall("Content-Encoding", []))
        body = await read_capped(response.content.iter_chunked(64 * 1024), encoding, cap)
        if not wish.any_type and body and kind_of(content_type, body) == "other":
            raise FetchFailedError(f"{url} says that it is text, and is not: it cannot be read as a page.")
        return replace(answer, body=body)

    async def _ask_robots(self, url: URL, visit: Visit) -> None:
        origin = str(url.origin())
        rules = self._robots.known(origin)
        if rules is None:
            try:
                answer = await self._follow(f"{origin}/robots.txt", _Wish(any_type=True), visit)
            except FetchFailedError:
                answer = None
            rules = self._robots.learn(origin, answer)
        if not permit(rules, str(url)):
            raise FetchRefusedError(f"The robots.txt of {url.host} closes this page to programs.")


def asked_to_wait(answer: Fetched) -> str:
    """What to say of an answer that asks to come again later than is waited for here."""
    return (
        f"{URL(answer.url).host} asks to wait {answer.wait_s or 0:.0f} s before it is asked again "
        f"(status {answer.status}). Read something else first, or try again after that."
    )


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _quoted(byte: re.Match[str]) -> str:
    return f"%{ord(byte[0]) - 0xDC00:02X}"


def _translated(url: URL, error: BaseException) -> FetchRefusedError | FetchFailedError:
    """Ours for a library's error; whether our own choke point raised it stands somewhere in its chain."""
    cause: BaseException | None = error
    for _ in range(10):
        if cause is None:
            break
        inner = getattr(cause, "os_error", None)
        for found in (cause, inner):
            if isinstance(found, NotPublicError):
                return FetchRefusedError(f"{url.host} is refused: {found}.")
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, aiohttp.InvalidURL):
        return FetchRefusedError("The address is malformed.")
    words = " ".join(_printable(str(error)).split())[:200] or type(error).__name__
    return FetchFailedError(f"{url.host} gave no usable answer: {words}.")
