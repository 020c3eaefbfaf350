"""A long text is read in pieces that lose nothing and know their lines."""

from hypothesis import given
from hypothesis import strategies as st

from agent_core.condensing import MOST_ANSWER, joined, pieces

TEXT = st.text(st.sampled_from("ab \n"), max_size=400)


@given(TEXT, st.integers(1, 50))
def test_the_pieces_are_the_text_and_none_is_too_long(text: str, size: int):
    found = pieces("a.txt", text, size)
    kept = "".join(one.text for one in found)
    assert text.startswith(kept)
    assert not text[len(kept) :].strip()
    assert all(len(one.text) <= size for one in found)


@given(TEXT, st.integers(5, 50))
def test_each_piece_stands_at_its_lines(text: str, size: int):
    lines = text.split("\n")
    for one in pieces("a.txt", text, size):
        there = "\n".join(lines[one.first - 1 : one.last])
        assert one.text.rstrip("\n") in there


def test_it_is_cut_between_paragraphs_where_that_is_possible():
    text = "one one\n\ntwo two\n\nthree\n"
    assert [one.text for one in pieces("a.txt", text, 12)] == ["one one\n\n", "two two\n\n", "three\n"]
    assert [one.where for one in pieces("a.txt", text, 12)][1] == "a.txt, lines 3 to 3"


def test_the_answers_stand_under_their_places_cut_to_size():
    (part,) = pieces("a.txt", "text")
    assert joined([(part, "x" * 9000)]) == f"[a.txt, lines 1 to 1]\n{'x' * MOST_ANSWER}"
