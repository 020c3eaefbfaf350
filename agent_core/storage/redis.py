"""The connection to Redis: its errors become ours here, and a Redis that would lose data is refused here."""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from agent_core.errors import StartError, StoreUnavailableError

MAX_CONNECTIONS = 500
REPLY_WITHIN_S = 15.0
"""The longest that a command may take; a blocking read stays below it."""

_CONNECT_WITHIN_S = 5.0
_OLDEST = (6, 2)
_PASSES = (
    "MISCONF",
    "OOM",
    "READONLY",
    "LOADING",
    "NOREPLICAS",
    "CLUSTERDOWN",
    "MASTERDOWN",
    "TRYAGAIN",
    "UNBLOCKED",
)
"""How the replies begin that say "not now", rather than "you asked for nonsense"."""

_ASKED = ("appendfsync", "min-replicas-to-write", "no-appendfsync-on-rewrite", "save")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreWarning:
    """A setting of the Redis server that could lose what was acknowledged."""

    setting: str
    text: str
    """One sentence that says what to change."""


@asynccontextmanager
async def connected(url: str, *, repeat: bool) -> AsyncGenerator[Redis]:
    """A client for this address, closed at the end. Nothing is sent yet.

    With `repeat`, a command is sent again after a broken connection, for about three seconds in all. Only for
    commands that do no harm twice.
    Raises StartError where the address is none.
    """
    # A command that was applied, and whose answer was lost, must not be taken for somebody else's.
    retry = Retry(ExponentialWithJitterBackoff(cap=1.0, base=0.05), 6) if repeat else Retry(NoBackoff(), 0)
    try:
        client = Redis.from_url(  # pyright: ignore[reportUnknownMemberType]
            url,
            max_connections=MAX_CONNECTIONS,
            retry=retry,
            # With a timeout redis-py sends through asyncio.wait_for: on Python 3.11 that loses a cancellation
            # now and then (cpython#86296). The deadline is in `answered`.
            socket_timeout=None,
            socket_connect_timeout=_CONNECT_WITHIN_S,
            decode_responses=False,
        )
    except ValueError as error:
        raise StartError(
            "REDIS_URL is no address of a Redis; it looks like redis://localhost:6379/0."
        ) from error
    try:
        yield client
    finally:
        await client.aclose()


def with_connections(url: str) -> str:
    """The address with our limit on connections, where it names none. For clients that others make."""
    if "max_connections=" in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}max_connections={MAX_CONNECTIONS}"


async def answered(reply: Awaitable[T]) -> T:
    """What Redis answered. Raises StoreUnavailableError where it did not, or cannot at the moment."""
    try:
        async with asyncio.timeout(REPLY_WITHIN_S):
            return await reply
    except TimeoutError as error:
        raise StoreUnavailableError(f"Redis did not answer within {REPLY_WITHIN_S:.0f} s.") from error
    except RedisError as error:
        quotes = "of pipeline caused error" in str(error)
        raise translated(error) from (None if quotes else error)


async def pages(scan: Callable[[int], Awaitable[Any]]) -> AsyncGenerator[Any]:
    """What a SCAN finds, some at a time, from its first cursor to its last; one thing may come twice.

    Raises as `answered`.
    """
    cursor, more = 0, True
    while more:
        cursor, found = await answered(scan(cursor))
        yield found
        more = int(cursor) != 0


def translated(error: RedisError) -> Exception:
    """StoreUnavailableError for what can pass; the error itself where it is a bug of ours."""
    broken = isinstance(error, RedisConnectionError | RedisTimeoutError)
    # In a pipeline redis-py puts the whole command before the reply, and with it what people wrote.
    said = str(error).rpartition(" of pipeline caused error: ")[2]
    refused = isinstance(error, ResponseError) and said.startswith(_PASSES)
    # redis-py strips the code from some refusals and gives them a class of their own instead.
    named = type(error).__name__ in {"ReadOnlyError", "OutOfMemoryError", "ClusterDownError", "TryAgainError"}
    if broken or refused or named:
        return StoreUnavailableError(f"Redis does not answer: {said}")
    return error if said == str(error) else ResponseError(said)


