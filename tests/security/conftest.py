"""What the tests share: the stage, and what came of every attempt as root and as an ordinary user."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import runtime
from tests.security.attempts import ALL
from tests.security.stage import ORDINARY, Stage, as_ordinary_user, staged

Outcome = tuple[int, str, str]


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    runtime.install(runtime.default_runtime())
    with staged() as stage:
        yield stage


@pytest.fixture(scope="session")
def outcomes(stage: Stage) -> dict[tuple[str, str], Outcome]:
    """By user ("root", "ordinary") and name of the attempt: exit code, stdout and stderr in the box."""
    found: dict[tuple[str, str], Outcome] = {}
    for user in users():
        folder = stage.folder / user
        folder.mkdir()
        if user == "ordinary" and os.geteuid() == 0:
            os.chown(folder, ORDINARY, ORDINARY)
        asked, answered = folder / "asked", folder / "answered"
        asked.write_text(json.dumps([stage.fill(attempt.source) for attempt in ALL]), encoding="utf-8")
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
        found |= {(user, attempt.name): answer for attempt, answer in zip(ALL, answers, strict=True)}
    return found


def users() -> list[str]:
    return ["root", "ordinary"] if os.geteuid() == 0 else ["ordinary"]
