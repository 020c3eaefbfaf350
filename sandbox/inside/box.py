"""One box: a copy of the fork server, that makes its own walls, stands by, and becomes one script.

Two processes: the *keeper*, the first of the box's process namespace, which takes the job, lays the
workspace and says how the script ended; and the *runner*, which becomes the script. All that can be done
before a job is known is done ahead. Both have left root, if there was any, before a job comes. The order
matters: mounts first, then a user namespace that owns neither mounts nor network, then limits, then no
capabilities, then the filter. Nothing here can fail open: an error before the code ends the box, and the
host is told why.
"""

# pathlib is a slow import, and the places here are the box's own
# ruff: noqa: S108

import _socket
import fcntl
import os
import struct
import sys
from typing import NoReturn

from . import disk, kernel
from .keeper import Keeper, end_all_others
from .runner import Runner
from .world import LOWEST, World

_SOCKET_BUFFER = "4096 65536 131072"
"""Least, usual and most bytes that a TCP socket may hold: the machine's own are megabytes."""
_SET_INTERFACE_FLAGS, _UP_AND_RUNNING = 0x8914, 0x41
_QUIET = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
_KINDS = kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS | kernel.CLONE_NEWNET


def stand_by(control: _socket.socket, world: World) -> NoReturn:
    """Be a box until its end; never returns."""
    try:
        os.setsid()  # a signal to one's group would reach the server and all boxes
        kernel.enter(world.base, kernel.CLONE_NEWNS)
        kernel.unshare(_KINDS)
        if world.owner >= 0:
            kernel.become(world.owner)
        _no_streams()
        layers = disk.mount_all()
        settings = _mount_proc()
        _loopback_up()
        end_all_others()  # there are none: what is touched here is the keeper's own by the time it matters
        ready, telling = os.pipe()
        going, go = os.pipe()
        status, said = os.pipe()
        word, note = os.pipe()
        streams = [os.pipe() for _ in range(2)]
        handles = [layers.upper, os.open("/dev/shm", os.O_RDONLY), os.open("/proc", os.O_RDONLY)]
        handles += [kernel.pidfd_open(os.getpid()), status, layers.code, *(reader for reader, _ in streams)]
        runner = os.fork()
    except OSError as error:
        complain(control, error)
    if runner == 0:
        Runner(world, settings, telling, going).stand_by([*(writer for _, writer in streams), note])
    try:
        os.close(telling)
        os.close(note)
        keeper = Keeper(control, world, layers, (go, word, said))
        keeper.seal(ready, handles)
    except (OSError, EOFError) as error:
        complain(control, error)
    keeper.serve(runner)


def complain(control: _socket.socket, error: Exception) -> NoReturn:
    """Tell the host why there is no box, and end it."""
    try:
        control.sendall(b"e" + str(error).encode(errors="replace")[:2000])
    finally:
        os._exit(1)


def _mount_proc() -> int:
    """Show processes and nothing of the machine; a way to this kernel's settings per user."""
    kernel.mount("proc", "/proc", "proc", _QUIET)
    for name in ("tcp_rmem", "tcp_wmem"):
        kernel.set_value(f"/proc/sys/net/ipv4/{name}", _SOCKET_BUFFER)
    settings = os.open("/proc/sys/user", os.O_RDONLY | os.O_DIRECTORY)
    kernel.mount("proc", "/proc", "proc", _QUIET, "subset=pid")
    return settings


def _no_streams() -> None:
    """What the server reads and writes is not the box's; an input of its own, that is always at its end."""
    null = os.open("/dev/null", os.O_RDWR)
    for fd in range(LOWEST):
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
