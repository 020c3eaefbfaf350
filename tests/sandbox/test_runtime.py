"""The box's Python: pinned, readable by everybody, writable by nobody else."""

import re
import stat
from importlib import resources
from pathlib import Path

from sandbox import Pool, runtime


def test_every_package_is_pinned_by_name_and_version_alone():
    lines = resources.files("sandbox").joinpath("runtime.txt").read_text(encoding="utf-8").splitlines()

    assert lines == sorted(lines, key=str.lower)
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9.]+", line) for line in lines)


def test_what_is_there_can_be_read_by_all_and_written_by_its_owner_alone(pool: Pool):
    place = runtime.default_runtime()
    modes = {path: path.lstat().st_mode for path in place.rglob("*") if not path.is_symlink()}

    assert len(modes) > 1000
    assert [path for path, mode in modes.items() if mode & 0o022] == []
    assert [path for path, mode in modes.items() if mode & 0o444 != 0o444] == []
    assert [path for path, mode in modes.items() if stat.S_ISDIR(mode) and mode & 0o111 != 0o111] == []


def test_nothing_in_it_runs_at_every_start(pool: Pool):
    assert list(runtime.default_runtime().rglob("*.pth")) == []


def test_one_that_was_made_from_another_list_is_not_ready(tmp_path: Path):
    (tmp_path / "made-from").write_text("something else", encoding="utf-8")

    assert not runtime.is_ready(tmp_path)
    assert not runtime.is_ready(tmp_path / "missing")
