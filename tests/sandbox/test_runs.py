"""What a result says about how a script ended."""

import os
from pathlib import Path

import pytest

from sandbox import Limits, Pool, Sandbox, SandboxUnavailableError


async def test_an_uncaught_error_is_exit_code_1_with_only_the_scripts_own_traceback(box: Sandbox):
    result = await box.run_python("def f():\n    return 1 / 0\n\nf()\n")

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith(
        'Traceback (most recent call last):\n  File "/box/main.py", line 4, in <module>\n'
    )
    assert result.stderr.endswith("ZeroDivisionError: division by zero\n")
    assert result.stderr.count("File ") == 2


async def test_a_syntax_error_points_at_its_line(box: Sandbox):
    result = await box.run_python("x = 1\ny = = 2\n")

    assert result.exit_code == 1
    assert result.stderr.startswith('  File "/box/main.py", line 2\n')
    assert "SyntaxError" in result.stderr


@pytest.mark.parametrize(
    ("source", "code", "stderr"),
    [
        ("import sys; sys.exit(7)", 7, ""),
        ("import sys; sys.exit('sorry')", 1, "sorry\n"),
        ("raise SystemExit", 0, ""),
        ("import os; os._exit(3)", 3, ""),
        ("import os; os._exit = os.write = os.getpid = os.kill = print; raise SystemExit(4)", 4, ""),
        ("import os; os.closerange(0, 64); raise SystemExit(5)", 5, ""),
        ("import sys; sys.modules.clear(); raise SystemExit(6)", 6, ""),
        ("import os; os.abort()", 134, ""),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", 143, ""),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137, ""),
        ("import ctypes; ctypes.string_at(0)", 139, ""),
        ("import sys; sys.exit(124)", 124, ""),
        ("import sys; sys.exit(256 + 5)", 5, ""),
    ],
)
async def test_the_exit_code_is_the_scripts_own(source: str, code: int, stderr: str, box: Sandbox):
    result = await box.run_python(source)

    assert (result.exit_code, result.stderr, result.stopped_by) == (code, stderr, None)


async def test_a_shell_commands_exit_code_is_its_own(box: Sandbox):
    assert (await box.run_shell("exit 9")).exit_code == 9
    assert (await box.run_shell("kill -9 $$")).exit_code == 137
    missing = await box.run_shell("no-such-program")
    assert missing.exit_code == 127
    assert "no-such-program: not found" in missing.stderr


async def test_at_exit_work_and_threads_end_before_the_run_does(box: Sandbox):
    source = (
        "import atexit, threading, time\natexit.register(print, 'bye')\n"
        "threading.Thread(target=lambda: (time.sleep(0.05), print('thread'))).start()\nraise ValueError('x')"
    )

    result = await box.run_python(source)

    assert result.exit_code == 1
    assert result.stdout == "thread\nbye\n"


async def test_a_script_may_take_over_its_own_errors(box: Sandbox):
    result = await box.run_python("import sys\nsys.excepthook = lambda *a: print(a[0].__name__)\n{}['x']")

    assert (result.exit_code, result.stdout, result.stderr) == (1, "KeyError\n", "")


async def test_output_that_is_not_utf8_is_replaced_and_control_characters_are_kept(box: Sandbox):
    result = await box.run_python("import sys\nsys.stdout.buffer.write(b'a\\xff\\x00\\x1b[31mb')")

    assert result.stdout == "a\ufffd\x00\x1b[31mb"


@pytest.mark.parametrize(
    "source", ["", "\ufeffprint(1)", "# -*- coding: latin-1 -*-\nprint('é')", "print('\0')", "x = '\ud800'"]
)
async def test_any_text_is_a_run_and_never_an_error_of_ours(source: str, box: Sandbox):
    result = await box.run_python(source)

    assert result.exit_code in {0, 1}


async def test_the_workspace_is_the_working_directory_and_on_the_import_path(box: Sandbox, workspace: Path):
    (workspace / "mine.py").write_text("value = 42", encoding="utf-8")

    result = await box.run_python("import mine, os\nprint(mine.value, os.getcwd())")

    assert result.stdout == "42 /workspace\n"
    assert result.changed == ()


