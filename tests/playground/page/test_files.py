"""The page's files: what they are served as, and that nothing else is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from playground import page as page_module
from playground.page import add_page

FOLDER = Path(page_module.__file__).with_name("page")


@pytest.fixture
async def url() -> AsyncIterator[str]:
    app = web.Application()
    add_page(app, [("haiku", "Writes one")])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def got(url: str) -> tuple[int, Mapping[str, str], str]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, answer.headers, await answer.text()


async def test_every_file_has_its_type_and_the_policy_that_forbids_foreign_code(url: str):
    types = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    for path in FOLDER.iterdir():
        status, headers, text = await got(f"{url}/assets/{path.name}")
        assert (status, headers["Content-Type"]) == (200, f"{types[path.suffix]}; charset=utf-8")
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["..%2fpage.py", "%2e%2e%2f__init__.py", "nothing.js", "page", "."])
async def test_nothing_but_the_pages_own_files_is_served(url: str, name: str):
    assert (await got(f"{url}/assets/{name}"))[0] == 404


async def test_examples_are_answered_as_they_were_handed_in(url: str):
    assert (await got(f"{url}/playground/examples"))[2] == '[{"example": "haiku", "title": "Writes one"}]'


def test_no_script_makes_markup_out_of_text_or_names_another_host():
    for path in FOLDER.glob("*.js"):
        text = path.read_text(encoding="utf-8")
        for word in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
        ):
            assert word not in text, f"{path.name} uses {word}"
    for path in FOLDER.iterdir():
        assert "//cdn" not in path.read_text(encoding="utf-8")
