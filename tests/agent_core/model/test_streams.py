"""Whatever a server streams, the reply is whole or there is none."""

import json
from typing import Any

import pytest

from agent_core.errors import BadServerError, TransientModelError
from tests.agent_core.model.asking import QUICK, TOOLS, ask, asking, failing, streamed
from tests.agent_core.model.hostile import (
    CALLS,
    DONE,
    HANG,
    RESET,
    STOP,
    STREAM,
    USAGE,
    call_delta,
    delta,
    document,
    event,
    http,
    message,
    stream,
    tool_call,
)

CODE = '{"code": "print(1)"}'


def pieces(text: str, size: int = 5) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


async def test_text_comes_piece_by_piece_and_whole():
    reply, told = await streamed(
        stream(delta(role="assistant", content=""), delta(content="Hel"), delta(content="lo"), STOP, USAGE)
    )
    assert told == ["Hel", "lo"]
    assert reply.text == "Hello"
    assert reply.finish_reason == "stop"
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (100, 20)
    assert reply.message == {"role": "assistant", "content": "Hello"}
    assert reply.actions == ()


async def test_a_plain_request_asks_for_no_stream_and_gives_the_same():
    async with asking(message(content="Hello", tool_calls=[tool_call("run_python", CODE)])) as (
        model,
        server,
    ):
        reply = await model.complete([{"role": "user", "content": "hi"}], TOOLS, timeout_s=10)
    assert reply.text == "Hello"
    assert reply.finish_reason == "tool_calls"
    (action,) = reply.actions
    assert (action.id, action.name, action.arguments, action.raw) == (
        "call_1",
        "run_python",
        {"code": "print(1)"},
        CODE,
    )
    assert "stream" not in server.asked[0].body
    assert set(server.asked[0].body) == {"model", "messages", "tools"}
    assert server.asked[0].headers["authorization"].startswith("Bearer sk-test")


async def test_a_streamed_call_is_put_together():
    reply, told = await streamed(
        stream(
            call_delta("", index=0, id="c1", type="function", name="run_python"),
            *[call_delta(piece, index=0) for piece in pieces(CODE)],
            CALLS,
            USAGE,
        )
    )
    assert told == []
    assert [action.arguments for action in reply.actions] == [{"code": "print(1)"}]
    assert reply.message["content"] is None


