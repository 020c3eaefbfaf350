"""Each limit is kept, said, and leaves the output so far."""

from pathlib import Path

import pytest

from sandbox import Limits, Pool, RunResult, Sandbox

_MIB = 1 << 20


async def _run(
    pool: Pool, workspace: Path, source: str, *, shell: bool = False, **limits: float
) -> RunResult:
    async with Sandbox(workspace=workspace, pool=pool, limits=Limits(**{"timeout_s": 20.0, **limits})) as box:  # type: ignore[arg-type]
        return await (box.run_shell(source) if shell else box.run_python(source))


@pytest.mark.parametrize(
    "source",
    [
        "while True: pass",
        "import time\ntime.sleep(100)",
        (
            "import signal, time\nfor n in range(1, 32):\n"
            "    try: signal.signal(n, signal.SIG_IGN)\n    except OSError: pass\ntime.sleep(100)"
        ),
        "import os, time\nos.fork() or os.setsid()\nos.fork()\ntime.sleep(100)",
        "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
        "import subprocess\nsubprocess.run(['sleep', '100'])",
        "import os, signal\nfor _ in range(4): os.fork()\nos.kill(0, signal.SIGSTOP)",
        "import os, signal\nwhile True: os.kill(1, signal.SIGCHLD)",
        "import threading\ndef f():\n    while True: pass\n"
        "for _ in range(9): threading.Thread(target=f).start()",
        "import ctypes\nt = (ctypes.c_long * 2)(1 << 40, 0)\n"
        "while True: ctypes.CDLL(None).clock_nanosleep(1, 0, t, None)",
    ],
)
async def test_time(source: str, pool: Pool, workspace: Path):
    result = await _run(pool, workspace, f"print('so far')\n{source}", timeout_s=0.5)

    assert (result.exit_code, result.stopped_by, result.stdout) == (124, "time", "so far\n")
    assert 0.5 <= result.duration_s < 2.5


@pytest.mark.parametrize(
    "source",
    [
        "x = bytearray(1 << 30)",
        "x = []\nwhile True: x.append(bytearray(1 << 20))",
        "x = 'a'\nwhile True: x += x",
        "import numpy\nnumpy.ones(1 << 28)",
        "import mmap\nm = mmap.mmap(-1, 1 << 30)\nfor i in range(0, 1 << 30, 4096): m[i] = 1",
        (
            "import os\nfor _ in range(8):\n    if os.fork() == 0:\n"
            "        x = bytearray(b'x') * (60 << 20)\n        import time; time.sleep(20)\n"
            "os.wait()"
        ),
        "f = open('/dev/shm/x', 'wb')\nwhile True: f.write(bytes(1 << 20))",
        "import os, socket, time\nos.fork(), os.fork(), os.fork()\n"
        "p = [socket.socketpair() for _ in range(200)]\ntime.sleep(20)",
        (
            "import socket\ns, kept = socket.create_server(('127.0.0.1', 0), backlog=4000), []\nwhile True:\n"
            "    a = socket.create_connection(s.getsockname())\n    kept.append(s.accept()[0])\n"
            "    a.setblocking(False)\n    try:\n        while True: a.send(bytes(65536))\n"
            "    except BlockingIOError: a.close()"
        ),
        (
            "import socket\nkept = []\nwhile True:\n    a = socket.socket(type=socket.SOCK_DGRAM)\n"
            "    a.bind(('127.0.0.1', 0))\n    kept.append(a)\n"
            "    for _ in range(9): a.sendto(bytes(60000), a.getsockname())"
        ),
        (
            "import mmap\nm = mmap.mmap(-1, 1 << 40, mmap.MAP_PRIVATE | 0x4020, mmap.PROT_READ)\n"
            "for i in range(0, 1 << 40, 1 << 21): m[i]"
        ),
        "import mmap\nm = []\nwhile True: m.append(mmap.mmap(-1, 1 << 20)), m[-1].write(bytes(1 << 20))",
        "import sys\nsys.setrecursionlimit(1 << 30)\ndef f(): f()\nf()",
        (
            "import ctypes, os, time\nc = ctypes.CDLL(None)\nc.mmap.restype = ctypes.c_void_p\n"
            "a = c.mmap(None, 1 << 28, 1, 34, -1, 0)\n"
            "for i in range(30000): c.mprotect(ctypes.c_void_p(a + 8192 * i), 4096, 0)\n"
            "for _ in range(8): os.fork() or time.sleep(20)\ntime.sleep(20)"
        ),
    ],
    ids=[
        "at once",
        "piece by piece",
        "doubling",
        "numpy",
        "shared mapping",
        "many processes",
        "shared memory",
        "sockets",
        "closed senders",
        "datagrams",
        "page tables",
        "shared mappings",
        "recursion",
        "tables of mappings",
    ],
)
async def test_memory(source: str, pool: Pool, workspace: Path):
    source = f"print('so far')\n{source}"
    result = await _run(pool, workspace, source, memory_mb=200, disk_mb=4000, descriptors=4000)

    assert (result.exit_code, result.stopped_by, result.stdout) == (137, "memory", "so far\n")


