"""Look into strangers' JSON, where any field may be missing or of another type. Pure."""

import json

from pydantic import JsonValue

from agent_core.errors import FetchFailedError


def changed(platform: str) -> str:
    """What to say of a platform whose answer lacks what it always held."""
    return f"{platform} answers in another shape than it used to, so nothing can be read of it here."


def parsed(text: str) -> JsonValue:
    """The value in a text. FetchFailedError where there is none."""
    try:
        data: JsonValue = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FetchFailedError("The answer is not JSON, as it used to be.") from error
    return data


def at(value: JsonValue, *keys: str) -> JsonValue:
    """What lies below these keys, None where anything is missing."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def as_text(value: JsonValue) -> str:
    """A plain value as text; empty for what is none."""
    return "" if value is None or isinstance(value, (dict, list)) else str(value)


def listed(value: JsonValue) -> list[JsonValue]:
    """A list, empty for what is none."""
    return value if isinstance(value, list) else []


def pairs(value: JsonValue) -> list[tuple[str, JsonValue]]:
    """The entries of an object, none for what is none."""
    return list(value.items()) if isinstance(value, dict) else []


def values(value: JsonValue) -> list[JsonValue]:
    """The values of an object."""
    return [entry for _, entry in pairs(value)]
