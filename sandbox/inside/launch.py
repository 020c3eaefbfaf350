"""Set up one box from within, give up every right, and become the stranger's code.

bubblewrap has made the namespaces and the read-only root. What is left needs rights that the code must not
have: the size-limited disk, a fresh /proc, the limits of a new user namespace, the filter. The order matters:
mounts first, then another user, then a user namespace that owns neither mounts nor network, then limits, then
no capabilities, then the filter. Nothing here can fail open: an error before the filter is loaded ends the
box, and the host says why.
"""

# pathlib is a slow import, and the places here are the box's own
# ruff: noqa: PTH101, PTH102, PTH123, S103, S108

import _socket
import io
import os
import resource
import struct
import sys

from . import kernel, script

ENTRY = struct.Struct("<cIqqI")
"""An entry of the workspace: kind, mode, mtime in ns, size, length of its name."""
USER = 1000
_NOTE = 3
_SOCKET_BUFFER = "4096 65536 131072"
"""Least, usual and most bytes that a TCP socket may hold: the machine's own are megabytes."""
_CHUNK = 1 << 20
_NAMESPACE_KINDS = ("user", "pid", "mnt", "net", "ipc", "uts", "cgroup", "time")


class Order:
    """What the host asks for, in one line of numbers. A plain class: dataclasses take 20 ms to import."""

    def __init__(self, line: bytes) -> None:
        numbers = [int(word) for word in line.split()]
        self.shell, self.read_only = bool(numbers[0]), bool(numbers[1])
        self.owner = numbers[2]
        """The host's user id to become, or -1: stay who bubblewrap made us."""
        self.disk, self.files, self.shared, self.data = numbers[3:7]
        self.processes, self.descriptors, self.filter_size = numbers[7:]


def main(control_fd: int, note_fd: int) -> None:
    """Read the order, build the box, run the code. Returns when the script has ended."""
    control = _socket.socket(fileno=control_fd)
    os.set_inheritable(control_fd, False)
    os.set_inheritable(note_fd, False)
    try:
        shell = _prepare(control)
    except (OSError, ValueError, EOFError) as error:
        control.sendall(b"e" + str(error).encode(errors="replace")[:2000])
        os._exit(1)
    control.close()
    if shell:
        script.run_shell()
        return
    os.dup2(note_fd, _NOTE, inheritable=False)
    if note_fd != _NOTE:
        os.close(note_fd)
    script.run_python(_NOTE)


def _prepare(control: _socket.socket) -> bool:
    stream = io.BufferedReader(io.FileIO(control.fileno(), closefd=False), _CHUNK)
    order = Order(stream.readline())
    program = _exactly(stream, order.filter_size)
    _mount_disk(order)
    settings = _mount_proc()
    _hand_over(control)
    _fill(stream, order)
    os.chdir("/workspace")
    script.set_path(on_path=not order.read_only)
    _become_nobody(order)
    _limit_namespace(settings)
    _limit_process(order)
    control.sendall(b"p")
    if control.recv(1) != b"g":
        raise EOFError("the host went away")
    kernel.drop_capabilities()
    kernel.set_dumpable()
    kernel.load_filter(program)
    return order.shell


def _mount_disk(order: Order) -> None:
    """One file system of limited size holds the workspace and /tmp; shared memory has its own."""
    flags = kernel.MS_NOSUID | kernel.MS_NODEV
    kernel.mount("disk", "/tmp", "tmpfs", flags, f"size={order.disk},nr_inodes={order.files},mode=755")
    for name in ("w", "t"):
        os.mkdir(f"/tmp/{name}", 0o755)
    os.chmod("/tmp/t", 0o1777)
    if order.owner >= 0:
        os.chown("/tmp/w", order.owner, order.owner)
    kernel.bind("/tmp/w", "/workspace", flags)
    kernel.bind("/tmp/t", "/tmp", flags)
    kernel.mount("shm", "/dev/shm", "tmpfs", flags, f"size={order.shared},nr_inodes=1024,mode=1777")
    kernel.mount("code", "/box", "tmpfs", flags, "nr_inodes=8,mode=755")


def _mount_proc() -> int:
    """Show processes and nothing of the machine; returns a descriptor for /proc/sys of the full view."""
    flags = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
    kernel.mount("proc", "/proc", "proc", flags)
    for name in ("tcp_rmem", "tcp_wmem"):
        _set(f"/proc/sys/net/ipv4/{name}", _SOCKET_BUFFER)
    settings = os.open("/proc/sys/user", os.O_RDONLY | os.O_DIRECTORY)
    kernel.mount("proc", "/proc", "proc", flags, "subset=pid")
    return settings


