import re

from hypothesis import example, given
from hypothesis import strategies as st

from bot.render.escape import clean, code, cut, fenced, is_lossy, line, prose
from bot.render.split import size

anything = st.text(max_size=300) | st.lists(
    st.sampled_from(
        [
            "```",
            "`",
            "@everyone",
            "@here",
            "<@1>",
            "<@&2>",
            "<#3>",
            "\x1b[31m",
            "\x00",
            "\r",
            "\u202e",
            "a",
            "\n",
        ]
    ),
    max_size=60,
).map("".join)


@given(anything)
@example("``````")
@example("```\n@everyone\n```")
def test_nothing_leaves_its_fence(text: str):
    shown = fenced(text, "python")
    assert shown.count("```") == 2
    assert shown.startswith("```python\n")
    assert shown.endswith("\n```")


@given(anything)
def test_nobody_is_mentioned_by_prose_or_by_a_line(text: str):
    for shown in (prose(text), line(text)):
        assert not re.search(r"@everyone|@here|<@[!&]?\d+>|<#\d+>", shown, re.IGNORECASE)


@given(anything)
def test_cleaning_is_done_once_and_for_all(text: str):
    once = clean(text)
    assert clean(once) == once
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", once)


@given(anything, st.integers(10, 60))
def test_a_line_is_one_line_and_short(text: str, room: int):
    assert "\n" not in line(text, room)
    assert size(code(text, room)) <= room
    assert size(cut(text, room)) <= room


def test_terminal_codes_go_and_control_characters_are_seen():
    assert clean("\x1b[1;31mred\x1b[0m\x07 \x1b]0;title\x07bell") == "red␇ bell"
    assert clean("50%\r100%\r\n") == "50%\n100%\n"
    assert clean("a\u202eb\u200bc\ufeff") == "a⟨U+202E⟩bc"
    assert clean("half \ud800") == "half \ufffd"


def test_people_and_their_languages_stay_as_they_are():
    for text in ("👩‍👩‍👧‍👦 🇩🇪 ✌🏽", "日本語.txt", "سلام دنیا می‌خواهم", "naïve café\ttabbed"):
        assert clean(text) == text
        assert not is_lossy(text)


def test_markdown_of_a_person_is_only_text_in_a_line():
    assert line("**bold** [a](b) # no\n`x`") == r"\*\*bold\*\* [a\](b) # no \`x\`"
    assert line("# heading") == r"\# heading"
    assert line("_so_ ~~not~~ ||this||") == r"\_so\_ \~~not\~~ \||this\||"
    assert line(r"\*") == r"\\\*"


def test_a_name_in_a_line_stays_as_it_is():
    for text in ("out/chart_1.png", "[1, 2]", "a ~ b", "x < y | z", r"C:\temp\new", "10 * 2 = 20"[:2]):
        assert line(text) == text
