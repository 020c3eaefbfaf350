"""The state of a session without folding its whole journal: the newest snapshot, and the commits after it.

A snapshot saves time and nothing else. Its bytes are in the blob store before its name is in Redis; where it
is lost, damaged, or made by another version of the program, the journal is read from its beginning.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any

import structlog
from redis.asyncio import Redis

from agent_core.errors import StoreUnavailableError
from agent_core.session import State, apply, fold
from agent_core.session.snapshot import (
    Head,
    Item,
    due,
    dump_head,
    dump_pieces,
    load_head,
    load_piece,
    piece_names,
    program,
    reach_back,
)
from agent_core.storage import keys
from agent_core.storage.blobs import BlobStore
from agent_core.storage.journal import PAGE, Journal, parse_commits
from agent_core.storage.redis import answered, text
from agent_core.values import SessionRef

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

# A snapshot of a version that the journal has not, or no more, says what was lost: it does not count.
_OPEN = """
local named = redis.call('GET', KEYS[1])
local newest = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
local last = newest and tonumber(string.match(newest[1], '^%d+')) or 0
local after = '0'
if named then
  local version, program = string.match(named, '^(%d+) (%x+) ')
  if program == ARGV[1] and tonumber(version) <= last then after = version else named = false end
end
local archived = last == 0 and redis.call('EXISTS', KEYS[3]) or 0
local epoch = redis.call('GET', KEYS[4]) or '0'
return {named, archived, epoch, redis.call('XRANGE', KEYS[2], '(' .. after .. '-0', '+', 'COUNT', ARGV[2])}
"""
# Never back to an older one, and never for a journal that does not hold that version, or was rewritten.
_NAME = """
if (redis.call('GET', KEYS[3]) or '0') ~= ARGV[2] then return 0 end
local newest = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
local last = newest and tonumber(string.match(newest[1], '^%d+')) or 0
local version, program = string.match(ARGV[1], '^(%d+) (%x+) ')
if tonumber(version) > last then return 0 end
local named = redis.call('GET', KEYS[1])
if named then
  local had, by = string.match(named, '^(%d+) (%x+) ')
  if by == program and tonumber(had) >= tonumber(version) and tonumber(had) <= last then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1])
return 1
"""


class States:
    """The states of all sessions."""

    def __init__(self, redis: Redis, journal: Journal, blobs: BlobStore) -> None:
        self._redis = redis
        self._journal = journal
        self._blobs = blobs

    async def load(self, ref: SessionRef) -> State | None:
        """The state after every commit; None where there is none.

        Raises NewerEventError and StoreUnavailableError.
        """
        names = (keys.snapshot(ref), keys.journal(ref), keys.archive(ref), keys.epoch(ref))
        found: list[Any] = await answered(self._redis.eval(_OPEN, len(names), *names, program(), PAGE))
        named, archived, epoch, entries = found
        state = await self._loaded(ref, text(named) if named else None, archived, entries)
        if state is not None:
            state.epoch = int(epoch)
        return state

    async def _loaded(
        self, ref: SessionRef, named: str | None, archived: int, entries: Sequence[Any]
    ) -> State | None:
        state = await self._restored(ref, named) if named else None
        if archived or (named and state is None):
            return fold(ref, await self._journal.read(ref))
        after = state.version if state else 0
        commits = parse_commits(ref, entries, after)
        if len(commits) == PAGE:
            commits += await self._journal.read(ref, after + PAGE)
        if state is None:
            return fold(ref, commits)
        if reach_back(commits, state.version):
            return fold(ref, await self._journal.read(ref))
        for commit in commits:
            apply(state, commit)
        return state

    async def at(self, ref: SessionRef, version: int) -> State | None:
        """The state as it stood after this version, from the whole journal. Raises as `load`."""
        return fold(ref, (await self._journal.read(ref))[:version])

    async def keep_when_due(self, state: State) -> None:
        """Take a snapshot now and then; where the blob store is away, another time."""
        if not due(state):
            return
        try:
            await self.keep(state)
        except StoreUnavailableError as error:
            log.warning("snapshot left out", session=str(state.ref), reason=str(error))

    async def keep(self, state: State) -> None:
        """Take a snapshot, and remove the one before it. Raises StoreUnavailableError."""
        ref = state.ref
        before = await self._newest(ref)
        pieces, names = await asyncio.to_thread(_pieces, state)
        for name, piece in zip(names, pieces, strict=True):
            if name not in before:
                await self._blobs.put_bytes(ref.guild_id, piece)
        head = await asyncio.to_thread(dump_head, state, names)
        file = await self._blobs.put_bytes(ref.guild_id, head)
        value = f"{state.version} {program()} {file.sha256}"
        keys_of = (keys.snapshot(ref), keys.journal(ref), keys.epoch(ref))
        named = await answered(self._redis.eval(_NAME, len(keys_of), *keys_of, value, state.epoch))
        mine = {file.sha256, *names}
        stale = before - mine if named else mine - await self._newest(ref)
        await self._blobs.remove(ref.guild_id, sorted(stale), 0.0)

    async def is_current(self, state: State) -> bool:
        """Whether the journal was not rewritten since this state was made of it."""
        found = await answered(self._redis.get(keys.epoch(state.ref)))
        return int(found or 0) == state.epoch

    async def drop(self, ref: SessionRef) -> None:
        """Remove the newest snapshot, name and bytes. Raises StoreUnavailableError."""
        named = await answered(self._redis.getdel(keys.snapshot(ref)))
        if named is not None:
            await self._blobs.remove(ref.guild_id, sorted(await self._parts(ref, text(named))), 0.0)

    async def _newest(self, ref: SessionRef) -> set[str]:
        """The blobs of the newest snapshot, of whichever program."""
        named = await answered(self._redis.get(keys.snapshot(ref)))
        return set() if named is None else await self._parts(ref, text(named))

    async def _parts(self, ref: SessionRef, named: str) -> set[str]:
        sha256 = named.split(" ")[2]
        data = await self._bytes(ref, sha256)
        return {sha256, *(piece_names(data) if data is not None else ())}

    async def _restored(self, ref: SessionRef, named: str) -> State | None:
        """The state of this snapshot; None where it cannot be had."""
        version, _, sha256 = named.split(" ")
        head = await self._head(ref, sha256)
        if head is None or head.state.version != int(version):
            return None
        async with asyncio.TaskGroup() as group:
            reads = [group.create_task(self._bytes(ref, piece)) for piece in head.pieces]
        pieces = [piece for read in reads if (piece := read.result()) is not None]
        if len(pieces) < len(reads):
            return None
        head.state.history = await asyncio.to_thread(_history, pieces)
        return head.state

    async def _head(self, ref: SessionRef, sha256: str) -> Head | None:
        data = await self._bytes(ref, sha256)
        return None if data is None else await asyncio.to_thread(load_head, data)

    async def _bytes(self, ref: SessionRef, sha256: str) -> bytes | None:
        try:
            return await self._blobs.read(ref.guild_id, sha256)
        except StoreUnavailableError as error:
            log.warning("snapshot cannot be used", session=str(ref), reason=str(error))
            return None


def _pieces(state: State) -> tuple[list[bytes], list[str]]:
    """The pieces of the history, and their names."""
    pieces = dump_pieces(state)
    return pieces, [hashlib.sha256(piece).hexdigest() for piece in pieces]


def _history(pieces: Sequence[bytes]) -> list[Item]:
    return [item for piece in pieces for item in load_piece(piece)]
