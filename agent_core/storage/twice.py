"""A thought says the arguments of a call three times: parsed, as sent, and in the message to send back.

Stored is the text as sent; the others are left out where they can be written again byte for byte. Entries are
stored for ever, so how they are written again may never change.
"""

import json
from collections.abc import Iterator
from typing import Any, cast

_LEFT_OUT = 0
"""In place of arguments, which are an object, a text or null."""
_THOUGHT = b'"kind":"thought"'


def shortened(data: bytes) -> bytes | None:
    """The commit without what it says again; None where that cannot be left out."""
    if _THOUGHT not in data:
        return None
    try:
        commit: Any = json.loads(data)
        for action, function in _calls(commit):
            if isinstance(action["arguments"], dict) and action["arguments"] == json.loads(action["raw"]):
                action["arguments"] = _LEFT_OUT
            if function is not None and function.get("arguments") == action["raw"]:
                function["arguments"] = _LEFT_OUT
        short = _dumped(commit)
        return short if len(short) < len(data) and whole(short) == data else None
    except (ValueError, RecursionError):
        return None


def whole(short: bytes) -> bytes:
    """The inverse of `shortened`. Raises ValueError where it is none."""
    commit: Any = json.loads(short)
    for action, function in _calls(commit):
        if action["arguments"] == _LEFT_OUT:
            action["arguments"] = json.loads(action["raw"])
        if function is not None and function.get("arguments") == _LEFT_OUT:
            function["arguments"] = action["raw"]
    return _dumped(commit)


def _calls(commit: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any] | None]]:
    """Each action of a thought, and the function of the call in its message, where that has one."""
    for event in _list(_dict(commit).get("events")):
        thought = _dict(event)
        if thought.get("kind") != "thought":
            continue
        sent = _list(_dict(thought.get("message")).get("tool_calls"))
        for number, action in enumerate(map(_dict, _list(thought.get("actions")))):
            if isinstance(action.get("raw"), str) and "arguments" in action:
                function = _dict(_dict(sent[number]).get("function")) if number < len(sent) else None
                yield action, function


def _dict(value: object) -> dict[str, Any]:
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return cast(list[Any], value) if isinstance(value, list) else []


def _dumped(commit: object) -> bytes:
    return json.dumps(commit, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
