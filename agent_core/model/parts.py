"""Put opaque parts of a message together from their pieces, to be sent back as they came. Pure."""

import re
from collections.abc import Iterable

from pydantic import JsonValue

from agent_core.model.shapes import JsonObject, items, mapping, string

_OPAQUE = re.compile(r"reason|think|thought|signature|encrypted|extra_content|provider_specific")
_NOT_OPAQUE = frozenset({"stop_reason", "finish_reason", "native_finish_reason", "reasoning_tokens"})
_TEXTS = ("text", "summary", "thinking", "content")
_SEALS = ("signature", "data", "encrypted_content")


def is_opaque(key: str) -> bool:
    """A message's key that holds reasoning, which the server wants back."""
    return key not in _NOT_OPAQUE and bool(_OPAQUE.search(key))


class PartsFold:
    """Collects what each delta brought under its key; joins at the end."""

    def __init__(self) -> None:
        self._arrived: dict[str, list[JsonValue]] = {}

    def feed(self, delta: JsonObject) -> None:
        """Take the opaque keys of one delta or message."""
        for key, value in delta.items():
            if value is not None and is_opaque(key):
                self._arrived.setdefault(key, []).append(value)

    def joined(self) -> JsonObject:
        """Every opaque key with its pieces put together."""
        return {key: _joined(values) for key, values in self._arrived.items()}


def _joined(values: list[JsonValue]) -> JsonValue:
    if all(isinstance(value, str) for value in values):
        return "".join(string(value) for value in values)
    if all(isinstance(value, list) for value in values):
        return join_parts(part for value in values for part in items(value))
    if all(isinstance(value, dict) for value in values):
        whole: JsonObject = {}
        for value in values:
            whole.update({key: part for key, part in mapping(value).items() if part is not None})
        return whole
    return values[-1]


def join_parts(parts: Iterable[JsonValue]) -> list[JsonValue]:
    """Join neighbours that are pieces of one part: same type and index, not sealed by a signature."""
    groups: list[list[JsonObject]] = []
    for part in parts:
        piece: JsonObject = part if isinstance(part, dict) else {"type": "text", "text": string(part)}
        if groups and _goes_on(groups[-1], piece):
            groups[-1].append(piece)
        else:
            groups.append([piece])
    return [_one(group) for group in groups]


def _goes_on(group: list[JsonObject], part: JsonObject) -> bool:
    first = group[0]
    if first.get("type") != part.get("type") or first.get("index") != part.get("index"):
        return False
    if "encrypted" in string(part.get("type")) or "redacted" in string(part.get("type")):
        return False
    ids = {string(piece.get("id")) for piece in (*group, part)} - {""}
    sealed = any(piece.get(seal) for piece in group for seal in _SEALS)
    return len(ids) <= 1 and not (sealed and any(part.get(key) for key in _TEXTS))


def _one(group: list[JsonObject]) -> JsonObject:
    if len(group) == 1:
        return group[0]
    whole: JsonObject = {}
    for part in group:
        whole.update({key: value for key, value in part.items() if value is not None or key not in whole})
    for key in _TEXTS:
        values = [part[key] for part in group if part.get(key) is not None]
        if values:
            whole[key] = _joined(values)
    return whole


def content_text(content: JsonValue) -> str:
    """The visible text of a content in any shape: a string, null, a part, a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        if string(content.get("type")) not in ("", "text", "output_text", "refusal"):
            return ""
        inner = content.get("text", content.get("refusal"))
        return string(mapping(inner).get("value")) if isinstance(inner, dict) else string(inner)
    return "".join(content_text(part) for part in items(content))
