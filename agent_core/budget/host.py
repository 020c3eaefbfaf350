"""Calls that no session makes: they stand in the host's books alone, and pass none of its caps."""

from datetime import UTC, datetime
from uuid import uuid4

from agent_core.clock import Clock
from agent_core.errors import BudgetReachedError
from agent_core.model import Bill, Model
from agent_core.storage.budgets import Budgets, Caps, Entry
from agent_core.values import NANO, SessionRef, Usage

OUTPUT = 512
"""Tokens of an answer at most."""
_UNPRICED = NANO // 100
"""Held where no price is known: one cent."""
_HOST = SessionRef("host", "host")


class HostToll:
    """Holds money for each request, and books what it cost once `close` is called."""

    def __init__(self, model: Model, budgets: Budgets, caps: Caps, clock: Clock, *, prompt: int) -> None:
        """`prompt`: the most tokens that a prompt can have."""
        self._model = model
        self._budgets = budgets
        self._caps = caps
        self._day = datetime.fromtimestamp(clock.now(), UTC).date().isoformat()
        self._held = 0
        self._most = Usage(prompt_tokens=prompt, completion_tokens=OUTPUT)
        self._open: Entry | None = None
        self._over: list[tuple[Entry, int, Usage]] = []

    async def before(self) -> int | None:
        """Hold the most that it can cost. Raises BudgetReachedError where the host has no room for it."""
        amount = self._model.most(self._most)
        self._held = _UNPRICED if amount is None else amount
        day = self._day
        entry = Entry(ref=_HOST, call=uuid4().hex, member_id="host", day=day, host_day=day)
        if not await self._budgets.reserve_for_host(entry, self._held, self._caps):
            raise BudgetReachedError("The host's own cap leaves no room for it.", what="host_day")
        self._open = entry
        return OUTPUT

    def after(self, bill: Bill) -> None:
        """Note what it has cost; one whose bill is lost stands at what was held."""
        entry, self._open = self._open, None
        if entry is None:
            return
        usage = bill.usage or Usage()
        told = bill.usage is not None or bill.charged_usd is not None
        cost = self._model.price(usage, bill.charged_usd) if told else None
        if cost is None:
            cost = self._held if bill.may_cost else 0
        self._over.append((entry, cost, usage))

    async def close(self) -> None:
        """Book it all. What is not booked stays at what was held."""
        for entry, cost, usage in self._over:
            await self._budgets.settle_for_host(entry, cost, usage)
        self._over.clear()
