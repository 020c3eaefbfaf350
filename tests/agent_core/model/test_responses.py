"""The Responses API: stateless, its items echoed, and reached when the server demands it."""

from typing import Any

import pytest

from agent_core.errors import ModelError
from agent_core.model import Model
from tests.agent_core.model.asking import HELLO, TOOLS, ask, asking, failing, streamed
from tests.agent_core.model.hostile import (
    RESET,
    STREAM,
    Asked,
    document,
    error,
    event,
    hostile,
    message,
    stream,
)

THOUGHT: dict[str, Any] = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "opaque"}
CALLED = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "call_1",
    "name": "run_python",
    "arguments": '{"code": "print(1)"}',
}
SPOKEN: dict[str, Any] = {
    "type": "message",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "Hello", "annotations": []}],
}
USAGE = {
    "input_tokens": 100,
    "output_tokens": 20,
    "total_tokens": 120,
    "input_tokens_details": {"cached_tokens": 64},
}


def response(*output: Any, status: str = "completed", **more: Any) -> dict[str, Any]:
    return {
        "object": "response",
        "status": status,
        "error": None,
        "output": list(output),
        "usage": USAGE,
        **more,
    }


def events(*parts: Any, end: Any) -> list[bytes]:
    kind = {"completed": "completed", "incomplete": "incomplete", "failed": "failed"}[end["status"]]
    return stream(*parts, {"type": f"response.{kind}", "response": end}, done=False)


def text(piece: str) -> dict[str, Any]:
    return {"type": "response.output_text.delta", "output_index": 0, "delta": piece}


async def test_a_whole_response_is_a_reply():
    async with asking(document(response(THOUGHT, SPOKEN, CALLED)), api="responses") as (model, server):
        reply = await model.complete([{"role": "system", "content": "Be brief."}, *HELLO], TOOLS, timeout_s=5)
    assert reply.text == "Hello"
    assert [(action.id, action.arguments) for action in reply.actions] == [("call_1", {"code": "print(1)"})]
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.cached_tokens) == (
        100,
        20,
        64,
    )
    asked = server.asked[0]
    assert asked.path == "/v1/responses"
    assert asked.body["store"] is False
    assert asked.body["include"] == ["reasoning.encrypted_content"]
    assert asked.body["input"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "hello"},
    ]
    assert asked.body["tools"][0]["name"] == "run_python"
    assert asked.body["tools"][0]["strict"] is False


async def test_a_streamed_response_tells_its_text():
    reply, told = await streamed(events(text("Hel"), text("lo"), end=response(SPOKEN)), api="responses")
    assert told == ["Hel", "lo"]
    assert reply.text == "Hello"
    assert reply.finish_reason == "stop"


async def test_items_go_back_as_they_came_and_results_pair():
    replies = document(response(THOUGHT, CALLED)), document(response(SPOKEN))
    async with asking(*replies, api="responses") as (model, server):
        first = await model.complete(HELLO, TOOLS, timeout_s=5)
        result: dict[str, Any] = {"role": "tool", "tool_call_id": first.actions[0].id, "content": "1"}
        await model.complete([*HELLO, first.message, result], TOOLS, timeout_s=5)
    assert server.asked[1].body["input"] == [
        {"role": "user", "content": "hello"},
        THOUGHT,
        CALLED,
        {"type": "function_call_output", "call_id": "call_1", "output": "1"},
    ]


async def test_calls_of_the_other_codec_and_pictures_are_translated():
    past: list[dict[str, Any]] = [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "see"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}},
            ],
        },
        {
            "role": "assistant",
            "content": "so",
            "reasoning_content": "hm",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "search", "arguments": "{}"}}
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "none"}]},
    ]
    async with asking(document(response(SPOKEN)), api="responses") as (model, server):
        await model.complete(past, TOOLS, timeout_s=5)
    assert server.asked[0].body["input"] == [
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "see"},
                {"type": "input_image", "image_url": "data:image/png;base64,AA"},
            ],
        },
        {"role": "assistant", "content": "so"},
        {"type": "function_call", "call_id": "c1", "name": "search", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "none"},
    ]


@pytest.mark.parametrize(
    "output",
    [(CALLED, {**CALLED, "id": "fc_2"}), ({**CALLED, "name": "functions.run_python", "call_id": ""},)],
)
async def test_calls_whose_ids_were_minted_are_sent_under_these(output: tuple[Any, ...]):
    async with asking(document(response(*output)), document(response(SPOKEN)), api="responses") as (
        model,
        server,
    ):
        first = await model.complete(HELLO, TOOLS, timeout_s=5)
        results: list[dict[str, Any]] = [
            {"role": "tool", "tool_call_id": action.id, "content": "1"} for action in first.actions
        ]
        await model.complete([*HELLO, first.message, *results], TOOLS, timeout_s=5)
    sent = server.asked[1].body["input"]
    called = [item["call_id"] for item in sent if item.get("type") == "function_call"]
    answered = [item["call_id"] for item in sent if item.get("type") == "function_call_output"]
    assert called == answered
    assert len(set(called)) == len(output)
    assert all(called)


