"""One call of a model on a session's account: money is held before each request, and settled after it."""

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeVar
from uuid import uuid4

import structlog

from agent_core.budget.meter import Meter, Standing, settled
from agent_core.budget.rules import (
    LEAST_OUTPUT,
    MOST_OUTPUT,
    Hold,
    Short,
    flat,
    hold,
    in_words,
    own_cap,
    prompt_bound,
)
from agent_core.errors import BudgetReachedError, ModelConfigError
from agent_core.events import CallReserved, CallSettled
from agent_core.model import Bill, ModelReply, Toll, most_tokens
from agent_core.session import State
from agent_core.values import NANO, Message, Usage

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

T = TypeVar("T")

BUSY_WAIT_S = 20.0
"""A request waits this long for others to give back what they hold and do not need; then the session does."""
BUSY_AGAIN_S = 60.0
TRIAL_NANO = NANO // 100
"""Held for the one small request that shows whether a server says what it charges: one cent."""
TRIAL_OUTPUT = 16
_TRIAL: tuple[Message, ...] = ({"role": "user", "content": "Answer with the word yes."},)
_ONE_EACH = Usage(prompt_tokens=1, completion_tokens=1)


class PricedModel(Protocol):
    """What is needed of a model."""

    @property
    def name(self) -> str:
        """As the server knows it."""
        ...

    @property
    def free(self) -> bool:
        """It costs nothing."""
        ...

    @property
    def silent(self) -> bool:
        """Its server has sent a bill that did not say what it charges."""
        ...

    def price(self, usage: Usage, charged_usd: float | None = None) -> int | None:
        """Nano-dollars of a request; None where no price is known."""
        ...

    def most(self, usage: Usage) -> int | None:
        """Nano-dollars that a request of at most this usage can cost; None where nobody can say."""
        ...

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Message] | None = None,
        *,
        on_text: Callable[[str], None] | None = None,
        timeout_s: float = 600.0,
        toll: Toll | None = None,
    ) -> ModelReply:
        """One reply. Raises ModelError."""
        ...


class Metered:
    """A model on a session's account: `await Metered(...).complete(messages, timeout_s=60)`."""

    def __init__(self, *, meter: Meter, state: State, model: PricedModel, purpose: str) -> None:
        """`state`: of the session that pays; its journal gets an event for each request before it is made.

        `purpose`: one word for the books, such as think, summarize or compact.
        """
        self.meter = meter
        self.state = state
        self.model = model
        self.purpose = purpose

    def call(self, messages: Sequence[Message], tools: Sequence[Message] = ()) -> "MeteredCall":
        """One call, whose last bill the caller commits: `MeteredCall.settled`."""
        return MeteredCall(self, messages, tools)

    async def complete(
        self, messages: Sequence[Message], tools: Sequence[Message] = (), *, timeout_s: float
    ) -> ModelReply:
        """One reply, all of it settled. Several may be asked for at once.

        Raises ModelError; BudgetReachedError where a request could pass a cap: none is made then.
        """
        return await self.call(messages, tools).alone(timeout_s=timeout_s)


