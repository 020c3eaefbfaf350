"""The talk with the launcher before the code runs: the order out, descriptors back, the files in.

Only while the launcher is ours alone. Once it is ready this socket is closed, and nothing that the code says
is ever taken for the launcher's word.
"""

import os
import socket
import stat
import struct
from dataclasses import dataclass

from sandbox.files import Entry, walk
from sandbox.machine import Machine
from sandbox.values import Limits

PATIENCE_S = 20.0
"""How long one step of the set-up may stand still."""

_ENTRY = struct.Struct("<cIqqI")
_KINDS = {"file": b"f", "folder": b"d", "link": b"l"}
_CHUNK = 1 << 20
_BLOCK = 4096
_SPARE_DATA = 64 << 20
"""What the address space of a bare interpreter needs over what it uses."""
_MIB = 1 << 20


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Handles:
    """Descriptors into a running box, by which it is watched, ended and collected from."""

    disk: int
    shared: int
    processes: int
    first: int
    """A pidfd of the process whose end is the end of all."""

    def close(self) -> None:
        """Let go; the box's disk is gone with the last of them."""
        for fd in (self.disk, self.shared, self.processes, self.first):
            os.close(fd)


def order(control: socket.socket, machine: Machine, job: Job, entries: list[Entry]) -> Handles:
    """Say what is wanted and take the descriptors. Raises SetupError and OSError."""
    limits = job.limits
    disk, files = _room(limits, entries)
    memory = limits.memory_mb * _MIB
    numbers = (
        int(job.shell),
        int(job.read_only),
        -1 if machine.owner is None else machine.owner,
        disk,
        files,
        memory,
        memory + _SPARE_DATA,
        limits.processes,
        limits.descriptors,
        len(machine.filter),
    )
    control.sendall(" ".join(map(str, numbers)).encode() + b"\n" + machine.filter)
    word, fds, _, _ = socket.recv_fds(control, 1, 4)
    if word != b"m" or len(fds) != 4:
        for fd in fds:
            os.close(fd)
        raise SetupError(_complaint(control, word))
    disk_fd, shared, processes, first = fds
    return Handles(disk=disk_fd, shared=shared, processes=processes, first=first)


def fill(control: socket.socket, job: Job, entries: list[Entry]) -> None:
    """Send the workspace and the code, and wait until all is in place. Raises SetupError and OSError."""
    try:
        for entry in entries:
            if job.workspace is not None:
                _send(control, job.workspace, entry)
        control.sendall(_ENTRY.pack(b".", 0, 0, 0, 0) + struct.pack("<q", len(job.source)) + job.source)
    except (BrokenPipeError, ConnectionResetError):
        pass  # it has said why, and gone
    word = control.recv(1)
    if word != b"p":
        raise SetupError(_complaint(control, word))


def go(control: socket.socket) -> None:
    """Let the code run."""
    control.sendall(b"g")


def entries_of(workspace: int | None) -> list[Entry]:
    """What the box is filled with: files, folders and links, nothing else."""
    if workspace is None:
        return []
    return [entry for entry in walk(workspace) if entry.kind in _KINDS]


def _room(limits: Limits, entries: list[Entry]) -> tuple[int, int]:
    """Bytes and entries of the disk: its limit, or what is there already where that is more."""
    there = sum(-(-entry.status.st_size // _BLOCK) * _BLOCK for entry in entries if entry.kind == "file")
    own = 8 * _BLOCK
    return max(limits.disk_mb * _MIB, there) + own, max(limits.files, len(entries)) + 16


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
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            return
        control.sendall(_head(entry, entry.status.st_size))
        left = entry.status.st_size
        while left:
            piece = os.read(fd, min(left, _CHUNK)) or bytes(
                min(left, _CHUNK)
            )  # it shrank: the size is promised
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
