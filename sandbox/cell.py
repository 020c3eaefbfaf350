"""One run in a box of its own: start, watch, end, collect. Synchronous, for a thread of its own.

This is the one module that knows how boxes come to be (bubblewrap, a fresh one for each run).
"""

import contextlib
import os
import select
import signal
import socket
import subprocess
import threading
import time
from dataclasses import dataclass

from sandbox import channel
from sandbox.channel import Handles, Job, SetupError
from sandbox.collect import Baseline, Collected, baseline, collect
from sandbox.machine import Machine, refusal
from sandbox.values import RunResult
from sandbox.watch import End, Watch, end_all

_REAP_S = 5.0
_COLLECT_S = 1.2
"""For collecting from a run that was cut; one that ended by itself has the rest of its time too."""
_COMPLAINT = 1 << 16


class CancelledRunError(Exception):
    """The run was ended by `kill`; nothing of it was collected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ends:
    """Our ends of everything that leads into the box, and the box's."""

    control: socket.socket
    note: int
    output: tuple[int, int]
    inner_control: socket.socket
    inner_note: int
    inner_output: tuple[int, int]

    @classmethod
    def make(cls, closing: contextlib.ExitStack, inner: contextlib.ExitStack) -> "_Ends":
        control, inner_control = socket.socketpair()
        closing.enter_context(control)
        inner.enter_context(inner_control)
        control.settimeout(channel.PATIENCE_S)
        pipes = [os.pipe() for _ in range(3)]
        for ours, theirs in pipes:
            closing.callback(os.close, ours)
            inner.callback(os.close, theirs)
        (note, inner_note), (out, inner_out), (err, inner_err) = pipes
        return cls(
            control=control,
            note=note,
            output=(out, err),
            inner_control=inner_control,
            inner_note=inner_note,
            inner_output=(inner_out, inner_err),
        )


class Cell:
    """One run. `run` is called once, in any thread; `kill` may be called from another at any time."""

    def __init__(self, machine: Machine, job: Job) -> None:
        self._machine = machine
        self._job = job
        self._lock = threading.Lock()
        self._killed = False
        self._control: socket.socket | None = None
        self._bwrap: subprocess.Popen[bytes] | None = None
        self._handles: Handles | None = None

    def kill(self) -> None:
        """End everything in the box at once."""
        with self._lock:
            self._killed = True
            if self._control is not None:
                with contextlib.suppress(OSError):
                    self._control.shutdown(socket.SHUT_RDWR)  # wakes whoever waits for the other end
            self._destroy()

    def run(self) -> RunResult:
        """Run the job to its end. Raises SandboxUnavailableError and CancelledRunError."""
        with contextlib.ExitStack() as closing:
            with contextlib.ExitStack() as inner:
                ends = _Ends.make(closing, inner)
                closing.callback(self._close)
                bwrap = self._start(ends)
            handles, before = self._set_up(bwrap, ends)
            return self._finish(bwrap, ends, handles, before)

    def _start(self, ends: _Ends) -> subprocess.Popen[bytes]:
        machine, control, note = self._machine, ends.inner_control.fileno(), ends.inner_note
        try:
            if machine.owner is not None:
                for stream in ends.inner_output:
                    os.fchown(stream, machine.owner, machine.owner)
            # not on the command line: the box can read that of its first process
            with os.fdopen(os.memfd_create("arguments"), "wb") as arguments, self._lock:
                arguments.write(b"".join(os.fsencode(word) + b"\0" for word in machine.arguments))
                arguments.seek(0)
                if self._killed:
                    raise CancelledRunError
                self._control = ends.control
                self._bwrap = subprocess.Popen(
                    ["bwrap", "--args", str(arguments.fileno()), *machine.command(control, note)],
                    executable=machine.bwrap,
                    env={},
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=ends.inner_output[0],
                    stderr=ends.inner_output[1],
                    pass_fds=(arguments.fileno(), control, note),
                    start_new_session=True,
                )
                return self._bwrap
        except OSError as error:
            raise refusal(str(error)) from error

    def _set_up(self, bwrap: subprocess.Popen[bytes], ends: _Ends) -> tuple[Handles, Baseline]:
        """Until the code runs."""
        try:
            entries = channel.entries_of(self._job.workspace)
            handles = channel.order(ends.control, self._machine, self._job, entries)
            self._hold(handles)
            channel.fill(ends.control, self._job, entries)
            before = baseline(handles.disk)
            channel.go(ends.control)
        except (SetupError, OSError) as error:
            with self._lock:
                self._destroy()
            bwrap.wait(_REAP_S)
            words = _last_words(ends.output)
            if self._killed:
                raise CancelledRunError from error
            raise refusal(f"{words} {error}") from error
        with self._lock:
            self._control = None
        ends.control.close()  # from here on the box has no word with us but its output
        return handles, before

    def _hold(self, handles: Handles) -> None:
        with self._lock:
            self._handles = handles
            if self._killed:
                raise SetupError("it was cancelled")

    def _finish(
        self, bwrap: subprocess.Popen[bytes], ends: _Ends, handles: Handles, before: Baseline
    ) -> RunResult:
        limits = self._job.limits
        started = time.monotonic()
        deadline = started + limits.timeout_s
        watch = Watch(handles, limits, ends.output)
        ended = os.pidfd_open(bwrap.pid)
        try:
            stopped = watch.until_end(ended, deadline)
        finally:
            os.close(ended)
        watch.finish()
        duration = time.monotonic() - started
        bwrap.wait(_REAP_S)
        if self._killed:
            raise CancelledRunError
        end = stopped or self._judge(watch, bwrap.returncode, ends.note)
        left = 0.0 if stopped else max(0.0, deadline - time.monotonic())
        collected = self._collect(handles, before, _COLLECT_S + left)
        stdout, stderr = watch.texts()
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

    def _judge(self, watch: Watch, code: int, note: int) -> End:
        os.set_blocking(note, False)
        try:
            noted = os.read(note, 16)
        except BlockingIOError:
            noted = b""
        # a negative code is bubblewrap's own: it was killed from outside
        return watch.judge(code if code >= 0 else 128 - code, noted)

    def _collect(self, handles: Handles, before: Baseline, seconds: float) -> Collected:
        job = self._job
        if job.workspace is None or job.read_only:
            return Collected()
        status = os.fstatvfs(handles.disk)
        room = status.f_blocks * status.f_frsize
        return collect(
            handles.disk, job.workspace, before, disk=room, files=job.limits.files, seconds=seconds
        )

    def _close(self) -> None:
        """Whatever happened: nothing of the box lives on, nothing of it is held."""
        with self._lock:
            self._destroy()
            self._control = None
            if self._handles is not None:
                self._handles.close()
                self._handles = None
            if self._bwrap is not None:
                self._bwrap.wait(_REAP_S)
                self._bwrap = None

    def _destroy(self) -> None:
        """Kill the first process of the box, with which all others go, and bubblewrap itself."""
        if self._handles is not None:
            end_all(self._handles.first)
        if self._bwrap is not None and self._bwrap.poll() is None:
            # as a group: its child stands alone until it has asked to die with its parent
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._bwrap.pid, signal.SIGKILL)


def _last_words(streams: tuple[int, int]) -> str:
    """All that was said, until everybody who could say something is gone."""
    words: list[str] = []
    for stream in streams:
        poll = select.poll()
        poll.register(stream, select.POLLIN)
        while poll.poll(1000 * _REAP_S):
            data = os.read(stream, _COMPLAINT)
            if not data:
                break
            words = [*words, data.decode("utf-8", "replace")][-10:]
    return " ".join(words)
