"""The state that frameworks embed in pages drawn by scripts (Next, Nuxt, Redux, Apollo), as text. Bounded.

Nothing is run: what is JSON is parsed, and of what is not, the string literals are read.
"""

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any, cast

from pydantic import JsonValue

_SCRIPT_CHARACTERS = 3_000_000
_MOST_SCRIPTS = 40
_MOST_LINES = 2_000
_MOST_CHARACTERS = 200_000
_MOST_VALUES = 100_000
_DEEPEST = 40
_SENTENCE_WORDS = 3
# what a state is assigned to: window.__NUXT__, self.__INITIAL_STATE__, __APOLLO_STATE__, window.pageData, ...
_ASSIGNED = re.compile(
    r"(?<!\w)(?:(?:window|self|globalThis)(?:\.|\[[\"']))?(?:__\w{2,60}|\w{0,40}(?:state|data|props|store))(?:[\"']\])?"
    r"\s{0,5}=\s{0,5}(?=[{\[(J\"])",
    re.IGNORECASE,
)
_PARSES = re.compile(r"JSON\.parse\(\s{0,5}(?=\")")
_UNDEFINED = re.compile(r"(?<=[:,\[])\s{0,5}undefined(?=[,\]}])")
_LITERAL = re.compile(r"\"(?:[^\"\\\n]|\\.){12,20000}+\"")
_NAMES = frozenset(
    {
        *("title", "name", "headline", "heading", "subtitle", "subheading", "label", "value", "caption"),
        *("summary", "excerpt", "description", "shortdescription", "text", "body", "content", "html"),
        *("articlebody", "answer", "question", "message", "comment", "author", "brand", "price"),
        *("currency", "amount", "displayname", "fullname", "location", "address", "city", "country"),
        *("date", "publishedat", "published", "category"),
    }
)  # fmt: skip
"""Keys whose text is for readers even where it is a single word."""
_OTHER = re.compile(
    r"url|uri|href|src|image|icon|class|style|token|query|locale|i18n|translation|messages$|css|font|color|config"
    r"|flag|experiment|analytics|tracking|cookie|consent|footer|header|menu|navigation|seo|meta|schema|svg|hash"
    r"|^alt$|^key$|^id$|^type$|^__typename$|slug|path|route|build",
    re.IGNORECASE,
)
_NO_PROSE = re.compile(
    r"[{}<>;=]{2}|function\s*\(|^\W*$|^data:|^https?://|^[\w-]+(?:\.[\w-]+)+$|^[A-Za-z0-9+/=_-]{30,}$"
)


def read_embedded(tree: Any) -> str:
    """What the scripts of an lxml tree hold for readers, a line for each text, each once."""
    lines: dict[str, None] = {}
    left = _MOST_CHARACTERS
    for value in _states(tree):
        for said in _said(value):
            if len(lines) >= _MOST_LINES or left < len(said):
                return "\n\n".join(lines)
            if said not in lines:
                lines[said] = None
                left -= len(said)
    return "\n\n".join(lines)


def _states(tree: Any) -> Iterator[JsonValue]:
    for script in tree.xpath("//script[not(@src)]")[:_MOST_SCRIPTS]:
        kind = str(script.get("type") or "").lower()
        source = str(script.text or "")[:_SCRIPT_CHARACTERS]
        if "ld+json" in kind:
            continue
        if kind.endswith("json"):
            yield from _loaded(
                unescape(source) if source.lstrip().startswith(("{&quot;", "[&quot;")) else source
            )
        elif kind in ("", "text/javascript", "application/javascript", "module"):
            yield from _assigned(source)


def _loaded(source: str) -> Iterator[JsonValue]:
    try:
        value: JsonValue = json.loads(source, strict=False)
        yield _unflattened(value) if isinstance(value, list) else value
    except (ValueError, RecursionError):
        return


def _assigned(source: str) -> Iterator[JsonValue]:
    decoder = json.JSONDecoder(strict=False)
    place = 0
    for _ in range(20):
        found = _ASSIGNED.search(source, place)
        if found is None:
            return
        place = found.end()
        parses = _PARSES.match(source, place)
        try:
            value, _ = decoder.raw_decode(_UNDEFINED.sub("null", source[parses.end() if parses else place :]))
            yield json.loads(value) if parses and isinstance(value, str) else cast(JsonValue, value)
        except (ValueError, RecursionError):
            literals: list[JsonValue] = [_literal(one[0]) for one in _LITERAL.finditer(source, place)]
            yield literals[:_MOST_LINES]
            return


def _unflattened(flat: list[JsonValue]) -> JsonValue:
    """Nuxt's form: a list whose objects hold the places of their values. Any other list as it is."""
    first = flat[0] if len(flat) > 1 else None
    if isinstance(first, dict):
        is_flat = bool(first) and all(type(one) is int for one in first.values())
    else:
        is_flat = isinstance(first, list) and [type(one) for one in first] == [str, int]  # ["Reactive", 1]
    if not is_flat:
        return flat
    left = [_MOST_VALUES]

    def built(place: JsonValue, depth: int) -> JsonValue:
        left[0] -= 1
        if type(place) is not int or not 0 <= place < len(flat) or depth > _DEEPEST or left[0] < 0:
            return None
        found = flat[place]
        if isinstance(found, dict):
            return {key: built(one, depth + 1) for key, one in found.items()}
        return [built(one, depth + 1) for one in found] if isinstance(found, list) else found

    return built(0, 0)


def _literal(text: str) -> str:
    try:
        return str(json.loads(text, strict=False))
    except ValueError:
        return ""


def _said(value: JsonValue) -> Iterator[str]:
    """The texts for readers, in order. Walks with a stack of its own: a state may be deep."""
    stack: list[tuple[str, JsonValue, int]] = [("", value, 0)]
    for _ in range(_MOST_VALUES):
        if not stack:
            return
        key, found, depth = stack.pop()
        if depth > _DEEPEST:
            continue
        if isinstance(found, dict):
            inner = [(name, one, depth + 1) for name, one in found.items() if not _OTHER.search(name)]
            stack += reversed(inner)
        elif isinstance(found, list):
            stack += [(key, one, depth + 1) for one in reversed(found)]
        elif not isinstance(found, bool) and found is not None and (words := _words(key, str(found))):
            yield words


def _words(key: str, text: str) -> str:
    """The text where it is for readers, else nothing."""
    from agent_core.web.markup import fragment

    if "<" in text and ">" in text:
        return fragment(text, "")
    named = key.lower().replace("_", "") in _NAMES
    if _NO_PROSE.search(text) and not (named and text.replace(".", "").isdigit()):
        return ""
    words = " ".join(text.split())
    return words if named or len(words.split()) >= _SENTENCE_WORDS else ""
