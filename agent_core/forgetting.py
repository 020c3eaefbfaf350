"""Forgetting a member, and forgetting a server: memories, journals, snapshots, files, folders."""

import asyncio
import hashlib
import shutil
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from agent_core.errors import StoreUnavailableError
from agent_core.events import Commit
from agent_core.memory import Memory
from agent_core.signals import Said, Signal, StopAsked
from agent_core.storage import Storage
from agent_core.tombstones import Erased, erase, files_of, shas_in, spoke_here
from agent_core.values import Person, SessionRef

Wake = Callable[[SessionRef], Awaitable[None]]

_MOST_SESSIONS = 1_000_000
_STOPS_WITHIN_S = 20.0
_LOOK_S = 0.1
_MOST_LOOKED_AT = 8 << 20
"""Bytes of a file that are searched for quotes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What went."""

    memories: int
    sessions: int
    files: int


class Forgetter:
    """Takes out of every store what somebody does not want kept."""

    def __init__(self, storage: Storage, memory: Memory, folders: Path) -> None:
        """`folders`: where the workers of this machine keep copies of sessions' files, each in its own."""
        self._storage = storage
        self._memory = memory
        self._folders = folders

    async def member(self, guild_id: str, person: Person, wake: Wake) -> Forgotten:
        """Everything that this member said in this server. Raises StoreUnavailableError; then do it again.

        Goals of theirs that still run are stopped first.
        """
        refs = await self._storage.index.recent(guild_id, _MOST_SESSIONS)
        touched = [ref for ref in refs if await self._holds(ref, person.id)]
        await self._stop_own(guild_id, touched, person, wake)
        memories = await self._memory.forget(guild_id, author_id=person.id)
        before: set[str] = set()
        quotes: set[str] = set()
        for ref in touched:
            erased, named = await self._erase(ref, person.id)
            before |= named
            quotes |= erased.telling
        gone = await self._remove_files(guild_id, refs, before, quotes)
        for ref in touched:
            await asyncio.to_thread(_clear_copies, self._folders, ref, gone, quotes)
        await self._storage.forgetting.rewrite_log()
        return Forgotten(memories=memories, sessions=len(touched), files=len(before & gone))

    async def server(self, guild_id: str) -> None:
        """Everything of a server."""
        for folder in await asyncio.to_thread(lambda: list(self._folders.glob(f"*/files/{guild_id}"))):
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        await self._memory.forget(guild_id, everything=True)
        await self._storage.forgetting.purge(guild_id)
        async for names in self._storage.blobs.old(guild_id, 0.0):
            await self._storage.blobs.remove(guild_id, names, 0.0)
        await self._storage.forgetting.rewrite_log()

    async def _holds(self, ref: SessionRef, person_id: str) -> bool:
        if spoke_here(await self._storage.journal.read(ref), person_id):
            return True
        return any(_by(signal, person_id) for _, signal in await self._storage.inbox.fresh(ref, ""))

    async def _stop_own(
        self, guild_id: str, touched: Iterable[SessionRef], person: Person, wake: Wake
    ) -> None:
        live = set(await self._storage.index.live(guild_id))
        states = [await self._storage.states.load(ref) for ref in touched if ref in live]
        own = [state.ref for state in states if state and state.starter.id == person.id]
        for ref in own:
            await self._storage.inbox.put(ref, StopAsked(person=person))
            await wake(ref)
        try:
            async with asyncio.timeout(_STOPS_WITHIN_S):
                for ref in own:
                    while not await self._ended(ref):  # noqa: ASYNC110 - it ends in any process
                        await asyncio.sleep(_LOOK_S)
        except TimeoutError as error:
            raise StoreUnavailableError("A goal of yours does not stop. Try again in a minute.") from error

    async def _ended(self, ref: SessionRef) -> bool:
        state = await self._storage.states.load(ref)
        return state is None or state.status.ended

    async def _erase(self, ref: SessionRef, person_id: str) -> tuple[Erased, frozenset[str]]:
        """Rewrite the journal; what was taken out, and the files that it named before."""
        commits = await self._storage.journal.read(ref)
        erased = erase(commits, person_id)
        quoting = await self._quoting(ref, commits, erased)

        def change(found: Iterable[Commit]) -> tuple[Commit, ...]:
            return erase(list(found), person_id, quoting).commits

        await self._storage.forgetting.rewrite(ref, change)
        for inbox_id, signal in await self._storage.inbox.fresh(ref, ""):
            if _by(signal, person_id):
                await self._storage.inbox.remove(ref, inbox_id)
        return erased, files_of(commits)

    async def _quoting(self, ref: SessionRef, commits: list[Commit], erased: Erased) -> frozenset[str]:
        """The files of somebody else's session that hold what is to be forgotten."""
        if erased.own:
            return frozenset()
        found: set[str] = set()
        for sha256 in files_of(commits) - erased.files:
            if await self._has(ref.guild_id, sha256, erased.telling):
                found.add(sha256)
        return frozenset(found)

    async def _remove_files(
        self, guild_id: str, refs: Iterable[SessionRef], before: set[str], quotes: set[str]
    ) -> set[str]:
        """Remove the files that no journal names any more, and what is left of snapshots."""
        named: set[str] = set()
        for ref in refs:
            named |= files_of(await self._storage.journal.read(ref))
        for records in (self._storage.ledger, self._storage.experiments):
            for data in await records.read(guild_id):
                named |= shas_in(data)  # what proves an entry stays with the books
        gone = before - named
        async for names in self._storage.blobs.old(guild_id, 0.0):
            for sha256 in set(names) - named - gone:
                if await self._has(guild_id, sha256, quotes):
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


def _by(signal: Signal, person_id: str) -> bool:
    return isinstance(signal, Said) and signal.person.id == person_id
