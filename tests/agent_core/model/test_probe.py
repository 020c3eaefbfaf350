"""The three calls that tell what a model can do, against servers that can more or less of it."""

import json
from typing import Any

import pytest

from agent_core.model import Abilities, probe
from agent_core.model.window import listed_window
from tests.agent_core.model.asking import asking
from tests.agent_core.model.hostile import (
    DONE,
    HANG,
    STOP,
    STREAM,
    Asked,
    Reply,
    delta,
    document,
    error,
    event,
    message,
    stream,
    tool_call,
)


def called(tool: str, **arguments: Any) -> Reply:
    return message("tool_calls", tool_calls=[tool_call(tool, json.dumps(arguments))])


def kind_of(asked: Asked) -> str:
    """Which of the calls this is: list, look, on (with a result) or add."""
    if asked.body is None:
        return "list"
    messages = str(asked.body["messages"])
    return "look" if "image_url" in messages else "on" if "'role': 'tool'" in messages else "add"


ABLE: dict[str, Reply] = {
    "add": called("add", a=17, b=25),
    "on": called("report", total=42),
    "look": called("colour", name="Red"),
    "list": document({"data": [{"id": "other"}, {"id": "scripted", "max_model_len": 8192}]}),
}


async def tried(**replies: Reply) -> tuple[Abilities, list[Asked]]:
    answers = {**ABLE, **replies}
    async with asking(lambda asked: answers[kind_of(asked)]) as (model, server):
        found = await probe(model, within_s=5)
        assert found.window == model.window
        return found, server.asked


async def test_a_model_that_can_all_is_said_so_in_one_line():
    found, asked = await tried()
    assert found.drives
    assert found.line() == (
        "scripted can drive a goal: calls tools, streams, reports usage, window 8,192, sees pictures"
    )
    assert [kind_of(one) for one in asked] == ["add", "on", "look", "list"]
    assert all(one.headers["authorization"] for one in asked)
    assert Abilities.parse(found.as_json()) == found


LESS: dict[str, tuple[dict[str, Reply], str]] = {
    "only talks": ({"add": message(content="The sum is 42.")}, "can hardly drive a goal"),
    "wrong arguments": ({"add": called("add", a="x")}, "does not call tools"),
    "forgets the result": ({"on": message(content="Hello!")}, "makes nothing of their results"),
    "refuses results": ({"on": error(400, "bad messages")}, "makes nothing of their results"),
    "blind": ({"look": error(400, "image input is not supported")}, "takes no pictures"),
    "guesses": ({"look": called("colour", name="blue")}, "told nothing of a picture"),
    "lists nothing": ({"list": error(404, "no")}, "window unknown"),
    "lists a page": ({"list": document("<html>")}, "window unknown"),
    "counts nothing": (
        {"add": stream(delta(tool_calls=[tool_call("add", '{"a": 17, "b": 25}')]), delta("tool_calls"))},
        "reports no usage",
    ),
    "writes its call as text": (
        {"add": message(content='{"name": "add", "arguments": {"a": 17, "b": 25}}')},
        "can drive a goal",
    ),
}


@pytest.mark.parametrize(("replies", "words"), LESS.values(), ids=LESS)
async def test_what_a_model_cannot_do_is_named(replies: dict[str, Reply], words: str):
    found, _ = await tried(**replies)
    assert words in found.line()


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (error(401, "no such key"), "auth"),
        (error(404, "model not found"), "config"),
        ([STREAM, HANG], "transient"),
        ([STREAM, event(delta(content="x")), event(STOP), DONE[:4]], ""),
    ],
)
async def test_a_server_that_fails_is_a_line_and_never_an_error(reply: Reply, kind: str):
    async with asking(reply) as (model, _):
        found = await probe(model, within_s=0.5)
    assert found.error == kind
    assert bool(found.failed) == bool(kind)
    assert "scripted" in found.line()


LISTS: list[tuple[Any, int | None]] = [
    ({"data": [{"id": "m", "context_window": 131072}]}, 131072),
    ({"data": [{"id": "m", "meta": {"n_ctx": 4096, "n_ctx_train": 32768}}]}, 4096),
    ({"data": [{"id": "m", "max_context_length": 32768, "loaded_context_length": 4096}]}, 4096),
    ({"data": [{"id": "m", "top_provider": {"context_length": 200000}}]}, 200000),
    ({"models": [{"name": "m", "context_length": "8192"}]}, 8192),
    ({"data": [{"id": "other", "context_length": 8192}]}, None),
    ({"data": [{"id": "m", "context_length": -1}, None]}, None),
    ([1], None),
    (None, None),
]


@pytest.mark.parametrize(("body", "window"), LISTS)
def test_the_window_is_read_from_every_list_of_models(body: Any, window: int | None):
    assert listed_window(body, "m") == window
