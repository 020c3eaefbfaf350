"""The books of every server: written once each, by any number of processes, read from a warm copy."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

from agent_core.clock import Clock
from agent_core.errors import RefusedError, WebError
from agent_core.ledger.books import Books, Entry
from agent_core.ledger.finding import look
from agent_core.ledger.records import (
    FORMAT,
    MODEL_COST,
    MODEL_COST_LOST,
    OWED_TO_HOST,
    STORED,
    Booked,
    Confirmed,
    CurrencySet,
    Evidence,
    Line,
    Record,
    debits,
)
from agent_core.ledger.refusals import refuse_entry
from agent_core.storage.blobs import BlobStore
from agent_core.storage.chronicle import Chronicle, Records
from agent_core.values import FileRef, Person

MOST_EVIDENCE = 5_000_000
"""Bytes of a file that are looked through."""

_SEARCHED = 300_000

ReadText = Callable[[str, bytes], Awaitable[str]]
"""(name or link, bytes) -> the text of a document. Raises WebError where it cannot be read."""


class Ledger:
    """The door to the books."""

    def __init__(self, *, records: Chronicle, blobs: BlobStore, clock: Clock, read_text: ReadText) -> None:
        self._records = Records(records, clock, begin=Books, stored=STORED, format=FORMAT)
        self._blobs = blobs
        self._clock = clock
        self._read_text = read_text

    async def books(self, guild_id: str) -> Books:
        """The server's books as they are now. To be read only. Raises StoreUnavailableError."""
        return await self._records.of(guild_id)

    async def book(self, guild_id: str, booked: Booked) -> Entry:
        """Write an entry, once however often it is called with the same id. Raises RefusedError."""
        refuse_entry(booked.lines, booked.source, booked.evidence)
        return (await self._write(guild_id, booked)).entries[booked.id]

    async def reverse(self, guild_id: str, name: str, *, entry_id: str, by: Person, why: str) -> Entry:
        """Take an entry back by one with the opposite amounts. Raises RefusedError."""
        original = (await self.books(guild_id)).find(name)
        booked = original.booked
        if booked.source == "model":
            raise RefusedError("What the model cost comes from the journal: it cannot be taken back.")
        reversal = Booked(
            id=entry_id,
            date=self._clock.today(),
            description=f"Reversal of {original.number}: {why or booked.description}"[:300],
            lines=tuple(replace(line, amount=-line.amount) for line in booked.lines),
            by=by,
            source="person",
            experiment=booked.experiment,
            reverses=booked.id,
        )
        return (await self._write(guild_id, reversal)).entries[entry_id]

    async def confirm(self, guild_id: str, name: str, person: Person) -> Entry:
        """Note that a second person has looked. Raises RefusedError, also where the evidence has changed."""
        books = await self.books(guild_id)
        entry = books.find(name)
        record = Confirmed(entry=entry.booked.id, person=person)
        books.allow(record)
        evidence = entry.booked.evidence
        if evidence is None or not evidence.matches or evidence.file is None:
            raise RefusedError(
                f"Entry {entry.number} stays claimed: {entry.why_claimed}. Reverse it and book it again"
                " with a file that shows its date and amount."
            )
        await self._blobs.read(guild_id, evidence.file.sha256)  # raises where the bytes have changed
        return (await self._write(guild_id, record)).entries[entry.booked.id]

    async def set_currency(
        self, guild_id: str, code: str, person: Person, *, rate: Decimal = Decimal(1), rate_source: str = ""
    ) -> None:
        """Choose the currency before the first entry, or its rate to the US$ later. Raises RefusedError."""
        setting = CurrencySet(code=code, rate=rate, rate_source=rate_source, by=person)
        await self._write(guild_id, setting)

    async def evidence(
        self, guild_id: str, name: str, file: FileRef, lines: tuple[Line, ...], day: date
    ) -> Evidence:
        """Look whether this file shows the entry. The file is in the blob store already."""
        if file.size > MOST_EVIDENCE:
            return Evidence(
                name=name, file=file, matches=False, why="the file is too large to be looked through"
            )
        try:
            text = await self._read_text(name, await self._blobs.read(guild_id, file.sha256))
        except WebError as error:
            return Evidence(name=name, file=file, matches=False, why=f"the file cannot be read: {error}")
        currency = (await self.books(guild_id)).currency
        found = await asyncio.to_thread(look, text[:_SEARCHED], (debits(lines),), day, currency)
        return Evidence(name=name, file=file, matches=found.matches, why=found.why, dated=found.dated)

    async def book_model_cost(
        self, guild_id: str, session: str, spent: Decimal, lost: Decimal = Decimal(0)
    ) -> None:
        """Bring what is booked for this session's model calls up to so many US$, once.

        `lost`: the part of it for calls whose reply never came.
        """

        def due(books: Books) -> Booked | None:
            had, had_lost = books.cost_of(session)
            usd, usd_lost = spent - had, lost - had_lost
            if usd <= 0:
                return None
            parts = ((MODEL_COST, usd - usd_lost), (MODEL_COST_LOST, usd_lost), (OWED_TO_HOST, -usd))
            return Booked(
                id=f"model:{session}:{books.number}",
                date=self._clock.today(),
                description=f"Model calls of session {session}",
                lines=tuple(
                    Line(account=account, amount=part * books.rate) for account, part in parts if part
                ),
                by=Person(id="bot", name="Goalkeeper"),
                source="model",
                session=session,
                usd=usd,
                usd_lost=usd_lost,
            )

        await self._records.write(guild_id, due)

    async def _write(self, guild_id: str, record: Record) -> Books:
        return await self._records.write(guild_id, lambda books: record if books.allow(record) else None)
