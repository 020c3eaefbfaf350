"""What the world is made of: plain records, kept by `World`. Times are unix seconds, UTC."""

from dataclasses import dataclass, field
from typing import Literal

from playground.wire import Payload

TEXT, DM, CATEGORY, ANNOUNCEMENT, NEWS_THREAD, PUBLIC_THREAD, PRIVATE_THREAD, FORUM = (
    0,
    1,
    4,
    5,
    10,
    11,
    12,
    15,
)
THREAD_TYPES = frozenset({NEWS_THREAD, PUBLIC_THREAD, PRIVATE_THREAD})


@dataclass(slots=True, kw_only=True)
class User:
    """A person or a bot."""

    id: str
    name: str
    display_name: str | None = None
    bot: bool = False


@dataclass(slots=True, kw_only=True)
class Role:
    """A set of permissions in one guild. The guild's own id is the id of @everyone."""

    id: str
    guild_id: str
    name: str
    permissions: int = 0
    position: int = 1
    color: int = 0
    hoist: bool = False
    mentionable: bool = False
    bot_id: str | None = None
    """Set on the role that came with a bot."""
    member_id: str | None = None
    """Set on the role that carries one person's own permissions."""


@dataclass(slots=True, kw_only=True)
class Member:
    """A user in a guild."""

    guild_id: str
    user_id: str
    joined_at: float
    roles: list[str] = field(default_factory=list[str])
    nick: str | None = None
    permissions: int | None = None
    """What this member has in place of @everyone's permissions; None is @everyone's."""
    muted_until: float | None = None

    @property
    def id(self) -> str:
        """A key for the store."""
        return f"{self.guild_id}/{self.user_id}"


@dataclass(slots=True, kw_only=True)
class Guild:
    """A server."""

    id: str
    name: str
    owner_id: str
    premium_tier: int = 0
    bans: dict[str, str | None] = field(default_factory=dict[str, str | None])
    """user id -> reason"""


@dataclass(slots=True, kw_only=True)
class Overwrite:
    """Permissions of a role (0) or member (1) that differ in one channel."""

    id: str
    type: Literal[0, 1]
    allow: int = 0
    deny: int = 0


@dataclass(slots=True, kw_only=True)
class ThreadState:
    """What a channel has more when it is a thread."""

    owner_id: str
    created_at: float
    archived_at: float
    """When `archived` changed last, or the thread was made."""
    archived: bool = False
    locked: bool = False
    invitable: bool = True
    auto_archive_min: int = 4320
    active_at: float = 0.0
    message_count: int = 0
    total_sent: int = 0
    applied_tags: list[str] = field(default_factory=list[str])
    members: dict[str, float] = field(default_factory=dict[str, float])
    """user id -> time of joining"""
    renamed_at: list[float] = field(default_factory=list[float])
    """The last renames, for the hidden limit of two in ten minutes."""


@dataclass(slots=True, kw_only=True)
class Channel:
    """A channel of any kind: text, category, forum, DM or thread."""

    id: str
    type: int
    name: str = ""
    guild_id: str | None = None
    parent_id: str | None = None
    position: int = 0
    topic: str | None = None
    nsfw: bool = False
    slowmode_s: int = 0
    default_auto_archive_min: int | None = None
    flags: int = 0
    overwrites: list[Overwrite] = field(default_factory=list[Overwrite])
    recipients: list[str] = field(default_factory=list[str])
    """Both users of a DM."""
    tags: list[Payload] = field(default_factory=list[Payload])
    last_message_id: str | None = None
    last_pin_at: float | None = None
    thread: ThreadState | None = None


@dataclass(slots=True, kw_only=True)
class Attachment:
    """A file that belongs to a message; its bytes lie beside the database under its id."""

    id: str
    filename: str
    size: int
    content_type: str
    description: str | None = None
    width: int | None = None
    height: int | None = None
    ephemeral: bool = False


@dataclass(slots=True, kw_only=True)
class Reaction:
    """One emoji on a message and who pressed it, in order."""

    emoji: str
    """A unicode emoji, or "name:id"."""
    users: list[str] = field(default_factory=list[str])


@dataclass(slots=True, kw_only=True)
class Reference:
    """The message that a message answers."""

    message_id: str
    channel_id: str
    guild_id: str | None
    type: int = 0


@dataclass(slots=True, kw_only=True)
class Message:
    """A message. Its time is in its id."""

    id: str
    channel_id: str
    author_id: str
    guild_id: str | None = None
    content: str = ""
    type: int = 0
    flags: int = 0
    tts: bool = False
    edited_at: float | None = None
    pinned_at: float | None = None
    nonce: str | int | None = None
    mentions: list[str] = field(default_factory=list[str])
    mention_roles: list[str] = field(default_factory=list[str])
    mention_everyone: bool = False
    attachments: list[Attachment] = field(default_factory=list[Attachment])
    embeds: list[Payload] = field(default_factory=list[Payload])
    components: list[Payload] = field(default_factory=list[Payload])
    reactions: list[Reaction] = field(default_factory=list[Reaction])
    reference: Reference | None = None
    application_id: str | None = None
    """Set on answers to interactions."""
    interaction: Payload | None = None
    """`interaction_metadata`, without its user objects (user_id in their place)."""
    command_name: str | None = None
    ephemeral_to: str | None = None
    """The only person who sees it."""
    old_edits: list[float] = field(default_factory=list[float])
    """Edits made after its first hour, for the limit on them."""


@dataclass(slots=True, kw_only=True)
class Application:
    """A bot's application. Its id is the bot's user id."""

    id: str
    name: str
    flags: int
    description: str = ""


@dataclass(slots=True, kw_only=True)
class Command:
    """A registered application command."""

    id: str
    application_id: str
    version: str
    body: Payload
    """name, description, type, options and the like, as registered."""
    guild_id: str | None = None
    """None: in every guild."""


@dataclass(slots=True, kw_only=True)
class Interaction:
    """Something a person did that a bot has to answer."""

    id: str
    token: str
    application_id: str
    type: int
    channel_id: str
    user_id: str
    guild_id: str | None
    data: Payload
    created_at: float
    message_id: str | None = None
    """The message whose component was used."""
    triggered_by: Payload | None = None
    """Of a modal: the metadata of the interaction that opened it."""
    answered_at: float | None = None
    answer_type: int | None = None
    original_id: str | None = None
    modal: Payload | None = None
    choices: list[Payload] | None = None