def text(value: bytes | str) -> str:
    """A reply as text."""
    return value.decode() if isinstance(value, bytes) else value


def raw(value: bytes | str) -> bytes:
    """A reply as bytes."""
    return value.encode() if isinstance(value, str) else value


def place(url: str) -> str:
    """The address without its secrets, for people."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return parts.path
    return f"{parts.hostname or 'localhost'}:{parts.port or 6379}"


async def check_server(client: Redis, url: str) -> tuple[StoreWarning, ...]:
    """What could be better about this server.

    Raises StartError where it does not answer, is older than 6.2, takes no writes, is part of a cluster, or
    would throw data away to make room.
    """
    try:
        async with asyncio.timeout(REPLY_WITHIN_S):
            info = await client.info()  # pyright: ignore[reportUnknownMemberType]
    except (RedisError, OSError, TimeoutError) as error:
        if "unknown command" in str(error):  # its greeting came with version 6
            raise StartError(f"Redis at {place(url)} is older than 6.2, which is needed.") from error
        said = error if str(error) else "it is silent"
        raise StartError(
            f"Redis at {place(url)} does not answer ({said}). Start it, or correct REDIS_URL."
        ) from error
    version = str(info.get("redis_version", "0"))
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if numbers < _OLDEST:
        raise StartError(f"Redis at {place(url)} is version {version}; 6.2 or newer is needed.")
    if str(info.get("role", "master")) != "master":
        raise StartError(f"Redis at {place(url)} is a replica, which takes no writes. Name its primary.")
    if int(info.get("cluster_enabled", 0)):
        raise StartError(f"Redis at {place(url)} is one of a cluster. Use a Redis that stands alone.")
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if policy != "noeviction" and int(info.get("maxmemory", 0)) > 0:
        raise StartError(
            f"Redis at {place(url)} may throw sessions away when it is full (maxmemory-policy {policy}). "
            "Set maxmemory-policy to noeviction, or use a Redis of its own."
        )
    return _warnings(info, policy, await _settings(client))


async def _settings(client: Redis) -> dict[str, str] | None:
    """What INFO does not tell; None where the server keeps it to itself, as hosted ones do."""
    found: dict[str, str] = {}
    for name in _ASKED:  # one at a time: 6.2 takes no more
        try:
            reply = await client.config_get(name)  # pyright: ignore[reportUnknownMemberType]
        except RedisError:
            return None
        found |= {str(key): str(value) for key, value in reply.items()}
    return found


def _warnings(info: dict[str, Any], policy: str, settings: dict[str, str] | None) -> tuple[StoreWarning, ...]:
    known = settings or {}
    aof, saves = bool(int(info.get("aof_enabled", 0))), known.get("save", "?") != ""
    syncs = known.get("appendfsync")
    replicas, needed = int(info.get("connected_slaves", 0)), known.get("min-replicas-to-write")
    found: dict[str, object] = {
        "maxmemory-policy": policy != "noeviction"
        and f"maxmemory-policy is {policy}; set it to noeviction before maxmemory is set.",
        "appendonly": not aof
        and (
            "appendonly is off: a crash loses everything since the last snapshot. Set it to yes."
            if saves
            else "appendonly is off and save is empty: a restart loses everything. Set appendonly to yes."
        ),
        "appendfsync": aof
        and syncs != "always"
        and (
            "appendfsync cannot be read here; unless it is always, a crash may lose seconds."
            if syncs is None
            else f"appendfsync is {syncs}: a power cut may lose the last seconds. Set it to always."
        ),
        "no-appendfsync-on-rewrite": aof
        and known.get("no-appendfsync-on-rewrite") == "yes"
        and "no-appendfsync-on-rewrite is yes: nothing is flushed while the log is rewritten. Set it to no.",
        "min-replicas-to-write": replicas
        and needed in ("0", None)
        and (
            "There are replicas and min-replicas-to-write is 0: a failover may lose data."
            if needed == "0"
            else "There are replicas; unless min-replicas-to-write is 1 or more, a failover may lose data."
        ),
    }
    return tuple(StoreWarning(setting=name, text=str(words)) for name, words in found.items() if words)
