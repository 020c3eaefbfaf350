"""`python -m agent_core.web.parsing SECONDS`: the process in which a stranger's bytes are parsed.

Reads a line of JSON (url, content_type, shape, size) and a body from stdin, writes a length and a page as
JSON to stdout, again and again. It holds nothing worth having and is limited in memory, time, files and
processes.
"""

import json
import resource
import signal
import sys

from agent_core.errors import FetchFailedError
from agent_core.web import documents, shapes
from agent_core.web.extract import warm
from agent_core.web.page import Page

MEMORY_BYTES = 170_000_000
"""Of private memory, the parsers themselves included."""


def main() -> None:
    """Serve pages until stdin ends."""
    seconds = int(float(sys.argv[1])) + 2
    warm()
    _limit()
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    sink.write(b"\n")
    sink.flush()
    while line := source.readline(100_000):
        head = json.loads(line)
        body = source.read(head["size"])
        signal.alarm(seconds)  # a parser may not outlive a parent that was killed
        reply = json.dumps(_reply(head["url"], head["content_type"], head["shape"], body)).encode()
        signal.alarm(0)
        sink.write(len(reply).to_bytes(4, "big") + reply)
        sink.flush()


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _reply(url: str, content_type: str, shape: str, body: bytes) -> dict[str, object]:
    try:
        page = shapes.read_shape(shape, url, body) if shape else documents.read(url, content_type, body)
    except FetchFailedError as error:
        return {"error": str(error)}
    except (RecursionError, MemoryError):
        return {"error": "The page could not be read: it is nested too deeply or needs too much memory."}
    return _plain(page)


def _plain(page: Page) -> dict[str, object]:
    return {"title": page.title, "markdown": page.markdown, "text": page.text, "links": page.links}


if __name__ == "__main__":
    main()
