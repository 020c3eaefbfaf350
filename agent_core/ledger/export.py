"""The books as files: a table that spreadsheets and hledger read, and one month on one page. Pure."""

import calendar
import csv
import io
import re
from datetime import date
from decimal import Decimal

from agent_core.ledger.books import Books
from agent_core.ledger.money import plain, shown
from agent_core.ledger.records import debits

COLUMNS = ("transaction", "date", "description", "account", "commodity", "amount")
_RISKY = ("=", "+", "-", "@", "\t", "\r")
_AFTER_SEMICOLON = re.compile(r"(;\s*)(?=[-=+@])")
"""Where a spreadsheet that takes semicolons for commas would find a formula."""
_MOST_ROWS = 40


def table(books: Books) -> bytes:
    """Every line of every entry as CSV, UTF-8, in the order of the books."""
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(COLUMNS)
    for entry in books.entries.values():
        booked = entry.booked
        for line in booked.lines:
            writer.writerow(
                (entry.number, booked.date.isoformat(), harmless(booked.description), line.account,
                 books.currency, plain(line.amount))
            )  # fmt: skip
    return sheet.getvalue().encode()


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula, in one line."""
    line = _AFTER_SEMICOLON.sub(r"\1'", " ".join(text.split()))
    return f"'{line}" if line.startswith(_RISKY) else line


def statement(books: Books, year: int, month: int) -> str:
    """One month of the books as a page of Markdown."""
    first, last = date(year, month, 1), _last_of(year, month)
    before = books.worth(_day_before(first)) if first > date.min else Books().worth()
    after = books.worth(last)
    entries = [entry for entry in books.until(last) if entry.booked.date >= first]

    def money(value: Decimal) -> str:
        return shown(value, books.currency)

    rows = [
        f"| {entry.number} | {entry.booked.date} | {_cell(entry.booked.description)} |"
        f" {money(debits(entry.booked.lines))} |"
        f" {'evidenced' if books.evidenced(entry) else 'claimed: ' + _cell(entry.why_claimed)} |"
        for entry in entries[:_MOST_ROWS]
    ]
    if len(entries) > _MOST_ROWS:
        rows.append(f"| | | … and {len(entries) - _MOST_ROWS} more in the export | | |")
    flows = {root: _flow(books, root, first, last) for root in ("income", "expenses")}
    return "\n".join(
        (
            f"# Statement for {first:%B %Y}",
            "",
            "| | at the start | at the end |",
            "| --- | ---: | ---: |",
            f"| evidenced | {money(before.evidenced)} | {money(after.evidenced)} |",
            f"| claimed | {money(before.claimed)} | {money(after.claimed)} |",
            f"| the agent's own thinking | {money(before.model_cost)} | {money(after.model_cost)} |",
            "",
            f"Income of the month: {money(-flows['income'])}. Expenses: {money(flows['expenses'])}.",
            "",
            "| entry | date | what | amount | how sure |",
            "| ---: | --- | --- | ---: | --- |",
            *(rows or ["| | | nothing was booked | | |"]),
            "",
            "Balances at the end of the month:",
            "",
            "| account | balance |",
            "| --- | ---: |",
            *(f"| {account} | {money(total)} |" for account, total in books.balances(last).items()),
            "",
        )
    )


def _flow(books: Books, root: str, first: date, last: date) -> Decimal:
    entries = (entry for entry in books.until(last) if entry.booked.date >= first)
    lines = (line for entry in entries for line in entry.booked.lines if line.account.startswith(f"{root}:"))
    return sum((line.amount for line in lines), Decimal(0))


def _cell(text: str) -> str:
    return " ".join(text.split())[:80].replace("\\", "\\\\").replace("|", "\\|")


def _last_of(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])


def _day_before(day: date) -> date:
    return date.fromordinal(day.toordinal() - 1)
