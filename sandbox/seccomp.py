"""The system-call filter: what is not listed in syscalls.txt, or asks for too much, is refused.

A classic BPF program, made by hand: it runs in the kernel for every call, sees the number and the arguments,
and cannot be taken off again. Refused calls fail with EPERM, the newer ones with ENOSYS, so that libraries
use their older way. Another ABI's calls (32 bit, x32) have other numbers; they kill the process.
"""

import errno
import struct
from dataclasses import dataclass
from importlib import resources

_LOAD, _JEQ, _JGE, _JSET, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16
_ALLOW, _ERRNO, _KILL = 0x7FFF_0000, 0x0005_0000, 0x8000_0000
_X32 = 0x4000_0000
_NEWEST = 424
"""Numbers from here on are answered with ENOSYS (so clone3: libraries go back to clone)."""

_AF_UNIX, _AF_INET, _AF_INET6 = 1, 2, 10
# F_DUPFD to F_GETSIG, F_SETOWN_EX and its twin, locks of open files, F_DUPFD_CLOEXEC, F_GETPIPE_SZ, seals
_FCNTLS = (*range(12), 15, 16, 36, 37, 38, 1030, 1032, 1033, 1034)
_BUFFERS = (7, 8, 32, 33)
"""SO_SNDBUF, SO_RCVBUF and their privileged twins."""
_OPTIONS = {
    1: (2, 5, 6, 9, 10, 12, 13, 15, 16, 18, 19, 20, 21, 29, 35, 63, 64, 66, 67),
    6: (1, 2, 3, 4, 5, 6, 7, 9, 12, 18, 23),
    41: (16, 26),
    0: (1, 2),
}
"""By level (SOL_SOCKET, TCP, IPv6, IP): what programs set. No filters, no encryption, no zero copies."""
_MSG_OOB = 1
_RWF_NOWAIT = 8
"""Read what is in memory already: it tells which of the system's files others have read."""
_MADV_MERGEABLE = 12
"""Share equal pages with whoever has them: time tells that there was one."""
_KEEPER = 1
"""The first process of a box. It has the script's user, so that the kernel would let it be slowed and cut."""
_PRIO_USER = 2
_RENAME_WHITEOUT = 4
_KIND_OF_FILE, _PLAIN_KINDS = 0xF000, (0, 0x8000, 0x1000, 0xC000)
"""Regular files, FIFOs and sockets; a device 0/0, which anybody may make, hides names of a lower layer."""
# CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_NAMESPACES = (
    0x80 | 0x0002_0000 | 0x0200_0000 | 0x0400_0000 | 0x0800_0000 | 0x1000_0000 | 0x2000_0000 | 0x4000_0000
)
# terminal attributes, window size, process group; bytes waiting, non-blocking, close on exec; clone of a file
_IOCTLS = (0x5401, 0x5413, 0x540F, 0x5410, 0x541B, 0x5421, 0x5450, 0x5451, 0x4004_9409)
# parent death signal, dumpable, name, seccomp mode, capability bounds, timer slack, subreaper, no_new_privs,
# huge pages, names of mappings
_PRCTLS = (1, 2, 3, 4, 15, 16, 21, 23, 29, 30, 36, 37, 38, 39, 41, 42, 0x5356_4D41)


