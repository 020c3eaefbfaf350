"""A tool call written as text runs only where the whole text plainly is one call of an offered tool."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_core.model.lenient import load_lenient
from agent_core.model.repair import call_in_text
from tests.agent_core.model.asking import ask, streamed
from tests.agent_core.model.hostile import STOP, delta, message, stream, tool_call

NAMES = frozenset({"run_python", "list_files"})
CODE = {"code": "print(1)"}

CALLS: list[tuple[str, dict[str, Any]]] = [
    ('{"name": "run_python", "arguments": {"code": "print(1)"}}', CODE),
    ('{"tool": "run_python", "args": {"code": "print(1)"}}', CODE),
    ('{"name": "run_python", "parameters": {"code": "print(1)"}}', CODE),
    ('{"type": "function", "name": "run_python", "parameters": {"code": "print(1)"}}', CODE),
    ('{"name": "run_python", "arguments": "{\\"code\\": \\"print(1)\\"}"}', CODE),
    ('{"thoughts": {"text": "hm"}, "command": {"name": "run_python", "args": {"code": "print(1)"}}}', CODE),
    ('{"type": "function", "function": {"name": "run_python", "arguments": {"code": "print(1)"}}}', CODE),
    ('[{"name": "run_python", "arguments": {"code": "print(1)"}}]', CODE),
    ('```json\n{"name": "run_python", "arguments": {"code": "print(1)"}}\n```', CODE),
    ('```\n{"name": "run_python", "arguments": {"code": "print(1)"}}\n```', CODE),
    ('```tool_call {"name": "run_python", "arguments": {"code": "print(1)"}}```', CODE),
    ('<tool_call>\n{"name": "run_python", "arguments": {"code": "print(1)"}}\n</tool_call>', CODE),
    ('<tool_call>{"name": "run_python", "arguments": {"code": "print(1)"}}', CODE),
    ('<tool_call>\n```\n{"name": "run_python", "arguments": {"code": "print(1)"}}\n```\n</tool_call>', CODE),
    ('  \n{"name": "run_python", "arguments": {"code": "print(1)"}}\n\n', CODE),
    # small damage
    ('{"name": "run_python", "arguments": {"code": "print(1)",},}', CODE),
    ('{"name": "run_python", "arguments": {"code": "print(1)"}', CODE),
    ('{"name": "run_python", "arguments": {"code": "print(1)"', CODE),
    ('{"name": "run_python", "arguments": {"code": "print(1)\nprint(2)"}}', {"code": "print(1)\nprint(2)"}),
    ("{'name': 'run_python', 'arguments': {'code': 'print(1)'}}", CODE),
    ('{"name": "run_python", "arguments": {"a": [True, False, None]}}', {"a": [True, False, None]}),
    ('{"name": "run\\_python", "arguments": {"code": "my\\_name"}}', {"code": "my_name"}),
    ('{"name": "run_python", "arguments": {"code": "a\tb"}}', {"code": "a\tb"}),
    ('{"name": "run_python", "arguments": {"code": "re.match(\'\\d\')"}}', {"code": "re.match('\\d')"}),
    ('{"name": "run_python", "arguments": {"parts": [1, 2}}', {"parts": [1, 2]}),
    ('{"name": "list_files", "arguments": {}}', {}),
]  # fmt: skip

NO_CALLS = [
    'I will run this:\n{"name": "run_python", "arguments": {"code": "print(1)"}}',
    '{"name": "run_python", "arguments": {"code": "print(1)"}}\nDone.',
    '```json\n{"name": "list_files", "arguments": {}}\n```\nand\n```\n{"name": "list_files"}\n```',
    '{"name": "run_python", "arguments": {}} {"name": "list_files", "arguments": {}}',
    '[{"name": "run_python", "arguments": {}}, {"name": "list_files", "arguments": {}}]',
    2 * '<tool_call>{"name": "run_python", "arguments": {}}</tool_call>',
    '{"name": "rm", "arguments": {"path": "/"}}',
    '{"name": "functions.run_python", "arguments": {}}',
    '{"name": "run_python"}',
    '{"name": "run_python", "arguments": [1]}',
    '{"name": "run_python", "arguments": {"code": "pri',
    '{"name": "run_python", "arguments": {"code": "x"},',
    '{"name": "run_python", "arguments":',
    '{"name": "run_python", "description": "Runs code.", "parameters": {"type": "object", "properties": {}}}',
    '{"arguments": {"code": "x"}}',
    '{"command": "run_python", "args": {}, "name": "rm"}',
    "run_python",
    "",
    "{}",
    "[]",
    "```",
    "<tool_call></tool_call>",
    '"run_python"',
    "{" * 2000,
]


@pytest.mark.parametrize(("text", "arguments"), CALLS)
def test_one_call_in_a_text_is_found(text: str, arguments: dict[str, Any]):
    call = call_in_text(text, NAMES)
    assert call is not None
    assert call.name in NAMES
    assert call.arguments == arguments


@pytest.mark.parametrize("text", NO_CALLS)
def test_what_is_not_plainly_one_call_runs_nothing(text: str):
    assert call_in_text(text, NAMES) is None


@pytest.mark.parametrize("think", ["", "<think>I should run it.</think>\n", "I should run it.</think>\n"])
@pytest.mark.parametrize("text", [CALLS[0][0], CALLS[8][0], CALLS[16][0]])
async def test_a_written_call_becomes_an_action(text: str, think: str):
    told: list[str] = []
    pieces = [delta(content=(think + text)[at : at + 7]) for at in range(0, len(think + text), 7)]
    for reply in (
        await ask(message(content=think + text)),
        (await streamed(stream(*pieces, STOP)))[0],
        await ask(stream(*pieces, STOP), on_text=told.append),
    ):
        (action,) = reply.actions
        assert (action.name, action.arguments) == ("run_python", CODE)
        assert (reply.text, reply.finish_reason) == ("", "tool_calls")
        assert reply.message["tool_calls"][0]["id"] == action.id  # type: ignore[index]
        assert reply.message["content"] in (None, think.strip(), think)
    if not think.startswith(
        "I"
    ):  # thoughts that nothing announces are told before they are known to be thoughts
        assert told == []


async def test_a_written_call_of_an_unknown_tool_is_text_and_is_told():
    text = '{"name": "rm", "arguments": {"path": "/"}}'
    reply, told = await streamed(stream(*[delta(content=sign) for sign in text], STOP))
    assert (reply.text, reply.actions) == (text, ())
    assert "".join(told) == text


async def test_beside_a_native_call_a_written_one_is_text():
    text = '{"name": "run_python", "arguments": {"code": "print(1)"}}'
    reply = await ask(message(content=text, tool_calls=[tool_call("list_files", "{}")]))
    assert [action.name for action in reply.actions] == ["list_files"]
    assert reply.text == text


async def test_without_tools_a_written_call_is_text():
    text = '{"name": "run_python", "arguments": {"code": "print(1)"}}'
    assert (await ask(message(content=text), tools=[])).text == text


@pytest.mark.parametrize("finish", ["content_filter", "length"])
async def test_nothing_is_mended_where_the_text_was_cut(finish: str):
    reply = await ask(message(finish, content='{"name": "run_python", "arguments": {"code": "print(1)"}'))
    assert reply.actions == ()
    reply = await ask(message("length", content='{"name": "run_python", "arguments": {"code": "print(1)"}}'))
    assert reply.actions[0].arguments == CODE


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@given(json_values)
def test_the_lenient_reader_reads_all_json(value: Any):
    assert load_lenient(json.dumps(value)) == value
    assert load_lenient(json.dumps(value, ensure_ascii=False, indent=1)) == value


@settings(deadline=None)
@given(json_values)
def test_the_lenient_reader_reads_python(value: Any):
    assert load_lenient(repr(value)) == value


@settings(deadline=None)
@given(st.text(alphabet="{}[]\"',:\\ \nabnT_1.`<>/-", max_size=60))
def test_any_text_is_a_call_or_is_none(text: str):
    call = call_in_text(text, NAMES)
    assert call is None or call.name in NAMES
    with suppress(ValueError):
        load_lenient(text)
