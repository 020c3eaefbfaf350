"""What can pass is repeated inside one deadline; cancelling ends it at once."""

import asyncio
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_core.errors import ModelError, RateLimitError, TransientModelError
from agent_core.model.reply import Failure
from agent_core.model.retry import RetryRules
from agent_core.model.said import delay_in, retry_after
from tests.agent_core.model.asking import HELLO, ask, asking, failing, streamed
from tests.agent_core.model.hostile import (
    HANG,
    RESET,
    STOP,
    STREAM,
    delta,
    error,
    event,
    http,
    message,
    stream,
)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 529, 408, 520])
async def test_a_server_error_is_asked_again(status: int):
    async with asking(error(status, "down"), error(status, "down"), message(content="up")) as (model, server):
        assert (await model.complete(HELLO, [], timeout_s=20)).text == "up"
    assert len(server.asked) == 3
    assert server.asked[0].body == server.asked[2].body


async def test_a_server_that_stays_down_is_transient_after_five_tries():
    async with asking(error(503, "down for good")) as (model, server):
        with pytest.raises(TransientModelError, match="down for good"):
            await model.complete(HELLO, [], timeout_s=20)
    assert len(server.asked) == 5


async def test_a_refused_connection_is_transient():
    async with asking(message(content="x")) as (model, server):
        model = type(model)(base_url="http://127.0.0.1:9/v1", name="m", _backoff_s=0.001)
        async with model:
            with pytest.raises(TransientModelError, match=r"127\.0\.0\.1:9"):
                await model.complete(HELLO, [], timeout_s=20)
    assert server.asked == []


async def test_a_reset_connection_is_asked_again():
    reply, _ = await streamed([RESET], [b"HTTP/1.1 200 OK\r\n", RESET], stream(delta(content="x"), STOP))
    assert reply.text == "x"


@pytest.mark.parametrize(
    "base_url",
    ["ftp://127.0.0.1/v1", "localhost:11434/v1", "no address", "http://", "http://[broken/v1", "http://:80"],
)
async def test_an_address_that_is_none_is_a_question_of_the_setting(base_url: str):
    from agent_core.model import Model

    with pytest.raises(ModelError) as caught:
        async with Model(base_url=base_url, name="m", _backoff_s=0.001) as model:
            await model.complete(HELLO, [], timeout_s=5)
    assert caught.value.kind == "config"
    assert "http://" in str(caught.value)


async def test_a_short_retry_after_is_waited_for():
    async with asking(error(429, "slow", {"Retry-After": "0.2"}), message(content="x")) as (model, server):
        began = asyncio.get_running_loop().time()
        assert (await model.complete(HELLO, [], timeout_s=20)).text == "x"
        waited = asyncio.get_running_loop().time() - began
    assert waited >= 0.2
    assert len(server.asked) == 2


@pytest.mark.parametrize("status", [429, 503])
async def test_a_retry_after_that_does_not_fit_is_raised_at_once(status: int):
    async with asking(error(status, "slow", {"Retry-After": "30"})) as (model, server):
        with pytest.raises(RateLimitError) as caught:
            await model.complete(HELLO, [], timeout_s=5)
    assert caught.value.retry_after_s == 30
    assert caught.value.kind == "rate_limit"
    assert len(server.asked) == 1


async def test_a_retry_after_of_hours_is_raised_at_once_however_long_the_call_may_last():
    raised = await failing(error(429, "slow", {"Retry-After": "3600"}), timeout_s=10_000)
    assert isinstance(raised, RateLimitError)
    assert raised.retry_after_s == 3600


async def test_a_rate_limit_without_a_time_is_tried_some_times():
    async with asking(http(b"", 429)) as (model, server):
        with pytest.raises(RateLimitError) as caught:
            await model.complete(HELLO, [], timeout_s=20)
    assert caught.value.retry_after_s is None
    assert len(server.asked) == 8


async def test_past_the_deadline_the_last_failure_is_raised():
    raised = await failing(error(503, "first words"), [HANG], timeout_s=0.5)
    assert "first words" in str(raised)


@pytest.mark.parametrize("pieces", [[HANG], [STREAM, HANG], [STREAM, event(delta(content="x")), HANG]])
@pytest.mark.parametrize("on_text", [None, str])
async def test_without_a_failure_the_deadline_is_transient(pieces: list[bytes], on_text: Any):
    raised = await failing(pieces, on_text=on_text, timeout_s=0.3)
    assert isinstance(raised, TransientModelError)


@pytest.mark.parametrize("pieces", [[HANG], [STREAM, HANG], [STREAM, event(delta(content="x")), HANG]])
@pytest.mark.parametrize("on_text", [None, str])
async def test_cancelling_closes_the_socket_at_once(pieces: list[bytes], on_text: Any):
    async with asking(pieces) as (model, server):
        call = asyncio.create_task(model.complete(HELLO, [], on_text=on_text, timeout_s=60))
        async with asyncio.timeout(10):
            await server.arrived.wait()
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            await server.left.wait()


