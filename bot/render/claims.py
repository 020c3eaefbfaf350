"""The claims of a closing: each marked with what it rests on. Pure."""

import re
from collections.abc import Mapping, Sequence

from agent_core.values import CheckResult, Source
from bot.render.escape import line

MOST_SOURCES = 15
_CITED = re.compile(r"\[([^\[\]\n]{1,80})\](?!\()")
_NUMBERS = re.compile(r"\d{1,4}(?:\s*[,;]\s*\d{1,4})*")
_END = re.compile(r"(?<=[.!?])((?:\s*\[[^\[\]\n]{1,80}\])*)[ \t]+(?=[^\s\[])")
_NO_CLAIM = re.compile(
    r"^\s*(?:#{1,6}\s|```|\|?[\s:|-]+\|?$|-{3,}$|(?:[-*]\s+)?\*\*[^*]+\*\*:?\s*$|.{0,60}:\s*$)"
)
"""Headings, fences, rules of tables, and lines that only announce what follows."""
_WORDS = re.compile(r"\w{2,}")


def with_claims(text: str, sources: Sequence[Source], results: Sequence[CheckResult]) -> str:
    """The text, each sentence and each item of a list followed by what it rests on."""
    numbers = {source.number for source in sources}
    held = {result.name.lower(): result.name for result in results if result.holds}
    rows: list[str] = []
    in_code = False
    for row in text.split("\n"):
        fence = row.lstrip().startswith("```")
        in_code ^= fence
        plain = in_code or fence or _NO_CLAIM.match(row) is not None or not _WORDS.search(row)
        rows.append(row if plain else " ".join(_marked(claim, numbers, held) for claim in claims_of(row)))
    return "\n".join(rows)


def claims_of(row: str) -> list[str]:
    """The sentences of a line, each with the numbers behind it."""
    return [claim for claim in _END.sub("\\1\n", row).rstrip().split("\n") if claim.strip()]


def cited(text: str, sources: Sequence[Source]) -> list[Source]:
    """The sources that a text names by number, in the order of their numbers."""
    named = {number for found in _CITED.finditer(text) for number in _numbers(found[1])}
    return sorted((one for one in sources if one.number in named), key=lambda one: one.number)


def source_rows(sources: Sequence[Source]) -> list[str]:
    """One line for each."""
    rows = [f"-# [{one.number}] {line(one.title, 80)} {line(one.url, 160)}" for one in sources[:MOST_SOURCES]]
    left = len(sources) - MOST_SOURCES
    return rows + ([f"-# … and {left} more"] if left > 0 else [])


def _marked(claim: str, numbers: set[int], held: Mapping[str, str]) -> str:
    if not _WORDS.search(claim):
        return claim
    said = [found[1] for found in _CITED.finditer(claim)]
    for name in said:
        check = held.get(name.strip().lower().removeprefix("check:").strip())
        if check is not None:
            return f"{claim} *(checked: {line(check, 60)})*"
    good = sorted({number for name in said for number in _numbers(name) if number in numbers})
    if good:
        return f"{claim} *(sourced: {', '.join(map(str, good))})*"
    return f"{claim} *(unverified)*"


def _numbers(name: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", name)] if _NUMBERS.fullmatch(name.strip()) else []
