"""Bring what a run left behind into the workspace, once everything that ran is dead.

Nothing is followed, opened for writing in place, loaded or unpacked. Regular files with one name come over by
content, their bounds checked against the bytes read; all else is named, with the reason why it stays behind.
"""

import contextlib
import errno
import hashlib
import os
import stat
import time
from collections.abc import Generator
from dataclasses import dataclass, field

from sandbox.files import Entry, is_passing, mark, open_folder, passing_name, walk
from sandbox.overlay import overlaid
from sandbox.values import ChangedFile, LeftOut

Baseline = dict[bytes, tuple[int, ...]]
"""What lay in the box before the run, by path; see `files.mark`."""

_CHUNK = 1 << 20
_FILE_CLOCK = 5
"""CLOCK_REALTIME_COARSE, by which the kernel stamps files."""
_MOST_NAMED = 1000
"""Entries of `left_out` past this are only counted."""
_REASONS = {
    "link": "a symbolic link",
    "deep": "too deep, or its path is too long",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What came over, what went, what stayed behind."""

    changed: tuple[ChangedFile, ...] = ()
    removed: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Haul:
    box: int
    workspace: int
    before: Baseline
    space: int
    """Bytes that may still come over."""
    files: int
    deadline: float
    changed: list[ChangedFile] = field(default_factory=list[ChangedFile])
    left_out: list[LeftOut] = field(default_factory=list[LeftOut])
    more: int = 0

    def leave(self, path: bytes, reason: str) -> None:
        if len(self.left_out) < _MOST_NAMED:
            self.left_out.append(LeftOut(path=shown(path), reason=reason))
        else:
            self.more += 1


def baseline(box: int) -> Baseline:
    """Remember what lies in the box, to be called after it was filled and before the code runs."""
    marks = {entry.path: mark(entry) for entry in walk(box)}
    newest = max((values[3] for values in marks.values()), default=0)
    # the kernel's clock for files ticks slowly: a change within the same tick would look like none
    while marks and time.clock_gettime_ns(_FILE_CLOCK) <= newest:
        time.sleep(0.0005)
    return marks


def lower_baseline(lower: list[Entry]) -> Baseline:
    """What lies under the box's disk, which cannot change."""
    return {entry.path: mark(entry) for entry in lower}


def collect(
    box: int,
    workspace: int,
    before: Baseline,
    *,
    lower: list[Entry] | None,
    disk: int,
    files: int,
    seconds: float,
) -> Collected:
    """Make the workspace what the box has become, and say what that was.

    At most `disk` bytes and `files` files in at most `seconds`; what does not fit is left out. `lower` is
    what lies under the box's disk, where the disk holds only the differences.
    """
    haul = _Haul(
        box=box,
        workspace=workspace,
        before=before,
        space=disk,
        files=files,
        deadline=time.monotonic() + seconds,
    )
    now = {entry.path: entry for entry in walk(box, mend=True)}
    if lower is not None:
        now = overlaid(now, lower, box)
    removed = _remove(haul, now)
    for entry in now.values():
        if mark(entry) == before.get(entry.path) and entry.kind != "deep":
            continue
        _bring(haul, entry)
    if haul.more:
        haul.left_out.append(LeftOut(path="...", reason=f"and {haul.more:,} more"))
    return Collected(changed=tuple(haul.changed), removed=removed, left_out=tuple(haul.left_out))


def shown(path: bytes) -> str:
    """A path for people, bytes that are not UTF-8 as backslash escapes."""
    return path.decode("utf-8", "backslashreplace")


def _remove(haul: _Haul, now: dict[bytes, Entry]) -> tuple[str, ...]:
    """Take away what is gone or has become something else, the deepest first."""
    removed: list[str] = []
    for path, marks in sorted(haul.before.items(), reverse=True):
        kind = stat.S_IFMT(marks[0])
        entry = now.get(path)
        if entry is not None and stat.S_IFMT(entry.status.st_mode) == kind:
            continue
        try:
            with _parent(haul.workspace, path) as (folder, name):
                if kind == stat.S_IFDIR:
                    os.rmdir(name, dir_fd=folder)
                else:
                    os.unlink(name, dir_fd=folder)
                    removed.append(shown(path))
        except FileNotFoundError:
            if kind != stat.S_IFDIR:
                removed.append(shown(path))
        except OSError as error:
            haul.leave(path, f"could not be removed: {error.strerror}")
    return tuple(reversed(removed))


def _bring(haul: _Haul, entry: Entry) -> None:
    reason = _objection(haul, entry)
    if reason is not None:
        haul.leave(entry.path, reason)
        return
    try:
        with _parent(haul.workspace, entry.path) as (folder, name):
            if entry.kind == "folder":
                _bring_folder(folder, name, entry)
            else:
                _bring_file(haul, entry, folder, name)
    except OSError as error:
        haul.leave(entry.path, f"could not be stored: {error.strerror}")


def _objection(haul: _Haul, entry: Entry) -> str | None:
    """Why an entry stays behind, or None."""
    reason = None
    if entry.kind in {"link", "deep"}:
        reason = _REASONS[entry.kind]
    elif entry.kind == "other":
        reason = _REASONS.get(stat.S_IFMT(entry.status.st_mode), "not a regular file")
    elif entry.kind == "file" and entry.status.st_nlink != 1:
        reason = "a file with several names (hard links)"
    elif not _is_text(entry.path):
        reason = "its name is not valid UTF-8"
    elif is_passing(entry.path):
        reason = "its name is one for files that are on their way"
    elif entry.kind == "file" and len(haul.changed) >= haul.files:
        reason = "too many files"
    elif entry.kind == "file" and entry.status.st_size > haul.space:
        reason = "larger than what is left of the disk limit"
    elif time.monotonic() > haul.deadline:
        reason = "no time was left to collect it"
    return reason


def _is_text(path: bytes) -> bool:
    try:
        path.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _bring_folder(folder: int, name: bytes, entry: Entry) -> None:
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=folder)
    fd = open_folder(name, inside=folder)
    try:
        # the host must get into it, whatever the script wanted
        os.fchmod(fd, entry.status.st_mode & 0o777 | 0o700)
    finally:
        os.close(fd)


