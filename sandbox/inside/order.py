"""What the host asks a box for, and the stream in which it says so."""

import _socket
import resource
import struct
from collections.abc import Iterator

_CHUNK = 1 << 16
_SPACE = _socket.CMSG_SPACE(struct.calcsize("i"))
_SPARE = 16 << 20
_BARE = 48 << 20
"""What the address space of a bare program needs over what it uses."""


class Order:
    """One line of numbers. A plain class: dataclasses take 20 ms to import."""

    def __init__(self, line: bytes) -> None:
        numbers = [int(word) for word in line[1:].split()]
        self.shell, self.read_only = bool(numbers[0]), bool(numbers[1])
        self.overlay, self.empty = numbers[2] == 1, numbers[2] == 2
        self.copied = False
        self.disk, self.files, self.memory = numbers[3:6]
        """Bytes, entries, bytes."""
        self.processes, self.descriptors, self.place = numbers[6:]
        """The last: bytes of the workspace's path, that follow."""

    def limit(self, data: int) -> None:
        """Hard limits, on top of `data` bytes that are there; called where they count this box alone."""
        _limit(resource.RLIMIT_DATA, self.memory + _SPARE + (data or _BARE))
        _limit(resource.RLIMIT_NPROC, self.processes)
        _limit(resource.RLIMIT_NOFILE, self.descriptors)


def limit_all() -> None:
    """The hard limits that are the same for every job."""
    for kind, value in (
        (resource.RLIMIT_STACK, 8 << 20),
        (resource.RLIMIT_MEMLOCK, 64 << 10),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_RTPRIO, 0),
        (resource.RLIMIT_NICE, 0),
        (resource.RLIMIT_SIGPENDING, 1024),
    ):
        _limit(kind, value)


def _limit(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    bounded = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (bounded, bounded))


class Stream:
    """Reads from the host what it promised, or raises EOFError."""

    def __init__(self, control: _socket.socket) -> None:
        self._control = control
        self._buffer = b""
        self._descriptors: list[int] = []

    def line(self) -> bytes:
        """The next line; nothing where the host went away."""
        while b"\n" not in self._buffer:
            if not self._more():
                return b""
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def descriptor(self) -> int:
        """The descriptor that came with what was read last."""
        if not self._descriptors:
            raise EOFError("a descriptor is missing")
        return self._descriptors.pop()

    def exactly(self, size: int) -> bytes:
        """The next `size` bytes."""
        return b"".join(self.pieces(size))

    def pieces(self, size: int) -> Iterator[bytes]:
        """The next `size` bytes, some at a time."""
        while size:
            if not self._buffer and not self._more():
                raise EOFError("the host went away")
            piece, self._buffer = self._buffer[:size], self._buffer[size:]
            size -= len(piece)
            yield piece

    def _more(self) -> bool:
        data, ancillary, _, _ = self._control.recvmsg(_CHUNK, _SPACE, _socket.MSG_CMSG_CLOEXEC)
        for level, kind, words in ancillary:
            if (level, kind) == (_socket.SOL_SOCKET, _socket.SCM_RIGHTS):
                self._descriptors += struct.unpack(f"{len(words) // 4}i", words)
        self._buffer += data
        return bool(data)
