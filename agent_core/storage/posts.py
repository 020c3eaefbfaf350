"""The reporter's own record: how far a thread is, which message shows what, what a reaction on it means."""

from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from redis.asyncio import Redis

from agent_core.signals import Post
from agent_core.storage import keys
from agent_core.storage.redis import answered, raw, text
from agent_core.values import SessionRef

GONE = "gone."
"""How the part begins under which it is noted that people deleted a message; its id follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asks:
    """What a message asks people."""

    post: Post
    about: str
    """The action's key, or the version of the limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    session: str
    asks: Asks


_asked: TypeAdapter[_Asked] = TypeAdapter(_Asked)


class Posts:
    """What was posted where, for all sessions."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def cursor(self, ref: SessionRef) -> int:
        """The version up to which the thread is complete; 0 at first."""
        return int(await answered(self._redis.get(keys.cursor(ref))) or 0)

    async def archived(self, ref: SessionRef) -> bool:
        """Whether the journal was archived, and this record with it: the thread stays as it is."""
        return bool(await answered(self._redis.exists(keys.archive(ref))))

    async def set_cursor(self, ref: SessionRef, version: int) -> None:
        """Say that everything up to this version is shown."""
        await answered(self._redis.set(keys.cursor(ref), version))

    async def wait_for(self, ref: SessionRef) -> int:
        """Note that the session waits for its thread; the version that the thread shows by now."""
        pipe: Any = self._redis.pipeline(transaction=True)
        pipe.set(keys.behind(ref), "1")
        pipe.get(keys.cursor(ref))
        _, cursor = await answered(pipe.execute())
        return int(cursor or 0)

    async def is_waited_for(self, ref: SessionRef) -> bool:
        """Whether the session waits for its thread; not any more, once this was asked."""
        return bool(await answered(self._redis.delete(keys.behind(ref))))

    async def all(self, ref: SessionRef) -> dict[str, str]:
        """Every part that was posted, and the id of its message."""
        found = await answered(self._redis.hgetall(keys.posts(ref)))
        return {text(part): text(message_id) for part, message_id in found.items()}

    async def put(self, ref: SessionRef, part: str, message_id: str, asks: Asks | None = None) -> None:
        """Note that this message shows this part, and what reactions on it answer."""
        pipe = self._redis.pipeline(transaction=True)
        pipe.hset(keys.posts(ref), part, message_id)
        if asks is not None:
            asked = _asked.dump_json(_Asked(session=keys.checked(ref.id), asks=asks))
            pipe.hset(keys.asks(ref.guild_id), message_id, asked)
        await answered(pipe.execute())

    async def deleted(self, ref: SessionRef, message_id: str) -> None:
        """Note that somebody deleted this message."""
        await self.put(ref, f"{GONE}{message_id}", "gone")

    async def asked(self, guild_id: str, message_id: str) -> tuple[SessionRef, Asks] | None:
        """Whose question this message is, and which; None for every other message."""
        found = await answered(self._redis.hget(keys.asks(guild_id), message_id))
        if found is None:
            return None
        asked = _asked.validate_json(raw(found))
        return SessionRef(guild_id, asked.session), asked.asks
