"""Search the web: by a service that the host configured, else by key-less engines through ddgs.

An engine that blocks us and one that finds nothing are told apart wherever the engine lets us; where it
does not, search is unavailable: "nothing found" is only said when an engine said so.
"""

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import aiohttp
from pydantic import JsonValue

from agent_core.errors import SearchUnavailableError

ENGINES = ("duckduckgo", "brave", "mojeek", "startpage", "yahoo")
"""Asked in turn where no service is configured; named one by one, since an unknown name means any engine."""
TRIES = 2
TRY_WITHIN_S = 12.0
PACE_S = 2.0
CACHED_FOR_S = 600.0
_CACHED = 500
_ANSWER_BYTES = 2_000_000
Kind = Literal["searxng", "brave", "tavily", "serper"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One search result. All of it is a stranger's text."""

    title: str
    url: str
    snippet: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchService:
    """A service of the host's choice."""

    kind: Kind
    key: str = field(default="", repr=False)
    url: str = ""
    """Its whole address; SearXNG has none by default. Set by the host, so it may be private."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    url: str
    header: str
    results: tuple[str, ...]
    link: str
    snippet: str
    posts: Callable[[str, int], dict[str, JsonValue]] | None = None


_SERVICES: Mapping[Kind, _Shape] = {
    "searxng": _Shape(url="", header="", results=("results",), link="url", snippet="content"),
    "brave": _Shape(
        url="https://api.search.brave.com/res/v1/web/search",
        header="X-Subscription-Token",
        results=("web", "results"),
        link="url",
        snippet="description",
    ),
    "tavily": _Shape(
        url="https://api.tavily.com/search",
        header="Authorization",
        results=("results",),
        link="url",
        snippet="content",
        posts=lambda query, count: {"query": query, "max_results": count},
    ),
    "serper": _Shape(
        url="https://google.serper.dev/search",
        header="X-API-KEY",
        results=("organic",),
        link="link",
        snippet="snippet",
        posts=lambda query, count: {"q": query, "num": count},
    ),
}


def by_ddgs(query: str, engine: str, count: int) -> list[Mapping[str, str]]:
    """Ask one key-less engine; blocks for seconds. SearchUnavailableError when no hit came."""
    from ddgs.ddgs import DDGS
    from ddgs.exceptions import DDGSException

    try:
        hits: list[dict[str, Any]] = DDGS(timeout=int(TRY_WITHIN_S) - 4).text(
            query, backend=engine, max_results=count
        )
    except DDGSException as error:
        raise SearchUnavailableError(f"{engine} gave nothing") from error
    return [
        {
            "title": str(hit.get("title", "")),
            "url": str(hit.get("href", "")),
            "snippet": str(hit.get("body", "")),
        }
        for hit in hits
    ]


def chosen(url: str | None, engine: str | None, key: str) -> tuple[SearchService | None, tuple[str, ...]]:
    """The service and the key-less engines that the host's settings mean.

    Raises:
        ValueError: they do not fit together; the text says what to set.
    """
    name = (engine or "").strip().lower()
    if not name or name == "searxng":
        if name and not url:
            raise ValueError("SEARCH_ENGINE=searxng needs SEARCH_URL, its whole address with /search.")
        return (SearchService(kind="searxng", url=url) if url else None), ENGINES
    if name in ENGINES and not key:
        return None, (name, *(one for one in ENGINES if one != name))
    for kind in _SERVICES:
        if kind == name:
            if not key:
                raise ValueError(f"SEARCH_ENGINE={name} needs SEARCH_KEY.")
            return SearchService(kind=kind, key=key, url=url or ""), ENGINES
    raise ValueError(f"SEARCH_ENGINE must be one of: {', '.join(dict.fromkeys([*_SERVICES, *ENGINES]))}.")


class Search:
    """One per process: it keeps the pace and the cache."""

    def __init__(
        self,
        service: SearchService | None = None,
        *,
        engines: tuple[str, ...] = ENGINES,
        ask: Callable[[str, str, int], list[Mapping[str, str]]] = by_ddgs,
        pace_s: float = PACE_S,
    ) -> None:
        self._service = service
        self._engines = engines
        self._ask_engine = ask
        self._pace_s = pace_s
        self._turn = asyncio.Lock()
        self._next_at = 0.0
        self._next_engine = 0
        self._cache: OrderedDict[tuple[str, int], tuple[float, tuple[Hit, ...]]] = OrderedDict()

    async def find(self, query: str, count: int = 8) -> tuple[Hit, ...]:
        """At most `count` hits, best first; empty only where an engine said that there are none.

        A repeated question is answered from a cache for ten minutes. Ends within 30 s after its turn came.

        Raises:
            SearchUnavailableError: neither of two tries was answered.
        """
        key = (" ".join(query.split())[:400], min(max(count, 1), 20))
        if not key[0]:
            raise SearchUnavailableError("There is nothing to search for: the query is empty.")
        async with self._turn:
            kept = self._cache.get(key)
            if kept is not None and time.monotonic() - kept[0] < CACHED_FOR_S:
                return kept[1]
            hits = await self._tried(*key)
            self._cache[key] = (time.monotonic(), hits)
            while len(self._cache) > _CACHED:
                self._cache.popitem(last=False)
            return hits

    async def _tried(self, query: str, count: int) -> tuple[Hit, ...]:
        reasons: list[str] = []
        for _ in range(TRIES):
            await self._wait_for_pace()
            try:
                async with asyncio.timeout(TRY_WITHIN_S):
                    if self._service is not None:
                        return await _by_service(self._service, query, count)
                    return await self._by_engine(query, count)
            except TimeoutError:
                reasons.append(f"no answer within {TRY_WITHIN_S:g} s")
            except (SearchUnavailableError, aiohttp.ClientError, OSError, ValueError) as error:
                reasons.append(str(error)[:200] or type(error).__name__)
        raise SearchUnavailableError(
            f"Search is unavailable just now ({'; '.join(reasons)}). This does not mean that nothing exists: "
            "try again later, or read a page whose address is known."
        )

    async def _wait_for_pace(self) -> None:
        now = time.monotonic()
        self._next_at = max(self._next_at, now) + self._pace_s
        await asyncio.sleep(self._next_at - self._pace_s - now)

    async def _by_engine(self, query: str, count: int) -> tuple[Hit, ...]:
        engine = self._engines[self._next_engine % len(self._engines)]
        self._next_engine += 1  # the next try asks another one
        found = await asyncio.to_thread(self._ask_engine, query, engine, count)
        hits = _hits([dict(hit) for hit in found], "url", "snippet", count)
        if not hits:
            raise SearchUnavailableError(f"{engine} gave nothing, and does not say why")
        self._next_engine -= 1  # it works: stay with it
        return hits


async def _by_service(service: SearchService, query: str, count: int) -> tuple[Hit, ...]:
    shape = _SERVICES[service.kind]
    key = f"Bearer {service.key}" if shape.header == "Authorization" else service.key
    headers = {shape.header: key} if shape.header else {}
    url = service.url or shape.url
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), headers=headers) as session:
        if shape.posts is not None:
            request = session.post(url, json=shape.posts(query, count), allow_redirects=False)
        else:
            extra = {"format": "json"} if service.kind == "searxng" else {"count": str(count)}
            request = session.get(url, params={"q": query, **extra}, allow_redirects=False)
        async with request as response:
            if response.status != 200:
                raise SearchUnavailableError(_refusal(service.kind, response.status))
            body = await response.content.read(_ANSWER_BYTES)
            while len(body) < _ANSWER_BYTES and (
                more := await response.content.read(_ANSWER_BYTES - len(body))
            ):
                body += more
    return _read(service.kind, shape, json.loads(body), count)


def _read(kind: Kind, shape: _Shape, data: JsonValue, count: int) -> tuple[Hit, ...]:
    found: JsonValue = data
    for key in shape.results:
        found = found.get(key) if isinstance(found, dict) else None
    hits = _hits(found if isinstance(found, list) else [], shape.link, shape.snippet, count)
    silent = data.get("unresponsive_engines") if isinstance(data, dict) else None
    if not hits and (silent or not isinstance(data, dict) or (found is None and kind != "brave")):
        raise SearchUnavailableError(f"{kind} answered without any result of an engine")
    return hits


def _hits(found: Iterable[JsonValue], link: str, snippet: str, count: int) -> tuple[Hit, ...]:
    hits = [
        Hit(
            title=str(entry.get("title") or "")[:300],
            url=str(entry.get(link) or "")[:2000],
            snippet=" ".join(str(entry.get(snippet) or "").split())[:600],
        )
        for entry in found
        if isinstance(entry, dict) and str(entry.get(link) or "").startswith(("http://", "https://"))
    ]
    return tuple(hits[:count])


def _refusal(kind: Kind, status: int) -> str:
    if kind == "searxng" and status == 403:
        return "SearXNG answers 403: add json to `formats` in its settings"
    hint = {401: "the key is wrong", 403: "the key is refused", 429: "too many searches or no quota left"}
    return f"{kind} answers {status}" + (f": {hint[status]}" if status in hint else "")
