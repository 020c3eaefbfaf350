"""The system calls that Python 3.11 does not offer. Every failure is an OSError that names the call."""

import ctypes
import os
import struct

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 0x4000, 1 << 18
CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x0002_0000, 0x0400_0000, 0x0800_0000
CAP_DAC_OVERRIDE, CAP_SYS_CHROOT, CAP_SYS_ADMIN = 1, 18, 21
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x1000_0000, 0x2000_0000, 0x4000_0000

_PR_SET_DUMPABLE, _PR_SET_KEEPCAPS, _PR_SET_SECCOMP = 4, 8, 22
_PR_CAPBSET_DROP, _PR_SET_SECUREBITS = 24, 28
_PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 38, 47, 4
_SECCOMP_MODE_FILTER = 2
_CAPABILITY_VERSION_3 = 0x2008_0522
# noroot, no_setuid_fixup and no_cap_ambient_raise with their locks, and the lock of keep_caps
_SECUREBITS = 0xEF
_MNT_DETACH = 2
# the same numbers on every processor; glibc has no function for them everywhere
_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442
_AT_FDCWD, _AT_EMPTY_PATH, _OPEN_TREE_CLONE, _MOVE_FROM_EMPTY = -100, 0x1000, 1, 4
_MOUNT_ATTR_IDMAP = 0x10_0000

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def _check(call: str, result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")
    return result


def mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    """`kind` is a file system, or None for bind mounts and remounts."""
    words = (source.encode(), target.encode(), None if kind is None else kind.encode())
    _check(f"mount {target}", _libc.mount(*words, ctypes.c_ulong(flags), options.encode()))


def bind(source: str, target: str, flags: int) -> None:
    """Show `source` at `target` too; a bind takes its flags only from a second call."""
    mount(source, target, None, MS_BIND)
    mount("", target, None, MS_BIND | MS_REMOUNT | flags)


def detach(target: str) -> None:
    """Take away what is mounted at `target`, with all that is mounted below it."""
    _check(f"umount {target}", _libc.umount2(target.encode(), _MNT_DETACH))


def open_tree(path: bytes) -> int:
    """A descriptor of a copy of the mount at `path`, not attached anywhere."""
    flags = ctypes.c_uint(_OPEN_TREE_CLONE | os.O_CLOEXEC)
    return _check("open_tree", _libc.syscall(_OPEN_TREE, _AT_FDCWD, path, flags))


def map_owners(tree: int, namespace: int) -> None:
    """Show the files of an unattached mount as owned by whom a user namespace says."""
    attributes = struct.pack("QQQQ", _MOUNT_ATTR_IDMAP, 0, 0, namespace)
    size = ctypes.c_size_t(len(attributes))
    _check("mount_setattr", _libc.syscall(_MOUNT_SETATTR, tree, b"", _AT_EMPTY_PATH, attributes, size))


def attach(tree: int, target: str) -> None:
    """Mount what `open_tree` gave."""
    words = (tree, b"", _AT_FDCWD, target.encode(), _MOVE_FROM_EMPTY)
    _check(f"move_mount {target}", _libc.syscall(_MOVE_MOUNT, *words))


def unshare(flags: int) -> None:
    """Leave the namespaces named by `flags` for new ones; a new process namespace is for the next child."""
    _check("unshare", _libc.unshare(flags))


def enter(namespace: int, kind: int) -> None:
    """Go into a namespace by its descriptor."""
    _check("setns", _libc.setns(namespace, kind))


def pidfd_open(pid: int) -> int:
    """A descriptor for a process, never mistaken for a later process of that number."""
    return os.pidfd_open(pid)


def set_dumpable(*, dumpable: bool = True) -> None:
    """Own /proc/self again, which a change of user gives to root; or not: nobody else may look into it."""
    _prctl("dumpable", _PR_SET_DUMPABLE, int(dumpable))


def become(user: int) -> None:
    """Be another user and group, with the capabilities there were; for root, who has more than these."""
    _prctl("keepcaps", _PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    header, words = _capability_header(), ctypes.create_string_buffer(24)
    _check("capget", _libc.capget(header, words))
    low = struct.unpack("6I", words.raw)
    _check("capset", _libc.capset(header, struct.pack("6I", low[1], low[1], 0, low[4], low[4], 0)))
    set_dumpable()


def keep_only(*capabilities: int) -> None:
    """Give up all other capabilities."""
    bits = sum(1 << capability for capability in capabilities)
    low, high = bits & 0xFFFF_FFFF, bits >> 32
    _check("capset", _libc.capset(_capability_header(), struct.pack("6I", low, low, 0, high, high, 0)))


def drop_capabilities(*kept: int) -> None:
    """Give up every capability but those that are `kept`, and every way to get one back."""
    _prctl("no_new_privs", _PR_SET_NO_NEW_PRIVS, 1)
    _prctl("ambient", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    for capability in range(64):
        if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break  # past the last one this kernel knows
    _prctl("securebits", _PR_SET_SECUREBITS, _SECUREBITS)
    keep_only(*kept)


def _capability_header() -> bytes:
    return struct.pack("Ii", _CAPABILITY_VERSION_3, 0)


def load_filter(program: bytes) -> None:
    """Install a seccomp program for this process and all its children, for good."""
    buffer = ctypes.create_string_buffer(program, len(program))
    address = ctypes.addressof(buffer)
    header = struct.pack("HxxxxxxQ", len(program) // 8, address)
    holder = ctypes.create_string_buffer(header, len(header))
    _check("seccomp", _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(holder), 0, 0))


def _prctl(name: str, option: int, value: int) -> None:
    _check(f"prctl {name}", _libc.prctl(option, value, 0, 0, 0))


def set_value(name: str, value: str, *, inside: int | None = None) -> None:
    """Change a setting of the kernel, where this kernel has it."""
    try:
        fd = os.open(name, os.O_WRONLY, dir_fd=inside)
    except FileNotFoundError:
        return
    os.write(fd, value.encode())
    os.close(fd)
