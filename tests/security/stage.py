"""The host as an attacker would like to find it: canaries in every place where a bot keeps something."""

import contextlib
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ORDINARY = 65532
"""An ordinary user that no system hands out."""
CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where the canaries are."""

    canary: str
    folder: Path
    file: Path
    socket: Path
    port: int
    pid: int

    def fill(self, source: str) -> str:
        """Put the canaries' places into a script."""
        values = {"FILE": self.file, "SOCKET": self.socket, "PORT": self.port, "PID": self.pid}
        for name, value in values.items():
            source = source.replace(f"@{name}@", str(value))
        return source.replace("@CANARY@", self.canary)

    def run(self, command: list[str], *, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run a program as the bot would be run: with the canary in all that a child could inherit."""
        fd = os.open(self.file, os.O_RDONLY)
        os.set_inheritable(fd, True)
        environment = {
            "PATH": os.defpath + ":/usr/sbin:/sbin",
            "TOKEN": self.canary,
            "PYTHONPATH": str(CHECKOUT),
        }
        try:
            return subprocess.run(
                command,
                input=self.canary,
                env=environment,
                cwd=cwd,
                close_fds=False,
                capture_output=True,
                text=True,
                timeout=100,
                check=False,
            )
        finally:
            os.close(fd)


@contextlib.contextmanager
def staged() -> Generator[Stage]:
    """Set the stage, and take it down."""
    canary = f"canary-{secrets.token_hex(8)}"
    with TemporaryDirectory(prefix="stage-") as name, contextlib.ExitStack() as closing:
        folder = Path(name)
        folder.chmod(0o755)
        file, place = folder / "secret", folder / "socket"
        file.write_text(canary, encoding="utf-8")
        tcp, named, abstract = socket.socket(), socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
        for listener, address in ((tcp, ("127.0.0.1", 0)), (named, str(place)), (abstract, f"\0{canary}")):
            closing.enter_context(listener)
            listener.bind(address)
            listener.listen()
        place.chmod(0o777)
        sleeper = subprocess.Popen([sys.executable, "-c", "input()", canary], stdin=subprocess.PIPE)
        closing.callback(sleeper.communicate)
        closing.callback(sleeper.kill)
        port: int = tcp.getsockname()[1]
        yield Stage(canary=canary, folder=folder, file=file, socket=place, port=port, pid=sleeper.pid)


def as_ordinary_user(command: list[str]) -> list[str]:
    """The same command as a user without rights, who can reach interpreter and checkout wherever they lie."""
    if os.geteuid() != 0:
        return command
    needed = sorted({sys.base_prefix, str(CHECKOUT), sys.prefix})
    closed = sorted({_closed_top(path) for path in needed} - {None}, key=str)
    hold = "h=$(mktemp -d); "
    covered = [path for path in needed if _closed_top(path)]
    steps = [f'mkdir "$h/{n}" && mount --bind "{path}" "$h/{n}"' for n, path in enumerate(covered)]
    steps += [f'mount -t tmpfs -o mode=755 none "{top}"' for top in closed]
    steps += [f'mkdir -p "{path}" && mount --move "$h/{n}" "{path}"' for n, path in enumerate(covered)]
    rights = f"--reuid={ORDINARY} --regid={ORDINARY} --clear-groups --bounding-set=-all"
    steps += [f'rm -r "$h"; exec setpriv {rights} "$@"']
    return [
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-c",
        hold + " && ".join(steps),
        "sh",
        *command,
    ]


def _closed_top(path: str) -> str | None:
    """The topmost folder on the way to `path` that others may not pass."""
    for folder in reversed(Path(path).parents):
        if not folder.stat().st_mode & 0o001:
            return str(folder)
    return None
