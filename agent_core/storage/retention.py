"""What becomes of sessions that have ended: first into the blob store, in the end away.

A journal is copied, the copy read back and compared, and only then one script puts its name in the place of
the journal, if that is still what was copied. Whatever dies on the way leaves a blob without a name, no more.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, cast

import structlog
from redis.asyncio import Redis

from agent_core.errors import NewerEventError, StoreUnavailableError, UnreadableJournalError
from agent_core.events import Ended
from agent_core.storage import keys
from agent_core.storage.blobs import BlobStore
from agent_core.storage.journal import Archived, Journal, parse_commits, parse_lines
from agent_core.storage.packing import pack_lines, unpack_lines
from agent_core.storage.redis import answered, text
from agent_core.values import SessionRef

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

DAY_S = 86_400.0
ARCHIVE_AFTER_S = 7 * DAY_S
UNSHOWN_FOR_S = 14 * DAY_S
"""A journal whose thread never came to its end is kept for the thread so much longer."""

_PAGE = 200

# The reporter's record goes with the journal: which message asks what is nothing to anybody by now.
_SWAP = """
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if not last or last[1] ~= ARGV[1] then return 0 end
for _, message in ipairs(redis.call('HVALS', KEYS[3])) do redis.call('HDEL', KEYS[6], message) end
redis.call('SET', KEYS[2], ARGV[2])
redis.call('DEL', KEYS[1], KEYS[3], KEYS[4], KEYS[5], KEYS[7], KEYS[10], KEYS[11])
redis.call('ZREM', KEYS[8], ARGV[3])
redis.call('HSETNX', KEYS[9], 'thread', ARGV[4])
return 1
"""
_FORGET = """
for _, message in ipairs(redis.call('HVALS', KEYS[3])) do redis.call('HDEL', KEYS[6], message) end
local thread = redis.call('HGET', KEYS[9], 'thread')
if thread and redis.call('HGET', KEYS[12], thread) == ARGV[1] then redis.call('HDEL', KEYS[12], thread) end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[7], KEYS[9], KEYS[10], KEYS[11])
redis.call('ZREM', KEYS[8], ARGV[1])
redis.call('SREM', KEYS[13], ARGV[1])
redis.call('ZREM', KEYS[14], ARGV[1])
return 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A session that does not live, as a page of the index shows it."""

    ref: SessionRef
    archived: Archived | None
    newest: list[Any]
    """The last entry of its journal; empty where there is none."""
    shown: int


class Retention:
    """Moves and deletes what has ended."""

    def __init__(self, redis: Redis, journal: Journal, blobs: BlobStore) -> None:
        self._redis = redis
        self._journal = journal
        self._blobs = blobs

    async def guild(self, guild_id: str, now: float, keep_s: float) -> AsyncGenerator[SessionRef]:
        """Look at every ended session of a server; yields each that was moved or deleted.

        `keep_s`: seconds after its end when a session is deleted. Raises StoreUnavailableError.
        """
        async for found in self._not_living(guild_id):
            try:
                if await self._treat(found, now, keep_s):
                    yield found.ref
            except (NewerEventError, UnreadableJournalError) as error:
                log.warning("ended session is left as it is", session=str(found.ref), reason=str(error))

    async def delete(self, ref: SessionRef) -> None:
        """Remove all that is known of a session; what only it named in the blob store is cleared later."""
        lists = (keys.threads(ref.guild_id), keys.live(ref.guild_id), keys.sessions(ref.guild_id))
        names = (*_names(ref), *lists)
        await answered(self._redis.eval(_FORGET, len(names), *names, ref.id))

    async def archive(self, ref: SessionRef) -> bool:
        """Move an ended journal into the blob store; False where it had ended otherwise by then."""
        lines = await self._journal.lines(ref)
        commits = await asyncio.to_thread(parse_lines, ref, lines, 0)
        ended = commits[-1]
        if not any(isinstance(event, Ended) for event in ended.events):
            return False
        thread = next((e.thread_id for c in commits for e in c.events if e.kind == "thread"), "")
        data = await asyncio.to_thread(pack_lines, lines)
        file = await self._blobs.put_bytes(ref.guild_id, data)
        back = await self._blobs.read(ref.guild_id, file.sha256)
        if await asyncio.to_thread(unpack_lines, back) != lines:
            raise StoreUnavailableError(f"The copy of {ref} in the blob store is not what was copied.")
        names = _names(ref)
        archived = Archived(version=ended.version, sha256=file.sha256, ended=ended.at)
        arguments = (f"{ended.version}-0", str(archived), ref.id, thread)
        return bool(await answered(self._redis.eval(_SWAP, len(names), *names, *arguments)))

    async def _treat(self, found: _Found, now: float, keep_s: float) -> bool:
        ref = found.ref
        if found.archived is not None:
            if now - found.archived.ended < keep_s:
                return False
            await self.delete(ref)
            return True
        if not found.newest:
            await self.delete(ref)  # a name whose session never began
            return True
        version = int(text(found.newest[0][0]).partition("-")[0])
        (last,) = parse_commits(ref, found.newest, version - 1)
        age_s = now - last.at
        if not any(isinstance(event, Ended) for event in last.events) or age_s < ARCHIVE_AFTER_S:
            return False
        if age_s >= keep_s:
            await self.delete(ref)
            return True
        return (found.shown >= version or age_s >= UNSHOWN_FOR_S) and await self.archive(ref)

    async def _not_living(self, guild_id: str) -> AsyncGenerator[_Found]:
        after = "-inf"
        while page := await self._sessions(guild_id, after):
            pipe = self._redis.pipeline(transaction=False)
            for name, _ in page:
                ref = SessionRef(guild_id, name)
                pipe.sismember(keys.live(guild_id), name)
                pipe.get(keys.archive(ref))
                pipe.xrevrange(keys.journal(ref), count=1)
                pipe.get(keys.cursor(ref))
            replies = await answered(pipe.execute())
            for at, (name, _) in enumerate(page):
                lives, archived, newest, shown = replies[4 * at : 4 * at + 4]
                if not lives:
                    yield _Found(
                        ref=SessionRef(guild_id, name),
                        archived=Archived.parse(archived) if archived else None,
                        newest=newest or [],
                        shown=int(shown or 0),
                    )
            after = f"({page[-1][1]}"

    async def _sessions(self, guild_id: str, after: str) -> list[tuple[str, str]]:
        """The next sessions in the order in which they were added, each with its number."""
        reply = self._redis.zrangebyscore(  # pyright: ignore[reportUnknownMemberType]
            keys.sessions(guild_id), after, "+inf", start=0, num=_PAGE, withscores=True
        )
        found = cast(list[tuple[bytes, float]], await answered(reply))
        return [(text(name), f"{int(score)}") for name, score in found]


def _names(ref: SessionRef) -> tuple[str, ...]:
    return (
        keys.journal(ref),
        keys.archive(ref),
        keys.posts(ref),
        keys.cursor(ref),
        keys.inbox(ref),
        keys.asks(ref.guild_id),
        keys.snapshot(ref),
        keys.moved(ref.guild_id),
        keys.session(ref),
        keys.behind(ref),
        keys.epoch(ref),
    )