def _bring_file(haul: _Haul, entry: Entry, folder: int, name: bytes) -> None:
    source = _open_source(haul.box, entry)
    try:
        mode = entry.status.st_mode & 0o777
        if entry.path in haul.before and _is_same(source, mode, folder, name):
            return
        size, digest = _copy(haul, source, entry, (folder, name))
    finally:
        os.close(source)
    haul.space -= size
    haul.changed.append(ChangedFile(path=entry.path.decode("utf-8"), size=size, sha256=digest, mode=mode))


def _open_source(box: int, entry: Entry) -> int:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        return os.open(entry.path, flags, dir_fd=box)
    except PermissionError:
        # its owner locked himself out; by name, since nothing is alive that could change what it names
        os.chmod(entry.path, 0o600, dir_fd=box)
        return os.open(entry.path, flags, dir_fd=box)


def _is_same(source: int, mode: int, folder: int, name: bytes) -> bool:
    """Whether the workspace has exactly this already: it was only touched."""
    try:
        old = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError:
        return False
    try:
        status = os.fstat(old)
        if not stat.S_ISREG(status.st_mode) or status.st_size != os.fstat(source).st_size:
            return False
        if status.st_mode & 0o777 != mode or status.st_nlink != 1:
            return False
        offset = 0
        while piece := os.pread(source, _CHUNK, offset):
            if piece != os.pread(old, _CHUNK, offset):
                return False
            offset += len(piece)
        return True
    finally:
        os.close(old)


def _copy(haul: _Haul, source: int, entry: Entry, place: tuple[int, bytes]) -> tuple[int, str]:
    """Write a nameless file, then give it its name in one step; hash the very bytes that are written."""
    folder, name = place
    target, temporary = _new_file(folder)
    try:
        digest, size = hashlib.sha256(), 0
        while piece := os.pread(source, _CHUNK, size):
            size += len(piece)
            if size > haul.space:
                raise OSError(errno.EFBIG, "larger than what is left of the disk limit")
            if time.monotonic() > haul.deadline:
                raise OSError(errno.ETIME, "no time was left to collect it")
            digest.update(piece)
            view = memoryview(piece)
            while view:
                view = view[os.write(target, view) :]
        os.fchmod(target, entry.status.st_mode & 0o777)
        os.utime(target, ns=(entry.status.st_mtime_ns, entry.status.st_mtime_ns))
        passing, temporary = temporary, None
        _name(target, passing, folder, name)
    finally:
        os.close(target)
        if temporary is not None:
            os.unlink(temporary, dir_fd=folder)
    return size, digest.hexdigest()


def _new_file(folder: int) -> tuple[int, bytes | None]:
    """A file without a name, or with a passing one where the file system has no nameless files."""
    try:
        return os.open(".", os.O_TMPFILE | os.O_WRONLY, 0o600, dir_fd=folder), None
    except OSError:
        name = passing_name()
        return os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=folder), name


def _name(target: int, temporary: bytes | None, folder: int, name: bytes) -> None:
    """Give the file its name, in place of an older one; whatever happens, the passing name is gone."""
    if temporary is None:
        own = f"/proc/self/fd/{target}"
        try:
            os.link(own, name, dst_dir_fd=folder, follow_symlinks=True)
        except FileExistsError:
            temporary = passing_name()
            os.link(own, temporary, dst_dir_fd=folder, follow_symlinks=True)
        else:
            return
    try:
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        os.unlink(temporary, dir_fd=folder)
        raise


@contextlib.contextmanager
def _parent(root: int, path: bytes) -> Generator[tuple[int, bytes]]:
    """The folder that holds `path`, opened step by step so that no link is followed, and the last name."""
    *folders, name = path.split(b"/")
    fd = os.dup(root)
    try:
        for folder in folders:
            inner = open_folder(folder, inside=fd)
            os.close(fd)
            fd = inner
        yield fd, name
    finally:
        os.close(fd)
