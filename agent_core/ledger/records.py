"""What is written into the books: records that are added, never edited. A mistake is reversed."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from agent_core.errors import RefusedError
from agent_core.storage.chronicle import Written
from agent_core.values import FileRef, Person

FORMAT = 1
ROOTS = ("assets", "liabilities", "income", "expenses")
MODEL_COST = "expenses:model"
MODEL_COST_LOST = "expenses:model:lost replies"
"""Calls whose reply never came, at what was held for them: nobody knows what they really cost."""

OWED_TO_HOST = "liabilities:host"
CASH, PLEDGED, VALUED = "cash", "pledged", "valued"

_ACCOUNT = re.compile(r"(?:assets|liabilities|income|expenses)(?::[a-z0-9][a-z0-9 _.&'-]{0,39}){1,5}")
_MOST_LINES = 50
_LONGEST_DESCRIPTION = 300

Source = Literal["person", "agent", "model"]
"""Who wrote an entry: a command, the agent with a person's yes, or the bot about its own model calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One side of an entry: a positive amount is a debit, a negative one a credit."""

    account: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A file that shows an entry to be true, and what our parser found in it when it was hashed."""

    name: str
    """The file's name, or the link that it was read from."""
    file: FileRef | None
    """None: nothing could be read there."""
    matches: bool
    """The entry's amount and date stand in it, in the books' currency."""
    why: str
    """What was found, or what is missing, in words."""
    dated: bool = False
    """The entry's date stands in it, whatever else does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """An entry; its lines add up to nothing."""

    id: str
    date: date
    description: str
    lines: tuple[Line, ...]
    by: Person
    source: Source
    evidence: Evidence | None = None
    session: str = ""
    """Id of the session that it came from or is about; empty: none."""
    experiment: str = ""
    reverses: str = ""
    """Id of the entry that this one takes back; empty: none."""
    usd: Decimal | None = None
    """Of the model's cost: the US$ that its lines stand for."""
    usd_lost: Decimal | None = None
    """The part of it that is for lost replies."""
    kind: Literal["booked"] = "booked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """A second person has looked at the entry and its evidence."""

    entry: str
    person: Person
    kind: Literal["confirmed"] = "confirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencySet:
    """The currency that everything is booked in, settled before the first entry; the rate may change."""

    code: str
    rate: Decimal
    """How much of it one US$ is, for what the model costs."""
    rate_source: str
    """Where the rate is from, and of which day; empty for US$ themselves."""
    by: Person
    kind: Literal["currency"] = "currency"


Record = Booked | Confirmed | CurrencySet


STORED: TypeAdapter[Written[Record]] = TypeAdapter(Written[Annotated[Record, Field(discriminator="kind")]])
"""How they are kept."""


def checked(lines: tuple[Line, ...], description: str) -> None:
    """Raises RefusedError where this is no entry: bad accounts, or lines that do not add up to nothing."""
    if not description.strip() or len(description) > _LONGEST_DESCRIPTION:
        raise RefusedError(f"Describe the entry in 1 to {_LONGEST_DESCRIPTION} characters.")
    if not 2 <= len(lines) <= _MOST_LINES:
        raise RefusedError(f"An entry has 2 to {_MOST_LINES} lines; this one has {len(lines)}.")
    for line in lines:
        if _ACCOUNT.fullmatch(line.account) is None:
            raise RefusedError(
                f"{line.account!r} is no account. Begin with {', '.join(ROOTS[:-1])} or {ROOTS[-1]}, then"
                " name the part after a colon, in small letters: assets:cash, income:dues."
            )
        if not line.amount:
            raise RefusedError(f"The line of {line.account} has no amount.")
    total = sum((line.amount for line in lines), Decimal(0))
    if total:
        raise RefusedError(
            f"The lines have to add up to 0, and add up to {total}. What comes in from income"
            " is negative there and positive in the asset."
        )


def debits(lines: tuple[Line, ...]) -> Decimal:
    """The whole of what was paid or received: what evidence has to show."""
    return sum((line.amount for line in lines if line.amount > 0), Decimal(0))


def worth_of(lines: tuple[Line, ...]) -> Decimal:
    """By how much these lines change what the server owns less what it owes."""
    return sum(
        (line.amount for line in lines if line.account.startswith(("assets:", "liabilities:"))), Decimal(0)
    )


def asset_kind(account: str) -> str:
    """Cash, pledged or valued: the three that are never added up without a word."""
    part = account.split(":")[1]
    return part if part in (PLEDGED, VALUED) else CASH
