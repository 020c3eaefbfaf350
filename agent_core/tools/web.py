"""Search, read pages and fetch files: what strangers wrote, numbered and fenced."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from pydantic import Field

from agent_core.errors import SearchUnavailableError, ToolError, WebError
from agent_core.fence import cleaned
from agent_core.links import host_of, key_of, links_in, on_platform
from agent_core.session import State
from agent_core.session.files import free_path, normal_path
from agent_core.tools.base import AnyTool, Outcome, Tool, ToolArguments
from agent_core.tools.outside import failed, told
from agent_core.values import ServerRules, Source
from agent_core.web import FetchRecord, GuardedFetcher, Hit, Hosts, Page, Search, Visit
from agent_core.web.kinds import kind_of
from agent_core.workspace import Workspaces

ROOM_BYTES = 3200
"""Of a page in the context, fences and heading apart."""
OUTLINE_BYTES = 900
FILE_BYTES = 20_000_000
_FINE = 400
_NO_LINE = re.compile(r"[^a-z0-9]+")
_EXPECTED = {".pdf": "pdf", ".json": "json", ".csv": "csv", ".xml": "xml", ".html": "html", ".htm": "html"}
_MAGIC = {
    ".png": b"\x89PNG",
    ".jpg": b"\xff\xd8\xff",
    ".jpeg": b"\xff\xd8\xff",
    ".gif": b"GIF8",
    ".zip": b"PK",
    ".xlsx": b"PK",
    ".docx": b"PK",
    ".gz": b"\x1f\x8b",
}

Rules = Callable[[str], Awaitable[ServerRules]]
"""Guild id -> what the server's admin has set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Online:
    """What these tools work with."""

    web: GuardedFetcher
    search: Search
    rules: Rules

    async def visit(self, state: State, url: str) -> Visit:
        """On behalf of this session's server, with an audit of its own.

        An address that passed only because nobody can listen on a platform leads nowhere else: many a
        platform redirects to wherever its address says.
        """
        composed = state.tainted and bool(state.marks.private) and key_of(url) not in state.marks.addresses
        leads = on_platform if composed and on_platform(url) else None
        return Visit(hosts=hosts_of(await self.rules(state.ref.guild_id)), records=[], leads=leads)


class SearchFor(ToolArguments):
    """Arguments of `search`."""

    query: str = Field(min_length=1, max_length=400)


class ReadPage(ToolArguments):
    """Arguments of `read_page`."""

    url: str = Field(min_length=1, max_length=4096)


class FetchFile(ToolArguments):
    """Arguments of `fetch_file`."""

    url: str = Field(min_length=1, max_length=4096)
    path: str = Field(min_length=1)


def web_tools(online: Online, workspaces: Workspaces) -> list[AnyTool]:
    """All three."""
    return [search(online), read_page(online, workspaces), fetch_file(online, workspaces)]


def hosts_of(rules: ServerRules) -> Hosts:
    """The server's lists as the fetcher takes them."""
    return Hosts(allow=rules.allow_hosts, deny=rules.deny_hosts)


def search(online: Online) -> Tool[SearchFor]:
    """The tool that asks the search engine."""

    async def run(args: SearchFor, state: State) -> Outcome:
        try:
            hits = await online.search.find(args.query)
        except SearchUnavailableError as error:
            raise ToolError(str(error)) from error
        if not hits:
            return Outcome(text="The search engine found nothing for these words. Try others.", fenced=True)
        sources: list[Source] = []
        for hit in hits:
            number = state.marks.number_of(hit.url)
            if number in {source.number for source in sources}:
                number = max(source.number for source in sources) + 1
            sources.append(Source(number=number, url=hit.url, title=cleaned(hit.title)[:200], how="hit"))
        rows = [_hit(source, hit) for source, hit in zip(sources, hits, strict=True)]
        addresses = [hit.url for hit in hits] + [url for hit in hits for url in links_in(hit.snippet)]
        head = f"{len(hits)} hits; read a page before you rely on it."
        return told(state, head, "\n".join(rows), sources=sources, addresses=addresses)

    description = "Search the web: titles, addresses and snippets, numbered."
    return Tool(name="search", description=description, args=SearchFor, run=run)


def read_page(online: Online, workspaces: Workspaces) -> Tool[ReadPage]:
    """The tool that reads a page, a PDF, a feed or data as Markdown."""

    async def run(args: ReadPage, state: State) -> Outcome:
        visit = await online.visit(state, args.url)
        try:
            page = await online.web.read(args.url, visit=visit)
        except WebError as error:
            return failed(state, args.url, str(error), visit.records or [])
        source = Source(
            number=state.marks.number_of(args.url), url=args.url, title=cleaned(page.title)[:200], how="page"
        )
        return await _page(workspaces, state, source, page, visit.records or [])

    description = "Read a web page, PDF or feed as Markdown; long ones also go to a file."
    return Tool(name="read_page", description=description, args=ReadPage, run=run)