async def test_memory_that_forked_processes_share_is_counted_once(pool: Pool, workspace: Path):
    source = (
        "import os, time\nx = bytearray(b'x') * (150 << 20)\nfor _ in range(4):\n"
        "    if os.fork() == 0:\n        time.sleep(0.3)\n"
        "        os._exit(0)\nfor _ in range(4): os.wait()\nprint('done')"
    )

    result = await _run(pool, workspace, source, memory_mb=300)

    assert (result.stopped_by, result.stdout) == (None, "done\n")


async def test_memory_that_was_caught_is_the_scripts_own_business(pool: Pool, workspace: Path):
    source = "try:\n    bytearray(1 << 34)\nexcept MemoryError:\n    print('caught')"

    result = await _run(pool, workspace, source, memory_mb=200)

    assert (result.exit_code, result.stopped_by, result.stdout) == (0, None, "caught\n")


async def test_disk_fails_with_no_space_left_and_keeps_the_scripts_exit_code(pool: Pool, workspace: Path):
    source = (
        "print('so far')\nf = open('big', 'wb', buffering=0)\nfor _ in range(40): f.write(bytes(1 << 20))"
    )

    result = await _run(pool, workspace, source, disk_mb=20)

    assert (result.exit_code, result.stopped_by, result.stdout) == (1, "disk", "so far\n")
    assert "OSError: [Errno 28] No space left on device" in result.stderr
    assert (workspace / "big").stat().st_size <= 20 * _MIB + 65536


@pytest.mark.parametrize(
    ("source", "shell"),
    [
        ("open('/tmp/big', 'wb').write(bytes(40 << 20))", False),
        ("import os\nf = os.open('a', os.O_CREAT | os.O_RDWR)\nos.posix_fallocate(f, 0, 1 << 30)", False),
        ("dd if=/dev/zero of=big bs=1M count=40", True),
        ("for i in range(10000): open(f'f{i}', 'w').close()", False),
        (
            "import sqlite3\nd = sqlite3.connect('a')\nd.execute('create table t (x)')\n"
            "for _ in range(40): d.execute('insert into t values (zeroblob(1048576))')\nd.commit()",
            False,
        ),
    ],
    ids=["temporary file", "promised at once", "shell", "many files", "database"],
)
async def test_disk_in_every_form(source: str, *, shell: bool, pool: Pool, workspace: Path):
    result = await _run(pool, workspace, source, shell=shell, disk_mb=20, files=2000)

    assert (result.exit_code, result.stopped_by) == (1, "disk")


async def test_a_script_that_copes_with_a_full_disk_ends_well(pool: Pool, workspace: Path):
    source = "try:\n    open('big', 'wb').write(bytes(40 << 20))\nexcept OSError:\n    print('full')"

    result = await _run(pool, workspace, source, disk_mb=20)

    assert (result.exit_code, result.stopped_by, result.stdout) == (0, None, "full\n")


async def test_an_error_without_a_full_disk_is_not_blamed_on_it(pool: Pool, workspace: Path):
    result = await _run(pool, workspace, "open('a', 'wb').write(bytes(15 << 20))\n1/0", disk_mb=20)

    assert (result.exit_code, result.stopped_by) == (1, None)


