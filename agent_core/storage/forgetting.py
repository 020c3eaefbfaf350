"""Taking things out of what is otherwise only ever added to: journals rewritten, servers purged.

A journal is rebuilt under another name with the same entry ids, and takes the old one's place in one
transaction, if nobody wrote to it meanwhile. Its snapshot goes with it, and whoever works on the session
begins anew from what stands there now.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from agent_core.errors import StoreUnavailableError
from agent_core.events import Commit, dump_commit
from agent_core.storage import keys
from agent_core.storage.blobs import BlobStore
from agent_core.storage.journal import Archived, Journal
from agent_core.storage.packing import pack, pack_lines
from agent_core.storage.redis import answered, pages, text
from agent_core.storage.states import States
from agent_core.values import SessionRef

Change = Callable[[Sequence[Commit]], Sequence[Commit]]
"""Every commit of a journal -> the same versions with other content. Thought over again on a conflict."""

_ATTEMPTS = 20
_PAGE = 200
_SWAP = """
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if not last or last[1] ~= ARGV[1] then redis.call('UNLINK', KEYS[2]) return 0 end
redis.call('RENAME', KEYS[2], KEYS[1])
redis.call('INCR', KEYS[3])
return 1
"""


_RENAME = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
"""


class Forgetting:
    """What no other part may do: change the past, and remove a server."""

    def __init__(self, redis: Redis, journal: Journal, states: States, blobs: BlobStore) -> None:
        self._states = states
        self._redis = redis
        self._blobs = blobs
        self._journal = journal

    async def rewrite(self, ref: SessionRef, change: Change) -> bool:
        """Put changed commits in the place of the old ones; False where there was nothing to change.

        Raises StoreUnavailableError where the session goes on writing all the time.
        """
        for _ in range(_ATTEMPTS):
            archived = await answered(self._redis.get(keys.archive(ref)))
            commits = await self._journal.read(ref)
            changed = await asyncio.to_thread(change, commits)
            if [one.version for one in changed] != [one.version for one in commits]:
                raise ValueError(f"The rewritten journal of {ref} has other versions.")
            if not commits or list(changed) == commits:
                return False
            if archived is not None:
                if await self._replace_archive(ref, Archived.parse(archived), changed):
                    return True
                continue
            temporary = keys.rewriting(ref)
            await answered(self._redis.unlink(temporary))
            for start in range(0, len(changed), _PAGE):
                pipe: Any = self._redis.pipeline(transaction=False)
                for commit in changed[start : start + _PAGE]:
                    field, data = pack(dump_commit(commit))
                    pipe.xadd(temporary, {field: data}, id=f"{commit.version}-0")
                await answered(pipe.execute())
            names = (keys.journal(ref), temporary, keys.epoch(ref))
            reply: Any = self._redis.eval(_SWAP, len(names), *names, f"{commits[-1].version}-0")
            if await answered(reply) == 1:
                await self._states.drop(ref)  # from here on nobody can take one of what stood there
                return True
        raise StoreUnavailableError(f"{ref} writes too fast to be rewritten just now.")

    async def _replace_archive(self, ref: SessionRef, old: Archived, commits: Sequence[Commit]) -> bool:
        """The same for a journal that lies in the blob store."""
        data = await asyncio.to_thread(pack_lines, [dump_commit(commit) for commit in commits])
        file = await self._blobs.put_bytes(ref.guild_id, data)
        now = replace(old, sha256=file.sha256)
        if await answered(self._redis.eval(_RENAME, 1, keys.archive(ref), str(old), str(now))) != 1:
            return False
        await self._blobs.remove(ref.guild_id, [old.sha256], 0.0)
        return True

    async def rewrite_log(self) -> None:
        """Have Redis write its log anew, without what was removed. Hosted ones often forbid it."""
        try:
            reply: Any = self._redis.bgrewriteaof()  # pyright: ignore[reportUnknownMemberType]
            await answered(reply)
        except (RedisError, StoreUnavailableError):
            return  # it does so by itself, later

    async def purge(self, guild_id: str) -> int:
        """Remove every key of a server; how many those were."""
        gone = 0
        redis: Any = self._redis
        pattern = keys.every_of(guild_id)
        async for found in pages(lambda cursor: redis.scan(cursor, match=pattern, count=500)):
            if found:
                gone += int(await answered(redis.unlink(*found)))
        await answered(self._redis.srem(keys.GUILDS, guild_id))
        await answered(self._redis.hdel(keys.LEFT, guild_id))
        return gone

    async def left(self, guild_id: str, at: float) -> None:
        """Note that the bot was removed from a server; an earlier note stays."""
        await answered(self._redis.hsetnx(keys.LEFT, keys.checked(guild_id), str(at)))

    async def joined(self, guild_id: str) -> None:
        """Note that it is there, or there again."""
        await answered(self._redis.hdel(keys.LEFT, keys.checked(guild_id)))

    async def left_before(self, at: float) -> list[str]:
        """The servers that it was removed from before this time."""
        found = await answered(self._redis.hgetall(keys.LEFT))
        return sorted(text(guild_id) for guild_id, when in found.items() if float(text(when)) < at)
