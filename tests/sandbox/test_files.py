"""What comes back from a run: regular files, byte for byte; all else is named and stays behind."""

import asyncio
import hashlib
import os
import stat
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox import Limits, Pool, RunResult, Sandbox

_NAME = st.binary(min_size=1, max_size=40).filter(
    lambda name: not set(name) & set(b"/\0") and name not in {b".", b".."}
)
_TREE = st.dictionaries(
    st.lists(_NAME, min_size=1, max_size=3).map(tuple), st.binary(max_size=3000), max_size=8
)


def _whole(tree: dict[tuple[bytes, ...], bytes]) -> dict[bytes, bytes]:
    """Without files that would have to be folders too."""
    return {
        b"/".join(path): data
        for path, data in tree.items()
        if not any(path == other[: len(path)] for other in tree if other != path)
    }


async def test_new_changed_and_removed_files_are_listed_with_hash_size_and_mode(
    box: Sandbox, workspace: Path
):
    for name in ("same", "edited", "gone", "renamed", "touched", "mode"):
        (workspace / name).write_text(name, encoding="utf-8")
    source = (
        "import os, pathlib\nopen('edited', 'a').write('!')\nos.unlink('gone')\n"
        "os.rename('renamed', 'moved')\nos.utime('touched')\n"
        "pathlib.Path('same').write_text('same')\nos.chmod('mode', 0o755)\n"
        "os.makedirs('a/b')\nopen('a/b/new', 'w').write('x')"
    )

    result = await box.run_python(source)

    changed = {file.path: file for file in result.changed}
    assert sorted(changed) == ["a/b/new", "edited", "mode", "moved"]
    assert result.removed == ("gone", "renamed")
    assert (changed["edited"].size, changed["edited"].sha256) == (7, hashlib.sha256(b"edited!").hexdigest())
    assert (changed["mode"].mode, changed["a/b/new"].mode) == (0o755, 0o644)
    assert stat.S_IMODE((workspace / "mode").stat().st_mode) == 0o755
    assert (workspace / "a/b/new").read_text(encoding="utf-8") == "x"
    assert not (workspace / "gone").exists()


async def test_a_file_may_become_a_folder_and_a_folder_a_file(box: Sandbox, workspace: Path):
    (workspace / "a").write_text("x", encoding="utf-8")
    (workspace / "b").mkdir()
    (workspace / "b/c").write_text("x", encoding="utf-8")
    source = (
        "import os, shutil\nos.unlink('a')\nos.mkdir('a')\nopen('a/d', 'w').close()\n"
        "shutil.rmtree('b')\nopen('b', 'w').close()"
    )

    result = await box.run_python(source)

    assert [file.path for file in result.changed] == ["a/d", "b"]
    assert result.removed == ("a", "b/c")
    assert _names(workspace) == ["a", "b"]
    assert _names(workspace / "a") == ["d"]


async def test_links_sockets_fifos_and_doubles_are_named_and_left(box: Sandbox, workspace: Path):
    source = (
        "import os, socket\nos.symlink('/etc/passwd', 'link')\nos.mkfifo('fifo')\n"
        "socket.socket(socket.AF_UNIX).bind('socket')\n"
        "open('one', 'w').write('x')\nos.link('one', 'two')\nos.symlink('/', 'folder-link')\n"
        "os.symlink('nowhere', 'dangling')"
    )

    result = await box.run_python(source)

    assert result.changed == ()
    assert {row.path: row.reason for row in result.left_out} == {
        "dangling": "a symbolic link",
        "fifo": "a FIFO",
        "folder-link": "a symbolic link",
        "link": "a symbolic link",
        "one": "a file with several names (hard links)",
        "socket": "a socket",
        "two": "a file with several names (hard links)",
    }
    assert _names(workspace) == []


async def test_a_file_replaced_by_a_link_is_gone_and_its_target_untouched(
    box: Sandbox, workspace: Path, tmp_path: Path
):
    secret = tmp_path / "secret"
    secret.write_text("host", encoding="utf-8")
    (workspace / "a").write_text("x", encoding="utf-8")

    planted = await box.run_python(f"import os\nos.unlink('a')\nos.symlink({str(secret)!r}, 'a')")
    written = await box.run_python("open('a', 'w').write('mine')")

    assert (planted.removed, [row.path for row in planted.left_out]) == (("a",), ["a"])
    assert [file.path for file in written.changed] == ["a"]
    assert secret.read_text(encoding="utf-8") == "host"
    assert not (workspace / "a").is_symlink()


