"""How much may one request hold? From what each cap has left. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent_core.budget.calendar import Days
from agent_core.errors import LimitName
from agent_core.session.spending import Spending
from agent_core.storage.budgets import Caps, Sum, Sums
from agent_core.values import NANO, Limits, Usage, nano

LEAST_OUTPUT = 256
"""Tokens; with less to say a request is not made."""
EASY_OUTPUT = 4_096
"""Tokens that a request may have without regard to how much of the session's budget that is."""
MOST_OUTPUT = 16_384
SHARE = 4
"""Above EASY_OUTPUT, the output of one request holds at most this part of what the session has left."""

Most = Callable[[Usage], int]
"""The most nano-dollars that a request of this usage can cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """One limit on money, and where it stands. Nano-dollars."""

    what: LimitName
    limit: int
    spent: int
    """With what is held."""
    held: int
    """For requests under way: it may come back."""
    until: float | None
    """Unix seconds when it begins anew; None: it never does."""

    @property
    def left(self) -> int:
        """What may still be held."""
        return self.limit - self.spent


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What a request may take, and what is held for it."""

    nano: int
    prompt: int
    """Tokens."""
    output: int
    """Tokens; the server is told, and a stream that passes it is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Short:
    """A cap that leaves no room."""

    cap: Cap
    busy: bool
    """There is room once requests that are under way cost less than was held for them."""


def caps_of(sums: Sums, caps: Caps, days: Days) -> list[Cap]:
    """The caps of member, server and host."""

    def cap(what: LimitName, limit: int, found: Sum, until: float) -> Cap:
        return Cap(what=what, limit=limit, spent=found.nano, held=found.open, until=until)

    return [
        cap("member_day", caps.member_day, sums.member_day, days.server_ends),
        cap("server_day", caps.server_day, sums.server_day, days.server_ends),
        cap("host_day", caps.host_day, sums.host_day, days.host_ends),
        cap("host_month", caps.host_month, sums.host_month, days.month_ends),
    ]


def own_cap(spending: Spending, limits: Limits) -> Cap:
    """The cap of the session."""
    return Cap(what="usd", limit=nano(limits.usd), spent=spending.total, held=spending.held, until=None)


def prompt_bound(estimate: int, measured: tuple[int, int] | None) -> int:
    """The most tokens of a prompt that is taken for `estimate` by its bytes.

    `measured`: what the last one was taken for, and what it was. What was appended to it since counts in
    full; one that has become shorter, in proportion.
    """
    if measured is None or measured[0] <= 0:
        return estimate
    then = measured[0]
    true = max(measured[1], then // 8)  # a server that reports too few is not believed
    if estimate >= then:
        return true + estimate - then
    return max(estimate, -(-estimate * true // then))


def hold(own: Cap, others: Sequence[Cap], prompt: int, most: Most) -> Hold | Short:
    """What a request with this prompt may hold, or the cap that leaves no room for it."""
    least = most(Usage(prompt_tokens=prompt, completion_tokens=LEAST_OUTPUT))
    tightest = min((own, *others), key=lambda cap: cap.left)
    if least > tightest.left:
        return Short(cap=tightest, busy=least <= tightest.left + tightest.held)
    bare = most(Usage(prompt_tokens=prompt))
    rate = (most(Usage(prompt_tokens=prompt, completion_tokens=MOST_OUTPUT)) - bare) / MOST_OUTPUT
    output = MOST_OUTPUT
    if rate > 0:
        wanted = max(EASY_OUTPUT, int(own.left / SHARE / rate))
        output = max(LEAST_OUTPUT, min(MOST_OUTPUT, wanted, int((tightest.left - bare) / rate) - 1))
    amount = most(Usage(prompt_tokens=prompt, completion_tokens=output))
    if amount > tightest.left:  # a price that grows with the output
        output, amount = LEAST_OUTPUT, least
    return Hold(nano=amount, prompt=prompt, output=output)


def flat(own: Cap, others: Sequence[Cap], *, nano: int, prompt: int, output: int) -> Hold | Short:
    """A fixed sum, or the cap that leaves no room for it."""
    tightest = min((own, *others), key=lambda cap: cap.left)
    if nano > tightest.left:
        return Short(cap=tightest, busy=nano <= tightest.left + tightest.held)
    return Hold(nano=nano, prompt=prompt, output=output)


def dollars(amount: int) -> str:
    """Nano-dollars for people, cut and not rounded up: never more than there is."""
    cents = amount * 10_000 // NANO
    return f"${cents / 10_000:.2f}" if cents % 100 == 0 else f"${cents / 10_000:.4f}"


_WHOSE: dict[LimitName, str] = {
    "usd": "this goal may cost",
    "member_day": "one member's goals may cost in a day",
    "server_day": "this server may spend in a day",
    "host_day": "the host lets all servers together spend in a day (UTC)",
    "host_month": "the host lets all servers together spend in a month (UTC)",
}


def in_words(short: Short) -> str:
    """Which cap it is, and how it stands."""
    cap = short.cap
    used = f"{dollars(min(cap.spent, cap.limit))} of the {dollars(cap.limit)} that {_WHOSE[cap.what]}"
    if short.busy:
        return f"{used} are spent, or held for answers that are under way."
    return f"{used} are spent; the next step could cost more than is left."
