"""The wire of the demo model, seen by OpenAI's own client and by a plain one."""

from __future__ import annotations

import json

import aiohttp
import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from playground.demo import GOALS, DemoModel
from tests.playground.demo.conftest import TOOLS, offer

PRIMES: list[ChatCompletionMessageParam] = [{"role": "user", "content": "primes below 100"}]


async def test_it_lists_its_one_model(client: openai.AsyncOpenAI, demo: DemoModel):
    assert [model.id async for model in client.models.list()] == [demo.name]
    with pytest.raises(openai.NotFoundError, match="no model 'gpt-9'"):
        await client.models.retrieve("gpt-9")


async def test_a_stream_says_the_same_as_a_plain_answer(client: openai.AsyncOpenAI, demo: DemoModel):
    plain = await client.chat.completions.create(model=demo.name, messages=PRIMES, tools=offer(*TOOLS))
    stream = await client.chat.completions.create(
        model=demo.name,
        messages=PRIMES,
        tools=offer(*TOOLS),
        stream=True,
        stream_options={"include_usage": True},
    )
    text, raw, ends, usage = "", dict[int, list[str]](), list[str](), None
    async for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            ends += [choice.finish_reason] if choice.finish_reason else []
            for part in choice.delta.tool_calls or []:
                heard = raw.setdefault(part.index, ["", "", ""])
                heard[0] += part.id or ""
                heard[1] += (part.function and part.function.name) or ""
                heard[2] += (part.function and part.function.arguments) or ""
    message = plain.choices[0].message
    assert text == message.content
    assert ends == [plain.choices[0].finish_reason] == ["tool_calls"]
    assert list(raw.values()) == [
        [call.id, call.function.name, call.function.arguments]
        for call in message.tool_calls or []
        if call.type == "function"
    ]
    assert usage is not None
    assert plain.usage is not None
    assert usage.completion_tokens == plain.usage.completion_tokens > 0


async def test_without_include_usage_a_stream_carries_none(client: openai.AsyncOpenAI, demo: DemoModel):
    stream = await client.chat.completions.create(
        model=demo.name, messages=PRIMES, tools=offer("finish"), stream=True
    )
    assert [chunk.usage async for chunk in stream if chunk.usage] == []


async def test_usage_grows_with_the_request(client: openai.AsyncOpenAI, demo: DemoModel):
    async def asked(text: str) -> int:
        reply = await client.chat.completions.create(
            model=demo.name, messages=[{"role": "user", "content": text}]
        )
        assert reply.usage is not None
        assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
        return reply.usage.prompt_tokens

    assert await asked("x" * 4000) - await asked("x") == pytest.approx(1000, abs=2)


@pytest.mark.parametrize("tools", [[], ["run_python"]])
async def test_a_request_without_finish_gets_a_short_text(
    client: openai.AsyncOpenAI, demo: DemoModel, tools: list[str]
):
    reply = await client.chat.completions.create(
        model=demo.name,
        messages=[{"role": "user", "content": "Summarise: " + "the primes are many " * 300}],
        tools=offer(*tools),
    )
    assert reply.choices[0].finish_reason == "stop"
    assert not reply.choices[0].message.tool_calls
    assert 0 < len(reply.choices[0].message.content or "") < 400


async def test_only_offered_tools_are_called(client: openai.AsyncOpenAI, demo: DemoModel):
    reply = await client.chat.completions.create(model=demo.name, messages=PRIMES, tools=offer("finish"))
    calls = reply.choices[0].message.tool_calls or []
    assert [call.type == "function" and call.function.name for call in calls] == ["finish"]


async def test_call_ids_are_unique_over_a_session(client: openai.AsyncOpenAI, demo: DemoModel):
    seen: list[str] = []
    messages = list(PRIMES)
    for _ in range(6):
        reply = await client.chat.completions.create(model=demo.name, messages=messages, tools=offer(*TOOLS))
        message = reply.choices[0].message
        messages.append({"role": "assistant", "content": message.content})
        for call in message.tool_calls or []:
            seen.append(call.id)
            messages.append(
                {"role": "tool", "tool_call_id": call.id, "content": "exit code 1\nKeyError: 'x'"}
            )
    assert len(seen) == len(set(seen)) > 5


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "Invalid JSON"),
        (b"[]", "object"),
        (b'{"model": "goalkeeper-demo"}', "Field required"),
        (b'{"model": "goalkeeper-demo", "messages": []}', "at least 1"),
        (b'{"model": "m", "messages": [{"role": "wizard", "content": "x"}]}', "Input should be"),
    ],
)
async def test_a_broken_request_is_an_error_in_the_apis_own_shape(demo: DemoModel, body: bytes, says: str):
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{demo.base_url}/chat/completions", data=body) as response,
    ):
        assert response.status == 400
        error = (await response.json())["error"]
        assert says in error["message"]
        assert error["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/responses", 404), ("GET", "/chat/completions", 405)]
)
async def test_a_wrong_path_is_an_error_in_the_apis_own_shape(
    demo: DemoModel, method: str, path: str, status: int
):
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, demo.base_url + path) as response,
    ):
        assert response.status == status
        assert "message" in (await response.json())["error"]


async def test_its_goals_can_be_read_over_http(demo: DemoModel):
    async with aiohttp.ClientSession() as session, session.get(f"{demo.base_url}/demo/goals") as response:
        goals = json.loads(await response.text())
    assert [goal["example"] for goal in goals] == [goal.example for goal in GOALS]
    assert {"primes", "chart", "simulation", "debug", "clean"} <= {
        word for goal in goals for word in goal["words"]
    }


async def test_a_taken_port_is_an_oserror(demo: DemoModel):
    port = int(demo.base_url.split(":")[2].split("/")[0])
    with pytest.raises(OSError, match="address already in use"):
        async with DemoModel(port=port):
            pass


async def test_a_reader_that_leaves_in_the_middle_harms_nobody(client: openai.AsyncOpenAI, demo: DemoModel):
    stream = await client.chat.completions.create(
        model=demo.name, messages=PRIMES, tools=offer(*TOOLS), stream=True
    )
    async for _ in stream:
        break
    await stream.close()
    assert [model.id async for model in client.models.list()] == [demo.name]