_MOUNTING = {
    "setns": (308, 268),
    "open_tree": (428, 428),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "mount": (165, 40),
    "capset": (126, 91),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the filter must know of a processor: its audit number and the numbers of its calls."""

    audit: int
    column: int


MACHINES = {
    "x86_64": Machine(audit=0xC000_003E, column=1),
    "aarch64": Machine(audit=0xC000_00B7, column=2),
}


def program(machine: str, *, lays_mounts: bool = False) -> bytes:
    """The filter for a processor as `platform.machine()` names it; KeyError for one that has no table.

    `lays_mounts`: for a box's first process, that puts the workspace in its place.
    """
    kind = MACHINES[machine]
    numbers = _numbers(kind)
    if lays_mounts:
        numbers |= {name: row[kind.column - 1] for name, row in _MOUNTING.items()}
    code = _load(_ARCH) + _jump(_JEQ, kind.audit, 1, 0) + _return(_KILL) + _load(_NUMBER)
    code += _jump(_JGE, _X32, 0, 1) + _return(_KILL)
    for name, check in _checks().items():
        if name in numbers:  # not every processor has every call
            code += _when(numbers.pop(name), check)
    for first, last in _ranges(sorted(numbers.values())):
        # inside [first, last]: allow; the two jumps skip the answer otherwise
        code += _jump(_JGE, first, 0, 2) + _jump(_JGE, last + 1, 1, 0) + _return(_ALLOW)
    code += _jump(_JGE, _NEWEST, 0, 1) + _return(_ERRNO | errno.ENOSYS)
    return code + _return(_ERRNO | errno.EPERM)


def _checks() -> dict[str, bytes]:
    """Calls whose arguments decide, each with a piece of program that always ends in an answer."""
    deny, allow = _return(_ERRNO | errno.EPERM), _return(_ALLOW)
    family = _one_of((_AF_UNIX, _AF_INET, _AF_INET6), _return(_ERRNO | errno.EAFNOSUPPORT))
    kind = _argument(1) + _statement(_AND, 0xF) + _one_of((1, 2, 5), _return(_ERRNO | errno.EPROTONOSUPPORT))
    protocol = _argument(2) + _one_of((0, 6, 17), _return(_ERRNO | errno.EPROTONOSUPPORT))
    options = _argument(1)
    for level, known in _OPTIONS.items():
        code = _argument(2)
        for option in _BUFFERS if level == 1 else ():
            # accepted and not done: no socket's buffer grows past what the supervisor counts for it
            code += _when(option, _return(_ERRNO))
        options += _when(level, code + _one_of(known, _return(_ERRNO | errno.ENOPROTOOPT)) + allow)
    files = _statement(_AND, _KIND_OF_FILE) + _one_of(_PLAIN_KINDS, deny) + allow
    urgent = _unless(_MSG_OOB, _return(_ERRNO | errno.EOPNOTSUPP)) + allow
    nothing = _return(_ERRNO)
    of_another = _argument(0) + _when(_KEEPER, deny) + allow
    nice = _argument(0) + _when(_PRIO_USER, deny) + _argument(1) + _when(_KEEPER, deny) + allow
    advice = _argument(2) + _when(_MADV_MERGEABLE, _return(_ERRNO | errno.EINVAL)) + allow
    cached = _argument(5) + _unless(_RWF_NOWAIT, _return(_ERRNO | errno.EOPNOTSUPP)) + allow
    pair = _one_of((_AF_UNIX,), _return(_ERRNO | errno.EAFNOSUPPORT))
    return {
        "socket": _argument(0) + family + kind + protocol + allow,
        "setsockopt": options + _return(_ERRNO | errno.ENOPROTOOPT),
        "socketpair": _argument(0) + pair + allow,
        "sendto": _argument(3) + urgent,
        "sendmsg": _argument(2) + urgent,
        "sendmmsg": _argument(3) + urgent,
        "clone": _argument(0) + _unless(_NAMESPACES, deny) + allow,
        "mknod": _argument(1) + files,
        "mknodat": _argument(2) + files,
        "renameat2": _argument(4) + _unless(_RENAME_WHITEOUT, _return(_ERRNO | errno.EINVAL)) + allow,
        "ioctl": _argument(1) + _one_of(_IOCTLS, _return(_ERRNO | errno.ENOTTY)) + allow,
        "prctl": _argument(0) + _one_of(_PRCTLS, _return(_ERRNO | errno.EINVAL)) + allow,
        "fcntl": _argument(1) + _one_of(_FCNTLS, _return(_ERRNO | errno.EINVAL)) + allow,
        **dict.fromkeys(("prlimit64", "sched_setaffinity", "sched_setattr"), of_another),
        **dict.fromkeys(("sched_setparam", "sched_setscheduler"), of_another),
        "setpriority": nice,
        "madvise": advice,
        "preadv2": cached,
        # its flags lie in memory, where one asks whether others have looked a path up
        "openat2": _return(_ERRNO | errno.ENOSYS),
        "personality": _argument(0) + _one_of((0, 0xFFFF_FFFF), deny) + allow,
        # the whole machine's disks are not the box's to flush
        "sync": nothing,
        "syncfs": nothing,
    }


def _when(value: int, answer: bytes) -> bytes:
    """Answer where the loaded word is `value`, else go on."""
    return _jump(_JEQ, value, 0, len(answer) // 8) + answer


def _unless(bits: int, answer: bytes) -> bytes:
    """Answer where one of `bits` is set in the loaded word, else go on."""
    return _jump(_JSET, bits, 0, len(answer) // 8) + answer


def _one_of(values: tuple[int, ...], otherwise: bytes) -> bytes:
    """Go on where the loaded word is one of `values`, else answer."""
    code = b""
    for index, value in enumerate(values):
        rest = len(values) - 1 - index
        code += _jump(_JEQ, value, rest + 1, 0)
    return code + otherwise


def _numbers(kind: Machine) -> dict[str, int]:
    table = resources.files(__package__ or "sandbox").joinpath("syscalls.txt").read_text(encoding="utf-8")
    rows = [line.split() for line in table.splitlines() if line and not line.startswith("#")]
    return {row[0]: int(row[kind.column]) for row in rows if row[kind.column] != "-"}


def _ranges(numbers: list[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def _statement(code: int, value: int) -> bytes:
    return struct.pack("<HBBI", code, 0, 0, value)


def _jump(code: int, value: int, if_true: int, if_false: int) -> bytes:
    return struct.pack("<HBBI", code, if_true, if_false, value)


def _load(offset: int) -> bytes:
    return _statement(_LOAD, offset)


def _argument(index: int) -> bytes:
    return _load(_ARGUMENTS + 8 * index)


def _return(value: int) -> bytes:
    return _statement(_RETURN, value)
