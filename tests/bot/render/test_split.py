import re

from hypothesis import example, given
from hypothesis import strategies as st

from bot.render.split import balanced, head, size, split, tail

words = st.text(
    st.sampled_from(list("ab  \n\n`"))
    | st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]),
    max_size=400,
)
pieces = st.sampled_from(
    [
        "```",
        "```python\n",
        "\n```\n",
        "<@123456789012345678>",
        "<a:party:123456789012345678>",
        "👩‍👩‍👧‍👦",
        "🇩🇪",
        "é",
        " ",
        "\n",
        "\n\n",
    ]
)
texts = st.lists(words | pieces, max_size=60).map("".join)
limits = st.integers(100, 400)


def fences(text: str) -> int:
    return text.count("```")


def bare(text: str) -> str:
    """The text without fence marks and without white space."""
    return re.sub(r"`{3}(python\n)?|\s", "", text)


@given(texts, limits)
@example("`" * 5000, 100)
@example("```" + "x" * 40 + "\n" + "y\n" * 300, 100)
@example("a" * 99 + "\U0001f600" * 500, 100)
@example("e" + "\u0301" * 900, 101)
def test_every_part_fits_and_closes_its_fences(text: str, limit: int):
    for part in split(text, limit):
        assert size(part) <= limit
        assert len(part) <= limit
        assert fences(part) % 2 == 0
        assert part.strip()


plain = words.map(lambda text: text.replace("`", ""))
marks = st.sampled_from(["```\n", "```python\n", "\n```\n", " ``` ", "<@123456789012345678>", "\n\n"])


@given(st.lists(plain | marks, max_size=60).map("".join), limits)
@example("```python\n" + "x = 1\n" * 100 + "```\nend", 100)
@example("``` " + "0" * 500, 100)
def test_the_parts_together_lose_nothing(text: str, limit: int):
    assert bare("\n".join(split(text, limit))) == bare(text)


@given(
    st.lists(st.text(st.sampled_from("ab =()"), max_size=30), min_size=1, max_size=80), st.integers(120, 400)
)
def test_the_lines_of_a_fence_stay_as_they_are(rows: list[str], limit: int):
    parts = split("before\n```python\n" + "\n".join(rows) + "\n```\nafter", limit)
    joined = "\n".join(parts).split("\n")
    assert [row for row in joined if row.strip() and not row.startswith("```")] == [
        row for row in ["before", *rows, "after"] if row.strip()
    ]


short = ["<@123456789012345678>", "<:yes:12345678901234567>", "👩‍👩‍👧‍👦", "🇩🇪"]


@given(st.lists(st.sampled_from([*short, "https://example.org/a"]), max_size=200), limits)
def test_what_is_seen_as_one_is_never_cut(tokens: list[str], limit: int):
    parts = split(" ".join(tokens), limit)
    assert [token for part in parts for token in part.split(" ")] == tokens


@given(st.lists(st.sampled_from(short), max_size=200), limits)
def test_what_is_seen_as_one_is_never_cut_without_spaces_either(tokens: list[str], limit: int):
    whole = re.compile("(?:" + "|".join(map(re.escape, short)) + ")+")
    assert all(whole.fullmatch(part) for part in split("".join(tokens), limit))


def test_a_fence_goes_on_with_its_language():
    first, *others = split("```python\n" + "print('hello')\n" * 20 + "```", 100)
    assert first.startswith("```python\n")
    assert all(part.startswith("```python\nprint('hello')") for part in others)
    assert all(part.endswith("print('hello')\n```") for part in [first, *others])


def test_paragraphs_are_cut_before_lines_and_lines_before_words():
    assert split("a" * 60 + "\n\n" + "b " * 40, 100) == ["a" * 60, ("b " * 40)]
    assert split("a" * 60 + "\n" + "b " * 40, 100) == ["a" * 60, ("b " * 40)]


@given(texts, st.integers(1, 50))
def test_head_and_tail_are_within_their_room(text: str, room: int):
    assert text.startswith(head(text, room))
    assert text.endswith(tail(text, room))
    assert size(tail(text, room)) <= room
    assert size(head(text, room)) <= max(room, 2)


@given(texts)
def test_balanced_text_has_an_even_number_of_fence_marks(text: str):
    assert fences(balanced(text)) % 2 == 0