def fetch_file(online: Online, workspaces: Workspaces) -> Tool[FetchFile]:
    """The tool that puts a file of the web into the workspace."""

    async def run(args: FetchFile, state: State) -> Outcome:
        path = normal_path(args.path)
        if path == "." or any(name.startswith(f"{path}/") for name in state.files):
            raise ToolError(f"{args.path!r} is a folder. Give the path of a file.")
        if path not in state.files and any(path.startswith(f"{name}/") for name in state.files):
            raise ToolError(f"A part of {args.path!r} is a file. Choose another path.")
        visit = await online.visit(state, args.url)
        try:
            answer = await online.web.get(args.url, any_type=True, max_bytes=FILE_BYTES, visit=visit)
        except WebError as error:
            return failed(state, args.url, str(error), visit.records or [])
        kind = kind_of(answer.content_type, answer.body)
        wrong = _is_not_it(path, kind, answer.body)
        if answer.status >= _FINE or wrong:
            why = wrong or f"{host_of(answer.url)} answers with status {answer.status}"
            if answer.wait_s is not None:
                why = f"{why} and asks to wait {answer.wait_s:.0f} s"
            return failed(state, args.url, f"{why}. Nothing was written.", visit.records or [])
        written = await workspaces.store(state.ref, path, answer.body)
        source = Source(number=state.marks.number_of(args.url), url=args.url, title=path, how="file")
        text = f"{path}: {len(answer.body):,} bytes, said to be {answer.content_type[:80] or 'nothing'}"
        head = f"Source {source.number} is written. Its content is a stranger's."
        records = visit.records or []
        return told(state, head, text, sources=[source], records=records, changed=(written,))

    description = "Fetch a file of the web into the workspace, up to 20 MB."
    return Tool(name="fetch_file", description=description, args=FetchFile, run=run)


def _hit(source: Source, hit: Hit) -> str:
    return f"[{source.number}] {hit.title}\n{hit.url}\n{hit.snippet}"


async def _page(
    workspaces: Workspaces, state: State, source: Source, page: Page, records: list[FetchRecord]
) -> Outcome:
    """A page for the context; one that is too long is a file with an outline first."""
    body = cleaned(page.markdown, state.started.fence).strip() or "(no text)"
    answered = records[-1].status if records else 0
    status = (
        f" (the server answered with status {answered}: this may be no page)" if answered >= _FINE else ""
    )
    addresses = [*page.links, *links_in(page.markdown)]
    title = f"# {source.title}\n\n" if source.title and source.title not in body[:300] else ""
    if len((title + body).encode()) <= ROOM_BYTES:
        head = f"Source {source.number}{status}:"
        return told(state, head, title + body, sources=[source], addresses=addresses, records=records)
    path = free_path(state.files, "pages", f"{source.number}-{_slug(source)}.md")
    data = f"{title}{body}\n".encode("utf-8", "replace")
    written = await workspaces.store(state.ref, path, data)
    lines = data.decode().splitlines()
    outline = _outline(lines)
    room = ROOM_BYTES - len(outline.encode())
    start = data[:room].decode("utf-8", "ignore").rpartition("\n")[0] or data[:room].decode("utf-8", "ignore")
    shown = start.count("\n") + 1
    head = (
        f"Source {source.number}{status}: the whole is {path} ({len(lines):,} lines). Its outline by line, "
        f"then lines 0 to {shown - 1}; go on with read_file, offset={shown}."
    )
    body = f"{outline}\n---\n{start}" if outline else start
    return told(state, head, body, sources=[source], addresses=addresses, records=records, changed=(written,))


def _outline(lines: list[str]) -> str:
    """The headings with the numbers of their lines, as many as there is room for."""
    rows: list[str] = []
    for number, line in enumerate(lines):
        if re.match(r"#{1,4}\s+\S", line):
            rows.append(f"{number}: {line[:100]}")
        if len("\n".join(rows).encode()) > OUTLINE_BYTES:
            return "\n".join([*rows[:-1], "…"])
    return "\n".join(rows)


def _slug(source: Source) -> str:
    return _NO_LINE.sub("-", (source.title or host_of(source.url)).lower()).strip("-")[:50] or "page"


def _is_not_it(path: str, kind: str, body: bytes) -> str | None:
    """What the file is instead of what its path says; None where they agree, or nothing is known."""
    ending = PurePosixPath(path).suffix.lower()
    expected = _EXPECTED.get(ending)
    if ending in _MAGIC and not body.startswith(_MAGIC[ending]):
        return f"What came is no {ending} file: it begins like {kind}"
    if expected in ("pdf", "json", "csv") and kind in ("html", "pdf", "other") and kind != expected:
        return f"What came is no {ending} file but {kind}"
    return None