CALL = [call_delta(piece, index=0) for piece in pieces(CODE)]
NAMED: dict[str, list[Any]] = {
    "id and name on each delta": [
        call_delta(piece, index=0, id="c1", name="run_python") for piece in pieces(CODE)
    ],
    "id and name on each delta, no index": [
        call_delta(piece, id="c1", name="run_python") for piece in pieces(CODE)
    ],
    "a fresh id on each delta": [
        call_delta(piece, index=0, id=f"c{at}", name="run_python") for at, piece in enumerate(pieces(CODE))
    ],
    "a fresh id, no name after the first": [
        call_delta("", index=0, id="c0", name="run_python"),
        *[call_delta(piece, index=0, id=f"x{at}") for at, piece in enumerate(pieces(CODE))],
    ],
    "a fresh id, no index, no name after the first": [
        call_delta("", id="c0", name="run_python"),
        *[call_delta(piece, id=f"x{at}") for at, piece in enumerate(pieces(CODE))],
    ],
    "name on each delta, no ids, no index": [call_delta(piece, name="run_python") for piece in pieces(CODE)],
    "index null": [
        call_delta("", index=None, id="c1", name="run_python"),
        *[call_delta(piece, index=None) for piece in pieces(CODE)],
    ],
    "index starting at 1": [
        call_delta("", index=1, id="c1", name="run_python"),
        *[call_delta(piece, index=1) for piece in pieces(CODE)],
    ],
    "index as text": [
        call_delta("", index="0", id="c1", name="run_python"),
        *[call_delta(piece, index="0") for piece in pieces(CODE)],
    ],
    "no index": [call_delta("", id="c1", name="run_python"), *[call_delta(piece) for piece in pieces(CODE)]],
    "id empty on later deltas": [
        call_delta("", index=0, id="c1", name="run_python"),
        *[call_delta(piece, index=0, id="", name="") for piece in pieces(CODE)],
    ],
    "arguments null first": [
        delta(tool_calls=[{"index": 0, "id": "c1", "function": {"name": "run_python", "arguments": None}}]),
        *CALL,
    ],
    "arguments as an object": [call_delta(json.loads(CODE), index=0, id="c1", name="run_python")],
    "arguments encoded twice": [call_delta(json.dumps(CODE), index=0, id="c1", name="run_python")],
    "name in two pieces": [
        call_delta("", index=0, id="c1", name="run_"),
        call_delta(None, index=0, name="python"),
        *CALL,
    ],
    "an empty object first": [call_delta("{}", index=0, id="c1", name="run_python"), *CALL],
    "everything so far on each delta": [
        call_delta(CODE[:at], index=0, id="c1", name="run_python") for at in range(1, len(CODE) + 1)
    ],
    "the whole call again at the end": [
        call_delta("", index=0, id="c1", name="run_python"),
        *CALL,
        call_delta(CODE, index=0, id="c1", name="run_python"),
    ],
    "the old function_call": [
        delta(function_call={"name": "run_python", "arguments": ""}),
        *[delta(function_call={"arguments": piece}) for piece in pieces(CODE)],
    ],
    "empty choices in between": [
        {"choices": []},
        call_delta("", index=0, id="c1", name="run_python"),
        USAGE,
        *CALL,
    ],
    "deltas of null": [
        {"choices": [{"delta": None}]},
        {"choices": [None]},
        {"choices": None},
        call_delta("", index=0, id="c1", name="run_python"),
        *CALL,
    ],
    "a message instead of a delta": [
        {"choices": [{"message": {"tool_calls": [tool_call("run_python", CODE)]}, "finish_reason": ""}]}
    ],
    "the message again after the deltas": [
        call_delta("", index=0, id="c1", name="run_python"),
        *CALL,
        {"choices": [{"message": {"tool_calls": [tool_call("run_python", CODE)]}, "finish_reason": None}]},
    ],
    "flat, without a function": [
        delta(tool_calls=[{"id": "c1", "name": "run_python", "arguments": {"code": "print(1)"}}])
    ],
    "its arguments called parameters": [
        delta(tool_calls=[{"function": {"name": "run_python", "parameters": {"code": "print(1)"}}}])
    ],
    "a decorated name": [
        call_delta(CODE, index=0, id="c1", name="functions.run_python<|channel|>commentary")
    ],
}


@pytest.mark.parametrize("events", NAMED.values(), ids=NAMED)
async def test_one_call_stays_one_call(events: list[Any]):
    reply, _ = await streamed(stream(*events, CALLS))
    assert [(action.name, action.arguments) for action in reply.actions] == [
        ("run_python", {"code": "print(1)"})
    ]
    assert reply.actions[0].id
    assert reply.message["tool_calls"][0]["id"] == reply.actions[0].id  # type: ignore[index]


SECOND = '{"query": "x"}'
PAIRS: dict[str, list[Any]] = {
    "index 0 and 1": [
        call_delta("", index=0, id="a", name="run_python"),
        *CALL,
        call_delta(SECOND, index=1, id="b", name="search"),
    ],
    "interleaved": [
        call_delta("", index=0, id="a", name="run_python"),
        call_delta("", index=1, id="b", name="search"),
        call_delta(SECOND[:4], index=1),
        *CALL,
        call_delta(SECOND[4:], index=1),
    ],
    "both with index 0": [
        call_delta(CODE, index=0, id="a", name="run_python"),
        call_delta(SECOND, index=0, id="b", name="search"),
    ],
    "no index, no id": [call_delta(CODE, name="run_python"), call_delta(SECOND, name="search")],
    "in one delta, no index, no id": [
        delta(tool_calls=[tool_call("run_python", CODE, None), tool_call("search", SECOND, None)])
    ],
    "the same id": [
        call_delta(CODE, index=0, id="a", name="run_python"),
        call_delta(SECOND, index=1, id="a", name="search"),
    ],
    "the same id, no index": [
        call_delta(CODE, id="a", name="run_python"),
        call_delta(SECOND, id="a", name="search"),
    ],
    "index 1 and 2": [
        call_delta("", index=1, id="a", name="run_python"),
        *[call_delta(piece, index=1) for piece in pieces(CODE)],
        call_delta(SECOND, index=2, id="b", name="search"),
    ],
    "wrapped as parallel": [
        call_delta(
            json.dumps(
                {
                    "tool_uses": [
                        {"recipient_name": "functions.run_python", "parameters": json.loads(CODE)},
                        {"recipient_name": "functions.search", "parameters": json.loads(SECOND)},
                    ]
                }
            ),
            index=0,
            id="a",
            name="multi_tool_use.parallel",
        )
    ],
}