async def test_a_link_that_was_there_leads_nowhere_but_into_the_box(
    box: Sandbox, workspace: Path, tmp_path: Path
):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_text("host", encoding="utf-8")
    (workspace / "out").symlink_to(tmp_path / "outside")
    (workspace / "in").symlink_to("file")
    (workspace / "file").write_text("x", encoding="utf-8")

    result = await box.run_python("import os\nprint(open('in').read(), os.path.exists('out/secret'))")
    replaced = await box.run_python(
        "import os\nos.unlink('out')\nos.mkdir('out')\nopen('out/secret', 'w').write('mine')"
    )

    assert (result.stdout, result.changed, result.left_out) == ("x False\n", (), ())
    assert [file.path for file in replaced.changed] == ["out/secret"]
    assert (tmp_path / "outside/secret").read_text(encoding="utf-8") == "host"
    assert (workspace / "out/secret").read_text(encoding="utf-8") == "mine"


async def test_a_host_file_with_a_second_name_is_never_written_through(
    box: Sandbox, workspace: Path, tmp_path: Path
):
    (tmp_path / "twin").write_text("host", encoding="utf-8")
    os.link(tmp_path / "twin", workspace / "a")

    result = await box.run_python("open('a', 'w').write('mine')")

    assert [file.path for file in result.changed] == ["a"]
    assert (tmp_path / "twin").read_text(encoding="utf-8") == "host"


async def test_folders_that_lock_their_owner_out_are_collected_all_the_same(box: Sandbox, workspace: Path):
    source = (
        "import os\nos.makedirs('a/b')\nopen('a/b/c', 'w').write('x')\nos.chmod('a/b/c', 0)\n"
        "os.chmod('a/b', 0)\nos.chmod('a', 0)"
    )

    result = await box.run_python(source)

    assert [(file.path, file.mode) for file in result.changed] == [("a/b/c", 0)]
    assert (workspace / "a/b/c").exists()


async def test_names_too_deep_and_too_many_stay_behind_and_are_said(pool: Pool, workspace: Path):
    source = (
        "import os\nfor i in range(3000): os.symlink('x', f'l{i}')\nfd = os.open('.', os.O_RDONLY)\n"
        "for _ in range(200):\n    os.mkdir('d' * 200, dir_fd=fd)\n"
        "    fd = os.open('d' * 200, os.O_RDONLY, dir_fd=fd)\n    os.fchdir(fd)\n"
    )
    async with Sandbox(workspace=workspace, pool=pool, limits=Limits(timeout_s=20)) as box:
        result = await box.run_python(source)

    assert result.exit_code == 0
    assert len(result.left_out) == 1001
    assert result.left_out[-1].reason == "and 2,001 more"
    assert any(row.reason.startswith("too deep") for row in result.left_out)


async def test_setuid_bits_do_not_come_over(box: Sandbox, workspace: Path):
    result = await box.run_python("import os\nopen('a', 'w').close()\nos.chmod('a', 0o6755)")

    assert [file.mode for file in result.changed] == [0o755]
    assert stat.S_IMODE((workspace / "a").stat().st_mode) == 0o755


async def test_changes_through_a_memory_map_are_seen(box: Sandbox, workspace: Path):
    (workspace / "a").write_bytes(bytes(8192))

    result = await box.run_python(
        "import mmap\nwith open('a', 'r+b') as f:\n    m = mmap.mmap(f.fileno(), 0)\n    m[5000] = 1"
    )

    assert [file.path for file in result.changed] == ["a"]
    assert (workspace / "a").read_bytes()[5000] == 1


async def test_runs_in_one_workspace_at_once_leave_nothing_half_done(pool: Pool, workspace: Path):
    for number in range(20):
        (workspace / f"f{number}").write_text("x", encoding="utf-8")
    source = (
        "import os, random\nfor _ in range(20):\n    name = f'f{random.randrange(30)}'\n    try:\n"
        "        what = random.choice([os.unlink, os.mkdir, lambda n: open(n, 'a').write('y')])\n"
        "        what(name)\n    except OSError: pass"
    )

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_run(pool, workspace, source)) for _ in range(16)]

    assert {task.result().exit_code for task in tasks} == {0}
    reasons = {row.reason.split(":")[0] for task in tasks for row in task.result().left_out}
    assert reasons <= {"could not be stored", "could not be removed"}
    assert not [name for name in _names(workspace) if not name.startswith("f")]


async def test_names_of_files_on_their_way_are_ours(box: Sandbox, workspace: Path):
    result = await box.run_python("open('.incoming-0123456789abcdef', 'w').close()")

    assert [row.path for row in result.left_out] == [".incoming-0123456789abcdef"]
    assert _names(workspace) == []


