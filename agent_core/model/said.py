"""Read what a server says of an error, in any of the shapes that servers use. Pure."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from pydantic import JsonValue

from agent_core.model.shapes import JsonObject, dump, integer, items, load, mapping, string

_MESSAGE_KEYS = (
    "message", "msg", "error_msg", "error_message", "status_msg", "error_description", "detail", "title",
    "reason", "error", "errors", "base_resp", "raw", "details", "metadata", "response", "data",
)  # fmt: skip
"""Only these are read: others may hold the request itself, sent back (FastAPI's `input`)."""
_CODE_KEYS = ("code", "type", "status", "reason", "error_code", "status_code", "finish_reason")
_HINT_KEYS = ("param", "loc", "quotaId")
_DELAY_KEYS = ("retryDelay",)
_DURATION = re.compile(
    r"(\d+(?:\.\d+)?)\s*(ms|milliseconds?|h|hours?|m|min|minutes?|s|sec|seconds?)(?![a-z])"
)
_DELAY = re.compile(
    r"(?:try again|retry|wait)(?:ing)? (?:in|after|for)?\s*:?\s*(?:about |at least )?"
    r"((?:\d+(?:\.\d+)?\s*[a-z]+\s*)+)"
)
_UNITS = {"ms": 0.001, "h": 3600.0, "m": 60.0, "s": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an error body says."""

    message: str = ""
    """For people."""
    texts: str = ""
    """All messages in one."""
    wording: str = ""
    """The messages, and the names of what they are about: parameters, places, quotas."""
    codes: frozenset[str] = frozenset()
    """Codes, types and statuses, lower case."""
    status: int | None = None
    """The HTTP status named inside the body."""
    generation: str | None = None
    """What the model wrote where the server refused its call."""
    retry_after_s: float | None = None


def read_said(body: JsonValue) -> Said:
    """Everything that an error body says; a text that is no JSON is its own message."""
    if isinstance(body, str):
        return Said(message=body, texts=body, wording=body, retry_after_s=delay_in(body.lower()[:4000]))
    messages = list(dict.fromkeys(text for text in _texts(body, _MESSAGE_KEYS, 0) if text.strip()))
    hints = list(_texts(body, (*_HINT_KEYS, *_MESSAGE_KEYS), 0, leaf=_HINT_KEYS))
    delays = [
        f"retry in {delay}" for delay in _texts(body, (*_DELAY_KEYS, *_MESSAGE_KEYS), 0, leaf=_DELAY_KEYS)
    ]
    codes = frozenset(code.lower() for code in _codes(body, 0))
    statuses = [number for code in codes if (number := integer(code)) is not None and 400 <= number <= 599]
    texts = " ".join(messages)[:16000]
    return Said(
        message=_best(messages),
        texts=texts,
        wording=" ".join([texts, *hints])[:16000],
        codes=codes,
        status=max(statuses, default=None),
        generation=_generation(body, 0),
        retry_after_s=delay_in(" ".join([*delays, texts]).lower()[:4000]),
    )


def parse(text: str) -> JsonValue:
    """The body as JSON, else as the text that it is."""
    try:
        return load(text)
    except ValueError:
        return text


def _best(messages: list[str]) -> str:
    """The first message, and the upstream's own where the first one only says that there is one."""
    if not messages:
        return ""
    return messages[0] if len(messages) == 1 else f"{messages[0]} ({messages[1]})"


def _walk(body: JsonValue, keys: tuple[str, ...], depth: int) -> Iterator[tuple[str, JsonValue]]:
    """Pairs under the given keys, of this object or of each object in this list."""
    if depth > 6:
        return
    for element in [body] if isinstance(body, dict) else items(body)[:20]:
        source = mapping(element)
        for key in keys:
            if source.get(key) is not None:
                yield key, source[key]


def _texts(
    body: JsonValue, keys: tuple[str, ...], depth: int, *, leaf: tuple[str, ...] | None = None
) -> Iterator[str]:
    for key, value in _walk(body, keys, depth):
        wanted = leaf is None or key in leaf
        if isinstance(value, str):
            inner = parse(value) if value.lstrip()[:1] in ("{", "[") else value
            if not isinstance(inner, str):
                yield from _texts(inner, keys, depth + 1, leaf=leaf)
            elif wanted:
                yield value
        elif wanted and isinstance(value, list) and all(isinstance(part, (str, int)) for part in value):
            yield ".".join(str(part) for part in value)
        else:
            yield from _texts(value, keys, depth + 1, leaf=leaf)


def _codes(body: JsonValue, depth: int) -> Iterator[str]:
    for key, value in _walk(body, (*_CODE_KEYS, *_MESSAGE_KEYS), depth):
        if key in _CODE_KEYS and isinstance(value, (str, int)) and not isinstance(value, bool):
            yield str(value)
        elif isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
            yield from _codes(parse(value), depth + 1)
        elif isinstance(value, (dict, list)):
            yield from _codes(value, depth + 1)


def _generation(body: JsonValue, depth: int) -> str | None:
    for key, value in _walk(body, ("failed_generation", "error", "errors"), depth):
        if key == "failed_generation":
            return value if isinstance(value, str) else dump(value)
        if (found := _generation(value, depth + 1)) is not None:
            return found
    return None


def _seconds(text: str) -> float | None:
    found = _DURATION.findall(text)
    if not found:
        return None
    total = 0.0
    for number, unit in found:
        total += float(number) * _UNITS["ms" if unit.startswith(("ms", "milli")) else unit[0]]
    return total


def delay_in(text: str) -> float | None:
    """Seconds that a lower-case message asks to wait ("try again in 1m2.5s"); None where it names none."""
    found = _DELAY.search(text)
    return _seconds(found.group(1)) if found else None


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that the headers (lower-case names) ask to wait, from any of the usual ones."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return max(0.0, milliseconds / 1000)
    value = headers.get("retry-after", "").strip()
    if value:
        seconds = _number(value)
        return max(0.0, seconds) if seconds is not None else _until(value, headers.get("date"), now)
    for name in ("requests", "tokens"):
        if headers.get(f"x-ratelimit-remaining-{name}", "").strip() == "0":
            return _seconds(headers.get(f"x-ratelimit-reset-{name}", ""))
    reset = _number(headers.get("x-ratelimit-reset"))
    if reset is not None and headers.get("x-ratelimit-remaining", "").strip() == "0":
        at = reset / 1000 if reset > 1e12 else reset
        return max(0.0, at - now) if at > 1e9 else max(0.0, at)
    return None


def _number(value: str | None) -> float | None:
    if value is None or not re.fullmatch(r"-?\d{1,15}(?:\.\d{1,9})?", value.strip()):
        return None
    return float(value)


def _until(value: str, date: str | None, now: float) -> float | None:
    """An HTTP date, measured by the server's own clock where it tells it."""
    try:
        at = parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    with suppress(ValueError, TypeError, OverflowError):
        now = parsedate_to_datetime(date).timestamp() if date else now
    return max(0.0, at - now)


def error_of(event: JsonObject, name: str = "") -> JsonValue:
    """The error inside an answer that came with status 200; None where there is none."""
    base = mapping(event.get("base_resp"))
    if base and integer(base.get("status_code")):
        return {"base_resp": base}
    error = event.get("error")
    if isinstance(error, dict):
        found = any(value not in (None, "", 0, [], {}) for value in error.values())
    else:
        found = bool(error)
    if found or (name == "error" and event):
        return event
    for choice in items(event.get("choices")):
        inner = mapping(mapping(choice).get("error"))
        if any(value not in (None, "", 0) for value in inner.values()):
            return {"error": inner}
    if string(event.get("object")) == "error" or (
        string(event.get("type")) == "error" and "choices" not in event
    ):
        return event
    return None
