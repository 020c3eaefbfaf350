"""Put before every attempt: how it tries, and how it says what came of it."""

import ctypes
import errno
import os as os
import platform
import sys
from collections.abc import Callable

libc = ctypes.CDLL(None, use_errno=True)
REFUSED = {
    errno.EPERM,
    errno.ENOSYS,
    errno.EACCES,
    errno.EAFNOSUPPORT,
    errno.EPROTONOSUPPORT,
    errno.EROFS,
}


def answer(reached: bool, detail: object = "") -> None:
    """The one line that is looked at."""
    print("OPEN" if reached else "HELD", detail)
    sys.exit(0)


def syscall(numbers: tuple[int, int], *arguments: int | bytes) -> tuple[bool, str]:
    """True where the kernel took the call at all, whatever it thought of the arguments."""
    number = numbers[0 if platform.machine() == "x86_64" else 1]
    words = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    ctypes.set_errno(0)
    result = libc.syscall(number, *words)
    problem = ctypes.get_errno()
    return (result >= 0 or problem not in REFUSED), errno.errorcode.get(problem, "")


def attempt(action: Callable[[], object]) -> tuple[bool, str]:
    """True where an action came through without an OSError and did not answer False."""
    try:
        return action() is not False, ""
    except OSError as error:
        return False, repr(error)