@pytest.mark.parametrize("events", PAIRS.values(), ids=PAIRS)
async def test_two_calls_stay_two_calls_with_ids_of_their_own(events: list[Any]):
    reply, _ = await streamed(stream(*events, CALLS))
    assert [(action.name, action.arguments) for action in reply.actions] == [
        ("run_python", {"code": "print(1)"}),
        ("search", {"query": "x"}),
    ]
    ids = [action.id for action in reply.actions]
    assert all(ids)
    assert len(set(ids)) == 2
    assert [call["id"] for call in reply.message["tool_calls"]] == ids  # type: ignore[index, union-attr]


@pytest.mark.parametrize("id_", [None, "", "  ", "call_1", 7, "x" * 90])
async def test_ids_are_never_empty_and_never_twice(id_: Any):
    calls = [tool_call("list_files", "{}", id_), tool_call("list_files", "{}", id_)]
    reply = await ask(message("tool_calls", tool_calls=calls))
    ids = [action.id for action in reply.actions]
    assert all(0 < len(one) <= 64 for one in ids)
    assert len(set(ids)) == 2


async def test_an_id_that_stands_in_the_conversation_is_not_used_again():
    past: list[dict[str, Any]] = [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": None, "tool_calls": [tool_call("list_files", "{}")]},
        {"role": "tool", "tool_call_id": "call_1", "content": "none"},
    ]
    reply = await ask(message("tool_calls", tool_calls=[tool_call("list_files", "{}")]), messages=past)
    assert reply.actions[0].id not in ("", "call_1")


@pytest.mark.parametrize("raw", ["", None, "{}", "null", "[]", "  "])
async def test_a_call_without_arguments_has_an_empty_object(raw: Any):
    reply = await ask(message("tool_calls", tool_calls=[tool_call("list_files", raw)]))
    assert reply.actions[0].arguments == {}


@pytest.mark.parametrize(
    "raw",
    [
        '{"a": 1',
        "{'a': 1}",
        "[1]",
        "7",
        '"x"',
        '{"a": NaN}',
        '{"a":' * 300 + "1" + "}" * 300,
        '{"a":' * 900 + "1" + "}" * 900,
        "[" * 100_000,
        "{" + '"a":{' * 9999,
    ],
)
async def test_arguments_that_are_no_json_object_are_none_and_stay_readable(raw: str):
    reply = await ask(message("tool_calls", tool_calls=[tool_call("run_python", raw)]))
    assert reply.actions[0].arguments is None
    assert reply.actions[0].raw == raw


@pytest.mark.parametrize(
    "finish", ["", None, "eos", "stop", "function_call", "EOS_TOKEN", "model_context_window_exceeded"]
)
async def test_valid_calls_decide_not_the_label(finish: Any):
    events = [call_delta("", index=0, id="c1", name="run_python"), *CALL, delta(finish), delta(finish)]
    reply, _ = await streamed(stream(*events))
    assert reply.finish_reason == "tool_calls"
    assert len(reply.actions) == 1


@pytest.mark.parametrize("finish", ["", None, "eos", "end_turn", "stop_sequence"])
async def test_text_with_an_odd_reason_is_a_reply(finish: Any):
    reply, _ = await streamed(stream(delta(content="done"), delta(finish)))
    assert (reply.text, reply.finish_reason) == ("done", "stop")


CUTS: dict[str, list[Any]] = {
    "in the text": [STREAM, event(delta(content="half a re"))],
    "in a call": [STREAM, event(call_delta('{"code": "pri', index=0, id="a", name="run_python"))],
    "before the arguments": [STREAM, event(call_delta("", index=0, id="a", name="run_python"))],
    "in an event": [STREAM, event(delta(content="half")), b'data: {"choices": [{"del'],
    "before anything": [STREAM],
    "after comments": [STREAM, b": waiting\n\n"],
}


