"""What the host asks a box for, and the stream in which it says so."""

import io
import resource

_CHUNK = 1 << 20
_SPARE = 16 << 20
_BARE = 48 << 20
"""What the address space of a bare program needs over what it uses."""


class Order:
    """One line of numbers. A plain class: dataclasses take 20 ms to import."""

    def __init__(self, line: bytes) -> None:
        numbers = [int(word) for word in line.split()]
        self.shell, self.read_only = bool(numbers[0]), bool(numbers[1])
        self.overlay, self.empty = numbers[2] == 1, numbers[2] == 2
        self.disk, self.files, self.memory = numbers[3:6]
        """Bytes, entries, bytes."""
        self.processes, self.descriptors = numbers[6:8]
        self.place, self.source = numbers[8:]
        """Bytes of the workspace's path, and of the code, that follow."""

    def limit(self, data: int) -> None:
        """Hard limits, on top of `data` bytes that are there; called where they count this box alone."""
        for kind, value in (
            (resource.RLIMIT_DATA, self.memory + _SPARE + (data or _BARE)),
            (resource.RLIMIT_NPROC, self.processes),
            (resource.RLIMIT_NOFILE, self.descriptors),
            (resource.RLIMIT_STACK, 8 << 20),
            (resource.RLIMIT_MEMLOCK, 64 << 10),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_MSGQUEUE, 0),
            (resource.RLIMIT_RTPRIO, 0),
            (resource.RLIMIT_NICE, 0),
            (resource.RLIMIT_SIGPENDING, 1024),
        ):
            hard = resource.getrlimit(kind)[1]
            bounded = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(kind, (bounded, bounded))


class Stream:
    """Reads from a descriptor what was promised, or raises EOFError."""

    def __init__(self, fd: int) -> None:
        self._file = io.FileIO(fd, closefd=False)
        self._reader = io.BufferedReader(self._file, _CHUNK)

    def line(self) -> bytes:
        """The next line."""
        return self._reader.readline()

    def exactly(self, size: int) -> bytes:
        """The next `size` bytes."""
        data = self._reader.read(size)
        if len(data) != size:
            raise EOFError("the host went away")
        return data

    def piece(self, most: int) -> bytes:
        """Some of the next bytes."""
        data = self._reader.read(min(most, _CHUNK))
        if not data:
            raise EOFError("the host went away")
        return data
