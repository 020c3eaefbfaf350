"""What the tests share: the stage, and what came of every attempt as root and as an ordinary user."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import runtime
from tests.security.attempts import ALL
from tests.security.forked import FORKED
from tests.security.keeper import KEEPER
from tests.security.shared import SHARED
from tests.security.stage import ORDINARY, Stage, as_ordinary_user, staged

EVERY = (*ALL, *FORKED, *SHARED, *KEEPER)
Outcome = tuple[int, str, str, str | None, list[str], list[tuple[str, str]]]
"""Exit code, stdout, stderr, what stopped it, what it changed, what was left out and why."""


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    runtime.install(runtime.default_runtime())
    with staged() as stage:
        yield stage


@pytest.fixture(scope="session")
def outcomes(stage: Stage) -> dict[tuple[str, str], Outcome]:
    """By user (root, ordinary) and name: what `driver.py` says of each attempt and script.

    Attempts run in a copy of the bare server, under `warm NAME` in one of the server with the packages, and
    under `copied NAME` where the workspace cannot lie under the box's disk.
    """
    scripts = {attempt.name: stage.fill(attempt.source) for attempt in EVERY} | ORDINARY_SCRIPTS
    warm = {f"warm {attempt.name}": f"# for numpy\n{scripts[attempt.name]}" for attempt in EVERY}
    copied = {f"copied {name}": source for name, source in scripts.items()}
    found: dict[tuple[str, str], Outcome] = {}
    for user in users():
        for way, asked in (("overlay", scripts | warm), ("copy", copied)):
            answers = _drive(stage, user, way, list(asked.values()))
            found |= {(user, name): answer for name, answer in zip(asked, answers, strict=True)}
    return found


def _drive(stage: Stage, user: str, way: str, scripts: list[str]) -> list[Outcome]:
    folder = stage.folder / f"{user}-{way}"
    folder.mkdir()
    if user == "ordinary" and os.geteuid() == 0:
        os.chown(folder, ORDINARY, ORDINARY)
    asked, answered = folder / "asked", folder / "answered"
    asked.write_text(json.dumps(scripts), encoding="utf-8")
    program = str(Path(__file__).with_name("driver.py"))
    driver = [sys.executable, program, str(asked), str(answered), way, stage.canary]
    done = stage.run(as_ordinary_user(driver) if user == "ordinary" else driver, cwd=folder)
    assert done.returncode == 0, done.stderr
    answers: list[Outcome] = json.loads(answered.read_text(encoding="utf-8"))
    return answers


ORDINARY_SCRIPTS = {
    "output": "print('hello')",
    "memory": "x = []\nwhile True: x.append(bytearray(1 << 20))",
    "shared memory": "f = open('/dev/shm/x', 'wb')\nwhile True: f.write(bytes(1 << 20))",
    "disk": "open('/tmp/big', 'wb').write(bytes(64 << 20))",
    "processes": (
        "import os, time\nn = 0\ntry:\n    while n < 500:\n        n += 1\n"
        "        os.fork() or time.sleep(20)\n"
        "except OSError:\n    print(n < 200)"
    ),
    "files": (
        "import os\nos.makedirs('a/b')\nopen('a/b/c', 'w').write('x')\n"
        "os.chmod('a/b/c', 0)\nos.chmod('a/b', 0)"
    ),
    "odd files": (
        "import os, socket, stat\nos.symlink('/etc/passwd', 'link')\nos.mkfifo('fifo')\n"
        "socket.socket(socket.AF_UNIX).bind('socket')\nopen('one', 'w').close()\nos.link('one', 'two')\n"
        "open(b'\\xff', 'w').close()\nopen('plain', 'w').write('x')\n"
        "try: os.mknod('gone', stat.S_IFCHR | 0o600, 0)\nexcept OSError: pass\n"
        "open('giant', 'wb').truncate(1 << 40)"
    ),
    "signal": "import os\nos.abort()",
    "packages": "import pandas, matplotlib.pyplot as plt\nplt.plot([1])\nplt.savefig('a.png')",
}
"""What must hold for whoever runs the box."""


def users() -> list[str]:
    return ["root", "ordinary"] if os.geteuid() == 0 else ["ordinary"]