@pytest.mark.parametrize("end", [[], [RESET]], ids=["clean end", "reset"])
@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
async def test_a_cut_stream_is_asked_for_again(cut: list[bytes], end: list[bytes]):
    whole = stream(delta(content="half a reply is no reply"), STOP)
    reply, told = await streamed([*cut, *end], whole)
    assert reply.text == "half a reply is no reply"
    assert "".join(told) == reply.text  # what was told before the cut is not told again


async def test_a_stream_that_is_always_cut_is_transient():
    error = await failing(CUTS["in the text"], on_text=str)
    assert isinstance(error, TransientModelError)
    assert error.kind == "transient"


async def test_a_clean_end_in_a_call_with_a_closing_mark_but_no_reason_is_cut():
    cut = stream(call_delta('{"code": "pri', index=0, id="a", name="run_python"))
    reply, _ = await streamed(cut, stream(delta(content="again"), STOP))
    assert reply.text == "again"


async def test_a_call_that_is_whole_needs_no_reason():
    reply, _ = await streamed(stream(call_delta(CODE, index=0, id="a", name="run_python"), done=False))
    assert reply.actions[0].arguments == {"code": "print(1)"}


async def test_a_break_after_the_reason_is_no_loss():
    reply, _ = await streamed([STREAM, event(delta(content="all of it")), event(STOP), RESET])
    assert reply.text == "all of it"


async def test_a_server_that_keeps_the_connection_open_after_done_does_not_hold_up_the_reply():
    reply, _ = await streamed([*stream(delta(content="all"), STOP), HANG], timeout_s=5)
    assert reply.text == "all"


async def test_a_repeated_attempt_with_other_words_is_told_from_its_start():
    reply, told = await streamed([STREAM, event(delta(content="one "))], stream(delta(content="two "), STOP))
    assert reply.text == "two "
    assert told == ["one ", "two "]


