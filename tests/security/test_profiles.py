"""The profiles for Docker allow what the wall is built with, as a trace shows it, and no more."""

import json
import re
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import TypedDict, cast

import pytest

from tests.security.stage import CHECKOUT, as_ordinary_user

_SCRIPT = (
    "import pandas, subprocess, sqlite3, multiprocessing as m\nopen('a', 'w').write('x')\n"
    "print(subprocess.run(['ls'], capture_output=True))"
)
_RUN = (
    "import asyncio, pathlib, sys, tempfile\nfrom sandbox import Pool, Sandbox\nasync def main():\n"
    "    with tempfile.TemporaryDirectory() as folder:\n        pathlib.Path(folder, 'old').write_text('x')\n"
    "        async with Pool(warm=False) as pool, Sandbox(pathlib.Path(folder), pool=pool) as box:\n"
    f"            assert (await box.run_python({_SCRIPT!r})).exit_code == 0\nasyncio.run(main())"
)
_ANSWERED = {"clone3", "mbind", "ptrace"}
"""Asked for, refused, and done without; the last one by the escape test."""
_CALL = re.compile(r"^\d+\s+(?:<\.\.\. )?([a-z_0-9]+)[( ]", re.MULTILINE)


class _Rule(TypedDict):
    names: list[str]
    action: str


def _rules() -> list[_Rule]:
    profile = json.loads((CHECKOUT / "deploy/seccomp.json").read_text(encoding="utf-8"))
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    return cast("list[_Rule]", profile["syscalls"])


def _allowed() -> set[str]:
    return {name for rule in _rules() if rule["action"] == "SCMP_ACT_ALLOW" for name in rule["names"]}


def _of_a_box() -> set[str]:
    table = resources.files("sandbox").joinpath("syscalls.txt").read_text(encoding="utf-8")
    return {line.split()[0] for line in table.splitlines() if line and not line.startswith("#")}


def test_the_container_may_call_what_a_box_may_and_what_the_wall_needs():
    wall = "capset memfd_create mount move_mount open_tree pivot_root removexattr sethostname setns setxattr"

    assert _allowed() - _of_a_box() == {*wall.split(), "umount2", "unshare"}
    assert _of_a_box() - _allowed() == set()


def test_each_call_is_in_one_rule_or_has_conditions():
    plain = [name for rule in _rules() if "args" not in rule for name in rule["names"]]

    assert len(plain) == len(set(plain))
    assert {"socket", "personality"} & set(plain) == set()


def test_a_trace_shows_nothing_that_is_not_allowed_and_all_that_the_wall_is_given(tmp_path: Path):
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    tmp_path.parent.chmod(0o755)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o777)
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-qq", "-o", str(trace), sys.executable, "-c", _RUN]
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(
        as_ordinary_user(command), env=environment, cwd="/", capture_output=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    called = set(_CALL.findall(trace.read_text(encoding="utf-8", errors="replace")))

    assert called - _allowed() - _ANSWERED == set()
    assert _allowed() - _of_a_box() <= called


def test_the_compose_file_names_the_profiles():
    text = (CHECKOUT / "compose.yaml").read_text(encoding="utf-8")

    assert "seccomp=deploy/seccomp.json" in text
    assert "apparmor=goalkeeper" in text
    assert "profile goalkeeper " in (CHECKOUT / "deploy/apparmor").read_text(encoding="utf-8")
    assert not re.search(r"privileged|docker\.sock|SYS_ADMIN|seccomp[=:]unconfined", text)
