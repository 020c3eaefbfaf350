"""What a goal writes into the server's books: an entry, or an experiment before it starts. Each asks."""

from collections.abc import Awaitable, Callable
from datetime import date

from pydantic import Field

from agent_core.clock import Clock
from agent_core.errors import RefusedError, ToolError, WebError
from agent_core.experiments import Experiments, Registered
from agent_core.ledger import Booked, Evidence, Ledger, Line, amount, plain, refuse_plan
from agent_core.session import State
from agent_core.session.files import named
from agent_core.session.state import Pending
from agent_core.storage.blobs import BlobStore
from agent_core.tools.base import Outcome, Tool, ToolArguments
from agent_core.values import FileRef

Fetch = Callable[[str, str], Awaitable[bytes]]
"""(guild id, link) -> its bytes, by the web's own rules and the server's lists of hosts. Raises WebError."""


class BookLine(ToolArguments):
    """One side of an entry."""

    account: str = Field(min_length=1, max_length=200)
    amount: str = Field(description="Decimal; debits positive, credits negative.")


class Book(ToolArguments):
    """Arguments of `book`."""

    date: str = Field(description="YYYY-MM-DD")
    description: str = Field(min_length=1, max_length=300)
    lines: tuple[BookLine, ...] = Field(
        min_length=2,
        max_length=50,
        description="Accounts under assets, liabilities, income, expenses; sum 0.",
    )
    evidence: str | None = Field(default=None, description="A workspace file or a link that shows it.")


class RegisterExperiment(ToolArguments):
    """Arguments of `register_experiment`."""

    hypothesis: str = Field(min_length=1, max_length=500)
    metric: str = Field(min_length=1, max_length=500, description="Hits per trial: sign-ups per visitor.")
    baseline: float | None = Field(
        default=None, description="The rate to beat; none: a control arm runs along."
    )
    cost_cap: str
    stop_date: str = Field(description="YYYY-MM-DD")
    probability: float = Field(gt=0, lt=1, description="Of success, 0 to 1, honestly.")


def book(ledger: Ledger, blobs: BlobStore, fetch: Fetch) -> Tool[Book]:
    """The tool that enters something into the books."""

    async def run(args: Book, state: State) -> Outcome:
        pending = _running(state)
        try:
            lines = tuple(Line(account=line.account, amount=amount(line.amount)) for line in args.lines)
            day = _day(args.date)
            booked = Booked(
                id=f"{state.ref.id}:{pending.key}",
                date=day,
                description=args.description,
                lines=lines,
                by=pending.decision.person if pending.decision else state.starter,
                source="agent",
                evidence=await _evidence(args.evidence, state, lines, day),
                session=state.ref.id,
            )
            entry = await ledger.book(state.ref.guild_id, booked)
        except RefusedError as error:
            raise ToolError(str(error)) from error
        rows = ", ".join(f"{line.account} {plain(line.amount)}" for line in lines)
        sure = f"It is claimed: {entry.why_claimed}."
        return Outcome(
            text=f"Entry {entry.number} is booked: {args.date}, {args.description}: {rows}. {sure}"
        )

    async def _evidence(
        named_as: str | None, state: State, lines: tuple[Line, ...], day: date
    ) -> Evidence | None:
        if not named_as:
            return None
        file = await _kept(named_as, state)
        return await ledger.evidence(state.ref.guild_id, named_as, file, lines, day)

    async def _kept(named_as: str, state: State) -> FileRef:
        guild_id = state.ref.guild_id
        if not named_as.startswith(("https://", "http://")):
            return named(state.files, [named_as])[0].file
        try:
            return await blobs.put_bytes(guild_id, await fetch(guild_id, named_as))
        except WebError as error:
            raise ToolError(f"The evidence cannot be read: {error}") from error

    description = "Enter a transaction into the server's books; a person approves it first."
    return Tool(name="book", description=description, args=Book, run=run)


def register_experiment(experiments: Experiments, clock: Clock) -> Tool[RegisterExperiment]:
    """The tool that says, before an experiment starts, what would count."""

    async def run(args: RegisterExperiment, state: State) -> Outcome:
        pending = _running(state)
        try:
            refuse_plan(f"{args.hypothesis}\n{args.metric}")
            registered = Registered(
                id=f"{state.ref.id}:{pending.key}",
                hypothesis=args.hypothesis,
                metric=args.metric,
                baseline=args.baseline,
                cost_cap=amount(args.cost_cap),
                stop_date=_day(args.stop_date),
                probability=args.probability,
                start=clock.today(),
                by=pending.decision.person if pending.decision else state.starter,
                session=state.ref.id,
            )
            experiment = await experiments.add(state.ref.guild_id, registered)
        except RefusedError as error:
            raise ToolError(str(error)) from error
        return Outcome(
            text=f"Experiment {experiment.number} is registered until {args.stop_date}, cap {args.cost_cap}."
            " People enter its numbers with `/experiment report`."
        )

    description = "Register an experiment before it starts."
    return Tool(name="register_experiment", description=description, args=RegisterExperiment, run=run)


def _running(state: State) -> Pending:
    """The action that runs: its key names what it writes, so that it is written once."""
    return state.pending[0]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise RefusedError(f"{text!r} is no date. Write it as 2026-11-03.") from error
