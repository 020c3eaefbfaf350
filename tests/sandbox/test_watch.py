"""A run is watched to its end, whatever it does with what it is watched by."""

import os
import time

from sandbox.channel import Handles
from sandbox.values import Limits
from sandbox.watch import Watch


def test_output_that_was_taken_by_somebody_else_holds_nobody_up():
    (output, writer), (status, telling) = os.pipe(), os.pipe()
    folder = os.open("/", os.O_RDONLY)
    own = os.pidfd_open(os.getpid())
    handles = Handles(
        disk=folder,
        shared=os.open("/dev/shm", os.O_RDONLY),  # noqa: S108 - looked at, no more
        processes=folder,
        first=own,
        status=status,
        code=os.dup(folder),
        out=output,
        err=os.dup(output),  # whoever reads it first takes what the other was told of
        inherited=0,
    )
    watch = Watch(handles, Limits(memory_mb=1 << 20))
    os.write(writer, b"said once")

    end = watch.until_end(time.monotonic() + 0.1, lambda: None)

    assert end is not None
    assert end.stopped_by == "time"
    assert watch.texts() == ("said once", "")
    for fd in {
        *(getattr(handles, name) for name in Handles.__slots__ if name != "inherited"),
        writer,
        telling,
    }:
        os.close(fd)
