"""The web page: a few static files, served so that nothing from elsewhere is ever loaded or run."""

from collections.abc import Sequence
from pathlib import Path

from aiohttp import web

_FOLDER = Path(__file__).with_name("page")
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


def add_page(app: web.Application, examples: Sequence[tuple[str, str]] = ()) -> None:
    """Add the page at / and its files under /assets/.

    `examples` are (goal, what it shows): a newcomer finds the first few in an empty channel.
    """
    shown = [{"example": goal, "title": title} for goal, title in examples]

    async def answer_examples(_: web.Request) -> web.StreamResponse:
        return web.json_response(shown)

    app.router.add_get("/", _index)
    app.router.add_get("/assets/{name}", _asset)
    app.router.add_get("/playground/examples", answer_examples)


async def _index(_: web.Request) -> web.StreamResponse:
    return _file(_FOLDER / "index.html")


async def _asset(request: web.Request) -> web.StreamResponse:
    path = _FOLDER / request.match_info["name"]
    if path.parent != _FOLDER or path.suffix not in _TYPES or not path.is_file():
        raise web.HTTPNotFound
    return _file(path)


def _file(path: Path) -> web.StreamResponse:
    headers = {**_HEADERS, "Content-Type": f"{_TYPES[path.suffix]}; charset=utf-8"}
    return web.FileResponse(path, headers=headers)
