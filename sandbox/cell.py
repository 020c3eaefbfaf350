"""One run in a box of its own: hand over, watch, end, collect. Synchronous, for a thread of its own."""

import contextlib
import os
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass, replace

from sandbox import channel
from sandbox.channel import Handles, Job, SetupError
from sandbox.collect import Baseline, Collected, baseline, collect, lower_baseline
from sandbox.files import Entry
from sandbox.server import Server
from sandbox.values import RunResult
from sandbox.watch import End, Watch, end_all

_AFTERWARDS_S, _COLLECT_S = 1.5, 0.3
"""For ending a run that was cut and collecting from it; for collecting at least."""
_KILLED = 137
_STATUS = struct.Struct("ic")
_END_S = 5.0


class _NotBegunError(Exception):
    """The code has not run; the cause says why."""


class CancelledRunError(Exception):
    """The run was ended by `kill`; nothing of it was collected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    """A run that goes on: what lay in the workspace, and how that came into the box."""

    before: Baseline
    lower: list[Entry] | None
    """What lies under the box's disk, or None where it was copied onto it."""


class Cell:
    """One run. `run` is called once, in any thread; `kill` may be called from another at any time."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._killed = False
        self._control: socket.socket | None = None
        self._handles: Handles | None = None
        self._is_over = False
        """Whether nothing is alive in the box but what ends it."""

    def kill(self) -> None:
        """End everything in the box at once."""
        with self._lock:
            self._killed = True
            if self._control is not None:
                with contextlib.suppress(OSError):
                    self._control.shutdown(socket.SHUT_RDWR)  # wakes whoever waits for the other end
            if self._handles is not None:
                end_all(self._handles.first)

    def stand_by(self, *, packages: bool = True) -> None:
        """Get a box, if there is none yet, with the `packages` imported where there is one.

        Raises SandboxUnavailableError and CancelledRunError.
        """
        if self._handles is not None:
            return
        for last in (False, True):
            try:
                self._get(packages=packages)
            except (SetupError, OSError) as error:
                self._give_up(error, last=last)
            else:
                return

    def listen(self, port: int) -> socket.socket:
        """A socket that listens on the loopback of the box that stands by. Raises OSError."""
        if self._control is None:
            raise OSError("There is no box that stands by.")
        try:
            return channel.listen(self._control, port)
        except (SetupError, OSError) as error:
            self.close()
            raise OSError(f"The box cannot listen on port {port}: {error}") from error

    def run(self, job: Job) -> RunResult:
        """Run the job to its end. Raises SandboxUnavailableError and CancelledRunError.

        A run that takes longer has its box replaced meanwhile; after a short one that is left to the caller.
        """
        try:
            for last in (False, True):
                self.stand_by(packages=job.needs_packages())
                try:
                    return self._run(job)
                except _NotBegunError as error:
                    self._give_up(error.__cause__ or error, last=last)
            raise AssertionError("unreachable")
        finally:
            self.close()

    def close(self) -> None:
        """Whatever happened: nothing of the box lives on, nothing of it is held."""
        with self._lock:
            control, self._control = self._control, None
            handles, self._handles = self._handles, None
        if control is not None:
            control.close()
        if handles is not None and self._is_over:
            self._server.bury(handles)
        elif handles is not None:
            end_all(handles.first)
            _wait(handles.first)
            handles.close()

    def _give_up(self, error: BaseException, *, last: bool) -> None:
        """A box that died before it ran anything is replaced, once."""
        self.close()
        if self._killed:
            raise CancelledRunError from error
        refused = self._server.failed(error)
        if last:
            raise refused from error

    def _get(self, *, packages: bool) -> None:
        control = self._server.box(packages=packages)
        control.settimeout(channel.PATIENCE_S)
        with self._lock:
            self._control = control
            if self._killed:
                raise SetupError("it was cancelled")
        handles = channel.greet(control)
        with self._lock:
            self._handles = handles
            if self._killed:
                raise SetupError("it was cancelled")

    def _run(self, job: Job) -> RunResult:
        try:
            begun = self._begin(job)
        except (SetupError, OSError) as error:
            raise _NotBegunError from error
        return self._finish(job, begun)

    def _begin(self, job: Job) -> _Begun:
        """Until the code runs."""
        control, handles = self._control, self._handles
        if control is None or handles is None:
            raise SetupError("it was cancelled")
        entries = channel.entries_of(job.workspace)
        if job.workspace is not None and not channel.lies_under(job.workspace, entries):
            job = replace(job, copy=True)
        channel.order(control, handles, job, entries)
        begun = _Begun(before=lower_baseline(entries), lower=entries)
        if not channel.has_begun(control):
            channel.fill(control, job, entries)
            begun = _Begun(before=baseline(handles.disk), lower=None)
            channel.go(control)
        with self._lock:
            self._control = None
        control.close()  # from here on the box has no word with us but its output
        return begun

    def _finish(self, job: Job, begun: _Begun) -> RunResult:
        handles = self._handles
        if handles is None:
            raise CancelledRunError
        started = time.monotonic()
        deadline = started + job.limits.timeout_s
        watch = Watch(handles, job.limits)
        stopped = watch.until_end(deadline, self._server.refill)
        ended = time.monotonic()
        word = None if stopped else _last_word(handles.status)
        watch.finish(told=word is not None)
        self._is_over = True
        duration = time.monotonic() - started
        if self._killed:
            raise CancelledRunError
        end = stopped or watch.judge(*(word or (_KILLED, b"")))
        # a run that was not cut has the rest of its time for that, too
        until = (ended if stopped else max(ended, deadline)) + _AFTERWARDS_S
        seconds = max(until - time.monotonic(), _COLLECT_S)
        collected = _collect(job, handles, begun, seconds)
        stdout, stderr = watch.texts()
        return _result(end, stdout, stderr, duration, collected)


def _result(end: End, stdout: str, stderr: str, duration: float, collected: Collected) -> RunResult:
    return RunResult(
        exit_code=end.exit_code,
        stdout=stdout,
        stderr=stderr,
        stopped_by=end.stopped_by,
        duration_s=duration,
        changed=collected.changed,
        removed=collected.removed,
        left_out=collected.left_out,
    )


def _collect(job: Job, handles: Handles, begun: _Begun, seconds: float) -> Collected:
    if job.workspace is None or job.read_only:
        return Collected()
    status = os.fstatvfs(handles.disk)
    room = status.f_blocks * status.f_frsize
    return collect(
        handles.disk,
        job.workspace,
        begun.before,
        lower=begun.lower,
        disk=room,
        files=job.limits.files,
        seconds=seconds,
    )


def _last_word(status: int) -> tuple[int, bytes] | None:
    """Exit code and note as the box's first process told them; None where that was killed itself."""
    said = os.read(status, _STATUS.size)
    if len(said) != _STATUS.size:
        return None
    code, note = _STATUS.unpack(said)
    return int(code) & 0xFF, bytes(note)  # in truth the script's word, which may be any


def _wait(first: int) -> None:
    poll = select.poll()
    poll.register(first, select.POLLIN)
    poll.poll(1000 * _END_S)