async def test_cancelling_ends_a_wait():
    async with asking(error(429, "slow", {"Retry-After": "50"})) as (model, server):
        call = asyncio.create_task(model.complete(HELLO, [], timeout_s=100))
        async with asyncio.timeout(10):
            await server.arrived.wait()
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call


async def test_what_on_text_raises_reaches_the_caller_and_closes_the_socket():
    def refuse(piece: str) -> None:
        raise TimeoutError(piece)  # the caller's own, not the deadline's

    async with asking([STREAM, event(delta(content="x")), HANG]) as (model, server):
        with pytest.raises(TimeoutError, match=r"^x$"):
            await model.complete(HELLO, [], on_text=refuse, timeout_s=60)
        async with asyncio.timeout(10):
            await server.left.wait()
    assert len(server.asked) == 1


async def test_many_calls_share_a_model():
    async with asking(message(content="x")) as (model, server):
        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(model.complete(HELLO, [], timeout_s=20)) for _ in range(50)]
        assert {call.result().text for call in calls} == {"x"}
    assert len(server.asked) == 50


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_at_the_same_server_keeps_the_request(status: int):
    moved = http(b"", status, headers={"Location": "/api/v1/chat/completions"})
    async with asking(moved, message(content="x")) as (model, server):
        assert (await model.complete(HELLO, [], timeout_s=5)).text == "x"
    assert server.asked[1].path == "/api/v1/chat/completions"
    assert server.asked[1].body == server.asked[0].body


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_carries_the_key_to_another_origin(status: int):
    async with asking(message(content="stolen")) as (_, other):
        moved = http(b"", status, headers={"Location": f"{other.url}/chat/completions"})
        raised = await failing(moved, timeout_s=5)
        assert raised.kind == "config"
        assert other.url in str(raised)
        assert other.asked == []


async def test_a_circle_of_redirects_ends():
    raised = await failing(http(b"", 307, headers={"Location": "/v1/chat/completions"}), timeout_s=5)
    assert raised.kind == "config"


NOW = 1_800_000_000.0
HEADERS: list[tuple[dict[str, str], float | None]] = [
    ({"retry-after": "20"}, 20),
    ({"retry-after": " 1.5 "}, 1.5),
    ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
    ({"retry-after": "-5"}, 0),
    ({"retry-after": formatdate(NOW + 60, usegmt=True)}, 60),
    ({"retry-after": formatdate(NOW - 60, usegmt=True)}, 0),
    ({"retry-after": formatdate(NOW + 60, usegmt=True), "date": formatdate(NOW + 30, usegmt=True)}, 30),
    ({"retry-after": "soon"}, None),
    ({"retry-after": "9" * 40}, None),
    ({"retry-after": "nan"}, None),
    ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0.5s"}, 360.5),
    ({"x-ratelimit-remaining-tokens": "7", "x-ratelimit-reset-tokens": "6m0s"}, None),
    ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int((NOW + 9) * 1000))}, 9),
    ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "12"}, 12),
    ({}, None),
]


@pytest.mark.parametrize(("headers", "seconds"), HEADERS)
def test_every_form_of_retry_after_is_read(headers: dict[str, str], seconds: float | None):
    assert (
        retry_after(headers, NOW) == pytest.approx(seconds)
        if seconds is not None
        else retry_after(headers, NOW) is None
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("please try again in 20s.", 20),
        ("try again in 7m38.4s. need more", 458.4),
        ("please try again in 6ms. visit", 0.006),
        ("retry after 20 seconds.", 20),
        ("please retry in 33.5s", 33.5),
        ("wait 2 minutes", 120),
        ("try again in 1h2m", 3720),
        ("try again later", None),
        ("try again in 5 attempts", None),
    ],
)
def test_a_delay_is_read_from_the_words(text: str, seconds: float | None):
    assert delay_in(text) == (pytest.approx(seconds) if seconds is not None else None)


failures = st.builds(
    Failure,
    kind=st.sampled_from(["transient", "rate_limit", "quota", "bad_request"]),
    text=st.just(""),
    retry_after_s=st.none() | st.floats(0, 1e6),
)


@settings(deadline=None)
@given(failures, st.integers(1, 20), st.floats(-10, 1e5), st.floats(0, 1))
def test_a_wait_always_fits_and_is_never_shorter_than_asked(
    failure: Failure, tries: int, left: float, jitter: float
):
    wait = RetryRules().wait(failure, tries, left_s=left, jitter=jitter)
    if isinstance(wait, Failure):
        return
    assert 0 <= wait <= left
    assert wait >= (failure.retry_after_s or 0)
    assert failure.kind in ("transient", "rate_limit")


def test_the_waits_double():
    waits = [
        RetryRules().wait(Failure(kind="transient", text=""), tries, left_s=1000, jitter=0.5)
        for tries in range(1, 5)
    ]
    assert waits == [1, 2, 4, 8]


async def test_an_attempt_after_the_deadline_is_not_made():
    assert (await ask(message(content="x"), timeout_s=5)).text == "x"
    raised = await failing(message(content="x"), timeout_s=0)
    assert isinstance(raised, TransientModelError)
