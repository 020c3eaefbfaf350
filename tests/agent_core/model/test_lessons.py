"""A parameter that a server rejects is left out, once and for all later calls."""

from typing import Any

import pytest

from agent_core.errors import BadRequestModelError, ModelConfigError
from tests.agent_core.model.asking import HELLO, TOOLS, asking
from tests.agent_core.model.hostile import STOP, Asked, delta, document, error, message, stream, tool_call


def reject(key: str, rejection: bytes, reply: Any) -> Any:
    """A server that rejects requests in which this key stands anywhere."""

    def answer(asked: Asked) -> Any:
        return rejection if f"'{key}'" in repr(asked.body) else reply

    return answer


EXTRA = {
    "type": "extra_forbidden",
    "loc": ["body", "stream_options"],
    "msg": "Extra inputs are not permitted",
}
REJECTIONS: dict[str, bytes] = {
    "OpenAI": error(400, "Unknown parameter: 'stream_options'.", param="stream_options"),
    "only in param": error(400, "Unsupported value.", param="stream_options", type="invalid_request_error"),
    "FastAPI": document({"detail": [EXTRA]}, 422),
    "Mistral": document({"object": "error", "message": {"detail": [EXTRA]}}, 422),
    "a sentence": document({"error": "stream_options is not supported by this model"}, 400),
}  # fmt: skip


@pytest.mark.parametrize("rejection", REJECTIONS.values(), ids=REJECTIONS)
async def test_a_rejected_parameter_is_dropped_and_remembered(rejection: bytes):
    good = stream(delta(content="x"), STOP)
    async with asking(reject("stream_options", rejection, good)) as (model, server):
        for _ in range(2):
            assert (await model.complete(HELLO, [], on_text=str, timeout_s=5)).text == "x"
    sent = ["stream_options" in asked.body for asked in server.asked]
    assert sent == [True, False, False]


async def test_a_stream_that_is_not_allowed_becomes_a_plain_request():
    said = error(
        400,
        "Your organization must be verified to stream this model.",
        param="stream",
        code="unsupported_value",
    )
    told: list[str] = []
    async with asking(reject("stream", said, message(content="plain"))) as (model, _):
        assert (await model.complete(HELLO, [], on_text=told.append, timeout_s=5)).text == "plain"
    assert told == ["plain"]


STRICT: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": "book",
            "strict": True,
            "parameters": {
                "type": "object",
                "additionalProperties": False,
                "properties": {"title": {"type": "string", "title": "Title"}, "strict": {"type": "boolean"}},
            },
        },
    }
]


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("additionalProperties", "Unknown name 'additionalProperties' at 'tools[0]': Cannot find field."),
        ("strict", "tools.0.function.strict: Extra inputs are not permitted"),
    ],
)  # fmt: skip
async def test_a_schema_word_that_is_rejected_is_left_out_of_the_tools(key: str, said: str):
    def answer(asked: Asked) -> Any:
        function = asked.body["tools"][0]["function"]
        return error(400, said) if key in function or key in function["parameters"] else message(content="x")

    async with asking(answer) as (model, server):
        assert (await model.complete(HELLO, STRICT, timeout_s=5)).text == "x"
    properties = server.asked[-1].body["tools"][0]["function"]["parameters"]["properties"]
    assert set(properties) == {"title", "strict"}  # names of arguments are no schema words
    assert STRICT[0]["function"]["strict"] is True  # what was handed in is as it was


async def test_a_parameter_is_dropped_only_once():
    said = error(400, "Unknown parameter: 'stream_options'.")
    async with asking(said) as (model, server):
        with pytest.raises(BadRequestModelError, match="stream_options"):
            await model.complete(HELLO, [], on_text=str, timeout_s=5)
    assert len(server.asked) == 2


async def test_what_is_needed_is_never_dropped():
    async with asking(error(400, "Invalid 'messages', 'tools' and 'model'.")) as (model, server):
        with pytest.raises(BadRequestModelError):
            await model.complete(HELLO, TOOLS, timeout_s=5)
    assert len(server.asked) == 1


async def test_a_server_without_tools_is_a_question_of_the_setting():
    async with asking(error(400, "llama2 does not support tools")) as (model, server):
        with pytest.raises(ModelConfigError, match="does not support tools"):
            await model.complete(HELLO, TOOLS, timeout_s=5)
    assert len(server.asked) == 1


PAST: list[dict[str, Any]] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "go"},
    {"role": "assistant", "content": None, "tool_calls": [tool_call("list_files", "{}")], "reasoning": "hm"},
    {"role": "tool", "tool_call_id": "call_1", "content": "none"},
]


async def test_a_system_role_that_is_rejected_goes_as_user():
    said = error(
        400,
        "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
        param="messages[0].role",
    )
    async with asking(reject("system", said, message(content="x"))) as (model, server):
        await model.complete(PAST, TOOLS, timeout_s=5)
    assert [part["role"] for part in server.asked[-1].body["messages"]] == [
        "user",
        "user",
        "assistant",
        "tool",
    ]


