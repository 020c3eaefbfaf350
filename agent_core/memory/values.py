"""What a memory is, how it lies in Redis, and what a recall gives back."""

import json
import re
import unicodedata
from dataclasses import dataclass, replace
from enum import Enum
from hashlib import blake2b
from typing import Any, Literal, get_args

from agent_core.errors import StoreUnavailableError

Kind = Literal["message", "fact", "outcome", "lesson", "page"]
KINDS: tuple[Kind, ...] = get_args(Kind)

MOST_TEXT = 32_768
"""Characters of one memory."""


class AllChannels(Enum):
    """The type of ALL_CHANNELS."""

    ALL = "all"


ALL_CHANNELS = AllChannels.ALL
"""Named on purpose where a recall may see every channel."""

Channels = frozenset[str] | set[str] | AllChannels


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One place where a text was said."""

    channel_id: str | None
    message_id: str | None
    kind: Kind
    at: float
    """Unix seconds, UTC."""
    tainted: bool

    def same_place(self, other: "Source") -> bool:
        """Whether it is the same utterance, told a second time."""
        if self.message_id or other.message_id:
            return (self.channel_id, self.message_id) == (other.channel_id, other.message_id)
        return (self.channel_id, self.kind, self.tainted) == (other.channel_id, other.kind, other.tainted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One memory: a text of one author, and every place where it was said, oldest first."""

    id: str
    text: str
    author_id: str | None
    author: str | None
    sources: tuple[Source, ...]
    before: str | None = None
    """Id of the message whose text is part of this memory's embedding; the one that it follows."""

    @property
    def key(self) -> bytes:
        """Equal for texts that count as the same."""
        return text_key(self.text, self.author_id, self.author)

    def also(self, source: Source) -> "Record":
        """The record with one more source; itself where it has it."""
        if any(source.same_place(one) for one in self.sources):
            return self
        return replace(self, sources=(*self.sources, source))


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a reader may see."""

    channels: Channels
    kinds: frozenset[str] | None = None
    tainted: bool = True
    """False: only what no stranger wrote."""

    def through(self, record: Record) -> Source | None:
        """The newest source through which the record may be read; None where there is none."""
        allowed = [source for source in record.sources if self.allows(source)]
        return max(allowed, key=lambda source: source.at) if allowed else None

    def allows(self, source: Source) -> bool:
        """Whether this source may be read."""
        if source.tainted and not self.tainted:
            return False
        if self.kinds is not None and source.kind not in self.kinds:
            return False
        return (
            isinstance(self.channels, AllChannels)
            or source.channel_id is None
            or source.channel_id in self.channels
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """One hit, as the source says through which it was found."""

    id: str
    text: str
    score: float
    at: float
    author: str | None
    message_id: str | None
    why: str
    """What made it match, for people."""
    author_id: str | None = None
    channel_id: str | None = None
    kind: Kind = "message"
    tainted: bool = False


def text_key(text: str, author_id: str | None, author: str | None) -> bytes:
    """Equal for two texts of one author that differ only in case, width, spaces, or spelling of mentions."""
    who = f"#{author_id}" if author_id else f"@{author or ''}"
    plain = re.sub(r"<@!(\d+)>", r"<@\1>", unicodedata.normalize("NFKC", text)).casefold()
    return blake2b(f"{who}\n{' '.join(plain.split())}".encode("utf-8", "replace"), digest_size=16).digest()


def dump_record(record: Record) -> bytes:
    """The record as compact JSON: a list, since a million of them repeat no names."""
    sources = [
        [one.channel_id, one.message_id, KINDS.index(one.kind), round(one.at, 3), int(one.tainted)]
        for one in record.sources
    ]
    row = [record.id, record.text, record.author_id, record.author, record.before, sources]
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()


def load_record(data: bytes) -> Record:
    """The inverse. Raises StoreUnavailableError where this is no record."""
    try:
        row: list[Any] = json.loads(data)
        memory_id, text, author_id, author, before, sources = row
        return Record(
            id=memory_id,
            text=text,
            author_id=author_id,
            author=author,
            before=before,
            sources=tuple(
                Source(
                    channel_id=channel_id,
                    message_id=message_id,
                    kind=KINDS[int(kind)],
                    at=float(at),
                    tainted=bool(tainted),
                )
                for channel_id, message_id, kind, at, tainted in sources
            ),
        )
    except (ValueError, TypeError, IndexError) as error:
        raise StoreUnavailableError("A memory in Redis is damaged and cannot be read.") from error


def exported(record: Record) -> dict[str, object]:
    """The record for its author or an admin."""
    return {
        "id": record.id,
        "text": record.text,
        "author_id": record.author_id,
        "author": record.author,
        "sources": [
            {
                "channel_id": source.channel_id,
                "message_id": source.message_id,
                "kind": source.kind,
                "at": source.at,
                "tainted": source.tainted,
            }
            for source in record.sources
        ],
    }
