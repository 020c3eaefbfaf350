"""One run in a box of its own: start it, watch it, end it, collect from it. Synchronous, for a thread of its own.

This is the one module that knows how boxes come to be (bubblewrap, a fresh one for each run).
"""

import os
import select
import signal
import socket
import subprocess
import threading
import time
from dataclasses import dataclass

from sandbox import channel, meter
from sandbox.capture import Capture
from sandbox.channel import Handles, Job, SetupError
from sandbox.collect import Collected, baseline, collect
from sandbox.machine import Machine, refusal
from sandbox.values import EXIT_MEMORY, EXIT_TIME, RunResult, SandboxUnavailableError, StoppedBy

_LOOK_S, _LOOK_CLOSE_S = 0.02, 0.004
"""How often memory is looked at, and how often once a quarter of the limit is in use."""
_END_S = 5.0
"""A killed box that is not gone by then is a bug of the kernel."""
_COLLECT_S = 1.5
_CHUNK = 1 << 16
_MIB = 1 << 20


class CancelledRunError(Exception):
    """The run was ended by `kill`; nothing of it was collected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    exit_code: int
    stopped_by: StoppedBy | None


class Cell:
    """One run. `run` is called once, in any thread; `kill` may be called from another at any time."""

    def __init__(self, machine: Machine, job: Job) -> None:
        self._machine = machine
        self._job = job
        self._lock = threading.Lock()
        self._killed = False
        self._bwrap: subprocess.Popen[bytes] | None = None
        self._handles: Handles | None = None
        self._disk_was_full = False
        self._output: dict[int, Capture] = {}

    def kill(self) -> None:
        """End everything in the box at once."""
        with self._lock:
            self._killed = True
            if self._handles is not None:
                _end(self._handles.first)
            if self._bwrap is not None:
                self._bwrap.kill()

    def run(self) -> RunResult:
        """Run the job to its end. Raises SandboxUnavailableError and CancelledRunError."""
        control, inner = socket.socketpair()
        control.settimeout(channel.PATIENCE_S)
        note, inner_note = os.pipe()
        streams = [os.pipe() for _ in range(2)]
        self._output = {stream[0]: Capture() for stream in streams}
        try:
            with inner:
                self._start(inner.fileno(), inner_note, [stream[1] for stream in streams])
        finally:
            for fd in (inner_note, *(stream[1] for stream in streams)):
                os.close(fd)
        try:
            return self._supervise(control, note)
        finally:
            self._close()
            control.close()
            for fd in (note, *self._output):
                os.close(fd)

    def _start(self, control: int, note: int, streams: list[int]) -> None:
        machine = self._machine
        arguments = os.memfd_create("arguments")
        try:
            os.write(arguments, b"".join(os.fsencode(word) + b"\0" for word in machine.arguments))
            os.lseek(arguments, 0, os.SEEK_SET)
            if machine.owner is not None:
                for stream in streams:
                    os.fchown(stream, machine.owner, machine.owner)
            with self._lock:
                if self._killed:
                    raise CancelledRunError
                self._bwrap = subprocess.Popen(
                    ["bwrap", "--args", str(arguments), *machine.command(control, note)],
                    executable=machine.bwrap,
                    env={},
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=streams[0],
                    stderr=streams[1],
                    pass_fds=(arguments, control, note),
                    start_new_session=True,
                )
        except OSError as error:
            raise refusal(str(error)) from error
        finally:
            os.close(arguments)

    def _supervise(self, control: socket.socket, note: int) -> RunResult:
        job = self._job
        entries = channel.entries_of(job.workspace)
        try:
            handles = channel.order(control, self._machine, job, entries)
            with self._lock:
                self._handles = handles
            channel.fill(control, job, entries)
            before = baseline(handles.disk)
            channel.go(control)
        except (SetupError, OSError) as error:
            raise self._setup_failure(error) from error
        control.close()
        started = time.monotonic()
        end = self._watch(handles, started + job.limits.timeout_s)
        self._finish(handles)
        end = self._judge(end, handles, note)
        if self._killed:
            raise CancelledRunError
        collected = Collected()
        if job.workspace is not None and not job.read_only:
            disk = max(job.limits.disk_mb * _MIB, sum(entry.status.st_size for entry in entries))
            collected = collect(
                handles.disk, job.workspace, before, disk=disk, files=job.limits.files, seconds=_COLLECT_S
            )
        stdout, stderr = (capture.text() for capture in self._output.values())
        return RunResult(
            exit_code=end.exit_code,
            stdout=stdout,
            stderr=stderr,
            stopped_by=end.stopped_by,
            duration_s=time.monotonic() - started,
            changed=collected.changed,
            removed=collected.removed,
            left_out=collected.left_out,
        )

    def _watch(self, handles: Handles, deadline: float) -> _End | None:
        """Read the output and look at the limits until the code has ended, or must be."""
        limits = self._job.limits
        bwrap = self._process()
        ended = os.pidfd_open(bwrap.pid)
        poll = select.poll()
        for fd in (ended, *self._output):
            poll.register(fd, select.POLLIN)
        try:
            look_at = 0.0
            while True:
                now = time.monotonic()
                if now >= deadline:
                    return _End(exit_code=EXIT_TIME, stopped_by="time")
                if now >= look_at:
                    used = self._look(handles)
                    if used > limits.memory_mb * _MIB:
                        return _End(exit_code=EXIT_MEMORY, stopped_by="memory")
                    look_at = now + (_LOOK_CLOSE_S if used * 4 > limits.memory_mb * _MIB else _LOOK_S)
                for fd, _ in poll.poll(1000 * max(0.0, min(deadline, look_at) - now)):
                    if fd == ended:
                        return None
                    if not self._read(fd):
                        poll.unregister(fd)
                if sum(capture.total for capture in self._output.values()) > limits.output_mb * _MIB:
                    return _End(exit_code=EXIT_MEMORY, stopped_by="output")
        finally:
            os.close(ended)

    def _look(self, handles: Handles) -> int:
        status = os.fstatvfs(handles.disk)
        self._disk_was_full |= status.f_bavail == 0 or status.f_favail == 0
        return meter.used(handles.processes, handles.shared, self._job.limits.memory_mb * _MIB)

    def _read(self, fd: int) -> bool:
        """Take what is there; False at the end of the stream."""
        data = os.read(fd, _CHUNK)
        self._output[fd].add(data)
        return bool(data)

    def _finish(self, handles: Handles) -> None:
        """End what is left, wait until nothing of it lives, and take the last output."""
        _end(handles.first)
        poll = select.poll()
        poll.register(handles.first, select.POLLIN)
        if not poll.poll(1000 * _END_S):
            raise SandboxUnavailableError(
                "A box could not be ended; restart the machine before you run more code."
            )
        for fd in self._output:
            os.set_blocking(fd, False)
            try:
                while self._read(fd):
                    pass
            except BlockingIOError:
                pass  # somebody outside holds the other end, and says nothing
        self._process().wait(_END_S)

    def _judge(self, end: _End | None, handles: Handles, note: int) -> _End:
        if end is not None:
            return end
        code = self._process().returncode
        if code < 0:  # bubblewrap itself was killed, from outside
            code = 128 - code
        os.set_blocking(note, False)
        try:
            noted = os.read(note, 16)
        except BlockingIOError:
            noted = b""
        if code == 0:
            return _End(exit_code=0, stopped_by=None)
        if noted == b"m":
            return _End(exit_code=EXIT_MEMORY, stopped_by="memory")
        if code == 128 + signal.SIGBUS and os.fstatvfs(handles.shared).f_bavail == 0:
            return _End(exit_code=EXIT_MEMORY, stopped_by="memory")
        status = os.fstatvfs(handles.disk)
        full = self._disk_was_full or status.f_bavail == 0 or status.f_favail == 0
        return _End(exit_code=code, stopped_by="disk" if full or noted == b"d" else None)

    def _setup_failure(self, error: Exception) -> Exception:
        """What to raise when the box did not come up: bubblewrap tells on its standard error why."""
        bwrap = self._process()
        bwrap.kill()
        bwrap.wait(_END_S)
        if self._killed:
            return CancelledRunError()
        for fd in self._output:
            os.set_blocking(fd, False)
            try:
                self._read(fd)
            except BlockingIOError:
                continue
        words = " ".join(capture.text() for capture in self._output.values())
        return refusal(f"{words} {error}")

    def _process(self) -> subprocess.Popen[bytes]:
        if self._bwrap is None:
            raise RuntimeError("the box was not started")
        return self._bwrap

    def _close(self) -> None:
        """Whatever happened: nothing of the box lives on, nothing of it is held."""
        with self._lock:
            if self._handles is not None:
                _end(self._handles.first)
                self._handles.close()
                self._handles = None
            if self._bwrap is not None:
                self._bwrap.kill()
                self._bwrap.wait(_END_S)
                self._bwrap = None


def _end(first: int) -> None:
    try:
        signal.pidfd_send_signal(first, signal.SIGKILL)
    except ProcessLookupError:
        return
