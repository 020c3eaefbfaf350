"""The only place that knows the name of a key.

No key without a guild id holds content. A server's keys share one hash tag, so they sit in one cluster slot.
"""

import re

from agent_core.values import SessionRef

BELL = "gk:bell"
"""Channel on which the name of a session is said when something comes into its inbox."""

OWNER = "gk:owner"
"""String: names this Redis, so that nobody clears the blobs of another one."""

DAILY = "gk:daily"
"""String: when the daily chores were last done, in Unix seconds of the clock."""

DAILY_CLAIM = "gk:daily:claim"
"""String that expires: somebody is at the daily chores."""

EVERY = "gk:{*"
"""A pattern of all keys that belong to a server."""

DUE = "gk:due"
"""Sorted set: `server/schedule` by the time at which it comes due; ids only."""

GUILDS = "gk:guilds"
"""Ids of the servers that ever had a session."""

TIMERS = "gk:timers"
"""Sorted set: session -> the Unix time at which it wants to be woken."""

CAUGHT_UP = "gk:caught-up"
"""String that expires: some gateway listens, and has caught up with all of its servers."""

LEFT = "gk:left"
"""Hash: id of a server that the bot was removed from -> when."""

_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._~-]{0,127}")


def checked(identifier: str) -> str:
    """The id itself. Raises ValueError where it could reach outside its own part of a key or a path."""
    if _ID.fullmatch(identifier) is None:
        raise ValueError(f"{identifier!r} is not an id: decimal or URL-safe, at most 128 characters.")
    return identifier


def _of(guild_id: str, *parts: str) -> str:
    return ":".join((f"gk:{{{checked(guild_id)}}}", *parts))


def every_of(guild_id: str) -> str:
    """A pattern of all keys of one server."""
    return _of(guild_id, "*")


def guild_of(key: str) -> str:
    """The server that a key belongs to."""
    return key.partition("{")[2].partition("}")[0]


def is_journal(key: str) -> bool:
    """Whether its entries are packed commits."""
    return "}:journal:" in key


def is_snapshot(key: str) -> bool:
    """Whether it names the blob of a snapshot."""
    return "}:snapshot:" in key


def is_archive(key: str) -> bool:
    """Whether it names the blob of an archived journal."""
    return "}:archive:" in key


def journal(ref: SessionRef) -> str:
    """Stream: one entry per commit, its id is `<version>-0`."""
    return _of(ref.guild_id, "journal", checked(ref.id))


def snapshot(ref: SessionRef) -> str:
    """String: `<version> <program> <sha256 of the blob>` of the newest snapshot."""
    return _of(ref.guild_id, "snapshot", checked(ref.id))


def epoch(ref: SessionRef) -> str:
    """String: how often the journal was rewritten, so that nobody goes on with what stood there before."""
    return _of(ref.guild_id, "epoch", checked(ref.id))


def archive(ref: SessionRef) -> str:
    """String: `<version> <sha256 of the blob> <when it ended>` of a journal that lies in the blob store."""
    return _of(ref.guild_id, "archive", checked(ref.id))


def rewriting(ref: SessionRef) -> str:
    """Stream: a journal that is being rebuilt; it takes the place of the other, or goes."""
    return _of(ref.guild_id, "rewriting", checked(ref.id))


def inbox(ref: SessionRef) -> str:
    """Stream: one entry per signal."""
    return _of(ref.guild_id, "inbox", checked(ref.id))


def moved(guild_id: str) -> str:
    """Sorted set: session id -> when something last came that it has yet to take, in Redis' seconds."""
    return _of(guild_id, "moved")


def posts(ref: SessionRef) -> str:
    """Hash: part of the thread -> message id."""
    return _of(ref.guild_id, "posts", checked(ref.id))


def cursor(ref: SessionRef) -> str:
    """String: the last version that is shown in the thread."""
    return _of(ref.guild_id, "cursor", checked(ref.id))


def behind(ref: SessionRef) -> str:
    """String: the session waits for its thread."""
    return _of(ref.guild_id, "behind", checked(ref.id))


def heard(guild_id: str) -> str:
    """String: the gateway that brings what people do on this server, and has brought what it missed."""
    return _of(guild_id, "heard")


def gateway(gateway_id: str) -> str:
    """String that expires: this gateway is alive."""
    return f"gk:gateway:{checked(gateway_id)}"


def turns(bot_id: str, name: str) -> str:
    """Of one bot's requests to Discord: when the last ones were."""
    return f"gk:turns:{{{checked(bot_id)}}}:{checked(name)}"


def asks(guild_id: str) -> str:
    """Hash: message id -> what a reaction on it means."""
    return _of(guild_id, "asks")


def session(ref: SessionRef) -> str:
    """Hash: what the index knows of one session."""
    return _of(ref.guild_id, "session", checked(ref.id))


def sessions(guild_id: str) -> str:
    """Sorted set: every session by the order in which it was added."""
    return _of(guild_id, "sessions")


def live(guild_id: str) -> str:
    """Set: the sessions that have not ended."""
    return _of(guild_id, "live")


def threads(guild_id: str) -> str:
    """Hash: thread id -> session id."""
    return _of(guild_id, "threads")


def rules(guild_id: str) -> str:
    """String: the server's rules as JSON."""
    return _of(guild_id, "rules")


def slot(ref: SessionRef, kind: str) -> str:
    """Hash that expires: who does this kind of work for the session at the moment."""
    return _of(ref.guild_id, "slot", checked(kind), checked(ref.id))


def chronicle(guild_id: str, name: str) -> str:
    """Stream: one entry per record of this kind, its id is `<number>-0`."""
    return _of(guild_id, "chronicle", checked(name))


def spent(guild_id: str, day: str) -> str:
    """Hash: what the server and each of its members spent on this date of its own calendar."""
    return _of(guild_id, "spent", checked(day))


def call(ref: SessionRef, name: str) -> str:
    """Hash that expires: one request to a model, in the server's books."""
    return _of(ref.guild_id, "call", checked(ref.id), checked(name))


def host_spent(date: str) -> str:
    """Hash: what all servers together spent on this date, or in this month, UTC."""
    return f"gk:{{host}}:spent:{checked(date)}"


def host_call(ref: SessionRef, name: str) -> str:
    """Hash that expires: one request to a model, in the host's books."""
    return f"gk:{{host}}:call:{checked(ref.guild_id)}:{checked(ref.id)}:{checked(name)}"


def facts(model_id: str) -> str:
    """String that expires: what was found out about a model."""
    return f"gk:facts:{checked(model_id)}"


def memories(guild_id: str) -> tuple[str, str, str, str]:
    """Of the memories: what they rest on, their vectors, their records, what changed. See memory/store.py."""
    return (
        _of(guild_id, "mem", "meta"),
        _of(guild_id, "mem", "v"),
        _of(guild_id, "mem", "d"),
        _of(guild_id, "mem", "log"),
    )


def schedules(guild_id: str) -> str:
    """Hash: schedule id -> the schedule as JSON."""
    return _of(guild_id, "schedules")
