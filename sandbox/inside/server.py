"""The fork server: an interpreter of which every box is a copy; and a second one, with the packages imported.

The first is the first process within bubblewrap's namespaces, the second a child of it. Each is asked for
boxes over a socket, and hands each the socket it came with; what runs in a box is never told to the
server, so that no copy of it can know of another. They have one thread, for a fork takes only one along.
"""

# pathlib is a slow import, and the places here are the box's own
# ruff: noqa: PTH112, PTH114, PTH123, PTH208, S108

import _socket
import gc
import os
import signal
import struct
import sys
from typing import NoReturn

from . import disk, kernel, script, warm
from .box import stand_by
from .world import World, close_all_but

_DESCRIPTOR = struct.Struct("i")


class Server:
    """Serves until its socket's other end is gone; then it ends, and every box of it with it."""

    def __init__(self, control: _socket.socket, world: World) -> None:
        self._control = control
        self._world = world
        self._processes = os.open("/proc/self/ns/pid", os.O_RDONLY)

    def serve(self) -> NoReturn:
        """Make what is asked for: a box, or a second server, which has the packages. Never returns."""
        while True:
            word, ancillary, _, _ = self._control.recvmsg(1, _socket.CMSG_SPACE(_DESCRIPTOR.size))
            if not word:
                os._exit(0)
            for level, kind, data in ancillary:
                if (level, kind) == (_socket.SOL_SOCKET, _socket.SCM_RIGHTS):
                    (fd,) = _DESCRIPTOR.unpack(data)
                    if word == b"b":
                        self._fork(fd)
                    else:
                        self._fork_warm(fd)
                    os.close(fd)

    def _fork_warm(self, fd: int) -> None:
        if os.fork() == 0:
            try:
                self._control.close()
                self._control = _socket.socket(fileno=fd)
                warm.up()
                if len(os.listdir("/proc/self/task")) != 1:
                    raise RuntimeError("a package of the box's Python starts threads of its own")
                freeze()
                self._world.rehearses = False
                self._control.send(b"w")
                self.serve()
            finally:
                os._exit(1)

    def _fork(self, fd: int) -> None:
        """One more box, the first process of its own process namespace; the host sees it fail by silence."""
        try:
            kernel.unshare(kernel.CLONE_NEWPID)
            if os.fork() == 0:
                self._be_a_box(fd)
        except OSError as error:
            sys.stderr.write(f"no box could be forked: {error}\n")
        finally:
            kernel.enter(self._processes, kernel.CLONE_NEWPID)

    def _be_a_box(self, fd: int) -> NoReturn:
        try:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            # the number that is copied is closed with all others, so that what the server holds is not known
            close_all_but(fd, *self._world.descriptors())
            stand_by(_socket.socket(fileno=fd), self._world)
        finally:
            os._exit(1)  # whatever happened: a copy never goes on as the server


def freeze() -> None:
    """What is there already is never looked at again, and so stays shared."""
    gc.collect()
    gc.freeze()


def main(control_fd: int) -> NoReturn:
    """Take the order, and serve."""
    os.set_inheritable(control_fd, False)
    control = _socket.socket(fileno=control_fd)
    line, programs = control.recv(1 << 16).split(b"\n", 1)
    owner, first = map(int, line.split())
    # children are not waited for: a box tells the host itself how it ended
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    kernel.mount("", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("warm", "/tmp", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "size=16m,mode=1777")
    script.offer_fonts()
    os.chdir("/")
    script.set_path()
    owners = _owners(owner) if owner >= 0 else -1
    world = World(owner, owners, _views(), (programs[:first], programs[first:]))
    server = Server(control, world)
    freeze()
    server.serve()


def _views() -> tuple[int, int]:
    """Mount namespaces: this one, and a copy without the machine's files, with which boxes begin."""
    home = os.open("/proc/self/ns/mnt", os.O_RDONLY)
    kernel.unshare(kernel.CLONE_NEWNS)
    kernel.detach(disk.HOST)
    for name in os.listdir("/dev"):
        if not os.path.islink(f"/dev/{name}") and not os.path.isdir(f"/dev/{name}"):
            disk.close_device(f"/dev/{name}")
    base = os.open("/proc/self/ns/mnt", os.O_RDONLY)
    kernel.enter(home, kernel.CLONE_NEWNS)
    return home, base


def _owners(owner: int) -> int:
    """A user namespace in which root's files are `owner`'s: through it a workspace is shown. -1 without."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            kernel.unshare(kernel.CLONE_NEWUSER)
            os.write(writer, b"u")
            signal.pause()
        finally:
            os._exit(1)
    os.close(writer)
    try:
        if os.read(reader, 1) != b"u":
            return -1
        for kind in ("uid", "gid"):
            with open(f"/proc/{pid}/{kind}_map", "w") as file:
                file.write(f"0 {owner} 1")
        return os.open(f"/proc/{pid}/ns/user", os.O_RDONLY)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.close(reader)