async def test_hidden_names_and_times_come_over_as_they_are(box: Sandbox, workspace: Path):
    for name in ("old", "kept"):
        (workspace / name).write_text(name, encoding="utf-8")
    (workspace / "folder").mkdir()
    (workspace / "folder/a").write_text("a", encoding="utf-8")
    (workspace / "folder/b").write_text("b", encoding="utf-8")
    source = (
        "import os, shutil\nos.unlink('old')\nos.rename('folder/a', 'old')\nos.unlink('folder/b')\n"
        "os.mkdir('folder/b')\nopen('folder/b/x', 'w').close()\nos.link('kept', 'twin')\n"
        "for name, when in (('early', -(1 << 33) * 10**9), ('late', 10**19)):\n"
        "    open(name, 'w').close()\n    os.utime(name, ns=(when, when))\n"
        "os.mkdir('odd')\nos.chmod('odd', 0o7777)\nopen('odd/' + 'n' * 255, 'w').close()\n"
        "open('odd/new\\nline', 'w').close()"
    )

    result = await box.run_python(source)

    changed = {"early", "late", "old", "folder/b/x", "odd/new\nline", "odd/" + "n" * 255}
    assert result.exit_code == 0, result.stderr
    assert {file.path for file in result.changed} == changed
    assert result.removed == ("folder/a", "folder/b")
    assert {row.path for row in result.left_out} == {"kept", "twin"}
    assert (workspace / "old").read_text(encoding="utf-8") == "a"
    assert (workspace / "kept").stat().st_nlink == 1
    assert stat.S_IMODE((workspace / "odd").stat().st_mode) == 0o777


async def test_a_folder_that_was_made_anew_shows_nothing_of_the_old_one(box: Sandbox, workspace: Path):
    (workspace / "folder").mkdir()
    (workspace / "folder/a").write_text("a", encoding="utf-8")

    first = await box.run_python(
        "import os, shutil\nshutil.rmtree('folder')\nos.mkdir('folder')\nprint(os.listdir('folder'))\n"
        "open('folder/b', 'w').close()"
    )
    second = await box.run_python("import os\nprint(os.listdir('folder'))")

    assert (first.stdout, first.removed) == ("[]\n", ("folder/a",))
    assert second.stdout == "['b']\n"


async def test_ten_thousand_files_come_over(pool: Pool, workspace: Path):
    async with Sandbox(workspace=workspace, pool=pool, limits=Limits(timeout_s=20)) as box:
        result = await box.run_python("for i in range(10_000): open(f'{i}', 'w').write('x')")

    assert (len(result.changed), result.left_out) == (10_000, ())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=_TREE)
async def test_any_names_and_contents_go_in_equal(tree: dict[tuple[bytes, ...], bytes], pool: Pool):
    files = _whole(tree)
    source = (
        "import os\nfound = {}\nfor folder, _, names in os.walk(b'.'):\n    for name in names:\n"
        "        path = os.path.join(folder, name)\n        found[path[2:]] = open(path, 'rb').read()\n"
        f"print(found == {files!r})"
    )
    with tempfile.TemporaryDirectory() as name:
        _write(Path(name), files)
        result = await _run(pool, Path(name), source)

    assert (result.exit_code, result.stdout) == (0, "True\n"), result.stderr
    assert result.changed == result.left_out == result.removed == ()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=_TREE)
async def test_any_names_and_contents_come_back_equal_or_are_refused(
    tree: dict[tuple[bytes, ...], bytes], pool: Pool
):
    files = _whole(tree)
    source = (
        f"import os\nfor path, data in {files!r}.items():\n"
        "    os.makedirs(os.path.dirname(b'./' + path), exist_ok=True)\n    open(path, 'wb').write(data)"
    )
    with tempfile.TemporaryDirectory() as name:
        result = await _run(pool, Path(name), source)
        found = {path: Path(name, os.fsdecode(path)) for path in files}
        arrived = {path: place.read_bytes() for path, place in found.items() if place.is_file()}

    assert result.exit_code == 0, result.stderr
    assert arrived == {path: data for path, data in files.items() if _is_text(path)}
    assert {file.path.encode(): file.sha256 for file in result.changed} == {
        path: hashlib.sha256(data).hexdigest() for path, data in arrived.items()
    }
    assert {row.reason for row in result.left_out} <= {"its name is not valid UTF-8"}


async def _run(pool: Pool, workspace: Path, source: str) -> RunResult:
    async with Sandbox(workspace=workspace, pool=pool) as box:
        return await box.run_python(source)


def _write(folder: Path, files: dict[bytes, bytes]) -> None:
    for path, data in files.items():
        place = folder / os.fsdecode(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _is_text(path: bytes) -> bool:
    try:
        path.decode()
    except UnicodeDecodeError:
        return False
    return True
