"""Sites of strangers in the namespace: pages that are put there by the test, a search engine, a listener."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

PUBLIC = "93.184.216.34"
EVIL = "93.184.216.35"


@dataclass(kw_only=True)
class Town:
    """What is there, and who came."""

    pages: dict[str, tuple[str, bytes]] = field(default_factory=dict[str, tuple[str, bytes]])
    """host + path -> content type and body."""
    leads: dict[str, str] = field(default_factory=dict[str, str])
    """host + path -> the query of its address that names where it redirects to."""
    hits: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    visited: list[str] = field(default_factory=list[str])
    """Every host + path with its query."""
    searched: list[str] = field(default_factory=list[str])

    def page(self, address: str, body: str, kind: str = "text/html; charset=utf-8") -> str:
        """Put a page there; its address."""
        self.pages[address] = (kind, body.encode())
        return f"http://{address}"

    async def serve(self, request: web.Request) -> web.Response:
        """Whatever was put there."""
        host = request.host.partition(":")[0]
        if request.path == "/search" and host == "search.example":
            self.searched.append(request.query["q"])
            return web.json_response({"results": self.hits})
        self.visited.append(host + request.path_qs)
        if host + request.path in self.leads:
            raise web.HTTPFound(request.query[self.leads[host + request.path]])
        kind, body = self.pages.get(host + request.path, ("text/plain", b"nothing here"))
        status = 200 if host + request.path in self.pages or request.query else 404
        return web.Response(body=body, status=status, headers={"Content-Type": kind})


@asynccontextmanager
async def open_town() -> AsyncGenerator[Town]:
    """Served on port 80 of both addresses."""
    town = Town()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", town.serve)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    try:
        for address in (PUBLIC, EVIL):
            await web.TCPSite(runner, address, 80).start()
        yield town
    finally:
        await runner.cleanup()


def hit(url: str, title: str, snippet: str) -> dict[str, str]:
    """One result as SearXNG gives it."""
    return {"url": url, "title": title, "content": snippet}
