"""Discord's sizes and counts. Pure."""

MIB = 1024 * 1024
REQUEST_BYTES = 25 * MIB
CONTENT_CHARS = 2000
EMBEDS = 10
EMBED_CHARS = 6000
ATTACHMENTS = 10
DISTINCT_REACTIONS = 20
PINS = 250
COMMANDS_PER_SCOPE = 100
THREAD_MEMBERS = 1000
ACTIVE_THREADS = 1000
NONCE_MEMORY_S = 300.0
ANSWER_WITHIN_S = 3.0
TOKEN_LIFE_S = 15 * 60.0
OLD_MESSAGE_S = 3600.0
OLD_EDITS = 3
"""Edits of a message older than an hour, per minute. Discord does not say how many; this is a guess."""
OLD_EDITS_WINDOW_S = 60.0
RENAMES, RENAME_WINDOW_S = 2, 600.0
TIME_OUT_S = 28 * 24 * 3600.0
BULK_DELETE_AGE_S = 14 * 24 * 3600.0


def upload_limit(premium_tier: int) -> int:
    """Bytes of one file, by the guild's boost tier."""
    return (10 * MIB, 10 * MIB, 50 * MIB, 100 * MIB)[premium_tier]


def length(text: str) -> int:
    """The length of a text as Discord counts it: Unicode code points."""
    return len(text)
