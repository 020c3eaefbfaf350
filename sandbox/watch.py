"""Watch one running box: take its output, look at its limits, see it end."""

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from sandbox import meter
from sandbox.capture import Capture
from sandbox.channel import Handles
from sandbox.values import EXIT_MEMORY, EXIT_TIME, Limits, SandboxUnavailableError, StoppedBy

_LOOK_S, _LOOK_CLOSE_S = 0.02, 0.004
"""How often memory is looked at, and how often once a quarter of the limit is in use."""
_LONGEST_LOOK_S = 0.3
_TABLES_S = 0.5
"""How often the tables of mappings are looked at, which takes longer."""
_END_S = 5.0
"""A killed box that is not gone by then is a bug of the kernel."""
_CHUNK = 1 << 16
_MIB = 1 << 20
_NOTE_MEMORY, _NOTE_DISK = b"m", b"d"


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a run ended."""

    exit_code: int
    stopped_by: StoppedBy | None


class Watch:
    """From the moment that the code runs."""

    def __init__(self, handles: Handles, limits: Limits) -> None:
        self._handles = handles
        self._limits = limits
        self._captures = {fd: Capture() for fd in (handles.out, handles.err)}
        self._disk_was_full = False
        self._tables = 0
        self._tables_at = time.monotonic() + _TABLES_S
        for fd in self._captures:
            # a script may read its own output too, and take what we were just told is there
            os.set_blocking(fd, False)

    def until_end(self, deadline: float, meanwhile: Callable[[], None]) -> End | None:
        """Until the first process says that the code is through (None), or a limit that it must be.

        It says so when nothing else is alive, or by its own end, where it was killed. `meanwhile` is called
        once, when the code has run for a moment.
        """
        ended = self._handles.status
        most_memory, most_output = self._limits.memory_mb * _MIB, self._limits.output_mb * _MIB
        poll = select.poll()
        for fd in (ended, *self._captures):
            poll.register(fd, select.POLLIN)
        look_at, first = time.monotonic() + _LOOK_CLOSE_S, True
        while (now := time.monotonic()) < deadline:
            if now >= look_at:
                if first:
                    meanwhile()
                first = False
                used = self._look(most_memory, min(deadline, now + _LONGEST_LOOK_S))
                if used > most_memory and time.monotonic() < deadline:
                    return End(exit_code=EXIT_MEMORY, stopped_by="memory")
                took = (
                    time.monotonic() - now
                )  # a look at many processes takes long: no more than half the time
                look_at = now + took + max(took, _LOOK_CLOSE_S if used * 4 > most_memory else _LOOK_S)
            ready = [fd for fd, _ in poll.poll(1000 * max(0.0, min(deadline, look_at) - now))]
            if ended in ready:
                return None
            for fd in ready:
                with contextlib.suppress(BlockingIOError):
                    if not self._read(fd):
                        poll.unregister(fd)
            if sum(capture.total for capture in self._captures.values()) > most_output:
                return End(exit_code=EXIT_MEMORY, stopped_by="output")
        return End(exit_code=EXIT_TIME, stopped_by="time")

    def finish(self, *, told: bool) -> None:
        """End what is left, wait until nothing of it lives, and take the last output.

        Where the first process has `told` that all is over, it is left for later: its own end takes the
        kernel longer than everything before.
        """
        if not told:
            end_all(self._handles.first)
            poll = select.poll()
            poll.register(self._handles.first, select.POLLIN)
            if not poll.poll(1000 * _END_S):
                raise SandboxUnavailableError(
                    "A box could not be ended; restart the machine before you run more code."
                )
        for fd in self._captures:
            with contextlib.suppress(
                BlockingIOError
            ):  # somebody outside holds the other end, and says nothing
                while self._read(fd):
                    pass

    def judge(self, code: int, noted: bytes) -> End:
        """What a run that ended by itself died of, if of anything, by what it noted and left behind."""
        if code == 0:
            return End(exit_code=0, stopped_by=None)
        shared_is_full = os.fstatvfs(self._handles.shared).f_bavail == 0
        if noted == _NOTE_MEMORY or shared_is_full:
            return End(exit_code=EXIT_MEMORY, stopped_by="memory")
        full = self._disk_was_full or self._disk_is_full() or noted == _NOTE_DISK
        return End(exit_code=code, stopped_by="disk" if full else None)

    def texts(self) -> tuple[str, str]:
        """Standard output and standard error."""
        stdout, stderr = (capture.text() for capture in self._captures.values())
        return stdout, stderr

    def _look(self, limit: int, until: float) -> int:
        self._disk_was_full |= self._disk_is_full()
        processes = self._handles.processes
        if time.monotonic() >= self._tables_at:
            self._tables = meter.tables(processes, until)
            self._tables_at = time.monotonic() + _TABLES_S
        known = self._tables - self._handles.inherited
        return meter.used(processes, self._handles.shared, limit, known, until)

    def _disk_is_full(self) -> bool:
        status = os.fstatvfs(self._handles.disk)
        return status.f_bavail == 0 or status.f_favail == 0

    def _read(self, fd: int) -> bool:
        """Take what is there; False at the end of the stream. Raises BlockingIOError where nothing is."""
        data = os.read(fd, _CHUNK)
        self._captures[fd].add(data)
        return bool(data)


def end_all(first: int) -> None:
    """Kill the first process of a box, by pidfd: with it go all others."""
    try:
        signal.pidfd_send_signal(first, signal.SIGKILL)
    except ProcessLookupError:
        return
