"""The talk with a box before the code runs: descriptors from it, the job to it, the files where need be.

Only while the box is ours alone. Once it runs the code this socket is closed, and nothing that the code says
is ever taken for the box's word.
"""

import contextlib
import os
import socket
import stat
import struct
from dataclasses import dataclass
from pathlib import Path

from sandbox.files import Entry, walk
from sandbox.values import Limits

PATIENCE_S = 30.0
"""How long one step of the set-up may stand still."""

_ENTRY = struct.Struct("<cIqqI")
_KINDS = {"file": b"f", "folder": b"d", "link": b"l"}
_CHUNK = 1 << 20
_BLOCK = 4096
_SPARE_ENTRIES = 64
_MIB = 1 << 20
_HANDLES = 5
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
class Streams:
    """The ends of pipes that a box is given: its output, its errors, its last note."""

    out: int
    err: int
    note: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Handles:
    """Descriptors into a box, by which it is watched, ended and collected from."""

    disk: int
    shared: int
    processes: int
    first: int
    """A pidfd of the process whose end is the end of all."""
    status: int
    """Says how the script ended: a C int, written by that first process."""

    def close(self) -> None:
        """Let go; the box's disk is gone with the last of them."""
        for fd in (self.disk, self.shared, self.processes, self.first, self.status):
            os.close(fd)


def greet(control: socket.socket) -> Handles:
    """Wait until the box stands by, and take its descriptors. Raises SetupError and OSError."""
    fds = _receive(control, b"h", _HANDLES)
    return Handles(disk=fds[0], shared=fds[1], processes=fds[2], first=fds[3], status=fds[4])


def listen(control: socket.socket, port: int) -> socket.socket:
    """A socket that listens on the box's own loopback. Raises SetupError and OSError."""
    control.sendall(b"l" + struct.pack("<H", port))
    (fd,) = _receive(control, b"l", 1)
    return socket.socket(fileno=fd)


def order(control: socket.socket, job: Job, streams: Streams, entries: list[Entry]) -> int | None:
    """Hand over the job. The bytes that the box uses already, if it runs now; None where it waits for files.

    Raises SetupError and OSError.
    """
    place = _place(job)  # also where it is empty: a plain disk would take a device 0/0
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
        len(job.source),
    )
    # where there is no workspace the descriptor is only there to be counted
    fds = [streams.out, streams.err, streams.note, streams.note if job.workspace is None else job.workspace]
    line = " ".join(map(str, numbers)).encode() + b"\n"
    socket.send_fds(control, [b"j"], fds)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has said why, and gone
        control.sendall(line + (place or b"") + job.source)
    word = control.recv(1)
    if word == b"c":
        return None
    return _resident(control, word)


def fill(control: socket.socket, job: Job, entries: list[Entry]) -> int:
    """Send the workspace and wait until all is in place; the bytes that the box uses already.

    Raises SetupError and OSError.
    """
    try:
        for entry in entries:
            if job.workspace is not None:
                _send(control, job.workspace, entry)
        control.sendall(_ENTRY.pack(b".", 0, 0, 0, 0))
    except (BrokenPipeError, ConnectionResetError):
        pass  # it has said why, and gone
    return _resident(control, control.recv(1))


def go(control: socket.socket) -> None:
    """Let the code run, where its files were copied."""
    control.sendall(b"g")


def entries_of(workspace: int | None) -> list[Entry]:
    """What the box can be filled with: files, folders and links, nothing else."""
    if workspace is None:
        return []
    return [entry for entry in walk(workspace) if entry.kind in _KINDS]


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
    return os.fsencode(Path(f"/proc/self/fd/{job.workspace}").readlink())


def _room(limits: Limits, entries: list[Entry], *, copied: bool) -> tuple[int, int]:
    """Bytes and entries of the disk: its limit, less what lies in the workspace already."""
    there = sum(-(-entry.status.st_size // _BLOCK) * _BLOCK for entry in entries if entry.kind == "file")
    most, own = limits.disk_mb * _MIB, 8 * _BLOCK
    room = max(most, there) if copied else max(0, most - there)
    return room + own, max(limits.files, len(entries)) + _SPARE_ENTRIES


def _receive(control: socket.socket, wanted: bytes, most: int) -> list[int]:
    word, fds, _, _ = socket.recv_fds(control, 1, most)
    if word != wanted or len(fds) != most:
        for fd in fds:
            os.close(fd)
        raise SetupError(_complaint(control, word))
    return fds


def _resident(control: socket.socket, word: bytes) -> int:
    if word != b"p":
        raise SetupError(_complaint(control, word))
    (size,) = struct.unpack("<q", control.recv(8, socket.MSG_WAITALL))
    return int(size)


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


def _complaint(control: socket.socket, word: bytes) -> str:
    try:
        rest = b"" if word != b"e" else control.recv(4096)
    except OSError:
        rest = b""
    return rest.decode("utf-8", "replace")
