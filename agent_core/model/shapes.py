"""Read JSON from strangers without ever raising: each helper answers an empty value for the wrong type."""

import json
import math
import re
from collections.abc import Iterable

from pydantic import JsonValue

JsonObject = dict[str, JsonValue]

_DEEPEST = 100
"""Levels of nesting; more is an attack, and deeper than Python's own recursion carries."""
_SURROGATE = re.compile("[\ud800-\udfff]")


def load(data: str) -> JsonValue:
    """Parse JSON. Raises ValueError for what is none, also for nesting and digits past Python's limits."""
    try:
        return _shallow(json.loads(data), data)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _shallow(value: JsonValue, data: str) -> JsonValue:
    if data.count("[") + data.count("{") <= _DEEPEST:
        return value
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _inner(outer)]
        if not level:
            return value
    raise ValueError("nested too deeply")


def _inner(value: JsonValue) -> Iterable[JsonValue]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _no_constant(name: str) -> JsonValue:
    raise ValueError(f"{name} is no JSON")


def load_strict(data: str) -> JsonValue:
    """Like `load`, but NaN and Infinity, which Python lets pass, are refused too."""
    try:
        return _shallow(json.loads(data, parse_constant=_no_constant), data)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def dump(value: JsonValue) -> str:
    """The one serialisation that is sent and stored."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def mapping(value: JsonValue) -> JsonObject:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: JsonValue) -> list[JsonValue]:
    """The array, or an empty one."""
    return value if isinstance(value, list) else []


def string(value: JsonValue) -> str:
    """The string, or an empty one."""
    return value if isinstance(value, str) else ""


def integer(value: JsonValue) -> int | None:
    """A whole number, also where it came as a float or as a decimal string."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return int(value)
    if isinstance(value, str) and len(value) < 20 and value.strip().isascii() and value.strip().isdigit():
        return int(value)
    return None


def mend_surrogates(text: str) -> str:
    """Join pairs of surrogates that came apart, and replace lone ones: neither can be stored or sent."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def mended(value: JsonValue) -> JsonValue:
    """The same value with `mend_surrogates` applied to every string and key."""
    if isinstance(value, str):
        return mend_surrogates(value)
    if isinstance(value, list):
        return [mended(item) for item in value]
    if isinstance(value, dict):
        return {mend_surrogates(key): mended(item) for key, item in value.items()}
    return value
