"""A piece of a post: text and the files that belong to it; long text as an excerpt beside its file."""

from dataclasses import dataclass

from bot.render.escape import clean, fenced, is_lossy
from bot.render.post import Attachment
from bot.render.split import head, size, tail

MOST_LINES = 45
"""In one fence: more is a wall that nobody reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Text in Discord's Markdown, and its files."""

    text: str
    files: tuple[Attachment, ...] = ()


def shown(text: str, language: str, name: str, *, room: int) -> Block:
    """The text in a fence of at most `room`; what does not show all of it has the whole as a file."""
    whole = Attachment(name=name, content=text.encode("utf-8", "replace"))
    short = excerpt(text, room - len(language) - 8)
    complete = short == text and not is_lossy(text) and "```" not in text
    return Block(text=fenced(short, language), files=() if complete else (whole,))


def excerpt(text: str, room: int) -> str:
    """The text, or its beginning and its end with a line between them that says how much is left out.

    It is counted as it will be shown, cleaned and unable to leave its fence.
    """
    if _shown_size(text) <= room and text.count("\n") < MOST_LINES:
        return text
    text = clean(text).strip("\n")
    lead, end = _whole_lines(text, room * 2 // 3 - 60, room // 3)
    lead = "".join(lead.splitlines(keepends=True)[: MOST_LINES * 2 // 3])
    end = "".join(end.splitlines(keepends=True)[-MOST_LINES // 3 :])
    while _shown_size(lead) + _shown_size(end) + 60 > room and (lead or end):
        lead, end = lead[: len(lead) * 3 // 4], end[len(end) // 4 + 1 :]
    left_out = text[len(lead) : len(text) - len(end)].strip("\n")
    lines = left_out.count("\n") + 1
    gap = (
        f"… {lines:,} lines are in the file …"
        if lines > 1
        else f"… {len(left_out):,} characters are in the file …"
    )
    return f"{lead.rstrip()}\n{gap}\n{end.lstrip(chr(10))}"


def _whole_lines(text: str, lead_room: int, end_room: int) -> tuple[str, str]:
    """The beginning and the end of a long text, cut at line ends where there are some nearby."""
    lead, end = head(text, lead_room), tail(text, end_room)
    line_end = lead.rfind("\n")
    if line_end > len(lead) // 2:
        lead = lead[: line_end + 1]
    line_start = end.find("\n")
    if 0 <= line_start < len(end) // 2:
        end = end[line_start + 1 :]
    return lead, end


def _shown_size(text: str) -> int:
    """The size that the text has in its fence."""
    return size(fenced(text)) - 8
