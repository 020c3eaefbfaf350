"""The books over a real Redis: written once, by two at once, and always in balance."""

import asyncio
import csv
import io
from collections import defaultdict
from dataclasses import replace
from datetime import date
from decimal import Decimal
from random import Random

import pytest
import pytest_asyncio

from agent_core.clock import Clock
from agent_core.errors import RefusedError, StoreUnavailableError
from agent_core.ledger import Booked, Books, Ledger, Line, cents, statement, table
from agent_core.storage import Storage
from agent_core.values import Person

ANN, BOB = Person(id="1", name="Ann"), Person(id="2", name="Bob")
DAY = date(2026, 11, 3)
GUILD = "10"


async def as_it_is(_name: str, data: bytes) -> str:
    return data.decode()


def ledger_of(storage: Storage) -> Ledger:
    return Ledger(records=storage.ledger, blobs=storage.blobs, clock=Clock(), read_text=as_it_is)


@pytest_asyncio.fixture
async def ledger(storage: Storage) -> Ledger:
    return ledger_of(storage)


def dues(entry_id: str, amount: str = "100", day: date = DAY) -> Booked:
    value = Decimal(amount)
    return Booked(
        id=entry_id,
        date=day,
        description="Dues of November",
        lines=(Line(account="assets:cash", amount=value), Line(account="income:dues", amount=-value)),
        by=ANN,
        source="person",
    )


async def with_evidence(ledger: Ledger, storage: Storage, booked: Booked, text: str) -> Booked:
    file = await storage.blobs.put_bytes(GUILD, text.encode())
    evidence = await ledger.evidence(GUILD, "receipt.txt", file, booked.lines, booked.date)
    return replace(booked, evidence=evidence)


async def test_an_entry_is_claimed_until_its_evidence_holds_and_somebody_else_has_looked(
    ledger: Ledger, storage: Storage
):
    await ledger.book(GUILD, await with_evidence(ledger, storage, dues("a"), "2026-11-03 dues $100.00"))
    worth = (await ledger.books(GUILD)).worth()
    assert (worth.evidenced, worth.claimed) == (0, 100)
    with pytest.raises(RefusedError, match="Who entered it cannot confirm it"):
        await ledger.confirm(GUILD, "1", ANN)
    entry = await ledger.confirm(GUILD, "1", BOB)
    assert entry.why_claimed == ""
    worth = (await ledger.books(GUILD)).worth()
    assert (worth.evidenced, worth.claimed) == (100, 0)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2026-11-03 dues $99.00", "the amount 100 does not stand in it"),
        ("2026-11-04 dues $100.00", "the date 2026-11-03 does not stand in it"),
        ("2026-11-03 dues 100.00 EUR", "the amount is in EUR"),
    ],
)
async def test_evidence_that_shows_something_else_leaves_the_entry_claimed(
    ledger: Ledger, storage: Storage, text: str, why: str
):
    entry = await ledger.book(GUILD, await with_evidence(ledger, storage, dues("a"), text))
    assert why in entry.why_claimed
    with pytest.raises(RefusedError, match="stays claimed"):
        await ledger.confirm(GUILD, "1", BOB)
    assert (await ledger.books(GUILD)).worth().evidenced == 0


async def test_an_entry_without_evidence_cannot_be_confirmed(ledger: Ledger):
    await ledger.book(GUILD, dues("a"))
    with pytest.raises(RefusedError, match="it has no evidence"):
        await ledger.confirm(GUILD, "1", BOB)


async def test_evidence_edited_after_hashing_is_noticed(ledger: Ledger, storage: Storage):
    booked = await with_evidence(ledger, storage, dues("a"), "2026-11-03 dues $100.00")
    await ledger.book(GUILD, booked)
    assert booked.evidence is not None
    assert booked.evidence.file is not None
    blob = storage.blobs.path(GUILD, booked.evidence.file.sha256)
    blob.chmod(0o600)
    blob.write_text("2026-11-03 dues $100.0O")
    with pytest.raises(StoreUnavailableError, match="damaged"):
        await ledger.confirm(GUILD, "1", BOB)
    assert (await ledger.books(GUILD)).worth().evidenced == 0


async def test_a_reversal_takes_back_as_surely_as_what_it_reverses(ledger: Ledger, storage: Storage):
    await ledger.book(GUILD, await with_evidence(ledger, storage, dues("a"), "2026-11-03 dues $100.00"))
    await ledger.confirm(GUILD, "1", BOB)
    await ledger.reverse(GUILD, "1", entry_id="r", by=BOB, why="paid twice")
    worth = (await ledger.books(GUILD)).worth()
    assert (worth.evidenced, worth.claimed) == (0, 0)
    for again in ("1", "2"):
        with pytest.raises(RefusedError, match=r"reversed already|a reversal itself"):
            await ledger.reverse(GUILD, again, entry_id=f"r{again}", by=BOB, why="")


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ((("assets:cash", "5"), ("income:x", "-4")), "add up to 0"),
        ((("assets:cash", "5"),), "2 to 50 lines"),
        ((("cash", "5"), ("income:x", "-5")), "is no account"),
        ((("assets", "5"), ("income:x", "-5")), "is no account"),
        ((("assets:cash", "0"), ("income:x", "0")), "has no amount"),
    ],
)
async def test_what_is_no_entry_is_refused_and_nothing_is_written(
    ledger: Ledger, lines: tuple[tuple[str, str], ...], why: str
):
    booked = Booked(
        id="a",
        date=DAY,
        description="x",
        lines=tuple(Line(account=account, amount=Decimal(amount)) for account, amount in lines),
        by=ANN,
        source="person",
    )
    with pytest.raises(RefusedError, match=why):
        await ledger.book(GUILD, booked)
    assert (await ledger.books(GUILD)).number == 0


