"""Attempts on what a box shares with its first process, with the kernel's own ledgers and with all others.

Each changes nothing where it gets through: what is written is what was there.
"""

from tests.security.attempts import Attempt

FIRST = (
    Attempt(
        name="the limits of the first process",
        script="""
import resource
kind = resource.RLIMIT_NOFILE
answer(*attempt(lambda: resource.prlimit(1, kind, resource.prlimit(1, kind))))
""",
    ),
    Attempt(
        name="the processors of the first process",
        script="answer(*attempt(lambda: os.sched_setaffinity(1, os.sched_getaffinity(1))))",
    ),
    Attempt(
        name="the priority of the first process",
        script="""
def set_again(which, who):
    os.setpriority(which, who, os.getpriority(os.PRIO_PROCESS, 1))
answer(any(attempt(lambda: set_again(which, 1))[0] for which in (os.PRIO_PROCESS, os.PRIO_PGRP)))
""",
    ),
    Attempt(
        name="the priority of everything of one's user",
        script="answer(*attempt(lambda: os.setpriority(os.PRIO_USER, 0, os.getpriority(os.PRIO_USER, 0))))",
        may_fail_outside=True,
    ),
    Attempt(
        name="the scheduling of the first process",
        script="answer(*attempt(lambda: os.sched_setscheduler(1, os.SCHED_OTHER, os.sched_param(0))))",
        may_fail_outside=True,
    ),
)

KERNEL_LEDGERS = (
    Attempt(
        name="being killed last where memory runs out",
        script="""
def set_again():
    value = open('/proc/self/oom_score_adj', 'rb').read()
    open('/proc/self/oom_score_adj', 'wb', 0).write(value)
answer(*attempt(set_again))
""",
    ),
    Attempt(
        name="the priority of one's session",
        script="""
def set_again():
    value = open('/proc/self/autogroup', 'rb').read().split()[-1]
    open('/proc/self/autogroup', 'wb', 0).write(value)
answer(*attempt(set_again))
""",
        may_fail_outside=True,
    ),
    Attempt(
        name="what of a file is in memory, by a read that does not wait",
        script="""
def read():
    fd = os.open('/usr/bin/env', os.O_RDONLY)
    os.read(fd, 4096)
    return os.preadv(fd, [bytearray(16)], 0, os.RWF_NOWAIT) == 16
answer(*attempt(read))
""",
        may_fail_outside=True,
    ),
    Attempt(
        name="whether others have looked a path up",
        script="import struct\nhow = struct.pack('QQQ', 0, 0, 0x20)\n"
        "answer(*syscall((437, 437), -100, b'/usr/bin/env', how, len(how)))",
        may_fail_outside=True,
    ),
    Attempt(
        name="memory that is merged with others'",
        script="""
import mmap
page = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
answer(*attempt(lambda: page.madvise(12)))
""",
        may_fail_outside=True,
    ),
    Attempt(
        name="a stamp on a device that all see",
        script="answer(any(attempt(lambda: os.utime(place))[0] for place in ('/dev/null', '/dev/urandom')))",
    ),
)

KEEPER = (*FIRST, *KERNEL_LEDGERS)
