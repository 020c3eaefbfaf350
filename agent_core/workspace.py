"""A session's files on this machine: a folder kept equal to the manifest in the journal.

The folder is only a copy. Any worker can lay it out anew from the manifest and the blob store, which is what
happens after a crash, after an interrupted action, and on another machine.
"""

import asyncio
import hashlib
import os
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import ParamSpec, TypeVar

from agent_core.errors import StoreUnavailableError
from agent_core.storage import BlobStore
from agent_core.storage.threads import to_its_end
from agent_core.values import FileRef, Manifest, NamedFile, SessionRef

CHUNK = 1 << 20
_LEAVING = ".leaving"  # no guild id begins with a dot

P = ParamSpec("P")
T = TypeVar("T")


class Workspaces:
    """The folders of all sessions that this process works on."""

    def __init__(self, root: Path, blobs: BlobStore) -> None:
        self._root = root
        self._blobs = blobs
        self._known: dict[SessionRef, dict[str, FileRef]] = {}

    async def open(self, ref: SessionRef, manifest: Manifest) -> "Workspace":
        """The session's folder, holding exactly the files of the manifest. Raises StoreUnavailableError."""
        folder = self._root / ref.guild_id / ref.id
        known = self._known.pop(ref, None)
        if known is None:
            known = await _on_disk(_scan, folder)
        await self._lay_out(folder, ref.guild_id, known, manifest)
        await _on_disk(_touch, folder)
        self._known[ref] = dict(manifest)
        return Workspace(ref, folder, self._blobs, self._known[ref])

    async def read(self, ref: SessionRef, file: FileRef) -> bytes:
        """The bytes of a file, whatever lies in the folder."""
        return await self._blobs.read(ref.guild_id, file.sha256)

    async def store(self, ref: SessionRef, path: str, data: bytes, mode: int = 0o644) -> NamedFile:
        """Keep a file; it lies in the folder once the manifest names it and the folder is opened again."""
        stored = await self._blobs.put_bytes(ref.guild_id, data)
        return NamedFile(path=path, file=FileRef(sha256=stored.sha256, size=stored.size, mode=mode))

    def distrust(self, ref: SessionRef) -> None:
        """Something may have written there unseen: compare every file before the next use."""
        self._known.pop(ref, None)

    async def close(self, ref: SessionRef) -> None:
        """Remove the folder; the journal and the blobs keep everything."""
        self._known.pop(ref, None)
        await asyncio.to_thread(shutil.rmtree, self._root / ref.guild_id / ref.id, ignore_errors=True)

    async def clear_unused(self, older_than_s: float) -> int:
        """Remove the folders that nobody has opened for so long: their workers died, or went on elsewhere."""
        gone = 0
        for folder in await _on_disk(_unused, self._root, older_than_s):
            self._known.pop(SessionRef(folder.parent.name, folder.name), None)
            gone += await _on_disk(_put_away, self._root, folder, older_than_s)
        return gone

    async def copy(self, ref: SessionRef, manifest: Manifest, folder: Path) -> None:
        """Lay the files of a manifest out in another, empty folder."""
        await self._lay_out(folder, ref.guild_id, {}, manifest)

    async def _lay_out(self, folder: Path, guild_id: str, known: Manifest, manifest: Manifest) -> None:
        stale = [path for path in known if path not in manifest]
        missing = {path: file for path, file in manifest.items() if known.get(path) != file}
        found = await self._blobs.find_all(guild_id, [file.sha256 for file in missing.values()])
        sources = {path: found[file.sha256] for path, file in missing.items()}
        if stale or missing or not known:
            await _on_disk(_change, folder, stale, missing, sources)


