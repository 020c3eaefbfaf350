"""Registering the commands, only where they differ from what Discord has: new ones are few per day."""

from collections.abc import Mapping, Sequence
from typing import Any, cast


def differ(wanted: Sequence[Mapping[str, Any]], there: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the registered commands have to be replaced."""
    have = {str(command["name"]): command for command in there}
    if len(have) != len(wanted):
        return True
    return any(not _same(command, have.get(str(command["name"]))) for command in wanted)


def _same(wanted: object, there: object) -> bool:
    if isinstance(wanted, Mapping):
        asked = cast("Mapping[str, object]", wanted)
        found = cast("Mapping[str, object]", there if isinstance(there, Mapping) else {})
        return all(_same(value, found.get(key)) for key, value in asked.items())
    if isinstance(wanted, list):
        items = cast("list[object]", wanted)
        others = cast("list[object]", there if isinstance(there, list) else [])
        pairs = zip(items, others, strict=False)
        return len(items) == len(others) and all(_same(one, other) for one, other in pairs)
    return wanted == there or not (wanted or there)  # Discord leaves out what has its default
