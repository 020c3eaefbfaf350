"""The host's side of the fork server: start it, ask it for boxes, keep some standing by, end it.

This is the one module that knows how boxes come to be. Its calls may come from any thread.
"""

import contextlib
import os
import select
import signal
import socket
import subprocess
import threading
import time
from collections import deque
from concurrent.futures import Future

from sandbox.channel import Handles
from sandbox.machine import Machine, refusal
from sandbox.values import SandboxUnavailableError
from sandbox.watch import end_all

_REAP_S = 5.0
_WARM_S = 120.0
_COMPLAINT = 1 << 16
_KILLED = (-signal.SIGKILL, 128 + signal.SIGKILL)
"""How bubblewrap ends where it, or the server in it, is killed."""


class _Lane:
    """One of the two servers: where it is asked, and the boxes of it that stand by."""

    def __init__(self, control: socket.socket, *, ready: bool) -> None:
        self.control = control
        self.ready = ready
        self.standing: deque[socket.socket] = deque()

    def ask(self, word: bytes = b"b") -> socket.socket:
        """One more box; what is sent to its socket waits there until it stands by."""
        kind = socket.SOCK_STREAM if word == b"b" else socket.SOCK_SEQPACKET
        ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
        with theirs:
            try:
                socket.send_fds(self.control, [word], [theirs.fileno()])
            except OSError:
                ours.close()
                raise
        return ours

    def take(self) -> socket.socket:
        """A box that stands by, else one that is made now."""
        return self.standing.popleft() if self.standing else self.ask()

    def fill(self, most: int) -> None:
        """Let `most` boxes stand by."""
        while len(self.standing) < most:
            self.standing.append(self.ask())

    def lives(self) -> bool:
        """False where the server died before it was ready; notes when it says that it is.

        One that died later shows when it is asked for a box.
        """
        if self.ready:
            return True
        try:
            self.ready = bool(self.control.recv(1, socket.MSG_DONTWAIT))
        except BlockingIOError:
            return True
        except OSError:
            return False
        return self.ready

    def close(self) -> None:
        while self.standing:
            self.standing.popleft().close()
        self.control.close()


