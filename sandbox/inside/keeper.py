"""The first process of a box: takes the job, lays the workspace, waits for the end of all, and says so.

While it stands by it sees the machine's files, read-only, and may mount. It goes into the box's own view to
mount the workspace there, and has no right left before the code runs.
"""

# pathlib is a slow import, and the places here are the box's own
# ruff: noqa: PTH208

import _socket
import os
import select
import signal
import struct
from typing import NoReturn

from . import disk, kernel
from .order import Order, Stream
from .world import END, World, close_all_but

_COMPLAINT = 2000
_WAKES = _STAT = 1 << 12
_GLANCES = 50
_EXITING = 4
"""PF_EXITING among the flags in /proc/*/stat: the kernel is ending the task, and nothing stops that."""


class Keeper:
    """`go` and `word` lead to the runner and from it, `said` is where the end is told."""

    def __init__(
        self, control: _socket.socket, world: World, layers: disk.Layers, pipes: tuple[int, int, int]
    ) -> None:
        self._control = control
        self._world = world
        self._layers = layers
        self._go, self._word, self._said = pipes
        os.set_blocking(self._word, False)
        self._inside = os.open("/proc/self/ns/mnt", os.O_RDONLY)
        self._woken, waking = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _wake)
        self._own = (*pipes, self._woken, waking)

    def seal(self, ready: int, handles: list[int]) -> None:
        """Give up all but what laying the workspace takes; tell the host that the box is there.

        Raises OSError and EOFError.
        """
        # what has no handler is not delivered to a first process
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        self._go_home()
        # whatever goes through the overlay is done in the name of whoever mounts it
        kernel.drop_capabilities(kernel.CAP_DAC_OVERRIDE, kernel.CAP_SYS_ADMIN, kernel.CAP_SYS_CHROOT)
        kernel.set_dumpable(dumpable=False)
        kernel.load_filter(self._world.filters[0])
        word = os.read(ready, _COMPLAINT)
        if word[:1] != b"h":
            raise EOFError(f"the runner ended before its job: {word[1:].decode()}")
        self._send(word, handles)
        ways = (self._control.fileno(), self._layers.disk, self._inside)
        close_all_but(*self._own, *ways, *self._world.descriptors())

    def _go_home(self) -> None:
        """Be where workspaces are found; do once what every job takes on the way.

        Memory that is touched now need not be copied later.
        """
        if self._world.rehearses:
            disk.resize(Order(b"j0 0 2 65536 64 65536 1 1 0"))
            _is_ending("/proc/self/stat")
        kernel.enter(self._world.home, kernel.CLONE_NEWNS)
        if self._world.rehearses:
            disk.find(b"/", self._layers.disk)

    def serve(self, runner: int) -> NoReturn:
        """Answer the host until it sends the job; then be the first process until the end."""
        try:
            stream = Stream(self._control)
            while (line := stream.line()).startswith(b"l"):
                self._listen(int(line[1:]))
            if not line:
                os._exit(0)
            order = Order(line)
            self._lay(order, stream)
            self._control.sendall(b"p")
            if order.copied:
                stream.exactly(1)  # the host has looked at what lies there
            close_all_but(*self._own)
            os.write(self._go, line)
            self._watch_over(runner)
        except (OSError, ValueError, EOFError) as error:
            self._control.sendall(b"e" + str(error).encode(errors="replace")[:2000])
        finally:
            os._exit(0)

    def _lay(self, order: Order, stream: Stream) -> None:
        """The workspace is in its place, and this process without rights."""
        place, tree = stream.exactly(order.place), -1
        if order.overlay and self._world.can_lay:
            tree = disk.find(place, stream.descriptor())
        kernel.enter(self._inside, kernel.CLONE_NEWNS)
        os.fchdir(self._layers.disk)
        disk.resize(order)
        if not self._layers.overlay(tree, self._world.owners):
            if not order.empty:
                order.copied = True
                self._control.sendall(b"c")
                disk.fill(stream)
            disk.show()
        os.chdir("/")
        # how soon the kernel kills and whom it serves first is written there: the runner has done so
        disk.close("/proc", kernel.MS_NOEXEC)
        if order.read_only:
            disk.close(disk.WORKSPACE)
        kernel.keep_only()

    def _watch_over(self, runner: int) -> None:
        """Until the runner says that it is through, or is dead: end all others, and say how it ended."""
        poll = select.poll()
        for fd in (self._woken, self._word):
            poll.register(fd, select.POLLIN)
        code, word = None, None
        while code is None and not word:
            ready = [fd for fd, _ in poll.poll()]
            if self._woken in ready:
                os.read(self._woken, _WAKES)
            code, word = _reap(runner), _read(self._word)
            if self._word in ready and not word:
                poll.unregister(self._word)  # a shell has closed it, or somebody has broken it
        end_all_others()
        os.write(self._said, word or END.pack(code, b"-"))
        while True:
            signal.pause()  # the host ends it, once it has time

    def _listen(self, port: int) -> None:
        listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen(64)
            self._send(b"l", [listener.fileno()])
        finally:
            listener.close()

    def _send(self, word: bytes, fds: list[int]) -> None:
        data = struct.pack(f"{len(fds)}i", *fds)
        self._control.sendmsg([word], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, data)])


def end_all_others() -> None:
    """Nothing can run any more but this process when it returns.

    A process that is on its way out never returns to its program: what it wrote is written, and only the
    kernel is still busy with it, for longer than most scripts take.
    """
    while True:
        try:  # noqa: SIM105 - contextlib is a slow import
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:
            pass
        for _ in range(_GLANCES):
            if all(map(_is_going, os.listdir("/proc"))):
                return
            os.sched_yield()
        try:
            os.wait()
        except ChildProcessError:
            return


def _read(word: int) -> bytes:
    """The runner's last word, nothing where there is none."""
    try:
        said = os.read(word, END.size)
    except BlockingIOError:
        return b""
    return said if len(said) == END.size else b""


def _wake(_number: int, _frame: object) -> None:
    """Nothing: that there is a handler is enough to be woken."""


def _reap(runner: int) -> int | None:
    """Let go of all that are dead; the exit code of the runner, if it is among them."""
    code = None
    try:
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            if found[0] == runner:
                code = os.waitstatus_to_exitcode(found[1])
                code = code if code >= 0 else 128 - code
    except ChildProcessError:
        pass
    return code


def _is_going(name: str) -> bool:
    """Whether what is listed under this name in /proc is no other process, or one that only has to end.

    Asked of those that were killed before, which cannot have children any more.
    """
    if not name.isdigit() or name == "1":
        return True
    try:
        tasks = os.listdir(f"/proc/{name}/task")
    except OSError:
        return True  # dead meanwhile
    return all(_is_ending(f"/proc/{name}/task/{task}/stat") for task in tasks)


def _is_ending(stat: str) -> bool:
    try:
        fd = os.open(stat, os.O_RDONLY)
        try:
            fields = os.read(fd, _STAT).rpartition(b")")[2].split()
        finally:
            os.close(fd)
    except OSError:
        return True  # dead meanwhile
    return fields[0] in b"ZX" or bool(int(fields[6]) & _EXITING)
