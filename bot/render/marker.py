"""The names of a post: the nonce that Discord compares, and the small last line that is found again."""

import base64
import hashlib
from collections.abc import Sequence

from agent_core.values import SessionRef
from bot.render.split import MESSAGE_LIMIT, first_part, size

NONCE_LENGTH = 25
"""Discord's most."""
MARKER_ROOM = 100
"""No marker line is longer."""


def nonce(ref: SessionRef, version: int, part: str) -> str:
    """The same for the same post, however often it is tried."""
    return _digest(ref, version, part)[:NONCE_LENGTH]


def short_id(ref: SessionRef, version: int, part: str) -> str:
    """Names the session (as a digest), the version and the part of a post in one word."""
    return f"{version}.{part}-{_digest(ref, version, part)[:10]}"


def with_marker(text: str, about: str, name: str) -> str:
    """The text and its marker line."""
    return f"{text}\n-# {about} · {name}" if text else f"-# {about} · {name}"


def with_note(text: str, notes: Sequence[str]) -> str:
    """The notes between a post's text and its marker line; of the text only what then still fits."""
    if not notes:
        return text
    body, _, marker = text.rpartition("\n")
    below = "\n".join(["", *notes, marker])[-MESSAGE_LIMIT // 2 :]
    return f"{first_part(body, MESSAGE_LIMIT - size(below))}{below}".lstrip("\n")


def carries(content: str, name: str) -> bool:
    """Whether a message is the post of this name."""
    last = content.rsplit("\n", 1)[-1]
    return last.startswith("-# ") and last.endswith(f" · {name}")


def _digest(ref: SessionRef, version: int, part: str) -> str:
    text = f"{ref}\n{version}\n{part}"
    return base64.b32encode(hashlib.blake2b(text.encode(), digest_size=20).digest()).decode().lower()
