"""Each way of failing, in the words of many vendors, has one class."""

import json
from pathlib import Path
from typing import Any

import pytest

from agent_core import errors
from agent_core.model.failures import as_error, from_event, from_status
from tests.agent_core.model.asking import KEY, ask, asking, failing
from tests.agent_core.model.hostile import document, error, event, http, stream, tool_call

CASES: list[tuple[str, int, Any]] = [
    (case["kind"], case["status"], case["body"])
    for case in json.loads((Path(__file__).parent / "wordings.json").read_text(encoding="utf-8"))
]
"""The class, the HTTP status, and the body in the words of some vendor."""
INSIDE: list[tuple[str, Any]] = [
    (kind, body)
    for kind, _, body in CASES
    if isinstance(body, dict) and ("error" in body or "base_resp" in body)
]
"""Bodies that say without their status that they are an error."""


def words(body: Any) -> str:
    return body if isinstance(body, str) else json.dumps(body)


@pytest.mark.parametrize(("kind", "status", "body"), CASES)
def test_every_wording_has_its_class(kind: str, status: int, body: Any):
    failure = from_event(body) if status == 200 else from_status(status, {}, words(body), now=0)
    assert failure.kind == kind
    raised = as_error(failure, where="http://host/v1", key=KEY)
    assert raised.kind == kind
    assert len(str(raised)) < 700


@pytest.mark.parametrize(
    "kind", ["overflow", "quota", "auth", "config", "filtered", "bad_server", "bad_request"]
)
async def test_what_cannot_pass_is_asked_once(kind: str):
    status, body = next((status, body) for known, status, body in CASES if known == kind and status != 200)
    async with asking(http(words(body).encode(), status)) as (model, server):
        with pytest.raises(errors.ModelError) as caught:
            await model.complete([{"role": "user", "content": "hi"}], [], timeout_s=10)
    assert caught.value.kind == kind
    assert len(server.asked) == 1


@pytest.mark.parametrize("on_text", [None, str], ids=["plain", "streamed"])
@pytest.mark.parametrize(
    ("kind", "body"),
    [(kind, body) for kind, body in INSIDE if kind in ("overflow", "transient", "rate_limit")],
)
async def test_an_error_with_status_200_is_an_error(kind: str, body: Any, on_text: Any):
    reply = stream({"choices": [{"delta": {"content": "so far"}}]}, body) if on_text else document(body)
    raised = await failing(reply, on_text=on_text, timeout_s=5)
    assert raised.kind == kind


async def test_an_error_event_is_an_error():
    reply = [
        *stream(done=False),
        b'event: error\ndata: {"message": "slow down", "code": "rate_limit_exceeded"}\n\n',
    ]
    assert (await failing(reply, on_text=str)).kind == "rate_limit"


async def test_an_error_object_without_content_is_none():
    empty = {
        "error": {"message": "", "code": None},
        "choices": [{"message": {"content": "x"}, "finish_reason": "stop"}],
    }
    async with asking(document(empty)) as (model, _):
        assert (await model.complete([{"role": "user", "content": "hi"}], [], timeout_s=5)).text == "x"


async def test_an_error_inside_a_choice_is_an_error():
    broken = {
        "choices": [
            {"delta": {"content": ""}, "finish_reason": "error", "error": {"code": 502, "message": "down"}}
        ]
    }
    assert (await failing(stream(broken), on_text=str)).kind == "transient"


@pytest.mark.parametrize("finish", ["error", "abort", "insufficient_system_resource", "network_error"])
async def test_a_reason_that_says_failure_is_transient(finish: str):
    reply = stream({"choices": [{"delta": {"content": "half"}, "finish_reason": finish}]})
    assert (await failing(reply, on_text=str)).kind == "transient"


@pytest.mark.parametrize("finish", ["content_filter", "sensitive", "SAFETY"])
async def test_a_filter_without_text_is_filtered_and_with_text_runs_nothing(finish: str):
    calls = [tool_call("list_files", "{}")]
    choice: Any = {"message": {"content": None, "tool_calls": calls}, "finish_reason": finish}
    assert (await failing(document({"choices": [choice]}))).kind == "filtered"
    choice["message"]["content"] = "I may say this."
    async with asking(document({"choices": [choice]})) as (model, _):
        reply = await model.complete([{"role": "user", "content": "hi"}], [], timeout_s=5)
    assert (reply.text, reply.actions, reply.finish_reason) == ("I may say this.", (), "content_filter")
    assert "tool_calls" not in reply.message


