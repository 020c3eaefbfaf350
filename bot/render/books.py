"""The books and the experiments as people read them. Pure."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from agent_core.experiments import ENOUGH, Experiment, Outcome, Register
from agent_core.ledger import Books, Entry, debits, plain, shown
from agent_core.session import State
from agent_core.storage import Asks
from agent_core.values import Action, NamedFile
from bot.render.escape import code, line
from bot.render.plots import Series, line_chart
from bot.render.results import Result
from bot.render.words import counted

OUTCOMES: dict[Outcome, str] = {
    "running": "⏳ running",
    "success": "✅ success",
    "nothing shown": "➖ nothing worked",
    "over its cap": "⛔ over its cap",
}


def entry_rows(books: Books, entry: Entry) -> str:
    """An entry with its lines, its evidence, and how sure it is."""
    booked = entry.booked
    rows = [f"**Entry {entry.number}** · {booked.date} · {line(booked.description, 200)}"]
    rows += [f"{code(one.account, 80)} {shown(one.amount, books.currency)}" for one in booked.lines[:12]]
    if len(booked.lines) > 12:
        rows.append(f"… and {len(booked.lines) - 12} more lines")
    if booked.evidence:
        mark = "🔎" if booked.evidence.matches else "⚠️"
        rows.append(f"{mark} {code(booked.evidence.name, 120)}: {line(booked.evidence.why, 200)}")
    rows.append(_sure(books, entry))
    return "\n".join(rows)


def _sure(books: Books, entry: Entry) -> str:
    if entry.reversed_by:
        return "-# ↩️ taken back by a later entry"
    if books.evidenced(entry):
        names = ", ".join(line(person.name, 60) for person in entry.confirmed_by)
        return f"-# ✅ evidenced{f', confirmed by {names}' if names else ', from the journal'}"
    waiting = entry.booked.evidence is not None and entry.booked.evidence.matches
    how = " · ✅ of another person on this message confirms it" if waiting else ""
    return f"-# claimed: {line(entry.why_claimed, 200)}{how}"


def entry_line(books: Books, entry: Entry) -> str:
    """An entry in one line."""
    booked = entry.booked
    mark = "↩️" if entry.reversed_by else "✅" if books.evidenced(entry) else "❔"
    what = line(booked.description, 70)
    return f"{mark} **{entry.number}** {booked.date} {what} · {shown(debits(booked.lines), books.currency)}"


def worth_rows(books: Books) -> str:
    """The two numbers, and what they are made of."""
    worth, currency = books.worth(), books.currency
    rows = [
        f"**evidenced: {shown(worth.evidenced, currency)}**",
        f"**claimed: {shown(worth.claimed, currency)}**",
        f"-# The agent's own thinking has cost {shown(worth.model_cost, currency)}; that is taken off the"
        " first number. Claimed is only what is not evidenced: the two are never the same money.",
    ]
    for kind in ("cash", "pledged", "valued"):
        sure, not_sure = worth.assets.get((kind, True)), worth.assets.get((kind, False))
        if sure or not_sure:
            rows.append(
                f"{kind}: {shown(sure or Decimal(0), currency)} evidenced,"
                f" {shown(not_sure or Decimal(0), currency)} claimed"
            )
    owed = {sure: -amount for sure, amount in worth.liabilities.items()}
    if any(owed.values()):
        rows.append(
            f"owed: {shown(owed.get(True, Decimal(0)), currency)} evidenced,"
            f" {shown(owed.get(False, Decimal(0)), currency)} claimed"
        )
    return "\n".join(rows)


def worth_chart(books: Books, today: date) -> bytes:
    """Both numbers over time, as a PNG file. Slow: not on the loop."""
    days = sorted(
        {entry.booked.date for entry in books.entries.values() if entry.booked.date <= today} | {today}
    )
    days = days[-366:]
    worths = [books.worth(day) for day in days]
    evidenced = Series(name="evidenced", values=[float(worth.evidenced) for worth in worths])
    claimed = Series(name="claimed", values=[float(worth.claimed) for worth in worths])
    return line_chart("Net worth", days, [evidenced, claimed], unit=books.currency)


def experiment_line(experiment: Experiment, outcome: Outcome) -> str:
    """An experiment in one line."""
    registered = experiment.registered
    return (
        f"{OUTCOMES[outcome]} · **{experiment.number}** {line(registered.hypothesis, 90)} · until"
        f" {registered.stop_date}"
    )


def experiment_rows(experiment: Experiment, outcome: Outcome, net: Decimal, currency: str) -> str:
    """What was registered, what came in, and what it shows."""
    registered, total = experiment.registered, experiment.total
    against = (
        f"{total.control_hits:,} of {total.control_trials:,} in the control arm"
        if registered.baseline is None
        else f"a baseline of {registered.baseline:.2%}"
    )
    values = experiment.values
    best = max(values, default=1.0)
    return "\n".join(
        (
            f"**Experiment {experiment.number}** · {OUTCOMES[outcome]}",
            line(registered.hypothesis, 500),
            f"metric: {line(registered.metric, 300)}",
            f"{total.variant_hits:,} of {total.variant_trials:,} against {against}",
            f"evidence so far: {best:,.2f} (success at {ENOUGH:g}; it may be looked at daily)",
            f"net: {shown(net, currency)}, cap {plain(registered.cost_cap)} · {experiment.minutes} minutes of"
            " people's time",
            f"-# registered {registered.start} by {line(registered.by.name, 60)}, until"
            f" {registered.stop_date} · success was thought {registered.probability:.0%} likely",
        )
    )


def forecast_line(brier: tuple[float, int] | None) -> str:
    """How good past forecasts were."""
    if brier is None:
        return "-# no experiment has ended yet, so no forecast can be scored"
    score, count = brier
    return (
        f"-# Brier score of {counted(count, 'past forecast')}: {score:.3f} (0 is perfect, 0.25 is guessing)"
    )


def experiments_page(register: Register, books: Books, today: date) -> str:
    """Every experiment and how past forecasts came out, as a page of Markdown."""
    nets = {name: books.net_of(name) for name in register.experiments}
    parts = ["# Experiments", forecast_line(register.brier(today, nets)).removeprefix("-# ")]
    for name, experiment in register.experiments.items():
        outcome = experiment.outcome(today, nets[name])
        parts.append(experiment_rows(experiment, outcome, nets[name], books.currency))
    return "\n\n".join(parts if register.experiments else [*parts, "None was registered yet."]) + "\n"


def fitted(rows: Iterable[str], room: int) -> str:
    """As many lines as fit, and how many do not."""
    every = list(rows)
    taken = list(every)
    while taken and len("\n".join(taken)) > room - 40:
        taken.pop()
    left = len(every) - len(taken)
    return "\n".join([*taken, *([f"… and {left} more"] if left else [])])


def evidence_of(state: State, action: Action) -> tuple[NamedFile, ...]:
    """The file that is to prove an entry of the books: nobody says yes to it unseen."""
    path = str((action.arguments or {}).get("evidence", "")) if action.name == "book" else ""
    file = state.files.get(path)
    return (NamedFile(path=path, file=file),) if file else ()


def entry_of(state: State, result: Result) -> Asks | None:
    """What a person's ✅ on the post of an entry of the books confirms."""
    if result.name != "book" or result.observation.is_error:
        return None
    return Asks(post="entry", about=f"{state.ref.id}:{result.key}")
