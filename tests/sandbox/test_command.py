"""`python -m sandbox run`: the exit code, stdout and stderr are the script's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox import Pool

_CHECKOUT = Path(__file__).parents[2]


def _run(*words: str, path: str | None = None) -> subprocess.CompletedProcess[bytes]:
    environment = {
        "PATH": path if path is not None else os.defpath,
        "PYTHONPATH": str(_CHECKOUT),
        "SECRET": "host",
    }
    return subprocess.run(
        [sys.executable, "-m", "sandbox", *words],
        capture_output=True,
        env=environment,
        timeout=60,
        check=False,
        input=b"typed",
    )


@pytest.fixture
def script(tmp_path: Path, pool: Pool) -> Path:
    return tmp_path / "script.py"


def test_output_and_exit_code_are_the_scripts(script: Path):
    script.write_text(
        (
            "import sys\nprint('out é')\nprint('err', file=sys.stderr)\n"
            "print(repr(sys.stdin.read()))\nsys.exit(3)"
        ),
        encoding="utf-8",
    )

    done = _run("run", str(script))

    assert (done.returncode, done.stdout.decode(), done.stderr) == (3, "out é\n''\n", b"err\n")


@pytest.mark.parametrize(
    ("source", "words", "code"),
    [
        ("while True: pass", ("--timeout", "0.5"), 124),
        ("x = bytearray(1 << 30)", ("--memory", "200"), 137),
        ("open('a', 'wb').write(bytes(30 << 20))", ("--disk", "10"), 1),
        ("import os; os.abort()", (), 134),
        ("1/0", (), 1),
        ("", (), 0),
    ],
)
def test_limits_end_it_as_documented(source: str, words: tuple[str, ...], code: int, script: Path):
    script.write_text(source, encoding="utf-8")

    assert _run("run", str(script), *words).returncode == code


def test_the_workspace_is_kept_and_without_one_nothing_is_left(script: Path, tmp_path: Path):
    script.write_text("import os\nprint(os.listdir())\nopen('made', 'w').write('x')", encoding="utf-8")
    folder = tmp_path / "folder"

    first, second, without = (
        _run("run", str(script), "--workspace", str(folder)),
        _run("run", str(script), "--workspace", str(folder)),
        _run("run", str(script)),
    )

    assert (first.stdout, second.stdout, without.stdout) == (b"[]\n", b"['made']\n", b"[]\n")
    assert (folder / "made").read_text(encoding="utf-8") == "x"


def test_a_file_that_cannot_be_read_is_2(tmp_path: Path):
    for path in (tmp_path / "missing.py", tmp_path):
        done = _run("run", str(path))
        assert done.returncode == 2
        assert str(path) in done.stderr.decode()


@pytest.mark.parametrize(
    "words", [("--timeout", "0"), ("--memory", "-1"), ("--disk", "x"), ("--timeout", "nan")]
)
def test_a_limit_that_is_none_is_2(words: tuple[str, str], script: Path):
    script.write_text("print(1)", encoding="utf-8")

    done = _run("run", str(script), *words)

    assert (done.returncode, done.stdout) == (2, b"")


def test_without_bubblewrap_it_is_125_and_nothing_was_run(script: Path, tmp_path: Path):
    script.write_text("print('ran')", encoding="utf-8")

    done = _run("run", str(script), path=str(tmp_path))

    assert (done.returncode, done.stdout) == (125, b"")
    assert b"bubblewrap is missing; type: " in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_where_the_kernel_refuses_namespaces_it_is_125_and_nothing_was_run(script: Path):
    script.write_text("print('ran')", encoding="utf-8")
    # what a container's filter does: no unshare, and no clone with namespaces, for all that runs below it
    starter = (
        "import os, platform, struct, sys\nfrom sandbox.inside import kernel\n"
        "unshare, clone = (272, 56) if platform.machine() == 'x86_64' else (97, 220)\n"
        "steps = [(0x20, 0, 0, 0), (0x15, 3, 0, unshare), (0x15, 0, 3, clone), (0x20, 0, 0, 16),"
        " (0x45, 0, 1, 0x7E020000), (0x06, 0, 0, 0x50001), (0x06, 0, 0, 0x7FFF0000)]\n"
        "import ctypes\nctypes.CDLL(None).prctl(38, 1, 0, 0, 0)  # no new privileges\n"
        "kernel.load_filter(b''.join(struct.pack('<HBBI', *step) for step in steps))\n"
        f"os.execv(sys.executable, [sys.executable, '-m', 'sandbox', 'run', {str(script)!r}])"
    )

    done = subprocess.run(
        [sys.executable, "-c", starter],
        capture_output=True,
        env={"PATH": os.defpath, "PYTHONPATH": str(_CHECKOUT)},
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stdout) == (125, b""), done.stderr
    assert b"no code is run" in done.stderr
    assert b"namespace" in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_a_bubblewrap_that_complains_is_quoted(script: Path, tmp_path: Path):
    script.write_text("print('ran')", encoding="utf-8")
    fake = tmp_path / "bin" / "bwrap"
    fake.parent.mkdir()
    fake.write_text(
        "#!/bin/sh\necho 'bwrap: Creating new namespace failed: Operation not permitted' >&2\nexit 1\n",
        encoding="utf-8",
    )
    fake.chmod(0o755)

    done = _run("run", str(script), path=str(fake.parent))

    assert (done.returncode, done.stdout) == (125, b"")
    assert b"no code is run" in done.stderr
    assert b"Operation not permitted" in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_the_wall_is_proved_by_the_command(pool: Pool):
    done = _run("probe")

    assert done.returncode == 0, done.stdout
    assert done.stdout.count(b"held") >= 6


def test_install_is_quick_when_done(pool: Pool):
    done = _run("install")

    assert done.returncode == 0
    assert b"is ready" in done.stdout
