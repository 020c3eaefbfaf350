"""One box: a copy of the fork server, that makes its own walls, stands by, and becomes one script.

Two processes: the first of the box's process namespace, which does nothing but wait and say how the script
ended, and the second, which takes the job. Both have left root, if there was any, before a job comes. The
order matters: mounts first, then a user namespace that owns neither mounts nor network, then limits, then no
capabilities, then the filter. Nothing here can fail open: an error before the code ends the box, and the
host is told why.
"""

# pathlib is a slow import, and the places here are the box's own
# ruff: noqa: PTH123, S108

import _socket
import fcntl
import os
import signal
import struct
import sys
from typing import NoReturn

from . import disk, kernel, script
from .order import Order, Stream

USER = 1000
_LOWEST = 3
_SOCKET_BUFFER = "4096 65536 131072"
"""Least, usual and most bytes that a TCP socket may hold: the machine's own are megabytes."""
_NAMESPACE_KINDS = ("user", "pid", "mnt", "net", "ipc", "uts", "cgroup", "time")
_MOST_DESCRIPTORS = 4
_SET_INTERFACE_FLAGS, _UP_AND_RUNNING = 0x8914, 0x41
_QUIET = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Box:
    """`owner` is the user to become, or -1: nobody else; `owners` shows root's files as `owner`'s."""

    def __init__(self, control: _socket.socket, owner: int, owners: int, program: bytes) -> None:
        self._control = control
        self._owner = owner
        self._owners = owners
        self._program = program
        self._settings = -1

    def stand_by(self) -> NoReturn:
        """Be a box until its end; never returns."""
        try:
            kernel.unshare(
                kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS | kernel.CLONE_NEWNET
            )
            if self._owner >= 0:
                kernel.become(self._owner)
            _no_streams()
            disk.mount_all()
            self._mount_proc()
            _loopback_up()
            reader, writer = os.pipe()
            places = (disk.UPPER, "/dev/shm", "/proc")
            handles = [os.open(place, os.O_RDONLY | os.O_DIRECTORY) for place in places]
            handles += [kernel.pidfd_open(os.getpid()), reader]
            sealed, sealing = os.pipe()
            worker = os.fork()
        except OSError as error:
            self._complain(error)
        if worker == 0:
            os.close(writer)
            os.close(sealing)
            self._wait_for_a_job(handles, sealed)
        self._watch_over(worker, writer, sealing)

    def _mount_proc(self) -> None:
        """Show processes and nothing of the machine; keep a way to this kernel's settings per user."""
        kernel.mount("proc", "/proc", "proc", _QUIET)
        for name in ("tcp_rmem", "tcp_wmem"):
            _set(f"/proc/sys/net/ipv4/{name}", _SOCKET_BUFFER)
        self._settings = os.open("/proc/sys/user", os.O_RDONLY | os.O_DIRECTORY)
        kernel.mount("proc", "/proc", "proc", _QUIET, "subset=pid")

    def _watch_over(self, worker: int, writer: int, sealing: int) -> NoReturn:
        """Be the first process: its end is the end of all; what it says of the script's end is believed."""
        try:
            close_all_but(writer, sealing)
            signal.signal(
                signal.SIGINT, signal.SIG_DFL
            )  # what has no handler is not delivered to a first process
            kernel.drop_capabilities()
            kernel.set_dumpable(dumpable=False)
            kernel.load_filter(self._program)
            os.write(sealing, b"s")
            os.close(sealing)
            while True:
                pid, status = os.wait()
                if pid == worker:
                    break
            code = os.waitstatus_to_exitcode(status)
            _end_all_others()
            os.write(writer, struct.pack("i", code if code >= 0 else 128 - code))
        finally:
            os._exit(0)

    def _wait_for_a_job(self, handles: list[int], sealed: int) -> NoReturn:
        """Say that the box is there, serve what is asked before the job, then be the job."""
        try:
            os.read(sealed, 1)  # the first process is no danger any more, or it ends and all with it
            os.close(sealed)
            script.reseed()
            script.offer_fonts(disk.TEMPORARY)
            self._send(b"h", handles)
            for fd in handles:
                os.close(fd)
            while True:
                word, fds = self._receive()
                if word == b"j":
                    break
                if word != b"l":
                    os._exit(0)
                self._listen()
            shell, note = self._prepare(fds)
        except (OSError, ValueError, EOFError) as error:
            self._complain(error)
        self._control.close()
        if shell:
            script.run_shell()
        script.run_python(note)

    def _listen(self) -> None:
        (port,) = struct.unpack("<H", Stream(self._control.fileno()).exactly(2))
        listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen(64)
            self._send(b"l", [listener.fileno()])
        except OSError as error:
            self._control.sendall(b"e" + str(error).encode()[:2000])
            raise
        finally:
            listener.close()

    def _prepare(self, fds: list[int]) -> tuple[bool, int]:
        """Everything up to the code: whether it is a shell script, and where its last note goes."""
        out, err, note, workspace = fds
        stream = Stream(self._control.fileno())
        order = Order(stream.line())
        place, source = stream.exactly(order.place), stream.exactly(order.source)
        disk.resize(order)
        overlaid = order.empty or (order.overlay and disk.overlay(place, workspace, self._owners))
        kernel.detach(disk.HOST)  # of the machine's files only the fixed view is left, before anything else
        if not overlaid:
            self._control.sendall(b"c")
            disk.fill(stream)
        if order.empty or not overlaid:
            disk.show()
        disk.close_up(order, source)
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.chdir("/workspace")
        script.set_path(on_path=not order.read_only)
        _become_nobody()
        self._limit_namespace()
        data, resident = _memory()
        order.limit(0 if order.shell else data)
        close_all_but(self._control.fileno(), note)
        kernel.drop_capabilities()
        kernel.set_dumpable()
        kernel.load_filter(self._program)
        self._control.sendall(b"p" + struct.pack("<q", 0 if order.shell else resident))
        if not overlaid and self._control.recv(1) != b"g":
            raise EOFError("the host went away")
        return order.shell, note

    def _limit_namespace(self) -> None:
        """No further namespace of any kind, and a small share of what the kernel counts per user."""
        values = dict.fromkeys((f"max_{kind}_namespaces" for kind in _NAMESPACE_KINDS), 0)
        values |= {"max_inotify_instances": 32, "max_inotify_watches": 4096}
        for name, value in values.items():
            _set(name, str(value), inside=self._settings)

    def _send(self, word: bytes, fds: list[int]) -> None:
        data = struct.pack(f"{len(fds)}i", *fds)
        self._control.sendmsg([word], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, data)])

    def _receive(self) -> tuple[bytes, list[int]]:
        """One word and the descriptors that came with it, closed to programs that the script starts."""
        size = struct.calcsize(f"{_MOST_DESCRIPTORS}i")
        word, ancillary, _, _ = self._control.recvmsg(1, _socket.CMSG_SPACE(size), _socket.MSG_CMSG_CLOEXEC)
        fds: list[int] = []
        for level, kind, data in ancillary:
            if (level, kind) == (_socket.SOL_SOCKET, _socket.SCM_RIGHTS):
                fds += struct.unpack(f"{len(data) // 4}i", data)
        return word, fds

    def _complain(self, error: Exception) -> NoReturn:
        try:
            self._control.sendall(b"e" + str(error).encode(errors="replace")[:2000])
        finally:
            os._exit(1)


