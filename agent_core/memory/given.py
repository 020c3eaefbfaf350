"""What callers hand in, checked and cleaned at the door."""

from collections.abc import Collection
from typing import get_args

from agent_core.errors import SecretRefusedError
from agent_core.memory.secrecy import secret_in
from agent_core.memory.values import MOST_TEXT, AllChannels, Channels, Kind


def clean(text: str) -> str:
    """Without lone surrogates, which no store can hold."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def check(text: str, kind: str) -> None:
    """Raise ValueError or SecretRefusedError where this cannot be remembered."""
    if kind not in get_args(Kind):
        raise ValueError(f"{kind!r} is no kind of memory. Use one of: {', '.join(get_args(Kind))}.")
    if not text.strip():
        raise ValueError("There is nothing to remember: the text is empty.")
    if len(text) > MOST_TEXT:
        raise ValueError(
            f"The text is longer than {MOST_TEXT:,} characters. Remember its parts, or a summary."
        )
    if found := secret_in(text):
        raise SecretRefusedError(f"Not remembered: it seems to hold a secret ({found}). Leave that out.")


def open_channels(channels: Channels) -> Channels:
    """The channels that a reader may see. Raises ValueError where a single id was given."""
    if isinstance(channels, AllChannels):
        return channels
    if isinstance(channels, str):
        raise ValueError("channels is a set of channel ids, or ALL_CHANNELS.")  # noqa: TRY004
    return frozenset(channels)


def known_kinds(kinds: Collection[Kind] | None) -> frozenset[str] | None:
    """The kinds to look for, None for all. Raises ValueError on an unknown one."""
    if kinds is None:
        return None
    wanted = frozenset({kinds} if isinstance(kinds, str) else kinds)
    if unknown := wanted - set(get_args(Kind)):
        raise ValueError(f"Not a kind of memory: {', '.join(sorted(unknown))}.")
    return wanted
