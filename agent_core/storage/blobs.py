"""Files by their content, per server, in a local folder: `<root>/<guild>/<first two of sha>/<sha256>`.

What is acknowledged is on the disk: the bytes are flushed before the name appears, and then the name.
No name from outside ever becomes part of a path.
"""

import asyncio
import hashlib
import os
import re
import stat
import tempfile
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import BinaryIO, ParamSpec, TypeVar

from agent_core.errors import RefusedError, StoreUnavailableError
from agent_core.storage import keys
from agent_core.values import FileRef

_SHA256 = re.compile(r"[0-9a-f]{64}")
_CHUNK = 1 << 20
_MODE = 0o644
_INCOMING = ".incoming"  # no guild id begins with a dot
_FORGOTTEN_S = 86_400.0

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

    def keep(self, folder: Path, mode: int) -> None:
        """Flush everything and give the file its name. Blocks."""
        sha256 = self._hash.hexdigest()
        self._stream.flush()
        os.fsync(self._stream.fileno())
        target = folder / sha256[:2] / sha256
        _make_dirs(target.parent)
        Path(self._stream.name).replace(target)
        _flush_dir(target.parent)
        self._file = FileRef(sha256=sha256, size=self._size, mode=mode)


class BlobStore:
    """The files of all servers. Every call may raise StoreUnavailableError: a full disk, or a lost file."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, guild_id: str, sha256: str) -> Path:
        """Where these bytes lie, or would lie. Raises ValueError where it is no guild id or no sha256."""
        if _SHA256.fullmatch(sha256) is None:
            raise ValueError(f"{sha256!r} is not a sha256 in hexadecimal.")
        return self._root / keys.checked(guild_id) / sha256[:2] / sha256

    async def put_bytes(self, guild_id: str, data: bytes) -> FileRef:
        """Store these bytes; the same bytes twice are one file."""
        async with self.writer(guild_id) as writer:
            await writer.write(data)
        return writer.file

    async def put_file(self, guild_id: str, path: Path) -> FileRef:
        """Store a copy of a regular file, with its mode. A link is not followed.

        Raises OSError where it cannot be read, and ValueError where it is no regular file.
        """
        source = await asyncio.to_thread(_open_regular, path)
        with source:
            mode = stat.S_IMODE(os.fstat(source.fileno()).st_mode) & 0o777
            async with self._writing(guild_id, None, mode) as writer:
                while chunk := await asyncio.to_thread(source.read, _CHUNK):
                    await writer.write(chunk)
        return writer.file

    def writer(self, guild_id: str, max_bytes: int | None = None) -> AbstractAsyncContextManager[BlobWriter]:
        """Store a file in chunks: `async with store.writer(guild_id, cap) as w: await w.write(chunk)`.

        Then `w.file`. Nothing is kept where the block ends with an error.
        """
        return self._writing(guild_id, max_bytes, _MODE)

    async def read(self, guild_id: str, sha256: str, max_bytes: int | None = None) -> bytes:
        """The bytes, or their first `max_bytes`. A whole file is checked against its name."""
        return await _on_disk(_read, self.path(guild_id, sha256), max_bytes)

    async def open(self) -> None:
        """Make the folder, and clear away what writers that died left behind."""
        await _on_disk(self._prepare)

    def _prepare(self) -> None:
        _make_dirs(self._root / _INCOMING)
        for left in (self._root / _INCOMING).iterdir():
            with suppress(FileNotFoundError):
                if time.time() - left.stat().st_mtime > _FORGOTTEN_S:
                    left.unlink()

    @asynccontextmanager
    async def _writing(self, guild_id: str, max_bytes: int | None, mode: int) -> AsyncGenerator[BlobWriter]:
        folder = self._root / keys.checked(guild_id)
        # A buffered stream: closing it waits for a write that a cancelled task left running in its thread.
        stream = await _on_disk(_open_temporary, self._root / _INCOMING)
        try:
            writer = BlobWriter(stream, max_bytes)
            yield writer
            await _on_disk(writer.keep, folder, mode)
        finally:
            await _on_disk(_discard, stream)


async def _on_disk(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return await asyncio.to_thread(work, *args, **kwargs)
    except OSError as error:
        raise StoreUnavailableError(f"The blob store cannot be used: {error}.") from error


def _open_temporary(folder: Path) -> BinaryIO:
    descriptor, name = tempfile.mkstemp(dir=folder)
    os.close(descriptor)
    return Path(name).open("wb")


def _discard(stream: BinaryIO) -> None:
    with suppress(OSError):
        stream.close()
    Path(stream.name).unlink(missing_ok=True)


def _open_regular(path: Path) -> BinaryIO:
    # Never wait for a FIFO that somebody put there.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ValueError(f"{path.name!r} is not a regular file.")
    return os.fdopen(descriptor, "rb")


def _read(path: Path, max_bytes: int | None) -> bytes:
    with path.open("rb") as stream:
        data = stream.read() if max_bytes is None else stream.read(max_bytes)
        whole = max_bytes is None or not stream.read(1)
    if whole and hashlib.sha256(data).hexdigest() != path.name:
        raise OSError(f"{path} is damaged")
    return data


def _make_dirs(folder: Path) -> None:
    """The folder and its parents, each flushed into the one that holds it."""
    if folder.is_dir():
        return
    _make_dirs(folder.parent)
    folder.mkdir(exist_ok=True)
    _flush_dir(folder.parent)


def _flush_dir(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
