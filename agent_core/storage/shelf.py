"""A folder of files by their content: `<root>/<guild>/<first two of sha>/<sha256>`. Everything here blocks.

What is kept is on the disk: the bytes are flushed before the name appears, and then the name. No name from
outside ever becomes part of a path.
"""

import hashlib
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from agent_core.errors import StoreUnavailableError
from agent_core.storage import keys

CHUNK = 1 << 20

_SHA256 = re.compile(r"[0-9a-f]{64}")
_INCOMING = ".incoming"  # no guild id begins with a dot
_DOOMED = ".doomed"
_NOTE = ".owner"
_FORGOTTEN_S = 86_400.0
_FLUSHERS = 16
"""Flushes at once: the disk writes many in the time of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A file that was written under a name of its own and belongs on the shelf."""

    path: Path
    sha256: str
    size: int


def checked_sha(sha256: str) -> str:
    """The hash itself. Raises ValueError where it is none."""
    if _SHA256.fullmatch(sha256) is None:
        raise ValueError(f"{sha256[:80]!r} is not a sha256.")
    return sha256


class Shelf:
    """The folder. Every call may raise OSError."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, guild_id: str, sha256: str) -> Path:
        """Where these bytes lie, if they are here."""
        return self._root / keys.checked(guild_id) / checked_sha(sha256)[:2] / sha256

    def prepare(self) -> None:
        """Make the folder, and clear away what writers and cleaners that died left behind."""
        make_dirs(self._root / _INCOMING)
        for left in (self._root / _INCOMING).iterdir():
            with suppress(FileNotFoundError):
                if time.time() - left.stat().st_mtime > _FORGOTTEN_S:
                    shutil.rmtree(left) if left.is_dir() else left.unlink()
        for doomed in list((self._root / _DOOMED).glob("*/*")):
            self._bring_back(doomed)

    def temporary(self) -> BinaryIO:
        """A new file that is open for writing and nobody knows yet."""
        descriptor, name = tempfile.mkstemp(dir=self._root / _INCOMING)
        os.close(descriptor)
        return Path(name).open("wb")

    def keep(self, guild_id: str, files: Sequence[Incoming]) -> None:
        """Flush the files, all at once, then give them their names, then flush those."""
        targets = [(one.path, self.path(guild_id, one.sha256)) for one in files]
        folders = {target.parent for _, target in targets}
        _all_at_once(flush, [path for path, _ in targets])
        for folder in folders:
            make_dirs(folder)
        for path, target in targets:
            path.replace(target)
        _all_at_once(flush, folders)

    def place(self, guild_id: str, file: Incoming) -> Path:
        """Give a file its name without flushing it: it is only a copy of what is kept elsewhere."""
        target = self.path(guild_id, file.sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        return file.path.replace(target)

    def used(self, guild_id: str, sha256: str) -> Path | None:
        """Where these bytes lie, noted as used now; None where they are not here."""
        path = self.path(guild_id, sha256)
        try:
            os.utime(path)
        except FileNotFoundError:
            return None
        return path

    def guilds(self) -> list[str]:
        """The servers that have files."""
        return [entry.name for entry in os.scandir(self._root) if not entry.name.startswith(".")]

    def old(self, guild_id: str, older_than_s: float) -> list[str]:
        """The files of a server that were neither put nor used for so long."""
        before = time.time() - older_than_s
        return [
            entry.name
            for folder in sorted((self._root / keys.checked(guild_id)).glob("??"))
            for entry in os.scandir(folder)
            if _SHA256.fullmatch(entry.name) and entry.stat().st_mtime <= before
        ]

    def remove(self, guild_id: str, names: Iterable[str], older_than_s: float) -> int:
        """Remove these files, except those that were put again meanwhile; how many went."""
        doomed_in = self._root / _DOOMED / guild_id
        doomed_in.mkdir(parents=True, exist_ok=True)
        gone = 0
        for name in names:
            doomed = doomed_in / name
            # Aside first: whoever puts these bytes from here on makes a new file, which is not touched.
            with suppress(FileNotFoundError):
                self.path(guild_id, name).replace(doomed)
                if time.time() - doomed.stat().st_mtime < older_than_s:
                    self._bring_back(doomed)
                else:
                    doomed.unlink()
                    gone += 1
        return gone

    def note(self) -> str | None:
        """What was noted about the whole folder."""
        with suppress(FileNotFoundError):
            return (self._root / _NOTE).read_text(encoding="ascii").strip()
        return None

    def set_note(self, text: str) -> None:
        """Note it."""
        with self.temporary() as stream:
            stream.write(text.encode("ascii"))
        flush(Path(stream.name))
        Path(stream.name).replace(self._root / _NOTE)
        flush(self._root)

    def _bring_back(self, doomed: Path) -> None:
        target = self.path(doomed.parent.name, doomed.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        doomed.replace(target)
        flush(target.parent)


def copied(source: Path, into: BinaryIO) -> tuple[Incoming, int]:
    """Copy a regular file; what it is, and its mode. A link is not followed.

    Raises OSError where it cannot be opened, ValueError where it is no regular file, and
    StoreUnavailableError where the disk fails, or is full.
    """
    digest = hashlib.sha256()
    size = 0
    with _open_regular(source) as stream:
        mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode) & 0o777
        try:
            while chunk := stream.read(CHUNK):
                into.write(chunk)
                digest.update(chunk)
                size += len(chunk)
            into.flush()
        except OSError as error:
            raise StoreUnavailableError(f"The blob store cannot be used: {error}.") from error
    return Incoming(path=Path(into.name), sha256=digest.hexdigest(), size=size), mode


def read(path: Path, max_bytes: int | None) -> bytes:
    """The bytes, or their first. A whole file is checked against its name; OSError where it is damaged."""
    with path.open("rb") as stream:
        data = stream.read() if max_bytes is None else stream.read(max_bytes)
        whole = max_bytes is None or not stream.read(1)
    if whole and hashlib.sha256(data).hexdigest() != path.name:
        raise OSError(f"{path} is damaged")
    return data


def discard(stream: BinaryIO) -> None:
    """Close and remove a temporary file, if it still has that name."""
    with suppress(OSError):
        stream.close()
    Path(stream.name).unlink(missing_ok=True)


def make_dirs(folder: Path) -> None:
    """The folder and its parents, each flushed into the one that holds it."""
    if folder.is_dir():
        return
    make_dirs(folder.parent)
    folder.mkdir(exist_ok=True)
    flush(folder.parent)


def flush(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _all_at_once(work: Callable[[Path], None], paths: Iterable[Path]) -> None:
    todo = list(paths)
    if len(todo) < 2:
        for path in todo:
            work(path)
        return
    with ThreadPoolExecutor(min(_FLUSHERS, len(todo))) as pool:
        list(pool.map(work, todo))


def _open_regular(path: Path) -> BinaryIO:
    # Never wait for a FIFO that somebody put there.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ValueError(f"{path.name!r} is not a regular file.")
    return os.fdopen(descriptor, "rb")
