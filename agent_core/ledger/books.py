"""The books of one server, folded from their records: balances, and the two numbers that are never mixed."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from agent_core.errors import RefusedError
from agent_core.ledger.money import CODE
from agent_core.ledger.records import (
    MODEL_COST,
    MODEL_COST_LOST,
    Booked,
    Confirmed,
    CurrencySet,
    Record,
    asset_kind,
    checked,
    worth_of,
)
from agent_core.storage.chronicle import Written
from agent_core.values import Person


@dataclass(slots=True, kw_only=True)
class Entry:
    """A booked entry, and what has become of it."""

    number: int
    booked: Booked
    confirmed_by: tuple[Person, ...] = ()
    reversed_by: str = ""

    @property
    def evidenced(self) -> bool:
        """Its evidence holds, and a person other than who entered it has looked; the bot's own usage is one.

        A reversal is as sure as what it takes back, so that both leave the books together.
        """
        if self.booked.source == "model":
            return True  # its evidence is the session's journal, which nobody can edit
        evidence = self.booked.evidence
        return bool(evidence and evidence.matches and self.confirmed_by)

    @property
    def why_claimed(self) -> str:
        """What is missing before it is evidenced, in words; empty where it is."""
        if self.evidenced:
            return ""
        evidence = self.booked.evidence
        if evidence is None:
            return "it has no evidence"
        return evidence.why if not evidence.matches else "nobody but who entered it has confirmed it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What the server is worth, two ways. Their sum is all assets less all liabilities."""

    evidenced: Decimal
    claimed: Decimal
    """Only what is not evidenced."""
    model_cost: Decimal
    """What the agent's own thinking cost; taken off the evidenced number already."""
    assets: dict[tuple[str, bool], Decimal]
    """(cash, pledged or valued; evidenced) -> amount."""
    liabilities: dict[bool, Decimal]
    """Evidenced -> amount owed, as a negative number."""


