"""What the thread is to show, as plain values: posts, changes of posts, receipts, the thread's last name."""

from dataclasses import dataclass

from agent_core.storage import Asks
from agent_core.values import NamedFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file of a post."""

    name: str
    content: NamedFile | bytes
    """A workspace file, whose bytes are in the blob store, or the bytes themselves."""
    zipped: bool = False
    """It is over the thread's limit as it is, and goes out as `name`.zip where that is small enough."""

    @property
    def size(self) -> int:
        """Bytes, before any packing."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.file.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One message to post, once."""

    version: int
    """Of the commit that it shows."""
    part: str
    """Tells the posts of a commit apart."""
    text: str
    """The whole content, within a message's limit, its marker line last."""
    files: tuple[Attachment, ...] = ()
    asks: Asks | None = None
    reactions: tuple[str, ...] = ()
    """The bot's own, in this order; what a press on them means is in `asks`."""
    mention: str | None = None
    """The one person whom it pings."""
    reply_to: str | None = None
    """The key of an earlier post of this session."""

    @property
    def key(self) -> str:
        """Names the post within its session."""
        return f"{self.version}.{self.part}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """New text for a post that is already there."""

    key: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipts:
    """These messages of people have been read by the model."""

    message_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    """The thread's last name."""

    name: str


Showing = Draft | Edit | Receipts | Rename
