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
from tests.security.stage import ORDINARY, Stage, as_ordinary_user, staged

EVERY = (*ALL, *FORKED)
Outcome = tuple[int, str, str, str | None, list[str]]


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    runtime.install(runtime.default_runtime())
    with staged() as stage:
        yield stage


@pytest.fixture(scope="session")
def outcomes(stage: Stage) -> dict[tuple[str, str], Outcome]:
    """By user (root, ordinary) and name: what `driver.py` says of each attempt and script.

    Attempts run in a copy of the bare server and, under `warm NAME`, in one of the server with the packages.
    """
    scripts = {attempt.name: stage.fill(attempt.source) for attempt in EVERY}
    scripts |= {f"warm {name}": f"# for numpy\n{source}" for name, source in scripts.items()}
    scripts |= ORDINARY_SCRIPTS
    found: dict[tuple[str, str], Outcome] = {}
    for user in users():
        folder = stage.folder / user
        folder.mkdir()
        if user == "ordinary" and os.geteuid() == 0:
            os.chown(folder, ORDINARY, ORDINARY)
        asked, answered = folder / "asked", folder / "answered"
        asked.write_text(json.dumps(list(scripts.values())), encoding="utf-8")
        driver = [
            sys.executable,
            str(Path(__file__).with_name("driver.py")),
            str(asked),
            str(answered),
            stage.canary,
        ]
        done = stage.run(as_ordinary_user(driver) if user == "ordinary" else driver, cwd=folder)
        assert done.returncode == 0, done.stderr
        answers: list[Outcome] = json.loads(answered.read_text(encoding="utf-8"))
        found |= {(user, name): answer for name, answer in zip(scripts, answers, strict=True)}
    return found


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
    "signal": "import os\nos.abort()",
    "packages": "import pandas, matplotlib.pyplot as plt\nplt.plot([1])\nplt.savefig('a.png')",
}
"""What must hold for whoever runs the box."""


def users() -> list[str]:
    return ["root", "ordinary"] if os.geteuid() == 0 else ["ordinary"]
