"""One call of `complete`: attempts, waits and lessons, inside one deadline."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from agent_core.model.codec import Codec, Fold
from agent_core.model.codec_chat import CHAT
from agent_core.model.codec_responses import RESPONSES
from agent_core.model.conclude import Offer, Price, conclude, refused_call
from agent_core.model.failures import broken
from agent_core.model.gauge import Gauge
from agent_core.model.learned import Learned, shows_pictures
from agent_core.model.receive import Patience, receive
from agent_core.model.reply import BrokenReplyError, Draft, Failure, ModelReply
from agent_core.model.retry import RetryRules
from agent_core.model.shapes import JsonObject, dump, mapping, mended
from agent_core.model.text import CallGate, Narrator
from agent_core.model.toll import Bill, Toll
from agent_core.model.wire import Wire
from agent_core.values import Message, Usage

_MOST_ROUNDS = 64
"""Requests of one call at most, lessons included."""


Api = Literal["auto", "chat", "responses"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked, and by which rules."""

    name: str
    api: Api
    messages: Sequence[Message]
    tools: Sequence[Message]
    offer: Offer
    price: Price
    rules: RetryRules
    patience: Patience
    deadline: float
    """Loop time."""
    toll: Toll


class Completion:
    """Runs one request to its reply or its failure."""

    def __init__(
        self, request: Request, wire: Wire, learned: Learned, narrator: Narrator, *, stream: bool
    ) -> None:
        self._request = request
        self._wire = wire
        self._learned = learned
        self._narrator = narrator
        self._stream = stream
        self._last: Failure | None = None
        self._empty: ModelReply | None = None
        self._tries = 0

    async def run(self) -> ModelReply | Failure:
        """The reply, or the failure to raise. Whatever the caller's `on_text` raises passes through."""
        for _ in range(_MOST_ROUNDS):
            codec = self._codec()
            limit = await self._request.toll.before()
            body = self._body(codec, limit)
            outcome = await self._attempt(codec, body, limit)
            if outcome is None:
                return self._last or broken("no reply came in the time that it was given")
            if isinstance(outcome, ModelReply):
                if self._whole(outcome):
                    return self._with_empty(outcome)
                self._empty = outcome
                continue
            if self._turned(codec, outcome) or self._learned.learn(outcome, body):
                continue
            self._learned.overflowed(outcome)
            self._last = outcome
            self._tries += 1
            wait = self._wait(outcome)
            if isinstance(wait, Failure):
                return wait
            await asyncio.sleep(wait)
        return self._last or broken("no reply came in many requests")

    def _codec(self) -> Codec:
        demanded = self._request.api == "auto" and self._learned.responses
        return RESPONSES if demanded or self._request.api == "responses" else CHAT

    def _turned(self, codec: Codec, failure: Failure) -> bool:
        """The server wants the other codec; where that fails, the first again, without reasoning."""
        learned = self._learned
        if codec is CHAT and not learned.no_effort and learned.demands_responses(failure):
            learned.responses = self._request.api == "auto"
            learned.no_effort = not learned.responses
            return True
        fails = failure.kind in ("config", "bad_request", "bad_server")
        if codec is RESPONSES and learned.responses and fails and not learned.proved:
            learned.responses, learned.no_effort = False, True
            return True
        return False

    def _body(self, codec: Codec, limit: int | None) -> JsonObject:
        request = self._request
        return codec.encode(
            request.name,
            request.messages,
            request.tools,
            stream=self._stream,
            learned=self._learned,
            max_output=limit,
        )

    def _wait(self, failure: Failure) -> float | Failure:
        left = self._request.deadline - asyncio.get_running_loop().time()
        jitter = secrets.randbelow(1000) / 1000
        return self._request.rules.wait(failure, self._tries, left_s=left, jitter=jitter)

    async def _attempt(
        self, codec: Codec, body: JsonObject, limit: int | None
    ) -> ModelReply | Failure | None:
        """One request; None where the deadline came first. However it ends, its bill is handed over."""
        self._narrator.restart()
        fold = codec.fold(self._request.offer.names)
        may_cost, whole = True, False
        timer = asyncio.timeout_at(self._request.deadline)
        try:
            async with timer:
                draft = await self._exchange(codec, body, fold, Gauge(limit))
            outcome = conclude(draft, self._request.offer, self._request.price)
            whole = isinstance(outcome, ModelReply)
        except BrokenReplyError as error:
            may_cost = _may_cost(error.failure, fold)
            return self._refused(error.failure)
        except TimeoutError:
            if timer.expired():
                return None
            raise
        finally:
            usage, charged = fold.bill if fold.finished or whole else (None, None)
            self._learned.charges.observe(usage, charged)
            self._request.toll.after(Bill(usage=usage, charged_usd=charged, may_cost=may_cost))
        if isinstance(outcome, ModelReply):
            if self._learned.sees is None and shows_pictures(body):
                self._learned.sees = True
            self._learned.proved = self._learned.proved or codec is RESPONSES
            self._narrator.finish(outcome.text)
        return outcome

    async def _exchange(self, codec: Codec, body: JsonObject, fold: Fold, gauge: Gauge) -> Draft:
        gate = CallGate(active=bool(self._request.tools))
        patience = self._request.patience if body.get("stream") else None

        def tell(piece: str) -> None:
            self._narrator.feed(gate.feed(piece))

        async with self._wire.post(codec.path, encoded(body)) as answer:
            return await receive(answer, fold, tell, patience, gauge)

    def _refused(self, failure: Failure) -> ModelReply | Failure:
        """A call that its own server refused goes back to the model, as an action or as text."""
        if failure.generation is None:
            return failure
        reply = refused_call(failure.generation, failure.wording, self._request.offer)
        self._narrator.finish(reply.text)
        return reply

    def _whole(self, reply: ModelReply) -> bool:
        """Not empty, or empty for the second time."""
        said = bool(reply.text.strip() or reply.actions)
        return said or self._empty is not None or reply.finish_reason != "stop"

    def _with_empty(self, reply: ModelReply) -> ModelReply:
        """The bill of the empty reply before goes with this one."""
        if self._empty is None:
            return reply
        costs = [cost for cost in (self._empty.cost_usd, reply.cost_usd) if cost is not None]
        usage: Usage = self._empty.usage + reply.usage
        return replace(reply, usage=usage, cost_usd=sum(costs) if costs else None)


def encoded(body: JsonObject) -> bytes:
    """The body as it goes over the wire; lone surrogates, which have no UTF-8, are replaced."""
    try:
        return dump(body).encode()
    except UnicodeEncodeError:
        return dump(mapping(mended(body))).encode()


_REFUSALS = frozenset({"rate_limit", "quota", "overflow", "auth", "config", "bad_request"})


def _may_cost(failure: Failure, fold: Fold) -> bool:
    """An error in place of a reply is a refusal; after the first piece of one the model has worked."""
    return failure.may_cost and (fold.began or failure.kind not in _REFUSALS)
