"""How many tokens something will be, without a tokenizer. Pure."""

from pydantic import JsonValue

from agent_core.model.shapes import dump

BYTES_PER_TOKEN = 3
"""A working bound: over the true count for prose (1.7 times), code and CJK, a little under it for JSON,
about half of it for base64. Rescale by a session's running ratio of true to estimated tokens."""


def estimate_tokens(value: JsonValue) -> int:
    """Tokens of a text, or of messages or tools as they are sent."""
    text = value if isinstance(value, str) else dump(value)
    return -(-len(text.encode(errors="replace")) // BYTES_PER_TOKEN)
