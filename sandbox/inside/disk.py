"""The box's disk: one file system of limited size, for what is written to the workspace and to /tmp.

The workspace's own files lie under it, read-only, where the kernel can lay one over the other; else they are
copied in. The real ones are never within reach of a write.
"""

# pathlib is a slow import, and the places here are the box's own
# ruff: noqa: PTH101, PTH102, PTH123, S103, S108

import os
import struct

from . import kernel, script
from .order import Order, Stream

ENTRY = struct.Struct("<cIqqI")
"""An entry of the workspace: kind, mode, mtime in ns, size, length of its name."""
UPPER, TEMPORARY = "/tmp/w", "/tmp/t"
_WORK = "/tmp/k"
HOST, _LOWER = "/host", "/host/usr"
"""Where the machine's files are until they are taken away, and the workspace, which stays in use, too."""
_FLAGS = kernel.MS_NOSUID | kernel.MS_NODEV


def mount_all() -> None:
    """Mount what every box has, small as yet; made by whoever owns it."""
    kernel.mount("disk", "/tmp", "tmpfs", _FLAGS, "size=64k,nr_inodes=64,mode=755")
    for name in (UPPER, TEMPORARY, _WORK):
        os.mkdir(name, 0o755)
    os.chmod(TEMPORARY, 0o1777)
    kernel.mount("shm", "/dev/shm", "tmpfs", _FLAGS, "size=64k,nr_inodes=1024,mode=1777")
    kernel.mount("code", "/box", "tmpfs", _FLAGS, "nr_inodes=8,mode=755")


def resize(order: Order) -> None:
    """Let disk and shared memory be as large as this job may have them."""
    remount = kernel.MS_REMOUNT | _FLAGS
    kernel.mount("", "/tmp", None, remount, f"size={order.disk},nr_inodes={order.files}")
    kernel.mount("", "/dev/shm", None, remount, f"size={order.memory},nr_inodes=1024")


def overlay(place: bytes, workspace: int, owners: int) -> bool:
    """Lay the disk over the workspace, which lies at `place` of the host; False where this cannot be."""
    tree = -1
    try:
        tree = kernel.open_tree(HOST.encode() + place)
        if not os.path.samestat(os.fstat(tree), os.fstat(workspace)):
            return False  # something was mounted there since the server began
        os.setxattr(UPPER, "user.box", b"")  # older kernels cannot remember which folders were replaced
        os.removexattr(UPPER, "user.box")
        if owners >= 0:
            kernel.map_owners(tree, owners)
        kernel.attach(tree, _LOWER)
        # whatever goes through the overlay is done in the name of whoever mounts it; the last one is asked of
        # whoever maps the first user of a namespace, later
        kernel.keep_only(kernel.CAP_DAC_OVERRIDE, kernel.CAP_SYS_ADMIN, kernel.CAP_SETFCAP)
        layers = f"lowerdir={_LOWER},upperdir={UPPER},workdir={_WORK},userxattr"
        kernel.mount("workspace", "/workspace", "overlay", _FLAGS, layers)
    except OSError:
        return False  # the kernel or the file system cannot do it; what is mounted goes with the rest
    finally:
        if tree >= 0:
            os.close(tree)
    return True


def fill(stream: Stream) -> None:
    """Write the workspace's files as the host sends them."""
    root = os.open(UPPER, os.O_RDONLY | os.O_DIRECTORY)
    folders: list[tuple[bytes, int, int]] = []
    links: list[tuple[bytes, bytes]] = []
    while True:
        kind, mode, mtime, size, length = ENTRY.unpack(stream.exactly(ENTRY.size))
        name = stream.exactly(length)
        if kind == b".":
            break
        if kind == b"l":
            links.append((name, stream.exactly(size)))
            continue
        if kind == b"d":
            os.mkdir(name, 0o700, dir_fd=root)
            folders.append((name, mode, mtime))
        else:
            fd = _write(stream, root, name, size)
            _settle(fd, mode, mtime)
            os.close(fd)
    for name, target in links:  # only now, so that no file is ever written through one
        os.symlink(target, name, dir_fd=root)
    for name, mode, mtime in reversed(folders):
        fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=root)
        _settle(fd, mode, mtime)
        os.close(fd)
    os.close(root)


def show() -> None:
    """Let the disk be the whole workspace."""
    kernel.bind(UPPER, "/workspace", _FLAGS)


def close_up(order: Order, source: bytes) -> None:
    """Write the code; cover the disk's own folders with the one that is /tmp; close what is not to change."""
    path = script.PATHS[order.shell]
    with open(path, "wb") as file:
        file.write(source)
    kernel.mount("", "/box", None, kernel.MS_REMOUNT | _FLAGS | kernel.MS_RDONLY)
    if order.read_only:
        kernel.mount("", "/workspace", None, kernel.MS_BIND | kernel.MS_REMOUNT | _FLAGS | kernel.MS_RDONLY)
    kernel.bind(TEMPORARY, "/tmp", _FLAGS)


def _write(stream: Stream, root: int, name: bytes, size: int) -> int:
    """A new file with the next `size` bytes; its descriptor."""
    fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=root)
    left = size
    while left:
        piece = stream.piece(left)
        view = memoryview(piece)
        while view:
            view = view[os.write(fd, view) :]
        left -= len(piece)
    return fd


def _settle(fd: int, mode: int, mtime: int) -> None:
    os.fchmod(fd, mode)
    os.utime(fd, ns=(mtime, mtime))
