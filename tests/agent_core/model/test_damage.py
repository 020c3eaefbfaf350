"""Random bytes and random damage to real streams: always a reply or a classified error."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent_core.errors import ModelError
from agent_core.model.codec import Codec
from agent_core.model.codec_chat import CHAT
from agent_core.model.codec_responses import RESPONSES
from agent_core.model.conclude import Offer, conclude
from agent_core.model.failures import as_error, from_event, from_status
from agent_core.model.receive import Patience, receive
from agent_core.model.reply import BrokenReplyError, Failure, ModelReply
from agent_core.model.wire import Answer
from tests.agent_core.model.asking import HELLO, TOOLS, asking
from tests.agent_core.model.hostile import (
    CALLS,
    DONE,
    STOP,
    STREAM,
    USAGE,
    call_delta,
    delta,
    event,
    tool_call,
)

OFFER = Offer(names=frozenset({"run_python", "list_files", "search"}))

TEXT = [
    delta(role="assistant", content=""),
    delta(content="<think>hm</think>Hel"),
    delta(content="lo 日本"),
    STOP,
    USAGE,
]
CALLED = [
    delta(role="assistant", content=None, reasoning_content="so"),
    call_delta("", index=0, id="call_a", type="function", name="run_python"),
    call_delta('{"code": "pri', index=0),
    call_delta('nt(1)"}', index=0),
    call_delta("", index=1, id="call_b", type="function", name="list_files"),
    call_delta("{}", index=1),
    CALLS,
    USAGE,
]
WRITTEN = [delta(content='```json\n{"name": "run_python", "arguments": {"code": "print(1)",}}\n```'), STOP]
DONE_CALL = {"type": "function_call", "call_id": "call_a", "name": "run_python", "arguments": '{"code": "x"}'}
SPOKEN: Any = {"type": "message", "content": [{"type": "output_text", "text": "Hello"}]}
ENDED: Any = {"status": "completed", "output": [SPOKEN, DONE_CALL], "usage": {"input_tokens": 9}}
RESPONDED: list[Any] = [
    {"type": "response.created", "response": {"status": "in_progress", "output": []}},
    {"type": "response.output_text.delta", "output_index": 0, "delta": "Hello"},
    {"type": "response.output_item.added", "output_index": 1, "item": {**DONE_CALL, "arguments": ""}},
    {"type": "response.function_call_arguments.delta", "output_index": 1, "delta": '{"code": "x"}'},
    {"type": "response.output_item.done", "output_index": 1, "item": DONE_CALL},
    {"type": "response.completed", "response": ENDED},
]
PLAIN: Any = {
    "choices": [
        {
            "message": {"content": "Hi", "tool_calls": [tool_call("list_files", "{}")]},
            "finish_reason": "tool_calls",
        }
    ],
    "usage": {"prompt_tokens": 5, "completion_tokens": 1},
}
FAILED: Any = {"error": {"message": "Rate limit reached. Please try again in 20s.", "code": 429}}


def raw(events: list[Any]) -> bytes:
    return b"".join(map(event, events)) + DONE


VALID = [raw(TEXT), raw(CALLED), raw(WRITTEN), json.dumps(PLAIN).encode(), event(FAILED)]


async def judged(body: bytes, sizes: list[int], content_type: str, codec: Codec) -> ModelReply | Failure:
    """What a body comes to, through everything but the socket."""

    async def chunks() -> AsyncIterator[bytes]:
        at = 0
        for size in sizes:
            yield body[at : at + size]
            at += size
        yield body[at:]

    told: list[str] = []
    answer = Answer(content_type=content_type, chunks=chunks())
    try:
        draft = await receive(answer, codec.fold(OFFER.names), told.append, Patience())
    except BrokenReplyError as error:
        return error.failure
    return conclude(draft, OFFER, lambda usage, charged: charged)


def holds(outcome: ModelReply | Failure) -> None:
    """The promises that every outcome keeps."""
    if isinstance(outcome, Failure):
        error = as_error(outcome, where="here", key="sk-secret")
        assert isinstance(error, ModelError)
        assert error.kind == outcome.kind
        return
    ids = [action.id for action in outcome.actions]
    assert all(ids)
    assert len(set(ids)) == len(ids)
    assert all(action.name for action in outcome.actions)
    told = outcome.message.get("tool_calls", [])
    assert isinstance(told, list)
    assert len(told) == len(ids)
    json.dumps(outcome.message, ensure_ascii=False).encode()
    assert outcome.text.encode() is not None
    assert min(outcome.usage.prompt_tokens, outcome.usage.completion_tokens, outcome.usage.cached_tokens) >= 0


def run(
    body: bytes,
    sizes: list[int] | None = None,
    content_type: str = "text/event-stream",
    *,
    codec: Codec = CHAT,
) -> ModelReply | Failure:
    outcome = asyncio.run(judged(body, sizes or [], content_type, codec))
    holds(outcome)
    return outcome


sizes = st.lists(st.integers(0, 40), max_size=30)


@settings(deadline=None)
@given(
    st.binary(max_size=400),
    sizes,
    st.sampled_from(["text/event-stream", "application/json", "", "text/html"]),
)
def test_random_bytes_are_classified(body: bytes, cuts: list[int], content_type: str):
    run(body, cuts, content_type)
    run(body, cuts, content_type, codec=RESPONSES)


@settings(deadline=None)
@given(st.sampled_from(VALID), sizes)
def test_where_the_network_cuts_makes_no_difference(body: bytes, cuts: list[int]):
    one, other = run(body), run(body, cuts)
    if isinstance(one, Failure) or isinstance(other, Failure):
        assert one == other
        return
    assert (one.text, one.finish_reason, one.usage) == (other.text, other.finish_reason, other.usage)
    assert [(a.name, a.arguments) for a in one.actions] == [(a.name, a.arguments) for a in other.actions]


@settings(deadline=None)
@given(st.sampled_from(VALID[:3]), st.integers(0, 2000))
def test_a_stream_cut_anywhere_is_whole_or_no_reply(body: bytes, at: int):
    whole, cut = run(body), run(body[:at])
    assert isinstance(whole, ModelReply)
    if isinstance(cut, ModelReply) and not cut.actions:
        assert cut.text == whole.text
    elif isinstance(cut, ModelReply):
        assert all(action.arguments is not None for action in cut.actions)


edits = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3), st.binary(max_size=6)), min_size=1, max_size=6)


@settings(deadline=None)
@given(st.sampled_from(VALID), edits, sizes)
def test_a_damaged_body_is_classified(body: bytes, damage: list[tuple[float, int, bytes]], cuts: list[int]):
    for place, length, patch in damage:
        at = int(place * len(body))
        body = body[:at] + patch + body[at + length :]
    run(body, cuts)


RESPONSE = raw(RESPONDED)


@settings(deadline=None)
@given(edits, sizes)
def test_a_damaged_response_is_classified(damage: list[tuple[float, int, bytes]], cuts: list[int]):
    body = RESPONSE
    for place, length, patch in damage:
        at = int(place * len(body))
        body = body[:at] + patch + body[at + length :]
    run(body, cuts, codec=RESPONSES)


@settings(deadline=None)
@given(st.integers(0, len(RESPONSE)), sizes)
def test_a_response_cut_anywhere_is_whole_or_none(at: int, cuts: list[int]):
    whole, cut = run(RESPONSE, codec=RESPONSES), run(RESPONSE[:at], cuts, codec=RESPONSES)
    assert isinstance(whole, ModelReply)
    if isinstance(cut, ModelReply):
        assert (cut.text, [one.arguments for one in cut.actions]) == (
            whole.text,
            [one.arguments for one in whole.actions],
        )


odd = st.recursive(
    st.sampled_from(
        [
            None,
            True,
            False,
            0,
            -1,
            1,
            2.5,
            "",
            "0",
            "stop",
            "tool_calls",
            "run_python",
            "{}",
            '{"code": "x"}',
            "\ud83c",
        ]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "choices",
                    "delta",
                    "message",
                    "content",
                    "tool_calls",
                    "function",
                    "name",
                    "arguments",
                    "index",
                    "id",
                    "type",
                    "text",
                    "usage",
                    "error",
                    "code",
                    "finish_reason",
                    "prompt_tokens",
                    "refusal",
                    "reasoning_content",
                    "reasoning_details",
                    "thinking",
                    "signature",
                    "output",
                    "response",
                    "status",
                    "item",
                    "call_id",
                    "data",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.lists(odd, max_size=5))
def test_events_of_any_shape_are_classified(events: list[Any]):
    for codec in (CHAT, RESPONSES):
        run(raw(events), codec=codec)
        run(json.dumps(events[0] if events else None).encode(), content_type="application/json", codec=codec)


@st.composite
def twisted(draw: st.DrawFn) -> list[Any]:
    """A valid stream in which some values have become others."""
    events = json.loads(json.dumps(draw(st.sampled_from([TEXT, CALLED, WRITTEN, RESPONDED, RESPONDED]))))
    for _ in range(draw(st.integers(1, 4))):
        _twist(draw, draw(st.sampled_from(events)))
    order = draw(st.integers(0, 3))
    return events if order else draw(st.permutations(events))


def _keys(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value)  # type: ignore[reportUnknownArgumentType]
    return list(range(len(value))) if isinstance(value, list) else []  # type: ignore[reportUnknownArgumentType]


def _twist(draw: st.DrawFn, value: Any) -> None:
    """Change one value somewhere below."""
    keys = _keys(value)
    if not keys:
        return
    key = draw(st.sampled_from(keys))
    if isinstance(value[key], (dict, list)) and value[key] and draw(st.integers(0, 3)):
        _twist(draw, value[key])
    else:
        value[key] = draw(odd)


@settings(deadline=None)
@given(twisted())
def test_a_twisted_stream_is_classified(events: list[Any]):
    run(raw(events), codec=CHAT)
    run(raw(events), codec=RESPONSES)


@settings(deadline=None)
@given(odd, st.integers(100, 599), st.text(max_size=40))
@example({"error": {"message": "\x00" * 50}}, 400, "")
def test_error_bodies_of_any_shape_are_classified(body: Any, status: int, wait: str):
    headers = {"retry-after": wait, "location": wait}
    holds(from_status(status, headers, json.dumps(body), now=0))
    holds(from_status(status, headers, wait, now=0))
    holds(from_event(body))


async def test_over_the_wire_too():
    bodies = [body[: at * 7] + b"\xff" + body[at * 9 :] for body in VALID for at in range(1, 5)]
    for body in bodies:
        async with asking([STREAM, body]) as (model, _):
            try:
                holds(await model.complete(HELLO, TOOLS, on_text=str, timeout_s=10))
            except ModelError as error:
                holds(Failure(kind=error.kind, text=str(error)))  # type: ignore[arg-type]
