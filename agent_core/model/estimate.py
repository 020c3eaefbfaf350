"""How many tokens something will be, without a tokenizer. Pure."""

from math import ceil

from pydantic import JsonValue
from pydantic_core import PydanticSerializationError, to_json

from agent_core.model.shapes import dump

BYTES_PER_TOKEN = 3
"""A working bound: over the true count for prose (1.7 times), code and CJK, a little under it for JSON,
about half of it for base64. Rescale by a session's running ratio of true to estimated tokens."""


TYPICAL_PICTURE = 1_000
"""Tokens of one picture of the size that is sent: most vendors count from 250 to 1,600."""


def estimate_tokens(value: JsonValue) -> int:
    """Tokens of a text, or of messages or tools as they are sent."""
    if isinstance(value, str):
        return -(-len(value.encode(errors="replace")) // BYTES_PER_TOKEN)
    data, pictures = _apart(value)
    return -(-len(data) // BYTES_PER_TOKEN) + TYPICAL_PICTURE * pictures


def _sent(value: JsonValue) -> bytes:
    """As it goes over the wire; several times as fast as `dump`, for a context is counted at every step."""
    try:
        return to_json(value)
    except PydanticSerializationError:
        return dump(value).encode(errors="replace")  # lone surrogates


PICTURE_TOKENS = 6_500
"""For one picture of at most 1,024 pixels a side: vendors go by its size, and this is the most of all but
one (OpenAI's gpt-4o-mini: 25,500; a session's first call with one may cost .3 cents more than was held)."""
_LETTERS = bytes(range(ord("a"), ord("z") + 1)) + bytes(range(ord("A"), ord("Z") + 1)) + b" "
_PER_LETTER = 3 / 5
"""Tokens of a letter or a space at most, on average, in random letters; ordinary words have a third of it."""


def most_tokens(value: JsonValue) -> int:
    """The most tokens that this can be, for holding money: about twice the truth for prose and code.

    Vocabularies split digits, signs and bytes outside of ASCII into single tokens at worst, and random
    letters (base64) into pieces of about two. Pictures that stand in it as data are counted apart.
    """
    data, pictures = _apart(value)
    others = len(data.translate(None, _LETTERS))
    return ceil((len(data) - others) * _PER_LETTER) + others + PICTURE_TOKENS * pictures


def _apart(value: JsonValue) -> tuple[bytes, int]:
    """As it is sent, without the pictures in it, and how many those are."""
    data = _sent(value)
    if b'"image_url"' not in data and b'"input_image"' not in data:
        return data, 0
    pictures: list[JsonValue] = []
    return _sent(_without_pictures(value, pictures)), len(pictures)


def _without_pictures(value: JsonValue, found: list[JsonValue]) -> JsonValue:
    if isinstance(value, list):
        return [_without_pictures(item, found) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("type") in ("image_url", "input_image"):
        found.append(value.get("type"))
        return None
    return {key: _without_pictures(item, found) for key, item in value.items()}
