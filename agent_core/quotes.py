"""A member's words as others may have quoted them: whole lines, and words that only they used. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from agent_core.memory import words
from agent_core.values import TOMBSTONE

_SHORTEST_LINE = 6
_SHORTEST_WORD = 5
_SHORTEST_UNSPACED = 2
_TELLING_LINE = 12
_RARE_LINE = 24
_RARE_WORD = 8
_LINES = re.compile(r"[\n.!?。！？؟]+")
_WORDS = re.compile(r"[\w-]+")
_UNSPACED = re.compile(r"[\u3400-\u9fff]+|[\u30a0-\u30ff]+|[\uac00-\ud7a3]+|[\u0e00-\u0e7f]+")
"""Words of scripts that have no spaces, as far as a change of script shows where one ends."""
_LIKE_NO_OTHER = re.compile(r"\w[\d_-]|\d\w")
_MIXED = re.compile(r"[^\W\d_].*\d|\d.*[^\W\d_]")
_LINE = re.compile(r"^- \[([0-9a-f]{16}), (?:[\d-]+|undated), (\w+) of .*?\] (.*)$", re.MULTILINE)
_SKILL = re.compile(r"^- \S+ \(id ([\w-]+)(?:, [^)]*)?\): (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A memory or a skill as a session was shown it: one line of memory/sessions.py or tools/skills.py."""

    id: str
    kind: str
    text: str


def shown_in(text: str) -> Iterable[Shown]:
    """The memories and skills that a text shows."""
    for found in _LINE.finditer(text):
        yield Shown(id=found[1], kind=found[2], text=found[3])
    for found in _SKILL.finditer(text):
        yield Shown(id=found[1], kind="skill", text=found[2])


@dataclass(slots=True, kw_only=True)
class Quotes:
    """What is looked for. Made by `quotes_of`."""

    found: frozenset[str]
    memories: frozenset[str]
    """Ids of memories and skills whose lines go."""
    _pattern: re.Pattern[str] | None = field(init=False, default=None)

    def out_of(self, text: str) -> str:
        """The text without them."""
        if not (self.found or self.memories):
            return text
        if self._pattern is None:  # it may be large, and where a whole session goes nobody needs it
            self._pattern = re.compile("|".join(self._alternatives()), re.IGNORECASE | re.MULTILINE)
        return self._pattern.sub(TOMBSTONE, text)

    def _alternatives(self) -> list[str]:
        lines: list[str] = []
        if self.memories:
            ids = "|".join(map(re.escape, sorted(self.memories)))
            lines = [rf"^- \[(?:{ids}), .*$", rf"^- \S+ \(id (?:{ids})[,)].*$"]
        return lines + [re.escape(one) for one in sorted(self.found, key=lambda one: (-len(one), one))]

    def among(self, text: str) -> frozenset[str]:
        """Those that this text holds."""
        folded = text.casefold()
        return frozenset(one for one in self.found if one.casefold() in folded)

    @property
    def telling(self) -> frozenset[str]:
        """Those that show that a file holds their words: long lines, words like no others; casefolded."""
        return frozenset(
            one.casefold() for one in self.found if len(one) >= _TELLING_LINE or _LIKE_NO_OTHER.search(one)
        )

    @property
    def rare(self) -> frozenset[str]:
        """Those that nobody else is likely to have said by chance, wherever they stand; casefolded."""
        return frozenset(
            one.casefold()
            for one in self.found
            if len(one) >= _RARE_LINE or (len(one) >= _RARE_WORD and _MIXED.search(one))
        )


def quotes_of(
    theirs: Iterable[str],
    others: Iterable[str],
    memories: Iterable[str] = (),
    whole: Iterable[str] = (),
) -> Quotes:
    """Their lines and words but those of others.

    `memories`: ids of memories and skills whose lines go; `whole`: texts that count as a whole alone.
    """
    lines = {" ".join(text.split()) for text in whole if len(text) >= _TELLING_LINE}
    terms: set[str] = set()
    for text in theirs:
        plain = text.replace(TOMBSTONE, "\n")
        lines |= _lines(plain)
        terms |= _terms(plain)
    said = list(others)
    used = {one.casefold() for text in said for one in _terms(text)}
    used_lines = {one.casefold() for text in said for one in _lines(text)}
    found = {one for one in lines if one.casefold() not in used_lines}
    found |= {one for one in terms if one.casefold() not in used}
    return Quotes(found=frozenset(found), memories=frozenset(memories))


def _lines(text: str) -> set[str]:
    found = {line.strip() for line in [text, " ".join(text.split()), *_LINES.split(text)]}
    return {line for line in found if len(line) >= _SHORTEST_LINE}


def _terms(text: str) -> set[str]:
    spaced = {one for one in _WORDS.findall(text) if len(one) >= _SHORTEST_WORD}
    unspaced = {one for one in _UNSPACED.findall(text) if len(one) >= _SHORTEST_UNSPACED}
    return {one for one in spaced | unspaced if not words.is_small(one.casefold())}