DAMAGE: dict[str, bytes] = {
    "bad JSON": b'data: {"choices": [}]\n\n',
    "text": b"data: Internal Server Error\n\n",
    "a page": b"data: <html>\n\n",
    "a cut event": b'data: {"choices": [{"delta": {"content": "x\n\n',
    "bad UTF-8 in a call": event(call_delta("~", index=0)).replace(b"~", b"\xff"),
    "nesting without end": b'data: {"choices": ' + b"[" * 800 + b"]" * 800 + b"}\n\n",
    "digits without end": b'data: {"choices": ' + b"9" * 5000 + b"}\n\n",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
async def test_damage_in_a_stream_is_asked_for_again(damage: bytes):
    broken = [STREAM, event(delta(content="x")), damage, event(STOP), DONE]
    reply, _ = await streamed(broken, stream(delta(content="well"), STOP))
    assert reply.text == "well"


async def test_bad_utf8_in_text_is_replaced():
    bad = b'data: {"choices": [{"delta": {"content": "caf\xe9"}}]}\n\n'
    reply, _ = await streamed([STREAM, bad, event(STOP), DONE])
    assert reply.text == "caf\ufffd"


async def test_letters_cut_by_the_network_are_joined():
    whole = b"".join(stream(delta(content="naïve 日本 🎉"), STOP)[1:]).replace(b"\\u", b"\\u")
    raw = event(json.dumps(delta(content="naïve 日本 🎉"), ensure_ascii=False).encode())
    reply, _ = await streamed([STREAM, *[bytes([byte]) for byte in raw], whole[whole.index(b"data", 5) :]])
    assert reply.text == "naïve 日本 🎉"


async def test_a_pair_of_surrogates_in_two_deltas_is_one_sign():
    reply, told = await streamed(
        stream(
            event(b'{"choices":[{"delta":{"content":"\\ud83c"}}]}')[6:-2],
            b'{"choices":[{"delta":{"content":"\\udf89!"}}]}',
            STOP,
        )
    )
    assert reply.text == "🎉!"
    assert "".join(told) == "🎉!"


async def test_a_lone_surrogate_can_be_stored_and_sent():
    reply, _ = await streamed(stream(b'{"choices":[{"delta":{"content":"a\\ud83cb"}}]}', STOP))
    assert reply.text.encode()
    arguments = '{"code": "\\ud83c"}'
    reply = await ask(message("tool_calls", tool_calls=[tool_call("run_python", arguments)]))
    assert str(reply.actions[0].arguments).encode()
    assert reply.actions[0].arguments is not None


DIALECTS: dict[str, bytes] = {
    "comments and names": b": hi\n\nevent: x\nid: 1\nretry: 5\ndata: %s\n\ndata: %s\n\n",
    "CRLF": b"data: %s\r\n\r\ndata: %s\r\n\r\n",
    "CR": b"data: %s\r\rdata: %s\r\r",
    "no blank lines": b"data: %s\ndata: %s\ndata: [DONE]\n",
    "no space": b"data:%s\n\ndata:%s\n\ndata:[DONE]\n\n",
    "a byte order mark": b"\xef\xbb\xbfdata: %s\n\ndata: %s\n\n",
    "pings": b'data: ping\n\ndata: %s\n\ndata:\n\nevent: ping\ndata: {"type": "ping"}\n\ndata: %s\n\n',
    "no end of line": b"data: %s\n\ndata: %s",
    "lines of JSON": b"%s\n%s\n",
    "blank lines first": b"\n\n\r\ndata: %s\n\ndata: %s\n\n",
}


@pytest.mark.parametrize("shape", DIALECTS.values(), ids=DIALECTS)
async def test_every_dialect_of_events_is_read(shape: bytes):
    first, last = json.dumps(delta(content="good")).encode(), json.dumps(STOP).encode()
    reply, _ = await streamed([STREAM, shape % (first, last)])
    assert reply.text == "good"


async def test_an_event_over_several_data_lines_is_one():
    lines = json.dumps(delta(content="good"), indent=1).splitlines()
    raw = "".join(f"data: {line}\n" for line in lines).encode() + b"\n"
    reply, _ = await streamed([STREAM, raw, event(STOP)])
    assert reply.text == "good"


async def test_a_server_that_ignores_the_wish_for_a_stream_is_read():
    reply, told = await streamed(message(content="plain"))
    assert (reply.text, told) == ("plain", ["plain"])


async def test_a_server_that_streams_unasked_is_read():
    reply = await ask(stream(delta(content="streamed"), STOP, USAGE))
    assert reply.text == "streamed"
    assert reply.usage.prompt_tokens == 100


PAGES: dict[str, bytes] = {
    "a page": http(b"<!DOCTYPE html><html><title>Sign in</title></html>", content_type="text/html"),
    "a page called JSON": http(b"\n <html></html>"),
    "a text": http(b"Ollama is running", content_type="text/plain"),
    "a JSON text": http(b'"ok"'),
    "no choices": document({"ok": True}),
    "choices of nothing": document({"choices": []}),
    "choices of null": document({"choices": None, "usage": None}),
    "an empty list": document([]),
    "a stream without choices": http(event({"ok": True}) + DONE, content_type="text/event-stream"),
}


@pytest.mark.parametrize("on_text", [None, str], ids=["plain", "streamed"])
@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
async def test_what_is_no_model_server_is_named_so_at_once(page: bytes, on_text: Any):
    async with asking(page) as (model, server):
        with pytest.raises(BadServerError, match="OpenAI-compatible"):
            await model.complete([{"role": "user", "content": "hi"}], [], on_text=on_text, timeout_s=10)
    assert len(server.asked) == 1


async def test_an_empty_answer_is_asked_for_again():
    reply, _ = await streamed(
        http(b""), http(b"", content_type="text/event-stream"), stream(delta(content="x"), STOP)
    )
    assert reply.text == "x"


async def test_a_dripping_server_is_left_when_no_line_comes():
    drip = [STREAM, *[b"d"], HANG]
    error = await failing(drip, on_text=str, _patience=QUICK)
    assert isinstance(error, TransientModelError)


async def test_comments_are_a_sign_of_life_but_the_deadline_holds():
    error = await failing([STREAM, b": alive\n\n", HANG], on_text=str, timeout_s=0.3)
    assert isinstance(error, TransientModelError)
    assert "in the time" in str(error)


CONTENTS: dict[str, tuple[Any, str]] = {
    "null": (None, ""),
    "parts": ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "ab"),
    "strings": (["a", "b"], "ab"),
    "a part": ({"type": "text", "text": "ab"}, "ab"),
    "thoughts and text": (
        [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "ab"}],
        "ab",
    ),
    "a number": (7, ""),
    "unknown parts": (
        [{"type": "image_url", "image_url": {}}, None, 3, {"type": "text", "text": "ab"}],
        "ab",
    ),
}


