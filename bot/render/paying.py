"""Money in a thread: limits that are reached, grants, and requests that came back without a bill. Pure."""

from agent_core.events import CallReserved, CallSettled, Commit, LimitReached, ToppedUp
from agent_core.session.take import MORE
from agent_core.storage import Asks
from agent_core.values import NANO, ServerRules
from bot.render import asking
from bot.render.block import Block
from bot.render.escape import line
from bot.render.page import Page, note, waited_for
from bot.render.words import dollars

LONG_WAIT_S = 300.0
"""Seconds; the thread is not told of a shorter wait for money."""


def pay(
    page: Page,
    event: LimitReached | ToppedUp | CallReserved | CallSettled,
    commit: Commit,
    rules: ServerRules,
) -> None:
    """What the thread shows of this event."""
    match event:
        case LimitReached():
            _limit(page, event, commit, rules)
        case ToppedUp():
            _topped_up(page, event)
        case CallReserved() | CallSettled():
            _spends(page, event, rules)


def _limit(page: Page, event: LimitReached, commit: Commit, rules: ServerRules) -> None:
    state = page.thread.state
    if event.until is not None and event.until - commit.at < LONG_WAIT_S:
        return note(page, rules, f"{line(event.text, 300)} It is tried again in a moment.")
    by_itself = event.until is not None
    page.thread.budget = page.ask(
        asking.budget(event),
        asking.until(event.until) if event.until is not None else asking.budget_legend(state, rules),
        above=Block(text=""),
        asks=None if by_itself else Asks(post="budget", about=str(state.limit_version)),
        reactions=() if by_itself else (MORE,),
        mention=None if by_itself else waited_for(page, rules),
    )
    return None


def _spends(page: Page, event: CallReserved | CallSettled, rules: ServerRules) -> None:
    """Costs are on the card and the marker lines; of a request without a bill people should know."""
    budget = page.thread.budget
    if budget is not None and page.thread.state.limit is None:
        page.thread.budget = None
        page.change(budget.answered("-# ▶️ it goes on"))
    if isinstance(event, CallSettled) and event.outcome == "lost":
        cost = dollars(event.nano / NANO)
        note(
            page,
            rules,
            f"a request ({line(event.purpose, 40)}) came back without a bill: it counts as {cost}",
        )


def _topped_up(page: Page, event: ToppedUp) -> None:
    budget, page.thread.budget = page.thread.budget, None
    if budget is not None:
        page.change(budget.answered(asking.granted(event)))
