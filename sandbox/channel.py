"""The talk with a box before the code runs: descriptors from it, the job to it, the files where need be.

Only while the box is ours alone. Once it runs the code this socket is closed, and nothing that the code says
is ever taken for the box's word.
"""

import contextlib
import os
import socket
import stat
import struct
import time
from dataclasses import dataclass

from sandbox.files import Entry, is_passing, walk
from sandbox.values import Limits

PATIENCE_S = 30.0
"""How long one step of the set-up may stand still."""

_ENTRY = struct.Struct("<cIqqI")
_SIZE = struct.Struct("<q")
_KINDS = {"file": b"f", "folder": b"d", "link": b"l"}
_CHUNK = 1 << 20
_BLOCK = 4096
_SPARE_ENTRIES = 64
_LEFT_BEHIND_S = 60.0
_MIB = 1 << 20
_HANDLES = 8
_COMPLAINT = 4096
_FILES = ("main.py", "main.sh")
"""What the code is called in the box: a Python script, a shell script."""
_COPIED, _LAID, _EMPTY = 0, 1, 2
"""How the workspace comes into the box."""
_PACKAGES = (b"numpy", b"pandas", b"matplotlib", b"PIL", b"bs4", b"requests", b"pylab")


class SetupError(Exception):
    """The box did not come up; the text is what was heard from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run, as the box needs to know it."""

    source: bytes
    shell: bool
    read_only: bool
    limits: Limits
    workspace: int | None
    """A descriptor of the folder, or None: an empty one that nobody keeps."""
    copy: bool = False
    """Bring the files in by copying, also where they could lie under the box's disk."""

    def needs_packages(self) -> bool:
        """Whether the code names a package that is imported ahead, or may by a module of its workspace.

        A guess for speed alone: a copy of the small interpreter starts and ends sooner, and can import all.
        """
        if self.shell:
            return False
        if any(name in self.source for name in _PACKAGES):
            return True
        names = [] if self.workspace is None else os.listdir(self.workspace)  # noqa: PTH208 - of a descriptor
        return any(name.endswith(".py") for name in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handles:
    """Descriptors into a box, by which it is watched, ended and collected from."""

    disk: int
    shared: int
    processes: int
    first: int
    """A pidfd of the process whose end is the end of all."""
    status: int
    """Says how the script ended, written by that first process: a C int, and a letter for its last error."""
    code: int
    """The folder of the code, which the box itself cannot write to."""
    out: int
    err: int
    inherited: int
    """Bytes in use that came with the interpreter: no descriptor."""

    def close(self) -> None:
        """Let go; the box's disk is gone with the last of them."""
        for name in ("disk", "shared", "processes", "first", "status", "code", "out", "err"):
            os.close(getattr(self, name))


def greet(control: socket.socket) -> Handles:
    """Wait until the box stands by, and take its descriptors. Raises SetupError and OSError."""
    said, fds = _receive(control, b"h", _HANDLES)
    (inherited,) = _SIZE.unpack(said)
    disk, shared, processes, first, status, code, out, err = fds
    return Handles(
        disk=disk,
        shared=shared,
        processes=processes,
        first=first,
        status=status,
        code=code,
        out=out,
        err=err,
        inherited=inherited,
    )


def listen(control: socket.socket, port: int) -> socket.socket:
    """A socket that listens on the box's own loopback. Raises SetupError and OSError."""
    control.sendall(f"l{port}\n".encode())
    _, (fd,) = _receive(control, b"l", 1)
    return socket.socket(fileno=fd)


def order(control: socket.socket, handles: Handles, job: Job, entries: list[Entry]) -> None:
    """Hand over the job; `has_begun` waits for the answer. Raises OSError."""
    place = _place(job)
    _write_code(handles.code, job)
    disk, files = _room(job.limits, entries, copied=place is None)
    limits = job.limits
    numbers = (
        int(job.shell),
        int(job.read_only),
        _LAID if place is not None else _EMPTY if job.workspace is None else _COPIED,
        disk,
        files,
        limits.memory_mb * _MIB,
        limits.processes,
        limits.descriptors,
        len(place or b""),
    )
    line = f"j{' '.join(map(str, numbers))}\n".encode() + (place or b"")
    socket.send_fds(control, [line], [] if job.workspace is None else [job.workspace])


def has_begun(control: socket.socket) -> bool:
    """True once the code runs, False where the box waits for the files. Raises SetupError and OSError."""
    said = control.recv(_COMPLAINT)
    if said not in {b"p", b"c"}:
        raise SetupError(said[1:].decode("utf-8", "replace"))
    return said == b"p"


def fill(control: socket.socket, job: Job, entries: list[Entry]) -> None:
    """Send the workspace and wait until all is in place. Raises SetupError and OSError."""
    try:
        for entry in entries:
            if job.workspace is not None:
                _send(control, job.workspace, entry)
        control.sendall(_ENTRY.pack(b".", 0, 0, 0, 0))
    except (BrokenPipeError, ConnectionResetError):
        pass  # it has said why, and gone
    has_begun(control)


def go(control: socket.socket) -> None:
    """Let the code run, where its files were copied."""
    control.sendall(b"g")


def entries_of(workspace: int | None) -> list[Entry]:
    """What the box can be filled with: files, folders and links, nothing else.

    What a collection left behind that was killed is taken away.
    """
    if workspace is None:
        return []
    entries = [entry for entry in walk(workspace) if entry.kind in _KINDS]
    passing = [entry for entry in entries if is_passing(entry.path)]
    for entry in passing:
        if time.time() - entry.status.st_ctime > _LEFT_BEHIND_S:  # not by another run, just now
            with contextlib.suppress(OSError):
                os.unlink(entry.path, dir_fd=workspace)
    return [entry for entry in entries if entry not in passing] if passing else entries


def lies_under(workspace: int, entries: list[Entry]) -> bool:
    """Whether files can lie under a box's disk as they are: what is not ours could not be changed there."""
    own = (os.geteuid(), os.getegid())
    root = os.fstat(workspace)
    return (root.st_uid, root.st_gid) == own and all(
        (entry.status.st_uid, entry.status.st_gid) == own for entry in entries
    )


def _place(job: Job) -> bytes | None:
    """Where the workspace really lies, or None where it is to be copied."""
    if job.workspace is None or job.copy:
        return None
    return os.fsencode(os.readlink(f"/proc/self/fd/{job.workspace}"))  # noqa: PTH115 - a slow way round


def _room(limits: Limits, entries: list[Entry], *, copied: bool) -> tuple[int, int]:
    """Bytes and entries of the disk: its limit, less what lies in the workspace already."""
    there = sum(-(-entry.status.st_size // _BLOCK) * _BLOCK for entry in entries if entry.kind == "file")
    most, own = limits.disk_mb * _MIB, 8 * _BLOCK
    room = max(most, there) if copied else max(0, most - there)
    return room + own, max(limits.files, len(entries)) + _SPARE_ENTRIES


def _receive(control: socket.socket, wanted: bytes, most: int) -> tuple[bytes, list[int]]:
    """What was said after the `wanted` word, and the descriptors that came with it."""
    said, fds, _, _ = socket.recv_fds(control, _COMPLAINT, most)
    if said[:1] != wanted or len(fds) != most:
        for fd in fds:
            os.close(fd)
        raise SetupError(said[1:].decode("utf-8", "replace"))
    return said[1:], fds


def _write_code(folder: int, job: Job) -> None:
    fd = os.open(_FILES[job.shell], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder)
    try:
        os.fchmod(fd, 0o644)
        view = memoryview(job.source)
        while view:
            view = view[os.write(fd, view) :]
    finally:
        os.close(fd)


def _send(control: socket.socket, workspace: int, entry: Entry) -> None:
    if entry.kind == "link":
        target = os.readlink(entry.path, dir_fd=workspace)
        control.sendall(_head(entry, len(os.fsencode(target))) + os.fsencode(target))
    elif entry.kind == "folder":
        control.sendall(_head(entry, 0))
    else:
        _send_file(control, workspace, entry)


def _send_file(control: socket.socket, workspace: int, entry: Entry) -> None:
    try:
        fd = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=workspace)
    except OSError:
        return  # gone or not ours to read: not part of this run
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return
        control.sendall(_head(entry, entry.status.st_size))
        left = entry.status.st_size
        while left:
            # where it shrank: the size is promised
            piece = os.read(fd, min(left, _CHUNK)) or bytes(min(left, _CHUNK))
            control.sendall(piece)
            left -= len(piece)
    finally:
        os.close(fd)


def _head(entry: Entry, size: int) -> bytes:
    kind, mode = _KINDS[entry.kind], entry.status.st_mode & 0o777
    return _ENTRY.pack(kind, mode, entry.status.st_mtime_ns, size, len(entry.path)) + entry.path