@pytest.mark.parametrize(("content", "text"), CONTENTS.values(), ids=CONTENTS)
async def test_content_in_any_shape_is_read(content: Any, text: str):
    calls = [tool_call("list_files", "{}")]
    reply = await ask(message("tool_calls", content=content, tool_calls=calls))
    assert reply.text == text
    reply, _ = await streamed(stream(delta(content=content, tool_calls=calls), CALLS))
    assert reply.text == text


async def test_thinking_parts_go_back_as_they_came():
    think = [{"type": "thinking", "thinking": [{"type": "text", "text": piece}]} for piece in ("h", "m")]
    reply, _ = await streamed(stream(*[delta(content=[part]) for part in think], delta(content="ab"), STOP))
    assert reply.text == "ab"
    assert reply.message["content"] == [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
        {"type": "text", "text": "ab"},
    ]


async def test_no_message_at_all_is_an_empty_reply_asked_for_once_more():
    empty = document({"choices": [{"finish_reason": "stop"}]})
    async with asking(empty) as (model, server):
        reply = await model.complete([{"role": "user", "content": "hi"}], [], timeout_s=10)
    assert (reply.text, reply.actions, reply.finish_reason) == ("", (), "stop")
    assert len(server.asked) == 2


async def test_an_empty_reply_is_billed_with_the_next():
    reply, _ = await streamed(stream(STOP, USAGE), stream(delta(content="x"), STOP, USAGE))
    assert reply.text == "x"
    assert reply.usage.prompt_tokens == 200


async def test_a_message_split_over_choices_is_one():
    choices = [
        {"message": {"content": "text"}, "finish_reason": "tool_calls"},
        {"message": {"tool_calls": [tool_call("list_files", "{}")]}, "finish_reason": "tool_calls"},
    ]
    reply = await ask(document({"choices": choices}))
    assert (reply.text, len(reply.actions)) == ("text", 1)


async def test_length_keeps_the_text_and_only_whole_calls():
    reply = await ask(message("length", content="half"))
    assert (reply.text, reply.finish_reason) == ("half", "length")
    calls = [
        tool_call("list_files", "{}", "a"),
        tool_call("run_python", '{"code": "pri', "b"),
        tool_call("search", "", "c"),
    ]
    reply = await ask(message("length", tool_calls=calls))
    assert [action.arguments for action in reply.actions] == [{}, None, None]
    assert reply.finish_reason == "length"


USAGES: dict[str, tuple[Any, tuple[int, int, int]]] = {
    "OpenAI": (
        {
            "prompt_tokens": 9,
            "completion_tokens": 2,
            "total_tokens": 11,
            "prompt_tokens_details": {"cached_tokens": 4},
        },
        (9, 2, 4),
    ),
    "DeepSeek": ({"prompt_tokens": 9, "completion_tokens": 2, "prompt_cache_hit_tokens": 8}, (9, 2, 8)),
    "reasoning left out": ({"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 30}, (9, 21, 0)),
    "floats and text": ({"prompt_tokens": 9.0, "completion_tokens": "2"}, (9, 2, 0)),
    "more cached than sent": ({"prompt_tokens": 9, "completion_tokens": 2, "cached_tokens": 50}, (9, 2, 9)),
    "nonsense": ({"prompt_tokens": -5, "completion_tokens": None, "total_tokens": []}, (0, 0, 0)),
    "a list": ([1], (0, 0, 0)),
}


@pytest.mark.parametrize(("usage", "tokens"), USAGES.values(), ids=USAGES)
async def test_usage_is_read_in_every_shape(usage: Any, tokens: tuple[int, int, int]):
    reply, _ = await streamed(stream(delta(content="x"), STOP, {"choices": [], "usage": usage}))
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.cached_tokens) == tokens


SIX = {"prompt_tokens": 5, "completion_tokens": 1}


@pytest.mark.parametrize("chunk", [{"x_groq": {"usage": SIX}}, {"choices": [{"delta": {}, "usage": SIX}]}])
async def test_usage_is_found_in_odd_places(chunk: Any):
    reply, _ = await streamed(stream(delta(content="x"), STOP, chunk))
    assert reply.usage.total_tokens == 6
