"""Texts into the terms by which they are found: words of any script, stemmed where the language is known."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from typing import Any

import snowballstemmer
from bm25s import stopwords

_ASCII = re.compile(r"[A-Za-z0-9_]+")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_CAMEL = re.compile(r"[a-z][A-Z]")
_LISTS: Any = stopwords  # it says nothing of its types
_STOP: dict[str, frozenset[str]] = {
    "english": frozenset(_LISTS.STOPWORDS_EN_PLUS),
    "german": frozenset(_LISTS.STOPWORDS_GERMAN),
    "french": frozenset(_LISTS.STOPWORDS_FRENCH),
    "spanish": frozenset(_LISTS.STOPWORDS_SPANISH),
    "italian": frozenset(_LISTS.STOPWORDS_ITALIAN),
    "portuguese": frozenset(_LISTS.STOPWORDS_PORTUGUESE),
    "dutch": frozenset(_LISTS.STOPWORDS_DUTCH),
    "swedish": frozenset(_LISTS.STOPWORDS_SWEDISH),
    "danish": frozenset(_LISTS.STOPWORDS_DANISH),
    "norwegian": frozenset(_LISTS.STOPWORDS_NORWEGIAN),
    "turkish": frozenset(_LISTS.STOPWORDS_TURKISH),
    "russian": frozenset(_LISTS.STOPWORDS_RUSSIAN),
}
_SPOKEN_IN = {
    word: tuple(name for name, small in _STOP.items() if word in small)
    for word in frozenset[str]().union(*_STOP.values())
}
_FEWEST_VOTES = 2
_BY_SCRIPT = {
    "CYRILLIC": "russian",
    "ARABIC": "arabic",
    "GREEK": "greek",
    "DEVANAGARI": "hindi",
    "TAMIL": "tamil",
    "ARMENIAN": "armenian",
}
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR")
"""Scripts without spaces between words, or with endings glued to them: cut into pairs of characters."""

ENGLISH = "english"
_PAST_LATIN = "\u0250"
NEGATIONS = frozenset({"no", "not", "never", "nor", "nicht", "kein", "keine", "pas", "ne", "nunca"})


def language(words: Iterable[str]) -> str:
    """The language whose small words these are; English where nothing speaks against it."""
    votes = Counter(name for word in set(words) if word in _SPOKEN_IN for name in _SPOKEN_IN[word])
    if not votes:
        return ENGLISH
    best, most = votes.most_common(1)[0]
    return best if most > votes[ENGLISH] and most >= _FEWEST_VOTES else ENGLISH


def split(text: str) -> list[str]:
    """The words in their order, casefolded; an emoji is a word, an identifier also its parts."""
    if text.isascii() and "_" not in text and not _CAMEL.search(text):
        return _ASCII.findall(text.lower())  # most texts: nothing has parts
    plain = unicodedata.normalize("NFKC", text)
    found: list[str] = []
    for word in _ASCII.findall(plain) if plain.isascii() else _scan(plain):
        found.append(word.casefold())
        if word.isalpha() and word.islower():
            continue
        if "_" in word or _CAMEL.search(word):
            parts = _PARTS.findall(word)
            found += [part.casefold() for part in parts] if len(parts) > 1 else []
    return found


def terms(text: str) -> tuple[list[str], str]:
    """The terms under which a text is filed, small words left out, and its language."""
    words = split(text)
    spoken = language(words)
    small = _STOP.get(spoken, frozenset())
    return [stem(word, spoken) for word in words if word not in small], spoken


def wanted(query: str, languages: Iterable[str]) -> list[tuple[str, ...]]:
    """What a query looks for: per word the terms that count as that word in these languages."""
    words = split(query)
    small = _STOP[ENGLISH] | _STOP.get(language(words), frozenset())
    spoken = (ENGLISH, *languages)
    kept = [word for word in words if word not in small]
    return [tuple(dict.fromkeys(stem(word, one) for one in spoken)) for word in kept]


def every_word(text: str) -> frozenset[str]:
    """All its stems, the small words too: for telling how much two texts share."""
    words = split(text)
    spoken = language(words)
    return frozenset(stem(word, spoken) for word in words)


def is_small(word: str) -> bool:
    """Whether it is one of the small words of English."""
    return word in _STOP[ENGLISH]


def is_latin(text: str) -> bool:
    """Whether most of its letters are Latin ones."""
    letters = [char for char in text if char.isalpha()]
    return 2 * sum(char < _PAST_LATIN for char in letters) > len(letters)


@lru_cache(maxsize=65_536)
def stem(word: str, spoken: str) -> str:
    """The word without its ending and its accents."""
    script = _script(word)
    if script in {"LATIN", ""}:
        name = spoken if spoken in _STOP and spoken != "russian" else ENGLISH
    else:
        name = _BY_SCRIPT.get(script, "")
    bare = word
    if name and not word.isdecimal():
        stemmer: Any = snowballstemmer.stemmer(name)  # pyright: ignore[reportUnknownMemberType]
        bare = str(stemmer.stemWord(word))
    if bare.isascii() or script not in {"LATIN", "GREEK", "CYRILLIC", "ARABIC"}:
        return bare
    apart = unicodedata.normalize("NFKD", bare)
    return "".join(char for char in apart if unicodedata.category(char) != "Mn") or bare


def _script(word: str) -> str:
    if word.isascii():
        return "LATIN"
    first = next((char for char in word if char.isalpha()), "")
    return unicodedata.name(first, "").partition(" ")[0] if first else ""


def _scan(text: str) -> list[str]:
    """The words of a text that is not plain ASCII."""
    found: list[str] = []
    word: list[str] = []
    pairs: list[str] = []

    def close() -> None:
        if word:
            found.append("".join(word))
            word.clear()
        if pairs:
            found.extend(pairs)
            found.extend(a + b for a, b in pairwise(pairs))
            pairs.clear()

    for char in text:
        kind = _kind(char)
        if kind == "word":
            if pairs:
                close()
            word.append(char)
        elif kind == "pair":
            if word:
                close()
            pairs.append(char)
        else:
            close()
            if kind == "sign":
                found.append(char)
    close()
    return found


@lru_cache(maxsize=8192)
def _kind(char: str) -> str:
    category = unicodedata.category(char)
    if category[0] in "LMN" or char == "_":
        name = unicodedata.name(char, "")
        if category == "Mn" and name.startswith("VARIATION"):
            return "gap"
        return "pair" if name.startswith(_UNSPACED) and category[0] == "L" else "word"
    return "sign" if category == "So" else "gap"
