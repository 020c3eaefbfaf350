"""Thoughts are not shown, and what is shown piece by piece is what the reply says."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_core.model.text import CallGate, Narrator, ThoughtFilter
from tests.agent_core.model.asking import ask, streamed
from tests.agent_core.model.hostile import STOP, delta, message, stream

SPLITS: list[tuple[str, str, str]] = [
    ("Hello", "Hello", ""),
    ("<think>hm</think>Hello", "Hello", "<think>hm</think>"),
    ("\n<think>\nhm\n</think>\n\nHello\n", "Hello\n", "<think>\nhm\n</think>"),
    ("<think></think>Hello", "Hello", "<think></think>"),
    ("hm, I think so</think>\n\nHello", "Hello", "hm, I think so</think>"),
    ("Hello <think>hm</think>world", "Hello world", "<think>hm</think>"),
    ("<think>a</think>b<think>c</think>d", "bd", "<think>a</think><think>c</think>"),
    ("<think>hm, cut", "", "<think>hm, cut"),
    ("so\n<think>hm, cut", "so\n", "<think>hm, cut"),
    ("The tag <think> is never closed", "The tag <think> is never closed", ""),
    ("Write `<think>` and `</think>`", "Write `<think>` and `</think>`", ""),
    ("<think>a</think>b</think>c", "bc", "<think>a</think>"),
    ("a < b and </thin", "a < b and </thin", ""),
    ("  indented", "  indented", ""),
    ("", "", ""),
    ("   ", "", ""),
]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(("text", "visible", "thought"), SPLITS)
def test_thoughts_are_split_from_text_wherever_the_pieces_end(
    text: str, visible: str, thought: str, size: int
):
    split = ThoughtFilter()
    shown = "".join(split.feed(text[at : at + size]) for at in range(0, len(text), size)) + split.end()
    assert split.visible == visible
    assert split.thought == thought
    if not text.startswith(
        "hm"
    ):  # there the thoughts are shown before their closing tag tells what they were
        assert shown == visible


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(["<think>", "</think>", "a", " ", "\n", "`", "<", "</th", "ink>", "\ud83c", "\udf89"])
    )
)
def test_pieces_make_no_difference(pieces: list[str]):
    whole, parts = ThoughtFilter(), ThoughtFilter()
    whole.feed("".join(pieces))
    whole.end()
    for piece in pieces:
        parts.feed(piece)
    parts.end()
    assert parts.thought == whole.thought
    assert parts.visible == whole.visible
    assert parts.visible == parts.visible.encode().decode()


async def test_thoughts_go_back_to_the_server_but_are_not_shown():
    text = "<think>hm</think>\nHello"
    for reply in (
        await ask(message(content=text)),
        (await streamed(stream(*[delta(content=sign) for sign in text], STOP)))[0],
    ):
        assert reply.text == "Hello"
        assert reply.message["content"] == text


@settings(deadline=None)
@given(st.lists(st.text(alphabet="{[`<tol_ca> \nx", max_size=4), max_size=12), st.booleans())
def test_a_gate_loses_nothing(pieces: list[str], active: bool):
    gate = CallGate(active=active)
    shown = "".join(gate.feed(piece) for piece in pieces)
    assert shown + gate.end() == "".join(pieces)


attempts = st.lists(
    st.lists(st.text(alphabet="ab", min_size=1, max_size=3), max_size=4), min_size=1, max_size=4
)


@settings(deadline=None)
@given(attempts)
def test_after_all_attempts_the_caller_has_heard_the_last_text_to_its_end(texts: list[list[str]]):
    told: list[str] = []
    narrator = Narrator(told.append)
    for pieces in texts:
        narrator.restart()
        for piece in pieces:
            narrator.feed(piece)
    last = "".join(texts[-1])
    narrator.finish(last)
    assert "".join(told).endswith(last)
    assert all(told)


@pytest.mark.parametrize("tell", [None, str])
def test_a_narrator_without_text_says_nothing(tell: Any):
    narrator = Narrator(tell)
    narrator.restart()
    narrator.feed("")
    narrator.finish("")
