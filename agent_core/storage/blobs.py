"""Files by their content, per server: in a local folder, or in an object store with the folder as its cache.

What is acknowledged is kept: flushed to the disk, or taken by the object store.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import BinaryIO, ParamSpec, TypeVar

from agent_core.errors import RefusedError, StoreUnavailableError
from agent_core.storage import shelf
from agent_core.storage.bucket import Bucket
from agent_core.storage.shelf import Incoming, Shelf
from agent_core.storage.threads import to_its_end
from agent_core.values import FileRef

_MODE = 0o644
_MOST_TRANSFERS = 16
"""Files on their way to or from the object store at once, per call."""
_BATCH = 5000
"""Files that are written before their bytes are flushed together."""

P = ParamSpec("P")
T = TypeVar("T")


class BlobWriter:
    """Takes the chunks of one file. Made by `BlobStore.writer`."""

    def __init__(self, stream: BinaryIO, max_bytes: int | None) -> None:
        self._stream = stream
        self._max_bytes = max_bytes
        self._hash = hashlib.sha256()
        self._size = 0
        self._file: FileRef | None = None

    @property
    def file(self) -> FileRef:
        """What was stored. Only after the `async with` has ended well."""
        if self._file is None:
            raise RuntimeError("A file has a name only when it was written to its end.")
        return self._file

    async def write(self, chunk: bytes) -> None:
        """Add these bytes. Raises RefusedError past the cap."""
        if self._max_bytes is not None and self._size + len(chunk) > self._max_bytes:
            raise RefusedError(f"The file is larger than {self._max_bytes:,} bytes.")
        self._size += len(chunk)
        await _on_disk(self._add, chunk)

    def _add(self, chunk: bytes) -> None:
        self._stream.write(chunk)
        self._hash.update(chunk)

    def incoming(self) -> Incoming:
        """The whole file, handed to the system but not flushed. Blocks."""
        self._stream.flush()
        return Incoming(path=Path(self._stream.name), sha256=self._hash.hexdigest(), size=self._size)

    def kept(self, file: FileRef) -> None:
        """It is stored."""
        self._file = file


class BlobStore:
    """The files of all servers. Every call may raise StoreUnavailableError: a full disk, or a lost file."""

    def __init__(self, root: Path, bucket: Bucket | None = None) -> None:
        self._shelf = Shelf(root)
        self._bucket = bucket

    def path(self, guild_id: str, sha256: str) -> Path:
        """Where these bytes lie on this machine, if they do."""
        return self._shelf.path(guild_id, sha256)

    async def find(self, guild_id: str, sha256: str) -> Path | None:
        """A local file with these bytes, fetched where it has to be; None where they are lost."""
        here = await _on_disk(self._shelf.used, guild_id, sha256)
        if here is not None or self._bucket is None:
            return here
        stream = await _on_disk(self._shelf.temporary)
        try:
            size = await self._bucket.fetch(guild_id, sha256, stream)
            if size is None:
                return None
            await _on_disk(stream.close)
            file = Incoming(path=Path(stream.name), sha256=sha256, size=size)
            return await _on_disk(self._shelf.place, guild_id, file)
        except OSError as error:
            raise StoreUnavailableError(f"The blob store cannot be used: {error}.") from error
        finally:
            await _on_disk(shelf.discard, stream)

    async def find_all(self, guild_id: str, names: Sequence[str]) -> dict[str, Path]:
        """A local file for each of these hashes. Raises StoreUnavailableError where one is lost."""
        free = asyncio.Semaphore(_MOST_TRANSFERS)
        found: dict[str, Path] = {}

        async def one(sha256: str) -> None:
            async with free:
                path = await self.find(guild_id, sha256)
            if path is None:
                raise StoreUnavailableError(f"The blob store has lost {sha256}.")
            found[sha256] = path

        await _each(one, set(names))
        return found

    async def put_bytes(self, guild_id: str, data: bytes) -> FileRef:
        """Store these bytes; the same bytes twice are one file."""
        async with self.writer(guild_id) as writer:
            await writer.write(data)
        return writer.file

    async def put_file(self, guild_id: str, path: Path) -> FileRef:
        """Store a copy of a regular file, with its mode. A link is not followed.

        Raises OSError where it cannot be read, and ValueError where it is no regular file.
        """
        return (await self.put_files(guild_id, [path]))[0]

    async def put_files(self, guild_id: str, paths: Sequence[Path]) -> list[FileRef]:
        """As `put_file`, for many: they are flushed together, which takes a fraction of the time."""
        stored: list[FileRef] = []
        for at in range(0, len(paths), _BATCH):
            streams: list[BinaryIO] = []
            try:
                copies = await to_its_end(self._copied, paths[at : at + _BATCH], streams)
                await self._store(guild_id, [file for file, _ in copies])
            finally:
                await _on_disk(_discard_all, streams)
            stored += [FileRef(sha256=file.sha256, size=file.size, mode=mode) for file, mode in copies]
        return stored

    def writer(self, guild_id: str, max_bytes: int | None = None) -> AbstractAsyncContextManager[BlobWriter]:
        """Store a file in chunks: `async with store.writer(guild_id, cap) as w: await w.write(chunk)`.

        Then `w.file`. Nothing is kept where the block ends with an error.
        """
        return self._writing(guild_id, max_bytes)

    async def read(self, guild_id: str, sha256: str, max_bytes: int | None = None) -> bytes:
        """The bytes, or their first `max_bytes`. A whole file is checked against its name."""
        if self._bucket is not None:
            await self.find_all(guild_id, [sha256])
        path = self.path(guild_id, sha256)
        try:
            return await asyncio.to_thread(shelf.read, path, max_bytes)
        except OSError as error:
            if self._bucket is not None:
                await asyncio.to_thread(path.unlink, missing_ok=True)  # only a copy: fetched anew
            raise StoreUnavailableError(f"The blob store cannot be used: {error}.") from error

    async def open(self) -> None:
        """Make the folder, clear away what writers that died left behind, and try the object store."""
        await _on_disk(self._shelf.prepare)
        if self._bucket is not None:
            await self._bucket.check()

    async def old(self, guild_id: str, older_than_s: float) -> AsyncGenerator[list[str]]:
        """The files of a server that were not put for so long, some at a time."""
        if self._bucket is None:
            names = await _on_disk(self._shelf.old, guild_id, older_than_s)
            for at in range(0, len(names), _BATCH):
                yield names[at : at + _BATCH]
            return
        page: list[str] = []
        async for name in self._bucket.old(guild_id, older_than_s):
            page.append(name)
            if len(page) == _BATCH:
                yield page
                page = []
        yield page

    async def remove(self, guild_id: str, names: Sequence[str], older_than_s: float) -> int:
        """Remove these files, except those that were put again within that time; how many went."""
        if self._bucket is None:
            return await to_its_end(self._shelf.remove, guild_id, names, older_than_s)
        gone = [await self._bucket.remove(guild_id, name, older_than_s) for name in names]
        return sum(gone)

    async def owner(self) -> str | None:
        """The name of the Redis that these blobs were put for, as `set_owner` noted it."""
        if self._bucket is not None:
            return await self._bucket.note()
        return await _on_disk(self._shelf.note)

    async def set_owner(self, name: str) -> None:
        """Note whose they are."""
        if self._bucket is not None:
            await self._bucket.set_note(name)
        else:
            await _on_disk(self._shelf.set_note, name)

    async def trim_cache(self, older_than_s: float) -> None:
        """Remove local copies that nobody has used for so long; nothing where this folder is the store."""
        if self._bucket is None:
            return
        for guild_id in await _on_disk(self._shelf.guilds):
            names = await _on_disk(self._shelf.old, guild_id, older_than_s)
            await to_its_end(self._shelf.remove, guild_id, names, older_than_s)

    async def _store(self, guild_id: str, files: Sequence[Incoming]) -> None:
        """Have the files where they are kept, and lie on the shelf."""
        bucket = self._bucket
        if bucket is None:
            try:
                await to_its_end(self._shelf.keep, guild_id, files)
            except OSError as error:
                raise StoreUnavailableError(f"The blob store cannot be used: {error}.") from error
            return
        free = asyncio.Semaphore(_MOST_TRANSFERS)

        async def one(file: Incoming) -> None:
            async with free:
                await bucket.put(guild_id, file.sha256, file.path, file.size)
            await _on_disk(self._shelf.place, guild_id, file)

        await _each(one, {file.sha256: file for file in files}.values())

    def _copied(self, paths: Sequence[Path], streams: list[BinaryIO]) -> list[tuple[Incoming, int]]:
        copies: list[tuple[Incoming, int]] = []
        for path in paths:
            streams.append(self._shelf.temporary())
            with streams[-1] as into:
                copies.append(shelf.copied(path, into))
        return copies

    @asynccontextmanager
    async def _writing(self, guild_id: str, max_bytes: int | None) -> AsyncGenerator[BlobWriter]:
        self.path(guild_id, hashlib.sha256().hexdigest())  # a bad id is refused before anything is written
        # A buffered stream: closing it waits for a write that a cancelled task left running in its thread.
        stream = await _on_disk(self._shelf.temporary)
        try:
            writer = BlobWriter(stream, max_bytes)
            yield writer
            file = await _on_disk(writer.incoming)
            await self._store(guild_id, [file])
            writer.kept(FileRef(sha256=file.sha256, size=file.size, mode=_MODE))
        finally:
            await _on_disk(shelf.discard, stream)


async def _each(work: Callable[[T], Coroutine[None, None, None]], items: Iterable[T]) -> None:
    """Do it for all, at once. Raises the first error that one of them raises."""
    todo = list(items)
    if len(todo) == 1:
        await work(todo[0])
        return
    try:
        async with asyncio.TaskGroup() as group:
            for item in todo:
                group.create_task(work(item))
    except* StoreUnavailableError as errors:
        raise StoreUnavailableError(str(errors.exceptions[0])) from errors


async def _on_disk(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return await asyncio.to_thread(work, *args, **kwargs)
    except OSError as error:
        raise StoreUnavailableError(f"The blob store cannot be used: {error}.") from error


def _discard_all(streams: Sequence[BinaryIO]) -> None:
    for stream in streams:
        shelf.discard(stream)
