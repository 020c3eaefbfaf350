"""Each request is asked for before it goes out, and its bill is handed over however it ends."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Any

import pytest

from agent_core.errors import ModelError
from agent_core.model import Bill, Model
from tests.agent_core.model.asking import HELLO, asking
from tests.agent_core.model.hostile import (
    HANG,
    RESET,
    STOP,
    Asked,
    delta,
    error,
    http,
    message,
    stream,
)

USAGE = {"prompt_tokens": 9, "completion_tokens": 3}
GOOD = message(content="yes", usage=USAGE)


@dataclass
class Booth:
    """Takes note."""

    limit: int | None = None
    asked: int = 0
    bills: list[Bill] = field(default_factory=list[Bill])

    async def before(self) -> int | None:
        self.asked += 1
        return self.limit

    def after(self, bill: Bill) -> None:
        self.bills.append(bill)


async def bills(*replies: Any, limit: int | None = None) -> list[Bill]:
    """The bills of one streamed call, whether it gave a reply or not."""
    booth = Booth(limit=limit)
    async with asking(*replies) as (model, server):
        with contextlib.suppress(ModelError):
            await model.complete(HELLO, [], on_text=str, timeout_s=5, toll=booth)
        assert booth.asked == len(booth.bills) == len(server.asked)
    return booth.bills


UNSENT = {
    "a refused key": error(401, "no"),
    "a limit on requests": error(429, "slow down"),
    "a server error": error(500, "oops"),
    "too long": error(400, "maximum context length is 10", code="context_length_exceeded"),
    "an error in place of the stream": stream(
        {"error": {"message": "rate limit", "code": "rate_limit_exceeded"}}
    ),
    "a web page": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
}
LOST = {
    "the connection broke before the answer": [RESET],
    "a gateway lost patience": error(504, "timeout"),
    "the stream broke off": [*stream(delta(content="ye"), done=False), RESET],
    "an error after the first words": stream(
        delta(content="ye"), {"error": {"message": "rate limit", "code": "rate_limit_exceeded"}}
    ),
    "a whole reply without a bill": stream(delta(content="yes"), STOP),
    "an empty answer": http(b""),
}


@pytest.mark.parametrize("reply", UNSENT.values(), ids=UNSENT)
async def test_what_was_refused_costs_nothing(reply: Any):
    first = (await bills(reply, GOOD))[0]
    assert (first.usage, first.may_cost) == (None, False)


@pytest.mark.parametrize("reply", LOST.values(), ids=LOST)
async def test_what_may_have_been_worked_on_may_cost(reply: Any):
    first = (await bills(reply, GOOD))[0]
    assert (first.usage, first.may_cost) == (None, True)


async def test_a_server_that_is_not_there_costs_nothing():
    booth = Booth()
    async with Model(base_url="http://127.0.0.1:9/v1", name="m", _backoff_s=0.001) as model:
        with pytest.raises(ModelError):
            await model.complete(HELLO, timeout_s=5, toll=booth)
    assert {bill.may_cost for bill in booth.bills} == {False}


async def test_repeats_are_asked_for_one_by_one():
    found = await bills([RESET], error(429, "slow"), GOOD)
    assert [bill.may_cost for bill in found] == [True, False, True]
    assert found[2].usage is not None
    assert found[2].usage.total_tokens == 12


async def test_a_cancelled_request_is_handed_over_too():
    booth = Booth()
    async with asking([*stream(delta(content="ye"), done=False), HANG]) as (model, server):
        work = asyncio.create_task(model.complete(HELLO, on_text=str, timeout_s=20, toll=booth))
        await server.arrived.wait()
        work.cancel()
        await asyncio.wait({work})
    assert [bill.may_cost for bill in booth.bills] == [True]


async def test_the_limit_on_the_output_has_the_name_that_the_server_takes():
    def picky(asked: Asked) -> Any:
        if "max_tokens" in asked.body:
            return error(
                400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'.", param="max_tokens"
            )
        return GOOD

    booth = Booth(limit=77)
    async with asking(picky) as (model, server):
        for _ in range(2):
            await model.complete(HELLO, timeout_s=5, toll=booth)
    sent = [(one.body.get("max_tokens"), one.body.get("max_completion_tokens")) for one in server.asked]
    assert sent == [(77, None), (None, 77), (None, 77)]


async def test_a_limit_that_is_counted_against_the_window_is_left_out():
    said = "This model's maximum context length is 4096 tokens, you requested 5000 (1000 in the completion)."

    def small(asked: Asked) -> Any:
        return error(400, said) if "max_tokens" in asked.body else GOOD

    async with asking(small) as (model, server):
        assert (await model.complete(HELLO, timeout_s=5, toll=Booth(limit=1000))).text == "yes"
    assert len(server.asked) == 2


async def test_what_says_more_than_it_may_is_cut_and_whole_as_far_as_it_goes():
    words = [delta(content="word ") for _ in range(500)]
    booth = Booth(limit=20)
    async with asking([*stream(*words, done=False), HANG]) as (model, server):
        reply = await model.complete(HELLO, on_text=str, timeout_s=20, toll=booth)
        async with asyncio.timeout(5):
            await server.left.wait()
    assert (reply.finish_reason, reply.text) == ("length", ("word " * 21).strip() + " ")
    assert [(bill.usage, bill.may_cost) for bill in booth.bills] == [(None, True)]


async def test_what_the_toll_raises_ends_the_call():
    class Closed(Booth):
        async def before(self) -> int | None:
            raise KeyError

    async with asking(GOOD) as (model, server):
        with pytest.raises(KeyError):
            await model.complete(HELLO, timeout_s=5, toll=Closed())
    assert server.asked == []