async def test_reasoning_goes_back_and_is_left_out_where_it_is_rejected():
    said = error(
        400,
        "'messages.2' : for 'role:assistant' the following must be satisfied"
        "[('messages.2' : property 'reasoning' is unsupported)]",
    )
    async with asking(reject("reasoning", said, message(content="x"))) as (model, server):
        await model.complete(PAST, TOOLS, timeout_s=5)
    assert server.asked[0].body["messages"][2]["reasoning"] == "hm"
    assert "reasoning" not in server.asked[1].body["messages"][2]


async def test_reasoning_that_is_missed_goes_as_an_empty_text():
    said = error(400, "The `reasoning_content` in the thinking mode must be passed back to the API.")

    def answer(asked: Asked) -> Any:
        return message(content="x") if asked.body["messages"][2].get("reasoning_content") == "" else said

    async with asking(answer) as (model, server):
        await model.complete(PAST, TOOLS, timeout_s=5)
    assert len(server.asked) == 2


async def test_a_content_of_null_that_is_rejected_goes_as_an_empty_text():
    said = error(
        400, "Invalid value for 'content': expected a string, got null.", param="messages.[2].content"
    )

    def answer(asked: Asked) -> Any:
        return said if asked.body["messages"][2]["content"] is None else message(content="x")

    async with asking(answer) as (model, server):
        await model.complete(PAST, TOOLS, timeout_s=5)
    assert server.asked[-1].body["messages"][2]["content"] == ""


SAID = {"type": "reasoning.text", "index": 0}
REASONINGS: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "reasoning_content": (
        [{"reasoning_content": "a"}, {"reasoning_content": "b"}, {"reasoning_content": None}],
        {"reasoning_content": "ab"},
    ),
    "empty": ([{"reasoning_content": ""}], {"reasoning_content": ""}),
    "OpenRouter": (
        [
            {"reasoning": "a", "reasoning_details": [{**SAID, "text": "a", "format": "f"}]},
            {"reasoning": "b", "reasoning_details": [{**SAID, "text": "b", "signature": "s"}]},
            {"reasoning_details": [{"type": "reasoning.encrypted", "data": "XYZ", "index": 0, "id": "r1"}]},
        ],
        {
            "reasoning": "ab",
            "reasoning_details": [
                {"type": "reasoning.text", "text": "ab", "index": 0, "format": "f", "signature": "s"},
                {"type": "reasoning.encrypted", "data": "XYZ", "index": 0, "id": "r1"},
            ],
        },
    ),
    "thinking blocks": (
        [
            {"thinking_blocks": [{"type": "thinking", "thinking": "a"}]},
            {"thinking_blocks": [{"type": "thinking", "thinking": "b", "signature": "s"}]},
            {"thinking_blocks": [{"type": "thinking", "thinking": "c"}]},
        ],
        {
            "thinking_blocks": [
                {"type": "thinking", "thinking": "ab", "signature": "s"},
                {"type": "thinking", "thinking": "c"},
            ]
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize(("parts", "whole"), REASONINGS.values(), ids=REASONINGS)
async def test_reasoning_is_put_together_and_goes_back_verbatim(parts: list[Any], whole: dict[str, Any]):
    calls = delta("tool_calls", tool_calls=[{"index": 0, **tool_call("list_files", "{}")}])
    async with asking(stream(*[delta(**part) for part in parts], calls), message(content="x")) as (
        model,
        server,
    ):
        reply = await model.complete(HELLO, TOOLS, on_text=str, timeout_s=5)
        assert {key: reply.message[key] for key in whole} == whole
        assert reply.text == ""
        result: dict[str, Any] = {"role": "tool", "tool_call_id": reply.actions[0].id, "content": "none"}
        await model.complete([*HELLO, reply.message, result], TOOLS, timeout_s=5)
    sent = server.asked[1].body["messages"][1]
    assert sent == reply.message


async def test_a_signature_of_a_call_goes_back_with_it():
    signed = {**tool_call("list_files", "{}"), "extra_content": {"google": {"thought_signature": "abc"}}}
    async with asking(message(tool_calls=[signed])) as (model, _):
        reply = await model.complete(HELLO, TOOLS, timeout_s=5)
    assert reply.message["tool_calls"] == [signed]


async def test_broken_calls_of_the_past_are_sent_in_a_form_that_servers_take():
    past: list[dict[str, Any]] = [
        *HELLO,
        {"role": "assistant", "content": None, "tool_calls": [tool_call("no such tool!", '{"code": "pri')]},
        {"role": "tool", "tool_call_id": "call_1", "content": "broken"},
    ]
    async with asking(message(content="x")) as (model, server):
        await model.complete(past, TOOLS, timeout_s=5)
    function = server.asked[0].body["messages"][1]["tool_calls"][0]["function"]
    assert function == {"name": "no_such_tool_", "arguments": "{}"}
    assert past[1]["tool_calls"][0]["function"]["arguments"] == '{"code": "pri'


async def test_lone_surrogates_in_messages_are_sent():
    async with asking(message(content="x")) as (model, server):
        await model.complete([{"role": "user", "content": "a\ud83cb"}], [], timeout_s=5)
    assert server.asked[0].body["messages"][0]["content"] == "a\ufffdb"
