"""The system calls that Python 3.11 does not offer. Every failure is an OSError that names the call."""

import ctypes
import os
import struct

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND = 32, 4096
CLONE_NEWUSER = 0x1000_0000

_PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_CAPBSET_DROP, _PR_SET_SECUREBITS = 4, 22, 24, 28
_PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 38, 47, 4
_SECCOMP_MODE_FILTER = 2
_CAPABILITY_VERSION_3 = 0x2008_0522
# noroot, no_setuid_fixup and no_cap_ambient_raise with their locks, and the lock of keep_caps
_SECUREBITS = 0xEF

_libc = ctypes.CDLL(None, use_errno=True)


def _check(call: str, result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")


def mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    """`kind` is a file system, or None for bind mounts and remounts."""
    _check(
        f"mount {target}",
        _libc.mount(
            source.encode(),
            target.encode(),
            None if kind is None else kind.encode(),
            ctypes.c_ulong(flags),
            options.encode(),
        ),
    )


def bind(source: str, target: str, flags: int) -> None:
    """Show `source` at `target` too; a bind takes its flags only from a second call."""
    mount(source, target, None, MS_BIND)
    mount("", target, None, MS_BIND | MS_REMOUNT | flags)


def unshare(flags: int) -> None:
    """Leave the namespaces named by `flags` for new ones."""
    _check("unshare", _libc.unshare(flags))


def pidfd_open(pid: int) -> int:
    """A descriptor for a process, never mistaken for a later process of that number."""
    return os.pidfd_open(pid)


def set_dumpable() -> None:
    """Own /proc/self again: a change of user gives it to root."""
    _prctl("dumpable", _PR_SET_DUMPABLE, 1)


def drop_capabilities() -> None:
    """Give up every capability, and every way to get one back."""
    _prctl("no_new_privs", _PR_SET_NO_NEW_PRIVS, 1)
    _prctl("ambient", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    for capability in range(64):
        if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break  # past the last one this kernel knows
    _prctl("securebits", _PR_SET_SECUREBITS, _SECUREBITS)
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    _check("capset", _libc.capset(header, bytes(24)))


def load_filter(program: bytes) -> None:
    """Install a seccomp program for this process and all its children, for good."""
    buffer = ctypes.create_string_buffer(program, len(program))
    address = ctypes.addressof(buffer)
    header = struct.pack("HxxxxxxQ", len(program) // 8, address)
    holder = ctypes.create_string_buffer(header, len(header))
    _check("seccomp", _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(holder), 0, 0))


def _prctl(name: str, option: int, value: int) -> None:
    _check(f"prctl {name}", _libc.prctl(option, value, 0, 0, 0))
