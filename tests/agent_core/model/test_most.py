"""The bound on tokens, and the stream that says too much."""

import base64
import json
import random

import pytest
from pydantic import JsonValue

from agent_core.model.estimate import PICTURE_TOKENS, most_tokens
from agent_core.model.gauge import Gauge
from agent_core.model.sse import StreamEvent

CHANCE = random.Random(5)  # noqa: S311 -- the same in every run
TRUE = {  # bytes of a token, measured with real vocabularies
    "prose": (5.0, "The quick brown fox jumps over the lazy dog, and nobody minds at all. " * 40),
    "json": (2.8, json.dumps([{"id": number, "name": f"item {number}"} for number in range(200)])),
    "base64": (1.6, base64.b64encode(CHANCE.randbytes(3000)).decode()),
    "cjk": (4.1, "日本語の文章をここに書いています。" * 60),
    "digits": (3.0, "".join(CHANCE.choices("0123456789", k=2000))),
}


@pytest.mark.parametrize("kind", TRUE)
def test_the_bound_is_above_the_truth_for_every_kind_of_text(kind: str):
    per_token, text = TRUE[kind]
    true = len(text.encode()) / per_token
    assert true <= most_tokens(text)


def test_the_bound_of_prose_is_no_more_than_three_times_the_truth():
    per_token, text = TRUE["prose"]
    assert most_tokens(text) < 3.2 * len(text) / per_token


def test_a_picture_is_counted_by_itself():
    picture: JsonValue = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 10**6}}
    assert PICTURE_TOKENS < most_tokens([{"role": "user", "content": [picture]}]) < PICTURE_TOKENS + 100


def chunk(**delta: JsonValue) -> StreamEvent:
    return StreamEvent(data={"choices": [{"delta": delta}]})


def test_one_piece_is_one_token_as_long_as_it_can_be():
    gauge = Gauge(100)
    for _ in range(100):
        gauge.feed(chunk(content="word "))
    assert not gauge.full
    gauge.feed(chunk(reasoning_content="word "))
    assert gauge.full


def test_pieces_of_one_letter_are_not_taken_for_tokens():
    gauge = Gauge(100)
    for _ in range(140):
        gauge.feed(chunk(content="w"))
    assert not gauge.full


def test_a_server_that_sends_large_pieces_is_measured_by_their_length():
    gauge = Gauge(100)
    gauge.feed(chunk(tool_calls=[{"id": "x" * 1000, "function": {"name": "y", "arguments": "z" * 590}}]))
    assert not gauge.full
    gauge.feed(StreamEvent(data={"type": "response.output_text.delta", "delta": "z" * 30}))
    assert gauge.full
