"""Whether search, pages and outside servers can be had here: tried, where there is a network at all."""

import asyncio
from dataclasses import dataclass

from agent_core.errors import SearchUnavailableError, StartError, WebError
from agent_core.tools.mcp import open_servers, read_servers
from agent_core.web import GuardedFetcher, Search, chosen
from bot.settings import Settings, variables

_LOOKED_UP_WITHIN_S = 2.0
_PAGE = "https://example.com/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One thing that was tried."""

    ok: bool
    text: str
    mend: str = ""


async def look_outside(settings: Settings) -> list[Found]:
    """Search, one page, and each server of MCP_FILE."""
    found = await _servers(settings)
    key = settings.search_key.get_secret_value() if settings.search_key else ""
    try:
        service, engines = chosen(settings.search_url, settings.search_engine, key)
    except ValueError as error:
        return [*found, Found(ok=False, text="search is not set up", mend=str(error))]
    networked = await _has_network()
    if networked:
        found.append(await _try_page())
    if networked or settings.search_url:
        found.append(await _try_search(Search(service, engines=engines)))
    if not networked:
        mend = "Connect this machine, or go on without search and pages."
        found.append(Found(ok=False, text="no network: no name can be looked up", mend=mend))
    return found


async def _has_network() -> bool:
    try:
        async with asyncio.timeout(_LOOKED_UP_WITHIN_S):
            await asyncio.get_running_loop().getaddrinfo("example.com", 443)
    except (OSError, TimeoutError):
        return False
    return True


async def _try_page() -> Found:
    try:
        async with GuardedFetcher() as web:
            page = await web.read(_PAGE)
    except WebError as error:
        mend = "See whether a firewall stands in the way: no proxy of the environment is used."
        return Found(ok=False, text=f"a page could not be read: {error}", mend=mend)
    return Found(ok=True, text=f"pages are read ({page.title})")


async def _try_search(search: Search) -> Found:
    try:
        hits = await search.find("weather")
    except SearchUnavailableError as error:
        mend = "Set SEARCH_URL to a SearXNG, or SEARCH_ENGINE and SEARCH_KEY to a service."
        return Found(ok=False, text=str(error), mend=mend)
    return Found(ok=True, text=f"search answers ({len(hits)} hits)")


async def _servers(settings: Settings) -> list[Found]:
    if settings.mcp_file is None:
        return []
    try:
        file = read_servers(settings.mcp_file)
    except StartError as error:
        return [Found(ok=False, text=str(error))]
    opened = await open_servers(file, variables(file.variables()))
    names = ", ".join(tool.name for tool in opened.tools) or "no tool"
    return [
        Found(ok=True, text=f"outside servers offer {names}"),
        *(Found(ok=False, text=note) for note in opened.notes),
    ]