async def test_two_writers_with_repeats_lose_and_double_nothing(storage: Storage):
    random = Random(5)  # noqa: S311 - to repeat it
    writers = [ledger_of(storage), ledger_of(storage)]
    wanted = [dues(f"e{number}", f"{random.randint(1, 99999) / 100:.2f}") for number in range(60)]
    async with asyncio.TaskGroup() as group:
        for booked in [*wanted, *random.sample(wanted, 30)]:
            group.create_task(random.choice(writers).book(GUILD, booked))
    books = await ledger_of(storage).books(GUILD)
    assert sorted(books.entries) == sorted(booked.id for booked in wanted)
    assert books.worth().claimed == sum(booked.lines[0].amount for booked in wanted)


async def test_random_entries_reversals_and_costs_agree_with_the_export_to_the_cent(
    ledger: Ledger, storage: Storage
):
    random = Random(11)  # noqa: S311 - to repeat it
    for number in range(80):
        choice = random.random()
        if choice < 0.5:
            booked = dues(f"e{number}", f"{random.randint(1, 10**7) / 100:.2f}")
            if random.random() < 0.5:
                text = f"2026-11-03 ${booked.lines[0].amount:,.2f}"
                booked = await with_evidence(ledger, storage, booked, text)
            entry = await ledger.book(GUILD, booked)
            if booked.evidence and random.random() < 0.7:
                await ledger.confirm(GUILD, str(entry.number), BOB)
        elif choice < 0.7 and (open_ones := _reversible(await ledger.books(GUILD))):
            await ledger.reverse(GUILD, random.choice(open_ones), entry_id=f"r{number}", by=ANN, why="")
        else:
            spent = Decimal(random.randint(1, 10**9)) / 10**9
            await ledger.book_model_cost(GUILD, f"s{random.randint(1, 5)}", spent)
        _check_against_export(await ledger.books(GUILD))
    assert "# Statement for November 2026" in statement(await ledger.books(GUILD), 2026, 11)


def _reversible(books: Books) -> list[str]:
    return [
        str(entry.number)
        for entry in books.entries.values()
        if not entry.reversed_by and not entry.booked.reverses and entry.booked.source == "person"
    ]


def _check_against_export(books: Books) -> None:
    rows = list(csv.DictReader(io.StringIO(table(books).decode())))
    per_entry: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        per_entry[row["transaction"]] += Decimal(row["amount"])
    assert set(per_entry.values()) <= {Decimal(0)}
    net = sum(
        (Decimal(row["amount"]) for row in rows if row["account"].split(":")[0] in ("assets", "liabilities")),
        Decimal(0),
    )
    worth = books.worth()
    assert cents(net) == cents(worth.evidenced + worth.claimed)
    assert sum(worth.assets.values()) + sum(worth.liabilities.values()) == net


async def test_the_cost_of_a_session_is_booked_up_to_what_it_spent_and_never_twice(storage: Storage):
    writers = [ledger_of(storage), ledger_of(storage)]
    async with asyncio.TaskGroup() as group:
        for spent in ("0.0101", "0.0202", "0.0202", "0.0101", "0.0202"):
            for writer in writers:
                group.create_task(writer.book_model_cost(GUILD, "s", Decimal(spent)))
    books = await ledger_of(storage).books(GUILD)
    assert books.cost_of("s") == (Decimal("0.0202"), 0)
    assert books.worth().model_cost == Decimal("0.0202")
    assert books.worth().evidenced == Decimal("-0.0202")


async def test_the_currency_is_settled_before_the_first_entry(ledger: Ledger):
    with pytest.raises(RefusedError, match="how much of the currency"):
        await ledger.set_currency(GUILD, "EUR", ANN)
    with pytest.raises(RefusedError, match="where that is from"):
        await ledger.set_currency(GUILD, "EUR", ANN, rate=Decimal("0.9"), rate_source=" ")
    await ledger.set_currency(GUILD, "EUR", ANN, rate=Decimal("0.9"), rate_source="ECB, 2026-11-02")
    await ledger.book_model_cost(GUILD, "s", Decimal(2))
    assert (await ledger.books(GUILD)).worth().evidenced == Decimal("-1.8")
    with pytest.raises(RefusedError, match="settled before"):
        await ledger.set_currency(GUILD, "USD", ANN)


@pytest.mark.parametrize(
    ("description", "cell"),
    [
        ("=1+1", "'=1+1"),
        (" \t@SUM(1)", "'@SUM(1)"),
        ("x;=1+1; -2", "x;'=1+1; '-2"),
        ("3 - 1; fine", "3 - 1; fine"),
    ],
)
async def test_a_description_cannot_become_a_formula_in_a_spreadsheet(
    description: str, cell: str, ledger: Ledger
):
    await ledger.book(GUILD, replace(dues("a"), description=description))
    rows = list(csv.DictReader(io.StringIO(table(await ledger.books(GUILD)).decode())))
    assert {row["description"] for row in rows} == {cell}


@pytest.mark.parametrize(("year", "month"), [(1, 1), (9999, 12), (2024, 2)])
async def test_every_month_of_the_calendar_has_a_statement(year: int, month: int, ledger: Ledger):
    await ledger.book(GUILD, dues("a", day=date(year, month, 29 if month == 2 else 31)))
    page = statement(await ledger.books(GUILD), year, month)
    assert "| claimed | $0.00 | $100.00 |" in page


async def test_a_description_stays_in_its_cell_of_the_statement(ledger: Ledger):
    await ledger.book(GUILD, replace(dues("a"), description="one\\| two | three"))
    assert "| one\\\\\\| two \\| three |" in statement(await ledger.books(GUILD), 2026, 11)
