"""Every attempt fails in a box, as root and as an ordinary user, and gets through outside."""

import os
import sys
from pathlib import Path

import pytest

from tests.security.attempts import Attempt
from tests.security.conftest import EVERY, Outcome
from tests.security.stage import Stage


def _named(attempt: Attempt) -> str:
    return attempt.name


@pytest.mark.parametrize("server", ["", "warm ", "copied "])
@pytest.mark.parametrize("user", ["root", "ordinary"])
@pytest.mark.parametrize("attempt", EVERY, ids=_named)
def test_the_box_holds(attempt: Attempt, user: str, server: str, outcomes: dict[tuple[str, str], Outcome]):
    if user == "root" and os.geteuid() != 0:
        pytest.skip("only root can run this as root")

    code, stdout, stderr, *_ = outcomes[user, server + attempt.name]

    assert stdout.startswith("HELD"), (code, stdout, stderr)


EXPECTED: dict[str, tuple[int, str, str | None, list[str]]] = {
    "output": (0, "hello\n", None, []),
    "memory": (137, "", "memory", []),
    "shared memory": (137, "", "memory", []),
    "disk": (1, "", "disk", []),
    "processes": (0, "True\n", None, []),
    "files": (0, "", None, ["a/b/c"]),
    "odd files": (0, "", None, ["plain"]),
    "signal": (134, "", None, []),
    "packages": (0, "", None, ["a.png"]),
}
"""Exit code, stdout, what stopped it, what it changed."""


@pytest.mark.parametrize("way", ["", "copied "])
@pytest.mark.parametrize("user", ["root", "ordinary"])
@pytest.mark.parametrize("name", EXPECTED)
def test_limits_and_results_are_the_same_for_everybody(
    name: str,
    user: str,
    way: str,
    outcomes: dict[tuple[str, str], Outcome],
):
    if user == "root" and os.geteuid() != 0:
        pytest.skip("only root can run this as root")

    code, stdout, stderr, stopped_by, changed, _ = outcomes[user, way + name]

    assert (code, stdout, stopped_by, changed) == EXPECTED[name], stderr


@pytest.mark.parametrize("way", ["", "copied "])
@pytest.mark.parametrize("user", ["root", "ordinary"])
def test_what_stays_behind_is_named_with_its_reason(
    user: str, way: str, outcomes: dict[tuple[str, str], Outcome]
):
    if user == "root" and os.geteuid() != 0:
        pytest.skip("only root can run this as root")

    *_, left = outcomes[user, f"{way}odd files"]

    assert dict(left) == {
        "\\xff": "its name is not valid UTF-8",
        "fifo": "a FIFO",
        "giant": "larger than what is left of the disk limit",
        "link": "a symbolic link",
        "one": "a file with several names (hard links)",
        "socket": "a socket",
        "two": "a file with several names (hard links)",
    }


@pytest.mark.parametrize("attempt", [row for row in EVERY if not row.no_control], ids=_named)
def test_the_attempt_is_real_outside(attempt: Attempt, stage: Stage, tmp_path: Path):
    done = stage.run([sys.executable, "-c", stage.fill(attempt.source)], cwd=tmp_path)
    if done.stdout.startswith("OPEN"):
        return

    reason = f"{attempt.name}: not possible outside either, here: {done.stdout}{done.stderr}"
    assert attempt.may_fail_outside or os.geteuid() != 0, reason
    print(reason)