def _end_all_others() -> None:
    """Nothing is alive but this process when it returns."""
    while True:
        try:  # noqa: SIM105 - contextlib is a slow import
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:
            pass
        try:
            os.wait()
        except ChildProcessError:
            return


def close_all_but(*kept: int) -> None:
    """Let go of every descriptor but the standard ones and `kept`."""
    first = _LOWEST
    for fd in sorted({fd for fd in kept if fd >= _LOWEST}):
        os.closerange(first, fd)
        first = fd + 1
    os.closerange(first, 1 << 20)


def _no_streams() -> None:
    """What the server reads and writes is not the box's; an input of its own, that is always at its end."""
    null = os.open("/dev/null", os.O_RDWR)
    for fd in range(_LOWEST):
        os.dup2(null, fd)
    os.close(null)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()


def _loopback_up() -> None:
    """The box's own loopback works; it leads nowhere."""
    interface = struct.pack("16sh14x", b"lo", _UP_AND_RUNNING)
    with_socket = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
    fcntl.ioctl(with_socket.fileno(), _SET_INTERFACE_FLAGS, interface)
    with_socket.close()


def _become_nobody() -> None:
    """A user namespace of which nothing around us is part."""
    inner = os.geteuid()
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")
    kernel.unshare(kernel.CLONE_NEWUSER)
    kernel.set_dumpable()
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{USER} {inner} 1"),
        ("gid_map", f"{USER} {inner} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _memory() -> tuple[int, int]:
    """Bytes of private mappings, and bytes in use that are no file's: what the packages brought along."""
    with open("/proc/self/statm") as file:
        _, resident, shared, _, _, data, _ = map(int, file.read().split())
    return data * _PAGE, (resident - shared) * _PAGE


def _set(name: str, value: str, *, inside: int | None = None) -> None:
    """Change a setting of the kernel, where this kernel has it."""
    try:
        fd = os.open(name, os.O_WRONLY, dir_fd=inside)
    except FileNotFoundError:
        return
    os.write(fd, value.encode())
    os.close(fd)
