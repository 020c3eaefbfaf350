"""The box's disk: one file system of limited size, for what is written to the workspace and to /tmp.

The workspace's own files lie under it, read-only, where the kernel can lay one over the other; else they are
copied in. The real ones are never within reach of a write.
"""

# pathlib is a slow import, and the places here are the box's own
# ruff: noqa: PTH101, PTH102, S103, S108

import os
import struct

from . import kernel
from .order import Order, Stream

ENTRY = struct.Struct("<cIqqI")
"""An entry of the workspace: kind, mode, mtime in ns, size, length of its name."""
HOST = "/host"
"""Where the machine's files are for the server, and for a keeper that looks for a workspace."""
_UPPER, _WORK, _LOWER, _TEMPORARY = "w", "k", "l", "t"
"""Folders of the disk. The last one is /tmp, and covers the others."""
_DISK, _SHARED, _CODE, WORKSPACE = "/tmp", "/dev/shm", "/box", "/workspace"
_FLAGS = kernel.MS_NOSUID | kernel.MS_NODEV
_READ_ONLY = _FLAGS | kernel.MS_RDONLY


class Layers:
    """Descriptors of the disk, of what is written to the workspace, and of where the code is put."""

    def __init__(self, disk: int, upper: int, code: int, *, can_overlay: bool) -> None:
        self.disk, self.upper, self.code = disk, upper, code
        self._can_overlay = can_overlay

    def overlay(self, tree: int, owners: int) -> bool:
        """Lay the disk over the workspace, from within it; False where this cannot be."""
        if tree < 0:
            return False
        try:
            if not self._can_overlay:
                return False
            if owners >= 0:
                kernel.map_owners(tree, owners)
            kernel.attach(tree, _LOWER)
            layers = f"lowerdir={_LOWER},upperdir={_UPPER},workdir={_WORK},userxattr"
            kernel.mount("workspace", WORKSPACE, "overlay", _FLAGS, layers)
        except OSError:
            return False  # the kernel or the file system cannot do it; what is mounted goes with the rest
        finally:
            os.close(tree)
        return True


def mount_all() -> Layers:
    """Mount what every box has, small as yet; made by whoever owns it."""
    kernel.mount("disk", _DISK, "tmpfs", _FLAGS, "size=64k,nr_inodes=64,mode=755")
    for name in (_UPPER, _TEMPORARY, _WORK, _LOWER):
        os.mkdir(f"{_DISK}/{name}", 0o755)
    os.chmod(f"{_DISK}/{_TEMPORARY}", 0o1777)
    kernel.mount("shm", _SHARED, "tmpfs", _FLAGS, "size=64k,nr_inodes=1024,mode=1777")
    kernel.mount("code", _CODE, "tmpfs", _FLAGS, "nr_inodes=8,mode=755")
    disk, upper, code = (_open(place) for place in (_DISK, f"{_DISK}/{_UPPER}", _CODE))
    can_overlay = _remembers(f"{_DISK}/{_UPPER}")
    kernel.bind(_CODE, _CODE, _READ_ONLY)  # only what was opened before can be written through
    kernel.bind(f"{_DISK}/{_TEMPORARY}", _DISK, _FLAGS)
    return Layers(disk, upper, code, can_overlay=can_overlay)


def resize(order: Order) -> None:
    """Let disk and shared memory be as large as this job may have them."""
    remount = kernel.MS_REMOUNT | _FLAGS
    kernel.mount("", _DISK, None, remount, f"size={order.disk},nr_inodes={order.files}")
    kernel.mount("", _SHARED, None, remount, f"size={order.memory},nr_inodes=1024")


def find(place: bytes, workspace: int) -> int:
    """A copy of the mount of the workspace, which lies at `place` of the host; -1 where it cannot be had."""
    tree = -1
    try:
        tree = kernel.open_tree(HOST.encode() + place)
        if os.path.samestat(os.fstat(tree), os.fstat(workspace)):
            return tree
        os.close(tree)  # something was mounted there since the server began
    except OSError:
        pass  # an older kernel, or it is out of sight
    return -1


def fill(stream: Stream) -> None:
    """Write the workspace's files as the host sends them, from within the disk."""
    root = _open(_UPPER)
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
    kernel.bind(_UPPER, WORKSPACE, _FLAGS)


def close(place: str, flags: int = 0) -> None:
    """Let what is mounted there be read only."""
    kernel.mount("", place, None, kernel.MS_BIND | kernel.MS_REMOUNT | _READ_ONLY | flags)


def close_device(place: str) -> None:
    """Let nobody stamp the machine's device with the time, for all to see; it can be written to as before."""
    kept = os.statvfs(place).f_flag & (kernel.MS_NOSUID | kernel.MS_NOEXEC)
    kernel.mount("", place, None, kernel.MS_BIND | kernel.MS_REMOUNT | kernel.MS_RDONLY | kept)


def _open(place: str) -> int:
    return os.open(place, os.O_RDONLY | os.O_DIRECTORY)


def _remembers(upper: str) -> bool:
    """Whether this kernel can remember in it which folders were replaced: older ones cannot."""
    try:
        os.setxattr(upper, "user.box", b"")
        os.removexattr(upper, "user.box")
    except OSError:
        return False
    return True


def _write(stream: Stream, root: int, name: bytes, size: int) -> int:
    """A new file with the next `size` bytes; its descriptor."""
    fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=root)
    for piece in stream.pieces(size):
        view = memoryview(piece)
        while view:
            view = view[os.write(fd, view) :]
    return fd


def _settle(fd: int, mode: int, mtime: int) -> None:
    os.fchmod(fd, mode)
    os.utime(fd, ns=(mtime, mtime))
