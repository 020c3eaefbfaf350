"""How much memory everything in a box uses together: there is no cgroup to count on."""

import os
import re
import time
from collections.abc import Callable, Iterator

_PAGE_TABLES = re.compile(rb"^VmPTE:\s+(\d+) kB", re.MULTILINE)
_RESIDENT = re.compile(rb"^Rss(?:Anon|Shmem):\s+(\d+) kB", re.MULTILINE)
_SHARED_OUT = re.compile(rb"^Pss_(?:Anon|Shmem):\s+(\d+) kB", re.MULTILINE)
_SOCKETS = re.compile(rb"^sockets: used (\d+)", re.MULTILINE)
_SOCKET = 208 << 10
"""What the buffers of one socket can hold."""
_MAPPING = re.compile(rb"^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+ *(.*)$")
_SHARE = re.compile(rb"^Pss:\s+(\d+) kB")
_ANONYMOUS_SHARE = re.compile(rb"^Anonymous:\s+(\d+) kB")
_UNNAMED_SHARED = b"/dev/zero (deleted)"
_ORDINARY, _TABLE_ENTRY = 1000, 1 << 10
"""So many mappings of a process are not counted; bytes, and time to end it, that each other one takes."""
_EXACT_S = 0.2
"""How much longer an exact sum may take."""
_BEYOND_DOUBT = 8
"""No exact sum past so many times the limit: it takes longer the more there is to add."""


def used(processes: int, shared: int, limit: int, known: int, until: float) -> int:
    """Bytes in use, by descriptors of the box's own /proc and of its shared memory.

    First a quick sum that counts what forked processes share once for each of them; only where that is over
    the limit, one that shares it out; only where that is over too, the exact one, which also tells files of
    the box that are mapped from memory: where that takes too long, they are memory. `known` bytes are added:
    less than none where more came with the interpreter. What is not looked at when the clock stands at
    `until` is taken to be like the rest.
    """
    fixed = _shared_files(shared) + _sockets(processes) + known
    if fixed > limit:
        return fixed
    found = fixed
    for measure in (_resident, _shared_out, _proportional):
        found = fixed + _sum(measure, processes, until)
        if found <= limit or (measure is _shared_out and found > _BEYOND_DOUBT * limit):
            break
    return found


def tables(processes: int, until: float) -> int:
    """Bytes that the kernel keeps to know what is mapped where, about."""
    return _sum(_tables, processes, until)


def _sum(measure: Callable[[int, str, float], int], processes: int, until: float) -> int:
    pids = _pids(processes)
    found = seen = 0
    for pid in pids:
        found, seen = found + measure(processes, pid, until), seen + 1
        if time.monotonic() > until:
            break
    return found * len(pids) // max(seen, 1)


def _pids(processes: int) -> list[str]:
    """All but the first, which is ours and does nothing."""
    return [name for name in os.listdir(processes) if name.isdigit() and name != "1"]


def _shared_files(shared: int) -> int:
    status = os.fstatvfs(shared)
    return (status.f_blocks - status.f_bfree) * status.f_frsize


def _sockets(processes: int) -> int:
    found = _SOCKETS.search(_read(processes, "1/net/sockstat"))
    return int(found[1]) * _SOCKET if found else 0


def _tables(processes: int, pid: str, _until: float) -> int:
    mappings = _read(processes, f"{pid}/maps").count(b"\n")
    return max(0, mappings - _ORDINARY) * _TABLE_ENTRY


def _resident(processes: int, pid: str, _until: float) -> int:
    status = _read(processes, f"{pid}/status")
    numbers = [*_RESIDENT.findall(status), *_PAGE_TABLES.findall(status)]
    return sum(int(number) for number in numbers) << 10


def _shared_out(processes: int, pid: str, until: float) -> int:
    """Memory by its proportional share; what is mapped of the box's files counts as memory here."""
    numbers = _SHARED_OUT.findall(_read(processes, f"{pid}/smaps_rollup"))
    if not numbers:
        return _resident(processes, pid, until)
    numbers += _PAGE_TABLES.findall(_read(processes, f"{pid}/status"))
    return sum(int(number) for number in numbers) << 10


def _proportional(processes: int, pid: str, until: float) -> int:
    """Private and unnamed shared memory by its proportional share; the box's files are counted as disk."""
    total = sum(int(number) for number in _PAGE_TABLES.findall(_read(processes, f"{pid}/status")))
    name, share, rest, seen = b"", 0, b"", False
    for piece in _pieces(processes, f"{pid}/smaps"):
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if mapping := _MAPPING.match(line):
                name = mapping[1]
            elif found := _SHARE.match(line):
                share = int(found[1])
            elif found := _ANONYMOUS_SHARE.match(line):
                whole = not name or name.startswith(b"[") or name == _UNNAMED_SHARED
                total += share if whole else min(share, int(found[1]))
        seen = True
        if time.monotonic() > until + _EXACT_S:
            return _shared_out(processes, pid, until)
    return total << 10 if seen else _resident(processes, pid, until)


def _read(processes: int, name: str) -> bytes:
    """A file under /proc, empty where the process has just gone."""
    return b"".join(_pieces(processes, name))


def _pieces(processes: int, name: str) -> Iterator[bytes]:
    """A file under /proc as it is read; it ends where the process does."""
    try:
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=processes)
    except OSError:
        return
    try:
        while piece := os.read(fd, 1 << 16):
            yield piece
    except OSError:
        return
    finally:
        os.close(fd)
