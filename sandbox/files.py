"""Walk a folder by descriptors, never through a link; names are bytes, and data."""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["file", "folder", "link", "other", "deep"]

_DEEPEST = 64
_LONGEST = 1024
"""Bytes of a whole relative path."""
_PASSING, _TOKEN = b".incoming-", 16
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something in a folder. `deep` is a folder that is not entered: too many levels, or too long a name."""

    path: bytes
    kind: Kind
    status: os.stat_result


def open_folder(path: str | bytes | os.PathLike[str], *, inside: int | None = None) -> int:
    """A descriptor of a real folder; a link in the last place is refused."""
    return os.open(path, _FOLDER, dir_fd=inside)


def walk(root: int, *, mend: bool = False) -> Iterator[Entry]:
    """All that lies below `root`, parents first, by name. `mend` opens folders that their owner closed.

    Only for trees that nobody else changes meanwhile when `mend` is used: it goes by name.
    """
    yield from _walk(root, b"", 0, mend=mend)


def _walk(fd: int, prefix: bytes, depth: int, *, mend: bool) -> Iterator[Entry]:
    for name in sorted(os.fsencode(name) for name in os.listdir(fd)):
        path = prefix + name
        try:
            status = os.stat(name, dir_fd=fd, follow_symlinks=False)
        except FileNotFoundError:
            continue
        kind = _kind(status)
        if kind != "folder":
            yield Entry(path=path, kind=kind, status=status)
            continue
        if depth >= _DEEPEST or len(path) > _LONGEST:
            yield Entry(path=path, kind="deep", status=status)
            continue
        yield Entry(path=path, kind="folder", status=status)
        if mend and status.st_mode & 0o700 != 0o700:
            os.chmod(name, 0o700, dir_fd=fd)
        try:
            inner = open_folder(name, inside=fd)
        except OSError as error:
            if error.errno in {errno.EACCES, errno.ENOENT, errno.ENOTDIR, errno.ELOOP}:
                continue
            raise
        try:
            yield from _walk(inner, path + b"/", depth + 1, mend=mend)
        finally:
            os.close(inner)


def _kind(status: os.stat_result) -> Kind:
    mode = status.st_mode
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    return "link" if stat.S_ISLNK(mode) else "other"


def passing_name() -> bytes:
    """A name for a file that gets its own in a moment; left behind only where we are killed in between."""
    return _PASSING + secrets.token_hex(_TOKEN // 2).encode()


def is_passing(path: bytes) -> bool:
    """Whether a path ends in such a name."""
    name = path.rpartition(b"/")[2]
    return name.startswith(_PASSING) and len(name) == len(_PASSING) + _TOKEN


def mark(entry: Entry) -> tuple[int, ...]:
    """What tells a later version of an entry from this one: no program can set the time of change."""
    status = entry.status
    return (status.st_mode, status.st_ino, status.st_size, status.st_ctime_ns, status.st_nlink)