async def test_a_refusal_is_text_and_runs_nothing():
    choice = {
        "message": {"content": None, "refusal": "I will not.", "tool_calls": [tool_call("list_files", "{}")]}
    }
    async with asking(document({"choices": [choice]})) as (model, _):
        reply = await model.complete([{"role": "user", "content": "hi"}], [], timeout_s=5)
    assert (reply.text, reply.actions) == ("I will not.", ())
    assert reply.message == {"role": "assistant", "content": "I will not."}


async def test_a_streamed_refusal_is_told():
    told: list[str] = []
    refused = [{"choices": [{"delta": {"refusal": part}}]} for part in ("I will", " not.")]
    async with asking(stream(*refused, {"choices": [{"delta": {}, "finish_reason": "stop"}]})) as (model, _):
        reply = await model.complete(
            [{"role": "user", "content": "hi"}], [], on_text=told.append, timeout_s=5
        )
    assert "".join(told) == reply.text == "I will not."


async def test_a_window_that_is_full_is_overflow():
    choice = {"message": {"content": ""}, "finish_reason": "model_context_window_exceeded"}
    assert (await failing(document({"choices": [choice]}))).kind == "overflow"


REFUSED = "Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details."
GENERATIONS = [
    ('<function=run_python{"code": "print(1)"}</function>', "run_python"),
    ('{"name": "run_python", "arguments": {"code": "x}}', "run_python"),
    ('[{"name": "functions.run_python", "parameters": {}}]', "run_python"),
    ('<tool-use>{"tool_calls": [{"function": {"name": "web"}}]}</tool-use>', "web"),
    ('<tool_call>{"code": 1', "unknown"),
    ("run_python(code='x')", "run_python"),
]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(("generation", "name"), GENERATIONS)
async def test_a_call_that_its_server_refused_is_an_action_without_arguments(
    generation: str, name: str, streamed: bool
):
    body = {
        "error": {
            "message": REFUSED,
            "type": "invalid_request_error",
            "code": "tool_use_failed",
            "failed_generation": generation,
        }
    }
    reply = await ask(stream(body) if streamed else document(body, 400), on_text=str if streamed else None)
    (action,) = reply.actions
    assert (action.name, action.arguments, action.raw) == (name, None, generation)
    assert action.id


async def test_a_refused_generation_without_a_call_is_text():
    reply = await ask(error(400, REFUSED, code="tool_use_failed", failed_generation="The answer is 4."))
    assert (reply.text, reply.actions) == ("The answer is 4.", ())


async def test_no_error_holds_the_key():
    quoted = error(401, f"Incorrect API key provided: {KEY}. Header: Bearer {KEY}")
    raised: BaseException | None = await failing(quoted)
    assert KEY not in str(raised)
    assert KEY[:16] not in str(raised)
    while raised is not None:
        assert KEY not in repr(raised)
        raised = raised.__cause__ or raised.__context__


async def test_a_key_cut_by_the_length_of_a_message_is_not_shown_either():
    raised = await failing(error(401, "x" * 395 + KEY))
    assert KEY[:5] not in str(raised)


@pytest.mark.parametrize("key", ["sk-naïve-key", "sk-two\nlines", "sk with blank"])
async def test_a_key_that_no_header_can_carry_is_refused_without_quoting_it(key: str):
    async with asking(document({}), api_key=key) as (model, server):
        with pytest.raises(errors.ModelAuthError) as caught:
            await model.complete([{"role": "user", "content": "hi"}], [], timeout_s=5)
    assert key not in str(caught.value)
    assert server.asked == []


async def test_a_page_is_named_by_its_title():
    raised = await failing(http(b"<html><title>Hotel\n Wi-Fi</title></html>", 200, "text/html"))
    assert "Hotel Wi-Fi" in str(raised)


async def test_an_endless_error_body_is_cut():
    raised = await failing([http(b"", 400), *[b"x" * 65536] * 64])
    assert raised.kind == "bad_request"


async def test_a_damaged_encoding_is_classified():
    body = http(b"not gzip at all", headers={"Content-Encoding": "gzip"})
    assert (await failing(body)).kind == "transient"
    assert (await failing(http(b"not gzip", 500, headers={"Content-Encoding": "gzip"}))).kind == "transient"


@pytest.mark.parametrize(
    "raw",
    [
        b"garbage\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}",
        b"",
        b"\x00" * 100,
    ],
)
async def test_what_is_no_http_is_classified(raw: bytes):
    assert (await failing([raw])).kind in ("transient", "config", "bad_server")


async def test_text_after_the_error_event_is_ignored():
    raised = await failing(
        stream({"error": {"message": "boom", "code": 400}}, event({"choices": []})), on_text=str
    )
    assert raised.kind == "bad_request"
