"""Who is named in a question: a name drags its vector to every line of that person, so it is taken out."""

import re
from collections import defaultdict

from agent_core.memory.words import is_small

_MENTION = re.compile(r"<@!?(\d+)>")
_COMMON = frozenset(
    """
    may april june august will mark rose hope grace joy bill art faith dawn rob sue pat drew chase grant max
    star ace king page bot admin test guest dev mod frank jack sky summer robin angel ray guy gene dean
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
"""Names that are words as well: they count only where they are written as names."""
_SHORTEST = 3


class Names:
    """The names of the authors of one server, and what each of them wrote."""

    def __init__(self) -> None:
        self._slots: defaultdict[str, set[int]] = defaultdict(set)
        self._names: defaultdict[str, dict[str, int]] = defaultdict(dict)

    def add(self, slot: int, author_id: str | None, author: str | None) -> None:
        """Note who wrote what stands in this slot."""
        who = _who(author_id, author)
        if who is None:
            return
        self._slots[who].add(slot)
        for name in _spellings(author):
            self._names[name][who] = self._names[name].get(who, 0) + 1

    def remove(self, slot: int, author_id: str | None, author: str | None) -> None:
        """The inverse."""
        who = _who(author_id, author)
        if who is None:
            return
        self._slots[who].discard(slot)
        if not self._slots[who]:
            del self._slots[who]
        for name in _spellings(author):
            left = self._names[name].get(who, 0) - 1
            if left > 0:
                self._names[name][who] = left
                continue
            self._names[name].pop(who, None)
            if not self._names[name]:
                del self._names[name]

    def strip(self, query: str) -> tuple[str, set[int]]:
        """The question without names and mentions, and the slots of those who were named."""
        named: set[int] = set()
        for author_id in _MENTION.findall(query):
            named |= self._slots.get(f"#{author_id}", set())
        text = _MENTION.sub(" ", query)
        folded = text.casefold()
        for name in sorted((one for one in self._names if one in folded), key=len, reverse=True):
            pattern = re.compile(rf"(?<!\w){re.escape(name)}(?:['’]s)?(?!\w)", re.IGNORECASE)
            spans = [match.span() for match in pattern.finditer(text) if _is_name(text, match, name)]
            for start, end in reversed(spans):
                text = f"{text[:start]} {text[end:]}"
            if spans:
                for who in self._names[name]:
                    named |= self._slots.get(who, set())
        stripped = " ".join(text.split())
        return (stripped if re.search(r"\w", stripped) else query), named


def _who(author_id: str | None, author: str | None) -> str | None:
    if author_id:
        return f"#{author_id}"
    return f"@{author}" if author else None


def _spellings(author: str | None) -> list[str]:
    """The whole name, and the first word of one that has several."""
    whole = (author or "").casefold().strip()
    first = whole.split()[0] if whole else ""
    found = [whole, *([first] if len(first) >= _SHORTEST else [])]
    return [name for name in dict.fromkeys(found) if re.search(r"\w", name)]


def _is_name(text: str, match: re.Match[str], name: str) -> bool:
    common = name in _COMMON or is_small(name) or len(name) < _SHORTEST
    return not common or (match[0][0].isupper() and match.start() > 0)