class MeteredCall:
    """The toll of one call: each of its requests, repeats too, is held and settled by itself."""

    def __init__(
        self,
        account: Metered,
        messages: Sequence[Message],
        tools: Sequence[Message],
        *,
        trial: bool = False,
    ) -> None:
        """`trial`: to learn what the server charges; holds a fixed sum."""
        self._account = account
        self._messages = messages
        self._tools = tools
        self._trial = trial
        self._estimate = most_tokens([*messages, *tools])
        self._open: CallReserved | None = None
        self._sent = False
        self._settled: list[CallSettled] = []

    async def complete(self, *, timeout_s: float) -> ModelReply:
        """One reply; streamed, so that what says too much can be cut off. Raises as `Metered.complete`."""
        model = self._account.model
        if not self._trial and model.most(_ONE_EACH) is None:
            await self._try_out()
        return await model.complete(
            self._messages, self._tools, on_text=_unread, timeout_s=timeout_s, toll=self
        )

    async def alone(self, *, timeout_s: float) -> ModelReply:
        """As `complete`, and however it ends, its last bill is committed here."""
        try:
            return await self.complete(timeout_s=timeout_s)
        finally:
            await self._commit()

    def settled(self) -> tuple[CallSettled, ...]:
        """How the requests ended that no commit has settled yet; asked once, when the call is over."""
        if self._open is not None:  # cancelled between its reservation and its end
            self._settle(settled(self._open, "lost" if self._sent else "unsent"))
        events, self._settled = tuple(self._settled), []
        return events

    async def before(self) -> int | None:
        """Hold money for the next request; the output tokens that it may have."""
        output = await (self._free() if self._account.model.free else self._hold())
        self._sent = True
        return output

    def after(self, bill: Bill) -> None:
        """Note what the request has cost. It is written with the next commit."""
        model, reserved = self._account.model, self._open
        if reserved is None:
            return
        told = bill.usage is not None or bill.charged_usd is not None
        usage = bill.usage or Usage()
        amount = model.price(usage, bill.charged_usd) if told else None
        if model.free and not told:
            self._open = None  # there is nothing to count
        elif not bill.may_cost and not told:
            self._settle(settled(reserved, "unsent"))
        elif amount is None:
            self._settle(settled(reserved, "lost"))
        else:
            if amount > reserved.nano:
                log.warning("more than was held", call=reserved.call, nano=amount, held=reserved.nano)
            self._settle(settled(reserved, "billed", cost=amount, usage=usage))

    async def _commit(self) -> None:
        if events := self.settled():
            await whole(self._account.meter.commit(self._account.state, events))

    def _settle(self, event: CallSettled) -> None:
        self._open, self._sent = None, False
        self._settled.append(event)

    async def _free(self) -> int | None:
        """A free model holds nothing, and is limited only where the session's tokens run out."""
        output = self._tokens_left(self._prompt())
        day, host_day = await self._account.meter.dates(self._account.state)
        self._open = CallReserved(
            call=f"free-{uuid4().hex}",
            purpose=self._account.purpose,
            nano=0,
            tokens=0,
            day=day,
            host_day=host_day,
        )
        return output if output < MOST_OUTPUT else None

    async def _hold(self) -> int | None:
        meter = self._account.meter
        await self._commit()  # what a failed request held is free for the next
        loop = asyncio.get_running_loop()
        until = loop.time() + BUSY_WAIT_S
        while True:
            standing = await meter.standing(self._account.state)
            room = self._room(standing)
            if isinstance(room, Hold):
                await whole(self._take(room, standing))
                if self._open is not None:
                    return room.output
            elif not room.busy or loop.time() > until:
                raise self._reached(room)
            await asyncio.sleep(random.uniform(0.2, 1.0))  # noqa: S311 -- only so that not all ask at once

    async def _take(self, room: Hold, standing: Standing) -> None:
        reserved = CallReserved(
            call="",  # the meter names it
            purpose=self._account.purpose,
            nano=room.nano,
            tokens=room.prompt + room.output,
            estimate=self._estimate,
        )
        self._open = await self._account.meter.hold(self._account.state, reserved, standing)

    def _room(self, standing: Standing) -> Hold | Short:
        state = self._account.state
        own, prompt = own_cap(state.spending, state.limits), self._prompt()
        if self._trial:
            return flat(own, standing.caps, nano=TRIAL_NANO, prompt=prompt, output=TRIAL_OUTPUT)
        room = hold(own, standing.caps, prompt, self._most)
        output = self._tokens_left(prompt)
        if isinstance(room, Short) or output >= room.output:
            return room
        amount = self._most(Usage(prompt_tokens=prompt, completion_tokens=output))
        return Hold(nano=amount, prompt=prompt, output=output)

    def _prompt(self) -> int:
        """The most tokens that the prompt can have."""
        thinks = self._account.purpose == "think"
        return prompt_bound(self._estimate, self._account.state.spending.measured if thinks else None)

    def _tokens_left(self, prompt: int) -> int:
        """Output tokens within the session's limit. Raises BudgetReachedError where too few are left."""
        state = self._account.state
        used = state.usage.total_tokens + state.spending.held_tokens
        left = state.limits.tokens - used - prompt
        if left < LEAST_OUTPUT:
            text = f"{used:,} of {state.limits.tokens:,} tokens are used; the next step could pass that."
            raise BudgetReachedError(text, what="tokens")
        return left

    def _most(self, usage: Usage) -> int:
        amount = self._account.model.most(usage)
        if amount is None:
            raise _unpriced(self._account.model.name)
        return amount

    def _reached(self, short: Short) -> BudgetReachedError:
        until = short.cap.until
        if short.busy:
            again = self._account.meter.now() + BUSY_AGAIN_S
            until = again if until is None else min(again, until)
        return BudgetReachedError(in_words(short), what=short.cap.what, until=until)

    async def _try_out(self) -> None:
        """Ask once, for a cent at most, whether the server says what it charges. Raises ModelConfigError."""
        account = self._account
        if not account.model.silent:
            await MeteredCall(account, _TRIAL, (), trial=True).alone(timeout_s=60.0)
        if account.model.most(_ONE_EACH) is None:
            raise _unpriced(account.model.name)


def _unpriced(name: str) -> ModelConfigError:
    return ModelConfigError(
        f"No price is known for the model {name!r}, and its server does not say what it charges."
        f' Set MODEL_PRICES: {{"{name}": [input, cached, output]}} in US$ per million tokens,'
        " or `free` where it costs nothing. Then `/resume`."
    )


async def whole(work: Coroutine[Any, Any, T]) -> T:
    """Let the work end even where its caller is cancelled, who would not know what is written by then."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


def _unread(_text: str) -> None:
    """Nobody reads along."""
