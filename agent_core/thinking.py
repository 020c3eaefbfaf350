"""Events between a session and its models: what was thought, what it cost, what left the context.

They are stored as all events are; see events.py, which gathers them.
"""

from dataclasses import dataclass
from typing import Literal

from agent_core.values import Action, Message, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Thought:
    """A reply of the model: its text and the actions that it asks for."""

    step: int
    text: str
    actions: tuple[Action, ...]
    problems: dict[str, str]
    """Action key -> why it cannot be run as it was sent."""
    usage: Usage
    cost_usd: float | None
    message: Message
    """The assistant message, verbatim."""
    heard: tuple[str, ...] = ()
    """Ids of the messages that this request held for the first time."""
    metered: bool = False
    """What it cost stands in events of its own (CallSettled), one per request to the server."""
    cut: bool = False
    """The reply ended at the server's limit of length."""
    read: int = 0
    """Tokens that the server read of a longer request, which it cut in silence; 0 where it read all."""
    kind: Literal["thought"] = "thought"


@dataclass(frozen=True, slots=True, kw_only=True)
class ThoughtFailed:
    """The model gave no usable reply."""

    error: str
    """The error's kind, as in errors.py."""
    text: str
    retry_at: float | None
    """Unix seconds; None: not until somebody resumes the session."""
    kind: Literal["thought_failed"] = "thought_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The session goes in circles: the model is told, and thinks again with a fresh context."""

    text: str
    keep: int
    """The last so many steps before it stay in the context; those before them do not."""
    reminder: str = ""
    """What the model is reminded of besides, such as its plan; the thread has seen it."""
    trim: int = 0
    """Bytes that each tool output before it keeps in the context; 0: all of them."""
    kind: Literal["told"] = "told"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compacted:
    """The oldest steps leave the context, a summary takes their place. People's words stay as they are."""

    summary: str
    through: int
    """The last step that it covers."""
    kept: str = ""
    """What was agreed, as it stood then: plan, contract, answers and decisions of people."""
    before: int
    """Tokens of the request, estimated."""
    after: int
    forced: bool = False
    """A request had not fitted the model's window."""
    kind: Literal["compacted"] = "compacted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """What the memory was asked before a thought, or by a tool, and what the model is shown of it."""

    about: str
    """Id of the message that was looked for; empty: the goal, or what a tool asked."""
    text: str
    """Fenced as data; empty where nothing was likely to help, or where a tool's result holds it."""
    memories: tuple[str, ...] = ()
    """Ids."""
    tainted: bool = False
    """Some of it was written by strangers."""
    private: bool = False
    """Some of it is not for everybody in the server."""
    authors: tuple[str, ...] = ()
    """Ids of those who said them, in the same order; older journals have none."""
    kind: Literal["recalled"] = "recalled"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReserved:
    """Written before a request goes to a model's server: the most that it can cost.

    Stands as spent until CallSettled says otherwise. A sub-session's share of the budget is one too.
    """

    call: str
    """Names it within the session: the version of the commit that holds it, a dot, its place there."""
    purpose: str
    """Such as think, summarize, compact, delegate."""
    nano: int
    """Nano-dollars."""
    tokens: int
    """Prompt and output together, at most."""
    estimate: int = 0
    """What the prompt was taken for, in tokens, by its bytes alone."""
    day: str = ""
    """The date on which it counts for member and server; empty: it is in nobody's books but the session's."""
    host_day: str = ""
    """The date on which it counts for the host, UTC."""
    kind: Literal["call_reserved"] = "call_reserved"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSettled:
    """What a request has cost in the end."""

    call: str
    purpose: str
    nano: int
    outcome: Literal["billed", "lost", "unsent"]
    """lost: it may have reached the server, and no bill came back: it stands at its reservation."""
    usage: Usage
    day: str = ""
    host_day: str = ""
    kind: Literal["call_settled"] = "call_settled"
