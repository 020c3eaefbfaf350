"""The web, through one guarded door: read pages, fetch, search. Nothing that a page says is believed.

`read_html` and `GuardedFetcher` are public entry points. What parses a stranger's bytes runs in a process
of its own (`reader`), so that a hostile page costs a process and never the bot.
"""

from agent_core.web.fetched import Fetched, FetchRecord, Hosts, Visit
from agent_core.web.fetcher import GuardedFetcher
from agent_core.web.page import Page, read_html
from agent_core.web.reader import Reader
from agent_core.web.search import Hit, Search, SearchService, chosen

__all__ = [
    "FetchRecord",
    "Fetched",
    "GuardedFetcher",
    "Hit",
    "Hosts",
    "Page",
    "Reader",
    "Search",
    "SearchService",
    "Visit",
    "chosen",
    "read_html",
]
