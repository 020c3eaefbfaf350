"""Runs inside the namespace: every platform answers in every way that is no page. What came of it as JSON."""

import asyncio
import json
import sys

from agent_core.errors import FetchFailedError, FetchRefusedError
from agent_core.web import GuardedFetcher
from tests.security.web.sites import PUBLIC, answer

LOGIN = b"<!doctype html><html><head><title>Sign in</title></head><body><p>Please sign in.</p></body></html>"
WRONG = (
    b'{"parse":5,"entities":[1],"content":7,"items":{"a":1},"hits":"x","elements":null,"post_stream":[],'
    b'"title":{"a":[]},"playabilityStatus":[],"captions":3,"query":{}}'
)
MOODS = {
    "gone": answer(b'{"message":"Not Found"}', "application/json", "404 Not Found"),
    "forbidden": answer(b'{"message":"rate limit"}', "application/json", "403 Forbidden"),
    "too many": answer(LOGIN, "text/html", "429 Too Many Requests", "Retry-After: 120"),
    "too many at once": answer(b"slow down", "text/plain", "429 Too Many Requests"),
    "broken": answer(b"oops", "text/plain", "500 Internal Server Error"),
    "html": answer(LOGIN),
    "empty": answer(b"", "application/json"),
    "null": answer(b"null", "application/json"),
    "list": answer(b'[{"neither": 1}, 2, null]', "application/json"),
    "changed": answer(WRONG, "application/json"),
    "nested": answer(b"[" * 50_000, "application/json"),
    "picture": answer(b"\x89PNG\r\n\x1a\n" + b"\0" * 99, "image/png"),
}
PLATFORMS = {
    "Wikipedia": "http://en.wikipedia.org/wiki/Otter",
    "Wikidata": "http://www.wikidata.org/wiki/Q42",
    "GitHub readme": "http://github.com/ada/engine",
    "GitHub issue": "http://github.com/ada/engine/issues/7",
    "GitHub issues": "http://github.com/ada/engine/issues",
    "GitHub releases": "http://github.com/ada/engine/releases",
    "arXiv": "http://arxiv.org/abs/2601.00001",
    "Hacker News": "http://news.ycombinator.com/item?id=9",
    "Hacker News front": "http://news.ycombinator.com/",
    "Stack Exchange": "http://stackoverflow.com/questions/11/why",
    "OpenStreetMap search": "http://www.openstreetmap.org/search?query=otterburn",
    "OpenStreetMap": "http://www.openstreetmap.org/node/1",
    "Reddit": "http://old.reddit.com/r/otters/",
    "YouTube": "http://www.youtube.com/watch?v=abcdefghijk",
    "forum.example": "http://forum.example/t/holding-hands/5",
}
TOPIC = answer(b"<meta name='generator' content='Discourse 3.5'><p>Enable scripts</p>")


class Moody:
    """A server that answers everything in the mood it is in."""

    def __init__(self) -> None:
        self.mood = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        topic = head.startswith("GET /t/holding-hands/5 ")  # tells that it is a forum, before it refuses
        writer.write(TOPIC if topic else MOODS[self.mood])
        await writer.drain()
        writer.close()


async def read(web: GuardedFetcher, url: str) -> str:
    try:
        return f"page: {(await web.read(url)).text[:200]}"
    except (FetchFailedError, FetchRefusedError) as error:
        return f"{type(error).__name__}: {error}"


async def main() -> None:
    moody = Moody()
    server = await asyncio.start_server(moody.serve, PUBLIC, 80)
    came: dict[str, dict[str, str]] = {name: {} for name in PLATFORMS}
    async with GuardedFetcher(audit=lambda _: None) as web:
        for mood in MOODS:
            moody.mood = mood
            for name, url in PLATFORMS.items():
                came[name][mood] = await read(web, url)
    server.close()
    sys.stdout.write(json.dumps(came))


asyncio.run(main())
