"""The journal of a session: one stream entry per commit. The fence that keeps two writers apart is here.

The entry of version n has the id `n-0`. Redis takes each id once: of two writers one loses, without a lock.
"""

import asyncio
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from agent_core.errors import FencedError, StoreUnavailableError, UnreadableJournalError
from agent_core.events import Commit, SignalsTaken, dump_commit, load_commit
from agent_core.signals import Signal
from agent_core.storage import keys
from agent_core.storage.blobs import BlobStore
from agent_core.storage.inbox import PAGE as SIGNALS
from agent_core.storage.inbox import exclusive, parse
from agent_core.storage.packing import pack, unpack, unpack_lines
from agent_core.storage.redis import answered, text, translated
from agent_core.values import SessionRef

PAGE = 500
"""Entries that are read at once."""

# Redis itself accepts gaps and, for a journal that is gone, any id. One XADD, as the fence demands.
# What the commit says was taken leaves the inbox with it; no script is rolled back, so nothing may fail then.
# A first commit has yet to be noticed by a worker.
_APPEND = """
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local version = last and tonumber(string.match(last[1], '^%d+')) or 0
if version == 0 and redis.call('EXISTS', KEYS[4]) == 1 then return redis.error_reply('FENCED archive') end
if ARGV[6] ~= '' and (redis.call('GET', KEYS[5]) or '0') ~= ARGV[6] then
  return redis.error_reply('FENCED rewritten')
end
if version >= tonumber(ARGV[1]) then return redis.error_reply('FENCED ' .. version) end
if version + 1 < tonumber(ARGV[1]) then return redis.error_reply('BEHIND ' .. version) end
redis.call('XADD', KEYS[1], ARGV[1] .. '-0', ARGV[2], ARGV[3])
if version == 0 then redis.call('ZADD', KEYS[3], redis.call('TIME')[1], ARGV[5]) end
if ARGV[4] ~= '' then
  redis.pcall('XTRIM', KEYS[2], 'MINID', ARGV[4])
  redis.pcall('XDEL', KEYS[2], ARGV[4])
  if redis.call('XLEN', KEYS[2]) == 0 then redis.call('ZREM', KEYS[3], ARGV[5]) end
end
return 1
"""
_BEGIN = """
if redis.call('EXISTS', KEYS[1]) == 1 or redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
for at = 2, #ARGV, 2 do
  redis.call('XADD', KEYS[1], (at / 2) .. '-0', ARGV[at], ARGV[at + 1])
end
redis.call('ZADD', KEYS[2], redis.call('TIME')[1], ARGV[1])
return 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """Where a journal lies that was moved into the blob store, as its key says it."""

    version: int
    """Of the last commit."""
    sha256: str
    ended: float

    @classmethod
    def parse(cls, value: bytes | str) -> "Archived":
        """The inverse of `str`."""
        version, sha256, ended = text(value).split(" ")
        return cls(version=int(version), sha256=sha256, ended=float(ended))

    def __str__(self) -> str:
        return f"{self.version} {self.sha256} {self.ended!r}"


class Journal:
    """The journals of all sessions."""

    def __init__(self, redis: Redis, once: Redis, blobs: BlobStore) -> None:
        """`once` appends: a client that never sends a command twice by itself. `redis` reads."""
        self._redis = redis
        self._once = once
        self._blobs = blobs

    async def read(self, ref: SessionRef, after: int = 0) -> list[Commit]:
        """The commits after this version, oldest first.

        Raises NewerEventError, UnreadableJournalError and StoreUnavailableError.
        """
        commits: list[Commit] = []
        full = True
        while full:
            last = after + len(commits)
            page, archived = await self._page(ref, last)
            if archived and not page:
                return commits + parse_lines(ref, await self._lines(ref, archived), last)
            commits += parse_commits(ref, page, last)
            full = len(page) == PAGE
        return commits

    async def lines(self, ref: SessionRef) -> list[bytes]:
        """Every commit as JSON, unread: for those who only copy or search them.

        Raises NewerEventError, UnreadableJournalError and StoreUnavailableError.
        """
        lines: list[bytes] = []
        full = True
        while full:
            page, archived = await self._page(ref, len(lines))
            if archived and not page:
                return await self._lines(ref, archived)
            lines += [_line(ref, *entry) for entry in page]
            full = len(page) == PAGE
        return lines

    async def begin(self, ref: SessionRef, commits: Sequence[Commit]) -> bool:
        """Begin a journal with several commits, all at once; False where it has begun already.

        Raises StoreUnavailableError.
        """
        names = (keys.journal(ref), keys.moved(ref.guild_id), keys.archive(ref))
        packed = [part for commit in commits for part in pack(dump_commit(commit))]
        return bool(
            await answered(self._once.eval(_BEGIN, len(names), *names, keys.checked(ref.id), *packed))
        )

    async def version(self, ref: SessionRef) -> int:
        """The version of the last commit; 0 where there is none."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.xrevrange(keys.journal(ref), count=1)
        pipe.get(keys.archive(ref))
        last, archived = await answered(pipe.execute())
        if not last:
            return Archived.parse(archived).version if archived else 0
        return int(text(last[0][0]).partition("-")[0])

    async def _page(self, ref: SessionRef, after: int) -> tuple[list[Any], Archived | None]:
        """The next entries, and where the journal lies if it was archived: first the one, then the other."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.xrange(keys.journal(ref), min=f"({after}-0", count=PAGE)
        pipe.get(keys.archive(ref))
        page, archived = await answered(pipe.execute())
        return page or [], Archived.parse(archived) if archived else None

    async def _lines(self, ref: SessionRef, archived: Archived) -> list[bytes]:
        data = await self._blobs.read(ref.guild_id, archived.sha256)
        try:
            return await asyncio.to_thread(unpack_lines, data)
        except zlib.error:
            raise UnreadableJournalError(f"The archive of {ref} cannot be read: it is damaged.") from None

    async def append(
        self, ref: SessionRef, commit: Commit, inbox_after: str | None = None, epoch: int | None = None
    ) -> list[tuple[str, Signal]]:
        """Write the commit; in the same round trip, read the signals that came after this inbox id.

        At most 500 of them; the signals that the commit says were taken are in the inbox no more.
        `epoch`: of the state that the commit follows from; None: from none.
        Raises FencedError where somebody else has written this version or rewritten the journal, and
        StoreUnavailableError where it is unknown whether it was written, or where the journal is shorter than
        what was read from it (the store lost data): then begin again from the journal.
        """
        names = (keys.journal(ref), keys.inbox(ref), keys.moved(ref.guild_id), keys.archive(ref))
        names = (*names, keys.epoch(ref))
        field, data = pack(dump_commit(commit))
        taken = [event.inbox_id for event in commit.events if isinstance(event, SignalsTaken)]
        upto = taken[-1] if taken else ""
        pipe = self._once.pipeline(transaction=False)
        since = "" if epoch is None else epoch
        pipe.eval(_APPEND, len(names), *names, commit.version, field, data, upto, ref.id, since)
        if inbox_after is not None:
            pipe.xrange(keys.inbox(ref), min=exclusive(inbox_after), count=SIGNALS)
        replies = await answered(pipe.execute(raise_on_error=False))
        for reply in replies:
            if isinstance(reply, Exception):
                raise _refusal(ref, commit, reply) from reply
        return parse(replies[1]) if inbox_after is not None else []


def parse_commits(ref: SessionRef, entries: Iterable[Any], after: int) -> list[Commit]:
    """The entries of a stream reply as the commits that follow this version.

    Raises NewerEventError and UnreadableJournalError.
    """
    commits: list[Commit] = []
    for expected, entry in enumerate(entries, start=after + 1):
        commit = _commit(ref, expected, _line(ref, *entry))
        if text(entry[0]) != f"{expected}-0":
            raise UnreadableJournalError(f"{ref} holds {text(entry[0])} where {expected} belongs.")
        commits.append(commit)
    return commits


def parse_lines(ref: SessionRef, lines: Sequence[bytes], after: int) -> list[Commit]:
    """The commits after this version, of all that there are as JSON. Raises as `parse_commits`."""
    return [_commit(ref, version, line) for version, line in enumerate(lines[after:], start=after + 1)]


def _commit(ref: SessionRef, expected: int, line: bytes) -> Commit:
    try:
        commit = load_commit(line)
    except ValidationError as error:
        problem = f"Version {expected} of {ref} cannot be read: {type(error).__name__}."
        raise UnreadableJournalError(problem) from None  # its cause would quote what people wrote
    if commit.version != expected:
        raise UnreadableJournalError(f"{ref} holds version {commit.version} where {expected} belongs.")
    return commit


def _line(ref: SessionRef, entry_id: Any, fields: Any) -> bytes:
    try:
        return unpack(_pairs(fields))
    except zlib.error:
        version = text(entry_id).partition("-")[0]
        raise UnreadableJournalError(f"Version {version} of {ref} cannot be read: it is damaged.") from None


def _pairs(fields: Any) -> Mapping[bytes, bytes]:
    """The fields of an entry, which a script hands over as one list."""
    flat: Sequence[bytes] = () if isinstance(fields, dict) else fields
    return cast(dict[bytes, bytes], fields) if not flat else dict(zip(flat[::2], flat[1::2], strict=True))


def _refusal(ref: SessionRef, commit: Commit, reply: Exception) -> Exception:
    found = str(reply)
    if isinstance(reply, ResponseError) and found.startswith("FENCED"):
        return FencedError(f"Version {commit.version} of {ref} was written by somebody else.")
    if isinstance(reply, ResponseError) and found.startswith("BEHIND"):
        return StoreUnavailableError(
            f"The journal of {ref} ends at {found.partition(' ')[2]}; version {commit.version} leaves a gap."
        )
    return translated(reply) if isinstance(reply, RedisError) else reply