class Server:
    """A bare server and, where `warm`, one with the packages; started when first needed.

    `standing` boxes of each are kept ready.
    """

    def __init__(self, machine: Machine, *, warm: bool, standing: int) -> None:
        self._machine = machine
        self._wants_warm = warm
        self._most = standing
        self._lock = threading.Lock()
        self._bare: _Lane | None = None
        self._warm: _Lane | None = None
        self._bwrap: subprocess.Popen[bytes] | None = None
        self._words = -1
        self._dead: deque[Handles] = deque()

    def box(self, *, packages: bool) -> socket.socket:
        """The way to a box that stands by, or is about to; one with the packages, where there is one yet.

        Raises SandboxUnavailableError. Where the server has died meanwhile the other end is silent: `failed`
        says why, and the next call starts a new one.
        """
        with self._lock:
            for last in (False, True):
                try:
                    bare = self._started()
                    if packages and (warm := self._warmed(bare)) is not None:
                        return warm.take()
                    return bare.take()
                except OSError as error:
                    if last or self._bwrap is None:
                        raise self._refused(error) from error
                    self._let_go(self._bwrap, error)
            raise AssertionError("unreachable")

    def _let_go(self, bwrap: subprocess.Popen[bytes], error: OSError) -> None:
        """End what is left of servers of which one has died; what lives goes on."""
        if self._is_gone(bwrap, error):
            self._end()
        elif self._warm is not None:
            self._warm.close()
            self._warm = None

    def _warmed(self, bare: _Lane) -> _Lane | None:
        """The server with the packages, where it is ready; one that died is replaced."""
        if not self._wants_warm:
            return None
        if self._warm is not None and not self._warm.lives():
            self._warm.close()
            self._warm = None
        if self._warm is None:
            self._warm = _Lane(bare.ask(b"w"), ready=False)
        return self._warm if self._warm.ready else None

    def failed(self, error: BaseException) -> SandboxUnavailableError:
        """What to tell whoever got no box; a server that is dead or silent is ended, to be started anew."""
        with self._lock:
            return self._refused(error)

    def bury(self, handles: Handles) -> None:
        """End a box in which nothing runs any more, later: with the next call of `refill` or `close`."""
        self._dead.append(handles)
        if self._bwrap is None:  # there will be no other call
            self._bury_all()

    def _bury_all(self) -> None:
        while self._dead:
            handles = self._dead.popleft()
            end_all(handles.first)
            handles.close()

    def refill(self) -> None:
        """Let as many boxes stand by as there should, and end the used ones.

        Not when one is taken or given back: then somebody waits.
        """
        self._bury_all()
        with (
            self._lock,
            contextlib.suppress(OSError),
        ):  # one that died is found when the next box is asked for
            for lane in (self._bare, self._warm):
                if lane is not None and lane.ready:
                    lane.fill(self._most)

    def ready(self) -> None:
        """Wait until the packages are imported and boxes stand by. Raises SandboxUnavailableError."""
        deadline = time.monotonic() + _WARM_S
        while time.monotonic() < deadline:
            with self._lock:
                try:
                    bare = self._started()
                    warm = self._warmed(bare)
                except OSError as error:
                    raise self._refused(error) from error
            if warm is not None or not self._wants_warm:
                break
            time.sleep(0.02)
        self.refill()
        for box in [box for lane in (self._bare, self._warm) if lane is not None for box in lane.standing]:
            poll = select.poll()
            poll.register(box, select.POLLIN)
            poll.poll(1000 * _REAP_S)

    def close(self) -> None:
        """End the server, and with it every box."""
        self._bury_all()
        with self._lock:
            self._end()

    def _started(self) -> _Lane:
        if self._bwrap is not None and self._bwrap.poll() is not None:
            self._end()
        if self._bare is None:
            self._bare = self._start()
            self._warmed(self._bare)
        return self._bare

    def _start(self) -> _Lane:
        machine = self._machine
        control, inner = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        words, inner_words = os.pipe()
        try:
            # not on the command line: a box can read that of its first process
            with os.fdopen(os.memfd_create("arguments"), "wb") as arguments:
                arguments.write(b"".join(os.fsencode(word) + b"\0" for word in machine.arguments))
                arguments.seek(0)
                self._bwrap = _run_from_a_thread(
                    ["bwrap", "--args", str(arguments.fileno()), *machine.command(inner.fileno())],
                    executable=machine.bwrap,
                    stderr=inner_words,
                    pass_fds=(arguments.fileno(), inner.fileno()),
                )
        except OSError:
            control.close()
            os.close(words)
            raise
        finally:
            inner.close()
            os.close(inner_words)
        self._words = words
        owner = -1 if machine.owner is None else machine.owner
        with contextlib.suppress(OSError):  # it has died already: the first box says so
            first, others = machine.filters
            control.send(f"{owner} {len(first)}\n".encode() + first + others)
        return _Lane(control, ready=True)

    def _refused(self, error: BaseException) -> SandboxUnavailableError:
        words = ""
        if self._bwrap is not None and self._is_gone(self._bwrap, error):
            was_killed = self._bwrap.poll() in _KILLED
            self._kill(self._bwrap)
            words = _last_words(self._words)
            self._end()
            if was_killed:
                return SandboxUnavailableError(
                    "The server of the boxes was killed (perhaps memory ran out); try again."
                )
        return refusal(f"{words} {error}")

    @staticmethod
    def _is_gone(bwrap: subprocess.Popen[bytes], error: BaseException) -> bool:
        """Others' boxes are in a server that lives: one that failed is no reason to end it."""
        if isinstance(error, TimeoutError):
            return True
        with contextlib.suppress(subprocess.TimeoutExpired):
            bwrap.wait(0.2)
        return bwrap.poll() is not None

    def _end(self) -> None:
        for lane in (self._bare, self._warm):
            if lane is not None:
                lane.close()
        self._bare = self._warm = None
        if self._bwrap is not None:
            self._kill(self._bwrap)
            self._bwrap = None
        if self._words >= 0:
            os.close(self._words)
            self._words = -1

    @staticmethod
    def _kill(bwrap: subprocess.Popen[bytes]) -> None:
        if bwrap.poll() is None:
            # as a group: its child stands alone until it has asked to die with its parent
            with contextlib.suppress(ProcessLookupError):
                os.killpg(bwrap.pid, signal.SIGKILL)
            bwrap.wait(_REAP_S)


def _run_from_a_thread(
    command: list[str], *, executable: str, stderr: int, pass_fds: tuple[int, ...]
) -> subprocess.Popen[bytes]:
    """Start a program from a thread that lives as long: "dies with its parent" means the thread."""
    started: Future[subprocess.Popen[bytes]] = Future()

    def live() -> None:
        try:
            process = subprocess.Popen(
                command,
                executable=executable,
                env={},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                pass_fds=pass_fds,
                start_new_session=True,
            )
        except OSError as error:
            started.set_exception(error)
            return
        started.set_result(process)
        process.wait()

    threading.Thread(target=live, name="sandbox-server", daemon=True).start()
    return started.result()


def _last_words(stream: int) -> str:
    """All that was said, until everybody who could say something is gone."""
    words = b""
    poll = select.poll()
    poll.register(stream, select.POLLIN)
    while poll.poll(1000 * _REAP_S):
        data = os.read(stream, _COMPLAINT)
        if not data:
            break
        words = (words + data)[-_COMPLAINT:]
    return words.decode("utf-8", "replace")