async def test_a_response_without_output_at_its_end_is_put_together_from_its_events():
    parts = [
        {"type": "response.output_item.added", "output_index": 0, "item": {**CALLED, "arguments": ""}},
        {"type": "response.function_call_arguments.delta", "output_index": 0, "delta": '{"code": "pri'},
        {"type": "response.function_call_arguments.delta", "output_index": 0, "delta": 'nt(1)"}'},
    ]
    reply, _ = await streamed(events(*parts, end=response()), api="responses")
    assert reply.actions[0].arguments == {"code": "print(1)"}
    done = {"type": "response.output_item.done", "output_index": 0, "item": CALLED}
    reply, _ = await streamed(events(*parts, done, end=response()), api="responses")
    assert [(action.id, action.arguments) for action in reply.actions] == [("call_1", {"code": "print(1)"})]


@pytest.mark.parametrize("end", [[], [RESET]])
async def test_a_cut_response_is_asked_for_again(end: list[bytes]):
    cut = [STREAM, event(text("half")), *end]
    reply, told = await streamed(
        cut, events(text("half a "), text("reply"), end=response(SPOKEN)), api="responses"
    )
    assert reply.text == "half a reply"
    assert "".join(told) == "half a reply"


ENDS: list[tuple[Any, str]] = [
    (response(SPOKEN, status="incomplete", incomplete_details={"reason": "max_output_tokens"}), "length"),
    (
        response(SPOKEN, status="incomplete", incomplete_details={"reason": "content_filter"}),
        "content_filter",
    ),
    (response(SPOKEN), "stop"),
    (response(CALLED), "tool_calls"),
    (response({"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}), "refusal"),
]


@pytest.mark.parametrize(("end", "reason"), ENDS)
async def test_every_end_has_its_reason(end: Any, reason: str):
    assert (await ask(document(end), api="responses")).finish_reason == reason
    assert (await streamed(events(end=end), api="responses"))[0].finish_reason == reason


FAILURES: list[tuple[Any, str]] = [
    ({"type": "error", "code": "rate_limit_exceeded", "message": "slow down"}, "rate_limit"),
    (
        {"type": "error", "error": {"type": "invalid_request_error", "code": "context_length_exceeded"}},
        "overflow",
    ),
    (
        {"type": "response.failed", "response": {"error": {"code": "server_error", "message": "down"}}},
        "transient",
    ),
    (
        {"type": "response.failed", "response": {"error": {"code": "insufficient_quota", "message": "no"}}},
        "quota",
    ),
    (
        {"type": "response.incomplete", "response": {"incomplete_details": {"reason": "content_filter"}}},
        "filtered",
    ),
]


@pytest.mark.parametrize(("failure", "kind"), FAILURES)
async def test_failures_inside_a_stream_are_classified(failure: Any, kind: str):
    assert (await failing(stream(text(""), failure, done=False), on_text=str, api="responses")).kind == kind


@pytest.mark.parametrize("body", [{"choices": []}, {}, [], "x", {"object": "response"}])
async def test_what_is_no_response_is_named_so(body: Any):
    assert (await failing(document(body), api="responses")).kind == "bad_server"


DEMAND = error(
    400,
    "Function tools with reasoning_effort are not supported for gpt-5.4 in /v1/chat/completions. "
    "Please use /v1/responses or set reasoning_effort to 'none'.",
)


async def test_a_server_that_demands_responses_gets_them_from_then_on():
    def answer(asked: Asked) -> Any:
        return document(response(SPOKEN)) if asked.path.endswith("/responses") else DEMAND

    async with asking(answer) as (model, server):
        for _ in range(2):
            assert (await model.complete(HELLO, TOOLS, timeout_s=5)).text == "Hello"
    assert [asked.path.rsplit("/", 1)[1] for asked in server.asked] == [
        "completions",
        "responses",
        "responses",
    ]


async def test_where_responses_fail_reasoning_is_given_up():
    def answer(asked: Asked) -> Any:
        if asked.path.endswith("/responses"):
            return document({"detail": "Not Found"}, 404)
        return message(content="Hi") if asked.body.get("reasoning_effort") == "none" else DEMAND

    async with asking(answer) as (model, server):
        for _ in range(2):
            assert (await model.complete(HELLO, TOOLS, timeout_s=5)).text == "Hi"
    assert len(server.asked) == 4


async def test_a_demand_that_nothing_satisfies_ends():
    async with asking(DEMAND) as (model, server):
        with pytest.raises(ModelError):
            await model.complete(HELLO, TOOLS, timeout_s=5)
    assert len(server.asked) < 6


async def test_a_model_that_is_only_served_by_responses_is_found_there():
    said = error(404, "This model is only supported in v1/responses and not in v1/chat/completions.")

    def answer(asked: Asked) -> Any:
        return document(response(SPOKEN)) if asked.path.endswith("/responses") else said

    assert (await ask(answer)).text == "Hello"


async def test_a_parameter_that_responses_reject_is_dropped():
    def answer(asked: Asked) -> Any:
        bad = "include" in asked.body
        return (
            error(400, "Unknown parameter: 'include'.", param="include")
            if bad
            else document(response(SPOKEN))
        )

    assert (await ask(answer, api="responses")).text == "Hello"


@pytest.mark.parametrize("address", ["/chat/completions", "/responses", "/", ""])
async def test_an_address_with_the_path_of_the_call_is_understood(address: str):
    async with (
        hostile(message(content="x")) as server,
        Model(base_url=server.url + address, name="m") as model,
    ):
        assert (await model.complete(HELLO, timeout_s=5)).text == "x"
    assert server.asked[0].path == "/v1/chat/completions"
    assert "authorization" not in server.asked[0].headers
