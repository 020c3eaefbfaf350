"""Look in a document's text for an amount and a date, as invoices and bank statements write them. Pure."""

import calendar
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from agent_core.ledger.money import SYMBOLS

_MONTHS = {
    name.casefold(): number
    for names in (calendar.month_name, calendar.month_abbr)
    for number, name in enumerate(names)
    if name
} | {"sept": 9}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATES = (
    re.compile(r"(?<!\d)(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})(?!\d)"),
    re.compile(r"(?<![\d.])(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4}|\d{2})(?![\d.]\d)"),
    re.compile(r"(?<![\d/])(?P<d>\d{1,2})[/-](?P<m>\d{1,2})[/-](?P<y>\d{4}|\d{2})(?![\d/])"),
    re.compile(
        rf"(?<!\w)(?P<d>\d{{1,2}})(?:st|nd|rd|th|\.)?[ -](?:of )?(?P<w>{_MONTH})\.?,?[ -](?P<y>\d{{4}})", re.I
    ),
    re.compile(rf"(?<!\w)(?P<w>{_MONTH})\.? (?P<d>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<y>\d{{4}})(?!\d)", re.I),
)
_SLASHES = _DATES[2]
_TIME = re.compile(r"(?<!\d)\d{1,2}:\d{2}(?::\d{2})?(?!\d)")

_CODES = (
    "USD|EUR|GBP|JPY|CHF|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|INR|CNY|BRL|MXN|ZAR|SGD|HKD|KRW|TRY|HUF|RON|ILS|THB"
)
_DOLLARS = {
    "US$": "USD",
    "CA$": "CAD",
    "C$": "CAD",
    "A$": "AUD",
    "AU$": "AUD",
    "NZ$": "NZD",
    "HK$": "HKD",
    "S$": "SGD",
}
_MARKS = {
    **_DOLLARS,
    **{symbol: code for code, symbol in SYMBOLS.items()},
    "₹": "INR",
    "₩": "KRW",
    "zł": "PLN",
}
_MARK = "|".join([*map(re.escape, sorted(_MARKS, key=len, reverse=True)), rf"(?:{_CODES})(?![A-Za-z])"])
_GROUP = "[.,'’ \u00a0\u202f]"
_SPACES = re.compile("[ \u00a0\u202f]")
_DIGITS = rf"(?P<n>\d{{1,3}}(?:{_GROUP}\d{{3}})+(?:[.,]\d{{1,2}})?(?!\d)|\d+(?:[.,]\d+)?)"
_STARTS = r"(?<!\w)(?<!\w[-−])(?<!\d[.,/:])[-−+(]?"
_BEFORE = rf"(?:(?P<before>{_MARK.replace('(?![A-Za-z])', '')})[ \u00a0]?[-−+(]?|{_STARTS})"
_AFTER = rf"(?:\)?[ \u00a0]?(?P<after>{_MARK})(?![ \u00a0]?\d)|(?![\w/:]|[.,]\d))"
_NUMBER = re.compile(_BEFORE + _DIGITS + _AFTER)
_ANY_MARK = re.compile(rf"(?<![A-Za-z])(?:{_MARK})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Whether a document shows what an entry says, and what it shows instead."""

    matches: bool
    dated: bool
    """The day is there, at least."""
    why: str


def look(text: str, amounts: tuple[Decimal, ...], day: date, currency: str) -> Finding:
    """Look for the day and for every one of the amounts, as a sum without a sign in this currency."""
    without_dates, days = _take_dates(text)
    if day not in days:
        seen = f"; it has {min(days)}" if len(days) == 1 else ""
        return Finding(matches=False, dated=False, why=f"the date {day} does not stand in it{seen}")
    named = dict[Decimal, set[str]]()
    for value, code in _sums(without_dates):
        named.setdefault(value, set()).add(code)
    everywhere: set[str] = {_MARKS.get(mark, mark) for mark in map(str, _ANY_MARK.findall(text))}
    for amount in amounts:
        codes = named.get(abs(amount))
        if codes is None:
            return Finding(matches=False, dated=True, why=f"the amount {abs(amount)} does not stand in it")
        bare = "" in codes and (currency in everywhere or not everywhere)
        if currency not in codes and not bare:
            others = ", ".join(sorted((codes - {""}) or everywhere))
            return Finding(
                matches=False, dated=True, why=f"the amount is in {others}, and the books are in {currency}"
            )
    return Finding(matches=True, dated=True, why=f"the date and the amount stand in it, in {currency}")


def _take_dates(text: str) -> tuple[str, set[date]]:
    """The text without its dates and times, whose digits are no amounts; and the days that they name."""
    days: set[date] = set()
    for pattern in _DATES:
        for found in pattern.finditer(text):
            days.update(_days(found, swapped=pattern is _SLASHES))
        text = pattern.sub(" | ", text)
    return _TIME.sub(" | ", text), days


def _days(found: re.Match[str], *, swapped: bool) -> Iterator[date]:
    """The days that a written date can mean; with slashes, day and month may stand either way."""
    parts = found.groupdict()
    year = int(parts["y"]) + (2000 if len(parts["y"]) == 2 else 0)
    month = _MONTHS[parts["w"].casefold()] if "w" in parts else int(parts["m"])
    day = int(parts["d"])
    for one in {(month, day), (day, month)} if swapped else {(month, day)}:
        with suppress(ValueError):
            yield date(year, *one)


def _sums(text: str) -> Iterator[tuple[Decimal, str]]:
    """The numbers of a text, and the currency that each carries; empty where it carries none."""
    for found in _NUMBER.finditer(text):
        mark = found["before"] or found["after"] or ""
        code = _MARKS.get(mark, mark)
        yield _value(found["n"]), code
        if _SPACES.search(found["n"]):  # or columns that stand side by side
            yield from ((_value(part), code) for part in _SPACES.split(found["n"]))


def _value(digits: str) -> Decimal:
    """The number in either notation: a last group of three digits is thousands, any other is decimals."""
    plain = re.sub("['’ \u00a0\u202f]", "", digits)
    last = max(plain.rfind("."), plain.rfind(","))
    if last < 0:
        return Decimal(plain)
    marks = {mark for mark in ".," if mark in plain}
    decimals = len(plain) - last - 1
    if decimals == 3 and len(marks) == 1 and not plain.startswith("0"):
        return Decimal(re.sub("[.,]", "", plain))
    return Decimal(re.sub("[.,]", "", plain[:last]) + "." + plain[last + 1 :])