@dataclass(slots=True, kw_only=True)
class Books:
    """Everything that was ever written down, in order."""

    number: int = 0
    currency: str = "USD"
    rate: Decimal = Decimal(1)
    """How much of the currency one US$ is."""
    entries: dict[str, Entry] = field(default_factory=dict[str, Entry])

    def apply(self, written: Written[Record]) -> None:
        """Fold one record. Raises ValueError where the numbering has a gap."""
        if written.number != self.number + 1:
            raise ValueError(f"record {written.number} after {self.number}")
        self.number = written.number
        match written.record:
            case CurrencySet(code=code, rate=rate):
                self.currency, self.rate = code, rate
            case Booked() as booked:
                self.entries[booked.id] = Entry(number=len(self.entries) + 1, booked=booked)
                if original := self.entries.get(booked.reverses):
                    original.reversed_by = booked.id
            case Confirmed(entry=entry_id, person=person):
                entry = self.entries[entry_id]
                entry.confirmed_by = (*entry.confirmed_by, person)

    def allow(self, record: Record) -> bool:
        """Whether this record may be written now; False where it stands there already.

        Raises RefusedError with the reason.
        """
        match record:
            case CurrencySet():
                return self._may_set_currency(record)
            case Booked():
                return self._may_book(record)
            case Confirmed():
                return self._may_confirm(record)

    def _may_set_currency(self, setting: CurrencySet) -> bool:
        if CODE.fullmatch(setting.code) is None:
            raise RefusedError(
                f"{setting.code!r} is no currency. Write its three letters, such as USD or EUR."
            )
        if self.entries and setting.code != self.currency:
            raise RefusedError(
                f"The books are kept in {self.currency}: the currency is settled before the first entry."
            )
        sourced, own = bool(setting.rate_source.strip()), setting.code == "USD"
        if setting.rate <= 0 or sourced == own or (own and setting.rate != 1):
            raise RefusedError(
                "Say how much of the currency one US$ is, and where that is from, with its day; US$ need"
                " neither."
            )
        return (setting.code, setting.rate) != (self.currency, self.rate)

    def _may_book(self, booked: Booked) -> bool:
        if booked.id in self.entries:
            return False
        checked(booked.lines, booked.description)
        if not booked.reverses:
            return True
        original = self.find(booked.reverses)
        if original.reversed_by:
            raise RefusedError(f"Entry {original.number} is reversed already.")
        if original.booked.reverses:
            raise RefusedError(f"Entry {original.number} is a reversal itself. Book what is right anew.")
        return True

    def _may_confirm(self, confirmed: Confirmed) -> bool:
        entry = self.find(confirmed.entry)
        if entry.booked.source == "model":
            raise RefusedError("What the model cost is booked from the journal: it needs nobody's word.")
        if entry.booked.by.id == confirmed.person.id:
            raise RefusedError("Who entered it cannot confirm it: ask somebody else to look at the evidence.")
        return all(person.id != confirmed.person.id for person in entry.confirmed_by)

    def find(self, name: str) -> Entry:
        """The entry with this id or number. Raises RefusedError."""
        plain = name.strip().removeprefix("#")
        if entry := self.entries.get(plain):
            return entry
        found = [entry for entry in self.entries.values() if str(entry.number) == plain]
        if not found:
            raise RefusedError(f"There is no entry {name!r}. `/ledger list` shows them.")
        return found[0]

    def evidenced(self, entry: Entry) -> bool:
        """As `Entry.evidenced`; a reversal counts where the entry it takes back does."""
        original = self.entries.get(entry.booked.reverses)
        return original.evidenced if original else entry.evidenced

    def worth(self, until: date | None = None) -> Worth:
        """What the server is worth at the end of this day, or with all that is booked."""
        totals: dict[bool, Decimal] = defaultdict(Decimal)
        assets: dict[tuple[str, bool], Decimal] = defaultdict(Decimal)
        owed: dict[bool, Decimal] = defaultdict(Decimal)
        cost = Decimal(0)
        for entry in self.until(until):
            sure = self.evidenced(entry)
            totals[sure] += worth_of(entry.booked.lines)
            for line in entry.booked.lines:
                root = line.account.partition(":")[0]
                if root == "assets":
                    assets[asset_kind(line.account), sure] += line.amount
                elif root == "liabilities":
                    owed[sure] += line.amount
                elif line.account in (MODEL_COST, MODEL_COST_LOST):
                    cost += line.amount
        return Worth(
            evidenced=totals[True],
            claimed=totals[False],
            model_cost=cost,
            assets=dict(assets),
            liabilities=dict(owed),
        )

    def until(self, day: date | None) -> Iterable[Entry]:
        """The entries dated up to the end of this day, in the order of the books."""
        return (entry for entry in self.entries.values() if day is None or entry.booked.date <= day)

    def balances(self, until: date | None = None) -> dict[str, Decimal]:
        """Account -> balance, by name; accounts that are even are left out."""
        totals: dict[str, Decimal] = defaultdict(Decimal)
        for entry in self.until(until):
            for line in entry.booked.lines:
                totals[line.account] += line.amount
        return {account: total for account, total in sorted(totals.items()) if total}

    def cost_of(self, session: str) -> tuple[Decimal, Decimal]:
        """What is booked already as the model's cost of this session, in US$; and of it, for lost replies."""
        booked = [entry.booked for entry in self.entries.values() if entry.booked.session == session]
        usd = sum((one.usd for one in booked if one.usd is not None), Decimal(0))
        return usd, sum((one.usd_lost for one in booked if one.usd_lost is not None), Decimal(0))

    def net_of(self, experiment: str) -> Decimal:
        """Income less expenses of the entries booked for this experiment."""
        booked = (entry.booked for entry in self.entries.values() if entry.booked.experiment == experiment)
        sides = ("income:", "expenses:")
        return -sum(
            (line.amount for one in booked for line in one.lines if line.account.startswith(sides)),
            Decimal(0),
        )
