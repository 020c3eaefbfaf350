"""Search against services on a local server: their shapes, their refusals, the pace and the cache."""

from collections.abc import AsyncIterator, Mapping

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from agent_core.errors import SearchUnavailableError
from agent_core.web import Hit, Search, SearchService
from agent_core.web.search import Kind

HIT = Hit(title="Otters", url="https://otter.example/", snippet="They swim.")


class Service:
    """Answers each path with what was put there."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, object]] = {}
        self.asked: list[tuple[str, Mapping[str, str], str]] = []
        self.base = ""

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append((request.path_qs, request.headers, await request.text()))
        status, data = self.answers[request.path]
        return web.json_response(data, status=status)


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    found = Service()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", found.handle)
    async with TestServer(app) as server:
        found.base = str(server.make_url("/"))
        yield found


SHAPES: dict[Kind, dict[str, object]] = {
    "searxng": {"results": [{"title": "Otters", "url": HIT.url, "content": HIT.snippet}]},
    "brave": {"web": {"results": [{"title": "Otters", "url": HIT.url, "description": HIT.snippet}]}},
    "tavily": {"results": [{"title": "Otters", "url": HIT.url, "content": HIT.snippet}]},
    "serper": {"organic": [{"title": "Otters", "link": HIT.url, "snippet": HIT.snippet}]},
}


@pytest.mark.parametrize("kind", SHAPES)
async def test_every_service_is_read_and_asked_once_for_the_same_words(service: Service, kind: Kind):
    service.answers["/s"] = (200, SHAPES[kind])
    search = Search(SearchService(kind=kind, key="secret", url=service.base + "s"), pace_s=0)
    assert await search.find("sea  otters") == (HIT,)
    assert await search.find("sea otters") == (HIT,)
    assert len(service.asked) == 1
    if kind != "searxng":
        assert any("secret" in value for value in service.asked[0][1].values())


async def test_searxng_says_that_nothing_was_found(service: Service):
    service.answers["/s"] = (200, {"results": [], "unresponsive_engines": []})
    assert await Search(SearchService(kind="searxng", url=service.base + "s"), pace_s=0).find("zxq") == ()


@pytest.mark.parametrize(
    ("status", "data", "words"),
    [
        (200, {"results": [], "unresponsive_engines": [["google", "captcha"]]}, "without any result"),
        (403, {}, "add json to `formats`"),
        (500, {}, "answers 500"),
        (200, [], "without any result"),
    ],
)
async def test_unavailable_is_never_nothing_found(service: Service, status: int, data: object, words: str):
    service.answers["/s"] = (status, data)
    search = Search(SearchService(kind="searxng", url=service.base + "s"), pace_s=0)
    with pytest.raises(SearchUnavailableError, match=words):
        await search.find("otters")
    assert len(service.asked) == 2


async def test_without_a_service_a_second_engine_is_asked_and_then_kept():
    asked: list[str] = []

    def ask(query: str, engine: str, count: int) -> list[Mapping[str, str]]:
        asked.append(engine)
        if engine == "duckduckgo":
            raise SearchUnavailableError("blocked")
        return [{"title": "Otters", "url": HIT.url, "snippet": HIT.snippet}]

    search = Search(ask=ask, pace_s=0)
    assert await search.find("otters") == (HIT,)
    assert await search.find("weasels") == (HIT,)
    assert asked == ["duckduckgo", "brave", "brave"]


async def test_engines_that_do_not_say_why_they_are_silent_are_unavailable():
    def ask(query: str, engine: str, count: int) -> list[Mapping[str, str]]:
        return []

    with pytest.raises(SearchUnavailableError, match="does not mean that nothing exists"):
        await Search(ask=ask, pace_s=0).find("otters")