async def test_a_workspace_that_is_fuller_than_the_limit_can_be_read_and_emptied(pool: Pool, workspace: Path):
    (workspace / "old").write_bytes(bytes(3 * _MIB))

    full = await _run(pool, workspace, "open('new', 'wb').write(bytes(1 << 20))", disk_mb=1)
    emptied = await _run(
        pool, workspace, "import os\nprint(len(open('old', 'rb').read()))\nos.unlink('old')", disk_mb=1
    )

    assert (full.exit_code, full.stopped_by) == (1, "disk")
    assert (emptied.exit_code, emptied.stdout, emptied.removed) == (0, f"{3 * _MIB}\n", ("old",))


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
async def test_output_is_cut_to_its_ends_while_the_run_goes_on(stream: str, pool: Pool, workspace: Path):
    source = (
        f"import sys\nout = sys.{stream}.buffer\nout.write(b'first')\n"
        f"for _ in range(40): out.write(b'x' * (1 << 20))\n"
        "out.write(b'last')\nopen('done', 'w').close()"
    )

    result = await _run(pool, workspace, source)

    text = getattr(result, stream)
    assert (result.exit_code, result.stopped_by) == (0, None)
    assert (text[:5], text[-4:]) == ("first", "last")
    assert _MIB < len(text) < _MIB + 100
    assert "bytes left out" in text
    assert [file.path for file in result.changed] == ["done"]


async def test_endless_output_ends_the_run(pool: Pool, workspace: Path):
    source = (
        "import sys\nprint('first')\n"
        "while True: sys.stdout.buffer.write(b'x' * (1 << 20)); sys.stderr.write('y' * 1000)"
    )

    result = await _run(pool, workspace, source)

    assert (result.exit_code, result.stopped_by) == (137, "output")
    assert result.stdout.startswith("first\nxxx")
    assert result.stderr.startswith("yyy")


async def test_processes_are_few_and_the_box_lives_on(pool: Pool, workspace: Path):
    source = (
        "import os, time\nn = 0\ntry:\n    while n < 500:\n        if os.fork() == 0:\n"
        "            time.sleep(20)\n        n += 1\n"
        "except OSError as error:\n    print(error.errno == 11, n < 40)"
    )

    result = await _run(pool, workspace, source, processes=40)

    assert (result.exit_code, result.stdout) == (0, "True True\n")


async def test_a_fork_bomb_ends_with_its_time(pool: Pool, workspace: Path):
    result = await _run(
        pool, workspace, "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", timeout_s=0.5
    )

    assert (result.exit_code, result.stopped_by) == (124, "time")
    assert result.duration_s < 2.5


async def test_what_a_bomb_of_processes_and_files_left_is_as_the_result_says(pool: Pool, workspace: Path):
    source = (
        "import os\nfor _ in range(5): os.fork()\nn = 0\nwhile True:\n    n += 1\n    try:\n"
        "        os.makedirs(f'{os.getpid()}/{n % 9}', exist_ok=True)\n"
        "        open(f'{os.getpid()}/{n % 9}/{n}', 'w').write('x' * 99)\n    except OSError: pass"
    )

    result = await _run(pool, workspace, source, timeout_s=1.0)

    assert (result.exit_code, result.stopped_by) == (124, "time")
    assert _files(workspace) == {file.path for file in result.changed}


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


async def test_descriptors_are_few(pool: Pool, workspace: Path):
    source = (
        "n = []\ntry:\n    while True: n.append(open('/dev/null'))\nexcept OSError as error:\n"
        "    print(error.errno, len(n) < 64)"
    )

    result = await _run(pool, workspace, source, descriptors=64)

    assert result.stdout == "24 True\n"


async def test_a_sparse_giant_stays_behind(pool: Pool, workspace: Path):
    result = await _run(pool, workspace, "open('giant', 'wb').truncate(1 << 40)", disk_mb=20)

    assert result.exit_code == 0
    assert [(row.path, row.reason) for row in result.left_out] == [
        ("giant", "larger than what is left of the disk limit")
    ]
    assert not (workspace / "giant").exists()