def _hand_over(control: _socket.socket) -> None:
    """Give the host what it watches and collects by: disk, shared memory, processes, the first of them."""
    places = ("/workspace", "/dev/shm", "/proc")
    fds = [os.open(place, os.O_RDONLY | os.O_DIRECTORY) for place in places] + [kernel.pidfd_open(1)]
    control.sendmsg([b"m"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, struct.pack(f"{len(fds)}i", *fds))])
    for fd in fds:
        os.close(fd)


def _fill(stream: "io.BufferedReader[io.FileIO]", order: Order) -> None:
    """Write the workspace's files as the host sends them, then the code itself."""
    root = os.open("/workspace", os.O_RDONLY | os.O_DIRECTORY)
    folders: list[tuple[bytes, int, int]] = []
    links: list[tuple[bytes, bytes]] = []
    while True:
        kind, mode, mtime, size, length = ENTRY.unpack(_exactly(stream, ENTRY.size))
        name = _exactly(stream, length)
        if kind == b".":
            break
        if kind == b"l":
            links.append((name, _exactly(stream, size)))
            continue
        if kind == b"d":
            os.mkdir(name, 0o700, dir_fd=root)
            folders.append((name, mode, mtime))
        else:
            fd = _write(stream, root, name, size)
            _settle(fd, mode, mtime, order.owner)
            os.close(fd)
    for name, target in links:  # only now, so that no file is ever written through one
        os.symlink(target, name, dir_fd=root)
    for name, mode, mtime in reversed(folders):
        fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=root)
        _settle(fd, mode, mtime, order.owner)
        os.close(fd)
    os.close(root)
    (size,) = struct.unpack("<q", _exactly(stream, 8))
    with open(script.PATHS[order.shell], "wb") as file:
        file.write(_exactly(stream, size))
    flags = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_RDONLY
    kernel.mount("", "/box", None, kernel.MS_REMOUNT | flags)
    if order.read_only:
        kernel.mount("", "/workspace", None, kernel.MS_BIND | kernel.MS_REMOUNT | flags)


def _write(stream: "io.BufferedReader[io.FileIO]", root: int, name: bytes, size: int) -> int:
    """A new file with the next `size` bytes; its descriptor."""
    fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=root)
    left = size
    while left:
        piece = stream.read(min(left, _CHUNK))
        if not piece:
            raise EOFError("the host went away")
        view = memoryview(piece)
        while view:
            view = view[os.write(fd, view) :]
        left -= len(piece)
    return fd


def _settle(fd: int, mode: int, mtime: int, owner: int) -> None:
    if owner >= 0:
        os.fchown(fd, owner, owner)
    os.fchmod(fd, mode)
    os.utime(fd, ns=(mtime, mtime))


def _become_nobody(order: Order) -> None:
    """Another user where we are root, then a user namespace of which nothing around us is part."""
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")
    inner = 0
    if order.owner >= 0:
        os.setgroups([])
        os.setresgid(order.owner, order.owner, order.owner)
        os.setresuid(order.owner, order.owner, order.owner)
        kernel.set_dumpable()
        inner = order.owner
    kernel.unshare(kernel.CLONE_NEWUSER)
    kernel.set_dumpable()
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{USER} {inner} 1"),
        ("gid_map", f"{USER} {inner} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _limit_namespace(settings: int) -> None:
    """No further namespace of any kind, and a small share of what the kernel counts per user."""
    values = dict.fromkeys((f"max_{kind}_namespaces" for kind in _NAMESPACE_KINDS), 0)
    values |= {"max_inotify_instances": 32, "max_inotify_watches": 4096}
    for name, value in values.items():
        _set(name, str(value), inside=settings)
    os.close(settings)


def _set(name: str, value: str, *, inside: int | None = None) -> None:
    """Change a setting of the kernel, where this kernel has it."""
    try:
        fd = os.open(name, os.O_WRONLY, dir_fd=inside)
    except FileNotFoundError:
        return
    os.write(fd, value.encode())
    os.close(fd)


def _limit_process(order: Order) -> None:
    """Hard limits; NPROC after the user namespace, so that it counts this box alone."""
    mib = 1 << 20
    for kind, value in (
        (resource.RLIMIT_DATA, order.data),
        (resource.RLIMIT_NPROC, order.processes),
        (resource.RLIMIT_NOFILE, order.descriptors),
        (resource.RLIMIT_STACK, 8 * mib),
        (resource.RLIMIT_MEMLOCK, 64 << 10),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_RTPRIO, 0),
        (resource.RLIMIT_NICE, 0),
        (resource.RLIMIT_SIGPENDING, 1024),
    ):
        hard = resource.getrlimit(kind)[1]
        bounded = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (bounded, bounded))
    os.nice(5)
    os.umask(0o022)


def _exactly(stream: "io.BufferedReader[io.FileIO]", size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise EOFError("the host went away")
    return data


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
