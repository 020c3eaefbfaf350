"""Understand the head of a table: separator, columns, and what each column holds. Pure."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass

_SEPARATORS = (",", ";", "\t", "|")
_DATE = re.compile(
    r"^\d{1,4}[-/.]\d{1,2}([-/.]\d{1,4})?([ T].*)?$|^(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)", re.I
)
_LINES = 60
_NUMBER = re.compile(r"^[-+]?[$€£]?\s?[\d.,' ]*\d\s?%?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What the first lines of a file say about it."""

    separator: str
    decimal: str
    columns: tuple[str, ...]
    numbers: tuple[str, ...]
    """Columns whose values are numbers."""
    dates: tuple[str, ...]
    rows: int
    """Rows seen in the head."""


def read_head(text: str) -> Table | None:
    """Find the table in a text that may have other lines before it; None where there is none."""
    lines = [line.lstrip("\ufeff") for line in text.splitlines() if line.strip()][:_LINES]
    best: tuple[int, str, list[list[str]]] = (1, "", [])
    for separator in _SEPARATORS:
        for start in range(min(6, len(lines))):
            rows = list(csv.reader(lines[start:], delimiter=separator))
            width = len(rows[0])
            alike = sum(len(row) == width for row in rows)
            if width > 1 and alike > best[0]:
                best = (alike, separator, rows)
    return _table(best[1], best[2]) if best[2] else None


def _table(separator: str, rows: list[list[str]]) -> Table:
    names = tuple(name.strip() for name in rows[0])
    body = [row for row in rows[1:] if len(row) == len(names)]
    values = {name: [row[at].strip() for row in body if row[at].strip()] for at, name in enumerate(names)}
    dates = tuple(
        name for name in names if values[name] and all(_DATE.match(value) for value in values[name])
    )
    numbers = tuple(
        name
        for name in names
        if name not in dates and values[name] and all(_NUMBER.match(value) for value in values[name])
    )
    commas = any(re.match(r"^-?[\d.]+,\d+$", value) for name in numbers for value in values[name])
    return Table(
        separator=separator,
        decimal="," if commas and separator != "," else ".",
        columns=names,
        numbers=numbers,
        dates=dates,
        rows=len(body),
    )
