"""A long text in pieces that a model reads one at a time: cut at paragraphs, each with its lines. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MOST_PIECES = 24
PIECE = 12_000
"""Characters: some three thousand tokens, which leaves a small window its room."""
MOST_ANSWER = 1_500
"""Characters of one part's answer that go into the whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of one file."""

    path: str
    first: int
    """Its first line, from 1."""
    last: int
    text: str

    @property
    def where(self) -> str:
        """As people and models read it."""
        return f"{self.path}, lines {self.first} to {self.last}"


def pieces(path: str, text: str, size: int = PIECE) -> list[Piece]:
    """The whole text in pieces of at most so many characters, cut between paragraphs, else lines."""
    found: list[Piece] = []
    line = 1
    held, first = "", 1
    for block in _blocks(text, size):
        if held and len(held) + len(block) > size:
            found.append(_piece(path, first, held))
            held, first = "", line
        held += block
        line += block.count("\n")
    if held.strip():
        found.append(_piece(path, first, held))
    return found


def joined(parts: Sequence[tuple[Piece, str]]) -> str:
    """What was said of each part, each under its place."""
    return "\n\n".join(f"[{piece.where}]\n{answer.strip()[:MOST_ANSWER]}" for piece, answer in parts)


def _piece(path: str, first: int, text: str) -> Piece:
    return Piece(path=path, first=first, last=first + text.rstrip("\n").count("\n"), text=text)


def _blocks(text: str, size: int) -> Iterable[str]:
    """Paragraphs with the space after them; of a longer one its lines, of a longer line its stretches."""
    for paragraph in re.findall(r".+?(?:\n\s*\n|\Z)", text, re.DOTALL):
        if len(paragraph) <= size:
            yield paragraph
            continue
        for line in paragraph.splitlines(keepends=True):
            yield from (line[at : at + size] for at in range(0, len(line), size))
