"""Put before every attempt: how it tries, and how it says what came of it. Runs inside the box, and outside as the control."""

import ctypes
import errno
import os
import platform
import sys

libc = ctypes.CDLL(None, use_errno=True)
REFUSED = {errno.EPERM, errno.ENOSYS, errno.EACCES, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.EROFS}


def answer(reached, detail=""):
    """The one line that is looked at."""
    print("OPEN" if reached else "HELD", detail)
    sys.exit(0)


def syscall(numbers, *arguments):
    """True where the kernel took the call at all, whatever it thought of the arguments."""
    number = numbers[0 if platform.machine() == "x86_64" else 1]
    ctypes.set_errno(0)
    result = libc.syscall(
        number, *(ctypes.c_long(value) if isinstance(value, int) else value for value in arguments)
    )
    problem = ctypes.get_errno()
    return (result >= 0 or problem not in REFUSED), errno.errorcode.get(problem, "")


def attempt(action):
    """True where an action came through without an OSError and did not answer False."""
    try:
        return action() is not False, ""
    except OSError as error:
        return False, repr(error)
