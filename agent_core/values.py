"""Plain values that the parts of the agent hand to each other. Frozen; only their own arithmetic."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

from pydantic import JsonValue

Arguments = dict[str, JsonValue]
Message = dict[str, JsonValue]
"""One message in the Chat Completions shape."""

TOMBSTONE = "[forgotten]"
"""What stands where something was said that is forgotten."""


_BELOW = "~"
"""Stands in the id of a sub-session between the session above it and the action, and in no other id."""


@dataclass(frozen=True, slots=True, order=True)
class SessionRef:
    """Names one session. Both ids are decimal or URL-safe strings."""

    guild_id: str
    id: str

    def __str__(self) -> str:
        return f"{self.guild_id}/{self.id}"

    @classmethod
    def parse(cls, text: str) -> "SessionRef":
        """The inverse of `str`."""
        guild_id, _, session_id = text.partition("/")
        return cls(guild_id, session_id)

    def sub(self, action: str) -> "SessionRef":
        """The session that does this action of this one."""
        return SessionRef(self.guild_id, f"{self.id}{_BELOW}{action}")

    @property
    def is_sub(self) -> bool:
        """It was started by a session, not by a person."""
        return _BELOW in self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one or more model calls."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    """Part of prompt_tokens."""

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
        )

    @property
    def total_tokens(self) -> int:
        """Prompt and completion together."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One tool call that the model asked for."""

    id: str
    name: str
    arguments: Arguments | None
    """None where what the model sent was no JSON object."""
    raw: str
    """The arguments as sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRef:
    """A file of a workspace: where its bytes are and how it lies there."""

    sha256: str
    size: int
    mode: int = 0o644


Manifest = Mapping[str, FileRef]
"""Relative POSIX path -> file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFile:
    """A file with the path it has in the workspace."""

    path: str
    file: FileRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What came back from an action."""

    text: str
    """What the model reads. Already cut to size."""
    is_error: bool = False
    changed: tuple[NamedFile, ...] = ()
    removed: tuple[str, ...] = ()
    full: NamedFile | None = None
    """The whole output, where `text` is only its head and tail."""
    shown: tuple[NamedFile, ...] = ()
    """Pictures that the model is shown beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a text of a stranger came from."""

    number: int
    """Counted from 1 in each session; the model cites it as [number]."""
    url: str
    """The address, or what stands for one, such as `mcp:server`."""
    title: str = ""
    how: Literal["hit", "page", "file", "online", "install", "mcp", "memory", "session"] = "page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inherited:
    """The marks that a session begins with: of its parent, or of the goal that it goes on from."""

    tainted: tuple[Source, ...] = ()
    private: tuple[str, ...] = ()
    """What private things it holds: paths of input files, names of channels."""
    addresses: tuple[str, ...] = ()
    """Keys (`links.key_of`) of the addresses that it knows."""


NO_MARKS = Inherited()


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """An installed package: exactly this file."""

    name: str
    version: str
    file: str
    """The name of its wheel."""
    sha256: str


class Risk(StrEnum):
    """What an action can do at worst."""

    SAFE = "safe"
    RUN = "run"
    REACH = "reach"


class Autonomy(StrEnum):
    """How much a session may do without asking."""

    GUARDED = "guarded"
    ASK = "ask"
    AUTO = "auto"


class Right(StrEnum):
    """What a member may be allowed to do."""

    START = "start"
    APPROVE = "approve"
    STEER = "steer"
    CONFIGURE = "configure"
    SPEND = "spend"


class Status(StrEnum):
    """Where a session stands."""

    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Nothing more will happen in this session."""
        return self in (Status.FINISHED, Status.STOPPED, Status.FAILED)


NANO = 1_000_000_000
"""Nano-dollars in a US$: amounts are counted in whole ones, never in fractions of a dollar."""


def nano(usd: float) -> int:
    """US$ as nano-dollars."""
    return round(usd * NANO)


Waiting = Literal["decision", "answer", "time", "thread", "budget", "delegate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one session may spend."""

    usd: float = 0.50
    tokens: int = 5_000_000
    steps: int = 200
    hours: float = 24.0
    """Wall time; time spent waiting for people is not counted."""

    def plus(self, other: "Limits") -> "Limits":
        """Both together."""
        return Limits(
            usd=self.usd + other.usd,
            tokens=self.tokens + other.tokens,
            steps=self.steps + other.steps,
            hours=self.hours + other.hours,
        )

    def with_usd(self, usd: float | None) -> "Limits":
        """The same with another cap in US$, where one is given."""
        return self if usd is None else replace(self, usd=usd)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One condition of a contract."""

    name: str
    code: str
    """A Python script; exit code 0 means that it holds. Empty: a person judges."""
    invariant: bool = False
    """Holds before the work too, and must go on holding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """How one check of a contract came out."""

    name: str
    holds: bool
    output: str = ""
    """What the check printed, cut to size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanItem:
    """One line of a plan."""

    text: str
    done: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A member of a server, as far as a session needs to know."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """Where a sub-session comes from."""

    ref: SessionRef
    action: str
    """The key of the action that asked for it."""
    tool: str
    """That action's tool, such as `delegate`."""
    depth: int = 1
    """How many sessions are above it."""


Verbosity = Literal["quiet", "normal", "full"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerRules:
    """What a server's admin has set."""

    roles: Mapping[Right, tuple[str, ...]] = field(default_factory=dict[Right, tuple[str, ...]])
    """Right -> ids of the roles that hold it. A right without an entry needs Manage Server."""
    autonomy: Autonomy = Autonomy.GUARDED
    verbosity: Verbosity = "normal"
    time_zone: str = "UTC"
    """An IANA name."""
    quiet_members: tuple[str, ...] = ()
    """Members who are never mentioned."""
    unremembered_members: tuple[str, ...] = ()
    """Members of whom nothing new is remembered."""
    unremembered_channels: tuple[str, ...] = ()
    """Channels of which nothing new is remembered."""
    mentions: bool = True
    allow_hosts: tuple[str, ...] = ()
    """Only these hosts and all below them are reached, where there are any."""
    deny_hosts: tuple[str, ...] = ()
    """These never are."""
    halted: bool = False
    """`/stop all`: nothing runs and nothing starts until `/resume all`."""

    def remembers(self, person_id: str, *places: str | None) -> bool:
        """Whether neither the person nor the channel or thread wants to stay out of the memory."""
        return person_id not in self.unremembered_members and not set(places) & set(
            self.unremembered_channels
        )
