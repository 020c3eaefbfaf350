"""Forgetting a member, and forgetting a server: memories, journals, snapshots, files, folders."""

import asyncio
import hashlib
import shutil
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from agent_core.errors import StoreUnavailableError, UnreadableJournalError
from agent_core.events import Commit
from agent_core.memory import Memory, Record
from agent_core.quotes import Quotes
from agent_core.remains import Remains
from agent_core.schedule import Plans
from agent_core.signals import StopAsked
from agent_core.skills import Library
from agent_core.storage import Storage
from agent_core.tombstones import Gone, erase, files_of, shas_in, shows_cut
from agent_core.traces import Trace, is_by, trace
from agent_core.values import Person, SessionRef

Wake = Callable[[SessionRef], Awaitable[None]]

_MOST_SESSIONS = 1_000_000
_STOPS_WITHIN_S = 20.0
_LOOK_S = 0.1
_MOST_LOOKED_AT = 8 << 20
"""Bytes of a file that are searched for quotes."""
_MOST_ROUNDS = 20
"""A memory was made of a memory so often at most, from one goal to the next."""
_MOST_LOOKS = 5
_REWORDED = frozenset({"outcome", "lesson"})

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What went."""

    memories: int
    sessions: int
    files: int
    skills: int = 0


class Forgetter:
    """Takes out of every store what somebody does not want kept."""

    def __init__(self, storage: Storage, memory: Memory, library: Library, folders: Path) -> None:
        """`folders`: where the workers of this machine keep copies of sessions' files, each in its own."""
        self._storage = storage
        self._memory = memory
        self._library = library
        self._folders = folders

    async def member(self, guild_id: str, person: Person, wake: Wake) -> Forgotten:
        """Everything that this member said in this server. Raises StoreUnavailableError; then do it again.

        Goals of theirs that still run are stopped first, and their schedules go.
        """
        remains = Remains(guild_id=guild_id, person_id=person.id)
        await self._remove_schedules(remains)
        await self._look(remains)
        await self._stop_own(remains, person, wake)
        memories = await self._forget_own(remains)
        erased: set[str] = set()
        gone: set[str] = set()
        skills = 0
        for first in (True, *[False] * _MOST_LOOKS):
            moved = await self._look(remains)  # by somebody who had read it before it was forgotten
            late = await self._forget_derived(remains)
            memories += late
            if not (first or moved or late):
                break
            remains.gather()
            remains.skills |= await self._library.quoting(guild_id, person=person.id, quotes=remains.quotes)
            for family in remains.families():
                erased |= await self._erase(remains, family)
            skills += await self._library.forget(guild_id, person=person.id, quotes=remains.quotes)
            gone |= await self._remove_files(remains)
            for ref in (remains.traces[name].ref for name in erased):
                await asyncio.to_thread(_clear_copies, self._folders, ref, gone, remains.quotes)
        await self._storage.forgetting.rewrite_log()
        files = len(remains.files & gone)
        return Forgotten(memories=memories, sessions=len(erased), files=files, skills=skills)

    async def server(self, guild_id: str) -> None:
        """Everything of a server."""
        for folder in await asyncio.to_thread(lambda: list(self._folders.glob(f"*/files/{guild_id}"))):
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        await self._memory.forget(guild_id, everything=True)
        self._library.drop(guild_id)
        await self._storage.forgetting.purge(guild_id)
        async for names in self._storage.blobs.old(guild_id, 0.0):
            await self._storage.blobs.remove(guild_id, names, 0.0)
        await self._storage.forgetting.rewrite_log()

    async def _remove_schedules(self, remains: Remains) -> None:
        plans = Plans(self._storage.calendar)
        for plan in await plans.of(remains.guild_id):
            if plan.by.id == remains.person_id:
                await plans.remove(plan)

    async def _look(self, remains: Remains) -> bool:
        """Read the sessions that were not read yet as they are now; whether there were any."""
        moved = False
        for ref in await self._storage.index.recent(remains.guild_id, _MOST_SESSIONS):
            known = remains.traces.get(ref.id)
            if known is not None and await self._storage.journal.version(ref) == known.version:
                continue
            commits = await self._read(ref)
            waiting = await self._storage.inbox.fresh(ref, "")
            found = await asyncio.to_thread(trace, ref, commits, remains.person_id, waiting)
            remains.traces[ref.id] = found
            moved = True
        return moved

    async def _read(self, ref: SessionRef) -> list[Commit]:
        """A journal; one that nobody can read any more is removed: it may hold their words."""
        try:
            return await self._storage.journal.read(ref)
        except UnreadableJournalError as error:
            log.warning("damaged session is forgotten with the member", session=str(ref), reason=str(error))
            await self._storage.retention.delete(ref)
            return []

    async def _stop_own(self, remains: Remains, person: Person, wake: Wake) -> None:
        live = set(await self._storage.index.live(remains.guild_id))
        started = [one.ref for one in remains.traces.values() if one.started_by == person.id]
        own = [ref for ref in started if ref in live]
        for ref in own:
            await self._storage.inbox.put(ref, StopAsked(person=person))
            await wake(ref)
        try:
            async with asyncio.timeout(_STOPS_WITHIN_S):
                # It leaves the list last, when all that follows from its end is written.
                while live & set(own):
                    live = set(await self._storage.index.live(remains.guild_id))
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError as error:
            raise StoreUnavailableError("A goal of yours does not stop. Try again in a minute.") from error

    async def _forget_own(self, remains: Remains) -> int:
        for record in await self._memory.records(remains.guild_id):
            if record.author_id == remains.person_id:
                remains.memories[record.id] = (record.text,)
        return await self._memory.forget(remains.guild_id, author_id=remains.person_id)

    async def _forget_derived(self, remains: Remains) -> int:
        """Memories that the agent made of their words, and those that it made of these; how many.

        An outcome only loses the words.
        """
        count = 0
        for _ in range(_MOST_ROUNDS):
            count += await self._forget_own(remains)
            records = await self._memory.records(remains.guild_id)
            found = await asyncio.to_thread(remains.derived, records)
            if not found:
                break
            for record in records:
                if record.id in found:
                    remains.memories[record.id] = tuple(found[record.id].among(record.text))
            count += await self._memory.forget(remains.guild_id, ids=found)
            for record in records:
                if record.id in found and {source.kind for source in record.sources} <= _REWORDED:
                    await self._reword(remains.guild_id, record, found[record.id])
        return count

    async def _reword(self, guild_id: str, record: Record, quotes: Quotes) -> None:
        left = quotes.out_of(record.text)
        if not quotes.among(left):
            await self._memory.remember_again(guild_id, record, left)

    async def _erase(self, remains: Remains, family: Sequence[Trace]) -> set[str]:
        """Rewrite the journals of a family; the ids of those that held something."""
        erased: set[str] = set()
        known = remains.gone(family)
        for one in family:
            commits = await self._storage.journal.read(one.ref)
            files = files_of(commits)
            quoting = await self._quoting(one, commits, known)
            gone = remains.gone(family, quoting)

            def change(found: Sequence[Commit], gone: Gone = gone) -> tuple[Commit, ...]:
                return erase(found, gone)

            changed = await self._storage.forgetting.rewrite(one.ref, change)
            if changed or remains.holds(one):
                erased.add(one.ref.id)
                remains.files |= files
            for inbox_id, signal in await self._storage.inbox.fresh(one.ref, ""):
                if is_by(signal, remains.person_id, gone.messages):
                    await self._storage.inbox.remove(one.ref, inbox_id)
        return erased

    async def _quoting(self, one: Trace, commits: Sequence[Commit], known: Gone) -> frozenset[str]:
        """The files of somebody else's session that hold what is to be forgotten."""
        if one.own:
            return frozenset()
        found = {sha256 for commit in commits for sha256 in shows_cut(commit, known.quotes.memories)}
        if not known.quotes.telling:
            return frozenset(found)
        for sha256 in files_of(commits) - known.files - found:
            if await self._has(one.ref.guild_id, sha256, known.quotes.telling):
                found.add(sha256)
        return frozenset(found)

    async def _remove_files(self, remains: Remains) -> set[str]:
        """Remove the files that no journal names any more, and what is left of snapshots."""
        guild_id = remains.guild_id
        named: set[str] = set()
        for ref in await self._storage.index.recent(guild_id, _MOST_SESSIONS):
            named |= files_of(await self._read(ref))
        for records in (self._storage.ledger, self._storage.experiments, self._storage.skills):
            for data in await records.read(guild_id):
                named |= shas_in(data)  # what proves an entry stays with the books
        gone = remains.files - named
        async for names in self._storage.blobs.old(guild_id, 0.0):
            for sha256 in set(names) - named - gone:
                if await self._has(guild_id, sha256, remains.quotes):
                    gone.add(sha256)
        await self._storage.blobs.remove(guild_id, sorted(gone), 0.0)
        return gone

    async def _has(self, guild_id: str, sha256: str, quotes: Iterable[str]) -> bool:
        try:
            data = await self._storage.blobs.read(guild_id, sha256, _MOST_LOOKED_AT)
        except StoreUnavailableError:
            return False  # it is gone already
        return await asyncio.to_thread(_holds, data, list(quotes))


def _clear_copies(folders: Path, ref: SessionRef, gone: set[str], quotes: set[str]) -> None:
    """Remove a session's copies of what went. Its worker no longer looks for them: no journal names them."""
    for folder in folders.glob(f"*/files/{ref.guild_id}/{ref.id}"):
        for path in folder.rglob("*"):
            if path.is_symlink() or not path.is_file():
                continue
            data = path.read_bytes()
            if hashlib.sha256(data).hexdigest() in gone or _holds(data, list(quotes)):
                path.unlink(missing_ok=True)


def _holds(data: bytes, quotes: list[str]) -> bool:
    text = data.decode("utf-8", "ignore").casefold()
    return any(quote in text for quote in quotes)