class Workspace:
    """One session's folder, for the length of one action."""

    def __init__(self, ref: SessionRef, folder: Path, blobs: BlobStore, known: dict[str, FileRef]) -> None:
        self.ref = ref
        self.folder = folder
        self._blobs = blobs
        self._known = known

    async def keep(self, path: str, mode: int = 0o644) -> NamedFile:
        """Put the bytes of a file of the folder into the blob store."""
        return (await self.keep_all({path: mode}))[0]

    async def keep_all(self, modes: Mapping[str, int]) -> list[NamedFile]:
        """The same for many files, which takes a fraction of the time. Path -> mode."""
        await _on_disk(_readable, self.folder, modes)
        stored = await self._blobs.put_files(self.ref.guild_id, [self.folder / path for path in modes])
        for (path, mode), file in zip(modes.items(), stored, strict=True):
            self._known[path] = FileRef(sha256=file.sha256, size=file.size, mode=mode | stat.S_IRUSR)
        return [NamedFile(path=path, file=self._known[path]) for path in modes]

    def forget(self, path: str) -> None:
        """A file of the folder has been removed."""
        self._known.pop(path, None)


async def _on_disk(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do it in a thread, and to its end even where the caller is cancelled: nobody finds half of it."""
    try:
        return await to_its_end(work, *args, **kwargs)
    except OSError as error:
        raise StoreUnavailableError(f"The workspaces cannot be used: {error}.") from error


def _touch(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    os.utime(folder)


def _unused(root: Path, older_than_s: float) -> list[Path]:
    """The sessions' folders that were not opened for so long, and what was on its way out."""
    before = time.time() - older_than_s
    found = [path for path in root.glob("*/*") if path.is_dir() and not path.is_symlink()]
    return [path for path in found if path.stat().st_mtime <= before]


def _put_away(root: Path, folder: Path, older_than_s: float) -> int:
    """Move the folder aside, then remove it: nobody who opens it finds half of it."""
    aside = root / _LEAVING / secrets.token_hex(8)
    aside.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        if time.time() - folder.stat().st_mtime < older_than_s:
            return 0  # opened just now
        folder.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)
        return 1
    return 0


def _readable(folder: Path, modes: Mapping[str, int]) -> None:
    """Whatever a script wanted, the next run has to get its files."""
    for path, mode in modes.items():
        if not mode & stat.S_IRUSR:
            (folder / path).chmod(mode | stat.S_IRUSR)


def _change(folder: Path, stale: list[str], missing: Manifest, sources: dict[str, Path]) -> None:
    """Remove and write files by paths whose folders are never links: a script may have planted some."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in stale:
        _plain_parent(folder, path)
        (folder / path).unlink(missing_ok=True)
    for path, file in missing.items():
        target = folder / path
        _plain_parent(folder, path, make=True)
        _clear(target)
        with sources[path].open("rb") as source, target.open("xb") as copy:
            shutil.copyfileobj(source, copy, CHUNK)
        target.chmod(file.mode & 0o777)


def _plain_parent(folder: Path, path: str, *, make: bool = False) -> None:
    """Make sure that every folder above the file is a real one, replacing what is not."""
    current = folder
    for part in Path(path).parts[:-1]:
        current /= part
        if current.is_symlink() or (current.exists() and not current.is_dir()):
            current.unlink()
        if make:
            current.mkdir(exist_ok=True)


def _clear(target: Path) -> None:
    if target.is_symlink() or target.exists():
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)  # no file of the manifest is in it, or it would be below a file
        else:
            target.unlink()


def _scan(folder: Path) -> dict[str, FileRef]:
    """What lies there now, everything that is no plain file removed."""
    return dict(_files(folder, folder)) if folder.is_dir() else {}


def _files(root: Path, folder: Path) -> Iterator[tuple[str, FileRef]]:
    for entry in sorted(os.scandir(folder), key=lambda one: one.name):
        path = Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            yield from _files(root, path)
            continue
        found = entry.stat(follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
            path.unlink()
            continue
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        name = path.relative_to(root).as_posix()
        yield name, FileRef(sha256=digest, size=found.st_size, mode=stat.S_IMODE(found.st_mode))
