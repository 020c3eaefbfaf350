"""The server's books and experiments, and how a link becomes evidence."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from decimal import Decimal

from agent_core.clock import Clock
from agent_core.errors import FetchFailedError
from agent_core.experiments import Experiments
from agent_core.ledger import Ledger, statement, table
from agent_core.prompts import load as prompt
from agent_core.session import State
from agent_core.storage import BlobStore, Storage
from agent_core.tools.base import AnyTool
from agent_core.tools.books import Fetch, book, register_experiment
from agent_core.tools.web import Rules, hosts_of
from agent_core.values import NANO, NamedFile
from agent_core.web import Fetched, GuardedFetcher, Reader, Visit
from bot.render.books import experiments_page

_FINE = 400
"""Statuses from here on are no document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Treasury:
    """Everything about money that is not the bot's own spending."""

    ledger: Ledger
    experiments: Experiments
    fetch: Fetch
    tools: tuple[AnyTool, ...]
    _blobs: BlobStore
    _clock: Clock

    async def papers(self, guild_id: str) -> tuple[NamedFile, ...]:
        """The books, this month, the experiments, and how to work on them, as inputs of a goal."""
        books, today = await self.ledger.books(guild_id), self._clock.today()
        register = await self.experiments.register_of(guild_id)
        papers = {
            "entrepreneur.md": prompt("entrepreneur").encode(),
            "books.csv": await asyncio.to_thread(table, books),
            "statement.md": (await asyncio.to_thread(statement, books, today.year, today.month)).encode(),
            "experiments.md": experiments_page(register, books, today).encode(),
        }
        return tuple(
            [
                NamedFile(path=f"inputs/{name}", file=await self._blobs.put_bytes(guild_id, data))
                for name, data in papers.items()
            ]
        )

    async def book_cost(self, state: State) -> None:
        """Enter what the session's model calls cost, once."""
        spent = Decimal(state.spending.own) / NANO  # a sub-session enters its own
        lost = Decimal(state.spending.lost_nano) / NANO
        await self.ledger.book_model_cost(state.ref.guild_id, state.ref.id, spent, lost)


async def open_treasury(
    stack: AsyncExitStack, storage: Storage, clock: Clock, web: GuardedFetcher, rules: Rules
) -> Treasury:
    """The books of every server; documents are parsed in a process of its own."""
    reader = await stack.enter_async_context(Reader())

    async def fetch(guild_id: str, link: str) -> bytes:
        answer = await web.get(link, visit=Visit(hosts=hosts_of(await rules(guild_id))))
        if answer.status >= _FINE:
            raise FetchFailedError(f"{link} answers with status {answer.status}.")
        return answer.body

    async def read_text(name: str, data: bytes) -> str:
        document = Fetched(url=name, status=200, content_type="", body=data)
        return (await reader.read(document, shape="", url=name)).text

    ledger = Ledger(records=storage.ledger, blobs=storage.blobs, clock=clock, read_text=read_text)
    experiments = Experiments(records=storage.experiments, clock=clock)
    tools = (book(ledger, storage.blobs, fetch), register_experiment(experiments, clock))
    return Treasury(
        ledger=ledger,
        experiments=experiments,
        fetch=fetch,
        tools=tools,
        _blobs=storage.blobs,
        _clock=clock,
    )
