"""A tool call written as text: recognised only where the whole text is one call of an offered tool. Pure."""

import re
from dataclasses import dataclass

from pydantic import JsonValue

from agent_core.model.lenient import load_lenient
from agent_core.model.shapes import JsonObject, load_strict, mapping, mended, string
from agent_core.values import Arguments

_LONGEST = 256 * 1024
"""Characters; a longer text is not searched for a call."""
_FENCE = "```"
_LABEL = re.compile(r"[ \t]*[\w+-]{0,40}")
_OPEN, _CLOSE = "<tool_call>", "</tool_call>"
_ARGUMENTS = ("arguments", "args", "parameters")
_BESIDE = frozenset(
    {
        "name",
        "tool",
        "function",
        "id",
        "type",
        "call_id",
        "tool_call_id",
        "index",
        "thought",
        "thoughts",
        "reasoning",
    }
)
_NAMED = (
    re.compile(r'"(?:name|tool|recipient_name)"\s*:\s*"([\w.-]{1,64})"'),
    re.compile(r"<function[=/(]\s*\"?([\w.-]{1,64})"),
    re.compile(r"\s*(?:<\|python_tag\|>)?\s*([\w-]{1,64})(?:\.call)?\s*[({]"),
)
_ATTEMPTED = re.compile(r"attempted to call tool '([^']{1,64})'")
_CALL_MARK = re.compile(r"<[\w-]*tool|<function|<\|python_tag|\"(?:arguments|args|parameters|tool_calls)\"")


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenCall:
    """A call found in a text."""

    name: str
    arguments: Arguments


def call_in_text(text: str, names: frozenset[str], *, mend: bool = True) -> WrittenCall | None:
    """The one call that the text is, bare, in a code fence or in <tool_call>; None where it is anything else.

    Without `mend` (a text cut by its length) only valid JSON counts.
    """
    text = text.strip()
    if not names or not text or len(text) > _LONGEST:
        return None
    for _ in range(3):
        inner, closed = _unwrapped(text)
        if inner is None or not (closed or mend):
            break
        text = inner
    if text[:1] not in ("{", "["):
        return None
    value = _load(text, mend=mend)
    if isinstance(value, list):
        value = value[0] if len(value) == 1 else None
    return _call(mapping(mended(value)), names, mend=mend)


def _unwrapped(text: str) -> tuple[str | None, bool]:
    """What a fence or a tag holds, and whether it is closed; None where the text is in neither."""
    if text.startswith(_FENCE):
        label = _LABEL.match(text, len(_FENCE))
        start, close = label.end() if label else len(_FENCE), _FENCE
    elif text.startswith(_OPEN):
        start, close = len(_OPEN), _CLOSE
    else:
        return None, False
    inner = text[start:]
    return inner.removesuffix(close).strip(), inner.endswith(close)


def _load(text: str, *, mend: bool) -> JsonValue:
    try:
        return load_strict(text)
    except ValueError:
        pass
    try:
        return load_lenient(text) if mend else None
    except ValueError:
        return None


def _call(source: JsonObject, names: frozenset[str], *, mend: bool) -> WrittenCall | None:
    for key in ("command", "function"):
        inner = source.get(key)
        if isinstance(inner, dict) and not any(name in source for name in _ARGUMENTS):
            return _direct(inner, names, mend=mend)
    return _direct(source, names, mend=mend)


def _direct(source: JsonObject, names: frozenset[str], *, mend: bool) -> WrittenCall | None:
    name = next(
        (string(source[key]) for key in ("name", "tool", "function") if isinstance(source.get(key), str)), ""
    )
    keys = [key for key in _ARGUMENTS if key in source]
    if name not in names or len(keys) != 1 or not _BESIDE.union(keys).issuperset(source):
        return None
    arguments = source[keys[0]]
    if isinstance(arguments, str):
        arguments = _load(arguments, mend=mend)
    return WrittenCall(name=name, arguments=arguments) if isinstance(arguments, dict) else None


def refused_name(generation: str, said: str, names: frozenset[str]) -> str | None:
    """The tool that a refused generation meant to call; "unknown" if that is unreadable, None if it is text.

    `said` is what the server says of it.
    """
    marked = bool(_CALL_MARK.search(generation))
    for pattern in _NAMED:
        found = pattern.search(generation) if pattern is not _NAMED[-1] else pattern.match(generation)
        if found and (marked or found.group(1) in names):
            return found.group(1)
    attempted = _ATTEMPTED.search(said)
    if attempted:
        return attempted.group(1)
    return "unknown" if marked else None
