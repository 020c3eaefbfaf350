"""What this machine offers for a box, found out once; and in one sentence what to do where it does not."""

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path

from sandbox import mounts, seccomp
from sandbox.runtime import default_runtime, is_ready
from sandbox.values import SandboxUnavailableError

BOX_OWNER = 65533
"""The user that a box runs as where we are root: in no range that distributions or systemd hand out."""

_INSTALLERS = {
    "apt-get": "apt-get install bubblewrap",
    "dnf": "dnf install bubblewrap",
    "pacman": "pacman -S bubblewrap",
    "apk": "apk add bubblewrap",
    "zypper": "zypper install bubblewrap",
}
_CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv")
_VARIABLES = {
    "HOME": "/tmp",  # noqa: S108
    "TMPDIR": "/tmp",  # noqa: S108
    "PATH": "/opt/python/bin:/usr/local/bin:/usr/bin:/bin",
    "USER": "box",
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "MPLBACKEND": "Agg",
    "MPLCONFIGDIR": "/tmp/.matplotlib",  # noqa: S108
    "PYTHONUTF8": "1",
    "PYTHONUNBUFFERED": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "MALLOC_ARENA_MAX": "4",
}
_THREADED = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_MOST_THREADS = 4
_START = "from inside.server import main; main({control})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Everything about this machine that every box needs."""

    bwrap: str
    owner: int | None
    """The user id to become, where we are root."""
    runtime: Path
    filters: tuple[bytes, bytes]
    """For a box's first process, and for all others in it."""
    arguments: tuple[str, ...]
    """What bubblewrap is asked for, up to the command: the walls around the fork server."""

    def command(self, control: int) -> tuple[str, ...]:
        """The fork server, told the descriptor by which it is asked for boxes."""
        return (f"{mounts.RUNTIME}/bin/python", "-S", "-u", "-c", _START.format(control=control))


def examine(runtime: Path | None = None) -> Machine:
    """Find what a box needs. Raises SandboxUnavailableError for what can be seen without starting one."""
    if sys.platform != "linux":
        raise SandboxUnavailableError("Code needs Linux to be run safely: use Docker, Podman or WSL2.")
    if platform.machine() not in seccomp.MACHINES:
        raise SandboxUnavailableError(
            f"There is no system-call filter for {platform.machine()!r} processors yet."
        )
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise SandboxUnavailableError(f"bubblewrap is missing; type: {_installer()}")
    place = default_runtime() if runtime is None else runtime
    if not is_ready(place):
        raise SandboxUnavailableError("The box's Python is not there yet; type: python -m sandbox install")
    _compile_launcher()
    owner = BOX_OWNER if os.geteuid() == 0 else None
    return Machine(
        bwrap=bwrap,
        owner=owner,
        runtime=place,
        filters=(
            seccomp.program(platform.machine(), lays_mounts=True),
            seccomp.program(platform.machine()),
        ),
        arguments=tuple(_arguments(place, owner)),
    )


def refusal(words: str) -> SandboxUnavailableError:
    """Turn what bubblewrap, the server or a box said into one sentence that says what to do."""
    said = " ".join(words.split())[-400:] or "it ended without a word"
    if any(Path(mark).exists() for mark in _CONTAINER_MARKS):
        return SandboxUnavailableError(
            "This container forbids the namespaces of a box, so no code is run; type:"
            " docker compose up goalkeeper (compose.yaml gives it the profiles of deploy/; with docker run:"
            " --security-opt seccomp=deploy/seccomp.json --security-opt apparmor=goalkeeper --security-opt"
            f" systempaths=unconfined). It said: {said}"
        )
    for setting, value in (
        ("kernel.unprivileged_userns_clone", "1"),
        ("kernel.apparmor_restrict_unprivileged_userns", "0"),
    ):
        path = Path("/proc/sys") / setting.replace(".", "/")
        if os.geteuid() != 0 and path.exists() and path.read_text(encoding="ascii").strip() != value:
            return SandboxUnavailableError(
                "This system forbids user namespaces, so no code is run; type:"
                f" sudo sysctl -w {setting}={value} (it said: {said})"
            )
    return SandboxUnavailableError(f"No box could be started, so no code is run. It said: {said}")


def _compile_launcher() -> None:
    """Leave bytecode beside the launcher: nothing may be written from within a box."""
    for path in (Path(__file__).parent / "inside").glob("*.py"):
        SourceFileLoader(path.stem, str(path)).get_code(path.stem)


def _installer() -> str:
    prefix = "" if os.geteuid() == 0 else "sudo "
    for manager, line in _INSTALLERS.items():
        if shutil.which(manager):
            return prefix + line
    return "apt-get install bubblewrap (or dnf, pacman -S)"


def _arguments(runtime: Path, owner: int | None) -> Iterator[str]:
    for kind in ("pid", "ipc", "uts", "net", "cgroup-try"):
        yield f"--unshare-{kind}"
    if owner is None:
        # root of a user namespace of its own, until the launcher leaves that too
        yield from ("--unshare-user", "--uid", "0", "--gid", "0")
    yield from ("--cap-add", "ALL", "--as-pid-1", "--die-with-parent", "--new-session")
    yield from ("--hostname", "box", "--clearenv")
    threads = str(min(os.cpu_count() or 1, _MOST_THREADS))
    for name, value in {**_VARIABLES, **dict.fromkeys(_THREADED, threads)}.items():
        yield from ("--setenv", name, value)
    yield from mounts.arguments(runtime)
