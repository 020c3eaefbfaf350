"""What was spent, by goal, member and day: a few rows, and a chart. Amounts are nano-dollars. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from agent_core.session import State
from agent_core.storage.budgets import Caps, Day, Sum
from agent_core.values import NANO
from bot.render.card import EMOJI
from bot.render.escape import line
from bot.render.plots import Series, bar_chart
from bot.render.words import counted

MOST_ROWS = 12
_MOST_PARTS = 5
"""Members with a colour of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What one person may see of what a server spent."""

    days: Sequence[Day]
    """Oldest first; the last is today."""
    caps: Caps
    me: str
    """Id of whoever asks."""
    names: Mapping[str, str]
    """Member id -> name, of everybody whose share the asker may see; else of the asker alone."""


def money(nano: int) -> str:
    """US$ with at least two decimals, and as many as a small amount needs."""
    cents, rest = divmod(nano, NANO // 100)
    places = 2 if rest == 0 else 4 if nano >= NANO // 1000 else 6
    return f"${round(nano / NANO, places):.{places}f}" if places > 2 else f"${cents // 100}.{cents % 100:02d}"


def totals(view: View) -> list[str]:
    """The server's total, today's part of it, and the asker's own."""
    today = view.days[-1]
    mine = [day.members.get(view.me, Sum()) for day in view.days]
    whole = sum(day.server.nano for day in view.days)
    tokens = sum(day.server.tokens for day in view.days)
    calls = sum(day.server.calls for day in view.days)
    return [
        f"💰 **This server: {money(whole)}** in {_span(view)}"
        f" · {counted(calls, 'request')} · {counted(tokens, 'token')}",
        f"**Today** {money(today.server.nano)} of {money(view.caps.server_day)}{_held(today.server)}",
        f"**You** {money(sum(one.nano for one in mine))} in {_span(view)} ·"
        f" today {money(mine[-1].nano)} of {money(view.caps.member_day)}",
    ]


def by_day(view: View) -> list[str]:
    """One row for each day on which something was spent, the newest first."""
    spent = [day for day in reversed(view.days) if day.server.calls or day.server.nano]
    rows = [
        f"`{day.day}` {money(day.server.nano)} · {counted(day.server.calls, 'request')}"
        for day in spent[:MOST_ROWS]
    ]
    return [*rows, *_more(len(spent))]


def by_member(view: View) -> list[str]:
    """One row for each member whom the asker may see, who spent most first."""
    shares = _shares(view)
    rows = [f"**{line(view.names[member], 60)}** {money(nano)}" for member, nano in shares[:MOST_ROWS]]
    return [*rows, *_more(len(shares))]


def by_session(states: Sequence[State]) -> list[str]:
    """One row for each goal, who spent most first."""
    order = _dearest(states)
    return [*(_session(state) for state in order[:MOST_ROWS]), *_more(len(order))]


def day_chart(view: View) -> bytes:
    """The days, each bar made of the members' parts. Slow: not on the loop."""
    labels = [f"{date.fromisoformat(day.day):%d %b}" for day in view.days]
    shown = [member for member, _ in _shares(view)[:_MOST_PARTS]]
    parts = [
        Series(
            name="you" if member == view.me else view.names[member],
            values=[_usd(day.members.get(member, Sum()).nano) for day in view.days],
        )
        for member in shown
    ]
    rest = [
        _usd(day.server.nano - sum(day.members.get(member, Sum()).nano for member in shown))
        for day in view.days
    ]
    if any(rest) or not parts:
        parts.append(Series(name="everybody else" if parts else "the server", values=rest))
    return bar_chart("Spent by day", _thinned(labels), parts, unit="US$")


def member_chart(view: View) -> bytes:
    """The members side by side. Slow: not on the loop."""
    shares = _shares(view)[:MOST_ROWS]
    values = [_usd(nano) for _, nano in shares]
    labels = [view.names[member] for member, _ in shares]
    return bar_chart("Spent by member", labels, [Series(name="US$", values=values)], unit="US$")


def session_chart(states: Sequence[State]) -> bytes:
    """The goals side by side: billed, and what stands at its reservation. Slow: not on the loop."""
    order = _dearest(states)[:MOST_ROWS]
    billed = [_usd(state.spending.own - state.spending.lost_nano) for state in order]
    unsure = [_usd(state.spending.lost_nano + state.spending.held) for state in order]
    series = [Series(name="billed", values=billed)]
    if any(unsure):
        series.append(Series(name="no bill came: at its reservation", values=unsure))
    labels = [" ".join(state.goal.split())[:18] or state.ref.id for state in order]
    return bar_chart("Spent by goal", labels, series, unit="US$")


def _session(state: State) -> str:
    spending = state.spending
    place = f"<#{state.thread_id}> · " if state.thread_id else ""
    replies = "lost reply" if spending.lost == 1 else "lost replies"
    lost = f", {money(spending.lost_nano)} of it for {spending.lost:,} {replies}" if spending.lost else ""
    cap = f"{state.limits.usd:.2f}"
    return (
        f"{EMOJI[state.status]} {place}{line(state.goal, 60)} · {money(spending.total)} of ${cap}{lost}"
        f" · {counted(state.step, 'step')}"
    )


def spenders(days: Iterable[Day]) -> list[tuple[str, int]]:
    """The members of these days and what each spent, who spent most first."""
    spent: dict[str, int] = {}
    for day in days:
        for member, amount in day.members.items():
            spent[member] = spent.get(member, 0) + amount.nano
    return sorted(spent.items(), key=lambda share: -share[1])


def _shares(view: View) -> list[tuple[str, int]]:
    return [(member, nano) for member, nano in spenders(view.days) if member in view.names]


def _dearest(states: Iterable[State]) -> list[State]:
    return sorted(states, key=lambda state: -state.spending.total)


def _span(view: View) -> str:
    return "one day" if len(view.days) == 1 else f"{len(view.days)} days"


def _held(found: Sum) -> str:
    return f" ({money(found.open)} of it held for answers under way)" if found.open > 0 else ""


def _more(count: int) -> list[str]:
    return [f"… and {count - MOST_ROWS} more"] if count > MOST_ROWS else []


def _thinned(labels: Sequence[str]) -> list[str]:
    """So few labels that they do not run into each other; the newest always stands."""
    step = -(-len(labels) // 16)
    return [label if (len(labels) - 1 - at) % step == 0 else "" for at, label in enumerate(labels)]


def _usd(amount: int) -> float:
    return amount / NANO
