"""What is too long for a model is cut in the middle."""

from hypothesis import given
from hypothesis import strategies as st

from agent_core.tools import cut
from agent_core.tools.text import MOST_BYTES

# Pieces that repeat: cheap to make long, and of one to four bytes a sign.
TEXTS = st.lists(st.tuples(st.text(max_size=5), st.integers(0, 3000)), max_size=4).map(
    lambda parts: "".join(text * times for text, times in parts)
)


@given(text=TEXTS)
def test_a_text_is_whole_or_its_head_and_tail_and_says_how_much_is_left_out(text: str):
    shown, was_cut = cut(text, "outputs/1.1.txt")
    size = len(text.encode())
    assert was_cut == (size > MOST_BYTES)
    if not was_cut:
        assert shown == text
        return
    assert len(shown.encode()) < MOST_BYTES + 100
    head, _, rest = shown.partition("\n[... ")
    note, _, tail = rest.rpartition(" ...]\n")
    assert text.startswith(head)
    assert text.endswith(tail)
    assert note.endswith("the whole is in outputs/1.1.txt")
    left_out = int(note.partition(" ")[0].replace(",", ""))
    assert abs(size - len(head.encode()) - len(tail.encode()) - left_out) <= 6  # of signs cut in two


@given(text=st.text(st.characters(), max_size=3000).map(lambda part: part * 2))
def test_any_text_can_be_cut_also_with_lone_surrogates(text: str):
    shown, _ = cut(text, "o")
    assert len(shown.encode("utf-8", "surrogatepass")) <= max(MOST_BYTES + 100, 3 * len(text))