async def test_a_box_serves_many_runs_and_keeps_files_but_nothing_else(box: Sandbox):
    first = await box.run_python(
        "import os, time\nopen('kept', 'w').write('1')\nopen('/tmp/gone', 'w').write('1')\n"
        "open('/dev/shm/gone', 'w').write('1')\n"
        "os.environ['GONE'] = '1'\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(30)"
    )
    second = await box.run_python(
        "import os\n"
        "print(sorted(os.listdir()), [n for n in os.listdir('/tmp') if n[0] != '.'], os.listdir('/dev/shm'),"
        " 'GONE' in os.environ, len([n for n in os.listdir('/proc') if n.isdigit()]))"
    )

    assert first.exit_code == 0
    assert first.duration_s < 10
    assert second.stdout == "['kept'] [] [] False 2\n"


async def test_a_box_serves_on_after_a_run_that_was_cut(box: Sandbox):
    cut = await box.run_python(
        "open('half', 'w').write('x')\nprint('so far')\nwhile True: pass", timeout_s=0.3
    )
    after = await box.run_python("print(open('half').read())")

    assert (cut.exit_code, cut.stopped_by, cut.stdout) == (124, "time", "so far\n")
    assert [file.path for file in cut.changed] == ["half"]
    assert after.stdout == "x\n"


async def test_two_boxes_see_nothing_of_each_other(pool: Pool, tmp_path: Path):
    source = (
        "import os, random, numpy\nopen('mine', 'w').close()\n"
        "print(sorted(os.listdir()), len([n for n in os.listdir('/proc') if n.isdigit()]))\n"
        "print(numpy.random.rand(), random.random())"
    )
    async with (
        Sandbox(workspace=tmp_path / "a", pool=pool) as a,
        Sandbox(workspace=tmp_path / "b", pool=pool) as b,
    ):
        first, second = await a.run_python(source), await b.run_python(source)

    assert first.stdout.splitlines()[0] == second.stdout.splitlines()[0] == "['mine'] 2"
    assert first.stdout.splitlines()[1] != second.stdout.splitlines()[1]


async def test_a_read_only_workspace_can_be_judged_but_not_changed_or_imported(pool: Pool, workspace: Path):
    for name in ("json.py", "planted.py"):
        (workspace / name).write_text("raise RuntimeError('imported')", encoding="utf-8")
    (workspace / "answer.txt").write_text("42", encoding="utf-8")
    source = (
        "import json, os\nprint(open('answer.txt').read(), os.path.dirname(__file__))\n"
        "def write(): open('x', 'w')\ndef remove(): os.unlink('answer.txt')\n"
        "def close(): os.chmod('answer.txt', 0)\nfor action in (write, remove, close):\n"
        "    try:\n        action()\n        print('changed')\n    except OSError as error:\n"
        "        print(error.strerror)\n"
        "open('/tmp/scratch', 'w').write('fine')\n"
        "try:\n    import planted\nexcept ImportError:\n    print('not found')"
    )

    async with Sandbox(workspace=workspace, pool=pool, read_only=True) as box:
        result = await box.run_python(source)

    assert result.stdout == "42 /box\n" + 3 * "Read-only file system\n" + "not found\n", result.stderr
    assert (result.exit_code, result.changed, result.removed) == (0, (), ())
    assert sorted(os.listdir(workspace)) == ["answer.txt", "json.py", "planted.py"]  # noqa: PTH208


async def test_a_sandbox_without_a_pool_owns_what_it_needs(workspace: Path):
    async with Sandbox(limits=Limits(timeout_s=20), workspace=workspace) as box:
        assert (await box.run_python("print(1)")).stdout == "1\n"


async def test_a_missing_runtime_is_one_sentence_that_says_what_to_type(tmp_path: Path):
    with pytest.raises(SandboxUnavailableError, match="python -m sandbox install"):
        async with Pool(runtime=tmp_path / "nothing"):
            pass


async def test_a_workspace_that_is_a_file_is_refused(pool: Pool, tmp_path: Path):
    path = tmp_path / "file"
    path.write_text("x", encoding="utf-8")

    async with Sandbox(workspace=path, pool=pool) as box:
        with pytest.raises(SandboxUnavailableError, match="cannot be used"):
            await box.run_python("print(1)")


async def test_a_workspace_may_be_named_by_a_link(pool: Pool, workspace: Path):
    link = workspace.with_name("link")
    link.symlink_to(workspace)

    async with Sandbox(workspace=link, pool=pool) as box:
        await box.run_python("open('a', 'w').close()")

    assert (workspace / "a").exists()


async def test_limits_must_be_positive():
    with pytest.raises(ValueError, match="memory_mb"):
        Limits(memory_mb=0)
