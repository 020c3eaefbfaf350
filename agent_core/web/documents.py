"""Any body to a page: HTML, PDF, JSON, CSV, feeds and other XML, plain text. Runs in the parsing process."""

import csv
import io
import json
import re

from pydantic import JsonValue

from agent_core.errors import FetchFailedError
from agent_core.web.charset import decode
from agent_core.web.extract import extract
from agent_core.web.feeds import read_xml
from agent_core.web.kinds import kind_of
from agent_core.web.page import Page
from agent_core.web.plain import fenced, table

MOST_PAGES = 200
MOST_TEXT = 2_000_000
_MOST_ROWS = 5_000
_ADDRESS = re.compile(r"https?://[^\s\"'<>\\^`{|}]{4,2000}")


def read(url: str, content_type: str, body: bytes) -> Page:
    """The page in a body.

    Raises:
        FetchFailedError: it cannot be read.
    """
    kind = kind_of(content_type, body)
    match kind:
        case "html":
            return extract(decode(body, content_type), url)
        case "pdf":
            return _pdf(url, body)
        case "json":
            return _json(url, decode(body, content_type))
        case "csv":
            return _csv(url, decode(body, content_type))
        case "xml":
            return read_xml(url, body) or plain(url, decode(body, content_type))
        case "text":
            return plain(url, decode(body, content_type))
        case "other":
            raise FetchFailedError("This is no text, so it cannot be read as a page.")


def plain(url: str, text: str) -> Page:
    """A text as it is."""
    text = text[:MOST_TEXT]
    return Page(title=_name(url), markdown=text, text=text, links=links_in(text))


def links_in(text: str) -> tuple[str, ...]:
    """The addresses that stand in a text, each once."""
    return tuple(dict.fromkeys(found.rstrip(".,;:!?)]") for found in _ADDRESS.findall(text)))[:5000]


def _pdf(url: str, body: bytes) -> Page:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    pieces: list[str] = []
    size = 0
    try:
        reader = PdfReader(io.BytesIO(body))
        if reader.is_encrypted and not reader.decrypt(""):
            raise FetchFailedError("This PDF is locked with a password.")
        title = str((reader.metadata and reader.metadata.title) or "") or _name(url)
        for number, page in enumerate(reader.pages, 1):
            text = page.extract_text().strip()
            size += len(text)
            if number > MOST_PAGES or size > MOST_TEXT:
                pieces.append(f"(The PDF goes on; {number - 1} pages were read.)")
                break
            pieces.append(text)
    except PyPdfError as error:
        raise FetchFailedError("This PDF is broken and cannot be read.") from error
    text = "\n\n".join(piece for piece in pieces if piece)
    return Page(title=title[:500], markdown=text, text=text, links=links_in(text))


def _json(url: str, text: str) -> Page:
    try:
        data: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        return plain(url, text)
    pretty = json.dumps(data, indent=2, ensure_ascii=False)
    if len(pretty) > MOST_TEXT:
        pretty = text[:MOST_TEXT]
    return Page(title=_name(url), markdown=fenced(pretty, "json"), text=pretty, links=links_in(pretty))


def _csv(url: str, text: str) -> Page:
    first = text[:10_000].partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text[:MOST_TEXT]), delimiter=delimiter):
            if row:
                rows.append(row[:200])
            if len(rows) >= _MOST_ROWS:
                break
    except csv.Error:
        return plain(url, text)
    words = "\n".join(" ".join(cell.strip() for cell in row) for row in rows)
    return Page(title=_name(url), markdown=table(rows), text=words, links=links_in(text[:MOST_TEXT]))


def _name(url: str) -> str:
    return url.partition("?")[0].rstrip("/").rpartition("/")[2][:200] or url[:200]
