"""The folder of the embedded Redis: who may use it, how much room is left, what its server said last."""

import errno
import fcntl
import hashlib
import os
import re
import shutil
import signal
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from agent_core.errors import StartError

PID_FILE = "redis.pid"

_LOG = "redis.log"
_LONGEST_SOCKET_PATH = 100  # bytes; the kernel's own limit is 107
_LEAST_FREE_BYTES = 32 << 20
_STAMP = re.compile(r"^\d+:\w \d+ \w+ \d+ [\d:.]+ \S ")
_LONGEST_WORDS = 300


def socket_path(folder: Path) -> Path:
    """Where the socket lies: in the folder, or in a short private one where that path is too long."""
    path = folder / "redis.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    # Always the same name, so that a server left behind is found again.
    short = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"goalkeeper-{os.getuid()}-{short}" / "redis.sock"


def own(folder: Path, socket: Path) -> int:
    """Make the folder ours alone; the descriptor that holds it. Raises StartError where it cannot be ours."""
    try:
        _make_private(folder)
        _make_private(socket.parent)
        descriptor = os.open(folder / "owner.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise unusable(folder, error) from error
    if not _locked(descriptor):
        holder = os.read(descriptor, 32).decode(errors="replace").strip() or "?"
        os.close(descriptor)
        raise StartError(
            f"Process {holder} already runs on {folder.parent}. Stop it, or set DATA_DIR to another folder."
        )
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return descriptor


def lock_server(folder: Path) -> int | None:
    """The lock that a living server holds, as a descriptor; None while one lives."""
    descriptor = os.open(folder / "server.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if _locked(descriptor):
        return descriptor
    os.close(descriptor)
    return None


def check_space(folder: Path) -> None:
    """Raises StartError where the disk is full, or nearly."""
    if shutil.disk_usage(folder).free < _LEAST_FREE_BYTES:
        raise unusable(folder, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))


def log_file(folder: Path) -> BinaryIO:
    """Where the server writes, emptied at each of its starts."""
    return (folder / _LOG).open("wb")


def last_words(folder: Path) -> str:
    """The last line that the server wrote, advice about the host's settings left out."""
    said: list[str] = []
    with suppress(OSError):
        lines = (folder / _LOG).read_text(encoding="utf-8", errors="replace").split("\n")
        said = [words for line in lines if (words := _STAMP.sub("", line).strip())]
    said = [words for words in said if not words.startswith("WARNING")]
    return said[-1][:_LONGEST_WORDS] if said else "it said nothing."


def kill_left_over(folder: Path) -> None:
    """Kill the server that lives in this folder, and no other process that has its number by now."""
    with suppress(OSError, ValueError):
        pid = int((folder / PID_FILE).read_text(encoding="ascii"))
        if Path(f"/proc/{pid}/cwd").readlink() == folder:
            os.kill(pid, signal.SIGKILL)


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise PermissionError(errno.EPERM, "it belongs to somebody else")
    folder.chmod(0o700)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unusable(folder: Path, error: OSError) -> StartError:
    """What to tell the host about this error."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StartError(
            f"The disk that holds {folder} is full. Free some space, or set DATA_DIR to another disk."
        )
    return StartError(
        f"{folder} cannot be used ({error.strerror}). Make it writable, or set DATA_DIR to another folder."
    )
