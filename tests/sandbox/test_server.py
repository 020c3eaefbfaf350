"""What the fork server invites: nothing of it or of one box shows in another, and it may die at any time."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from sandbox import Pool, Sandbox, runtime


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    runtime.install(runtime.default_runtime())
    pool = Pool()
    pool.server().ready()
    yield pool
    pool.close()


@pytest.fixture
async def box(pool: Pool, workspace: Path) -> AsyncIterator[Sandbox]:
    async with Sandbox(workspace=workspace, pool=pool) as box:
        yield box


def _servers() -> list[int]:
    """Bubblewrap, the server that is its child, and that one's child with the packages."""
    found: list[int] = []
    for pid in _children(os.getpid()):
        if b"bwrap" in Path(f"/proc/{pid}/cmdline").read_bytes():
            found = [pid, *_children(pid)]
            found += [child for child in _children(found[1]) if Path(f"/proc/{child}/stat").exists()][:1]
    return found


def _lives(pid: int) -> bool:
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return False
    return fields[0] not in b"ZX"


def _children(pid: int) -> list[int]:
    places = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for place in places for child in place.read_text(encoding="ascii").split()]


@pytest.mark.parametrize(
    "draw",
    [
        "random.random()",
        "numpy.random.rand()",
        "numpy.random.default_rng().random()",
        "uuid.uuid4()",
        "secrets.token_hex()",
        "os.urandom(8)",
        "next(tempfile._get_candidate_names())",
        "bytes(multiprocessing.current_process().authkey)",
    ],
)
async def test_no_two_boxes_draw_the_same(draw: str, box: Sandbox):
    source = "import multiprocessing, numpy, os, random, secrets, tempfile, uuid\n" + f"print({draw})"

    drawn = [(await box.run_python(source)).stdout for _ in range(4)]

    assert len(set(drawn)) == 4


async def test_a_module_that_was_patched_is_whole_in_the_next_box(box: Sandbox):
    patch = (
        "import builtins, json, numpy, os, sys\njson.dumps = numpy.sum = lambda *a, **k: 'patched'\n"
        "builtins.patched = sys.patched = True\nos.environ['PATCHED'] = '1'\nsys.path.insert(0, '/tmp')\n"
        "numpy.random.seed(1)\nsys.setrecursionlimit(99)\nprint(json.dumps(1))"
    )
    look = (
        "import builtins, json, numpy, os, sys\n"
        "print(json.dumps(1), int(numpy.sum([1, 2])), hasattr(builtins, 'patched'), hasattr(sys, 'patched'),"
        " 'PATCHED' in os.environ, sys.path[0], sys.getrecursionlimit())"
    )

    assert (await box.run_python(patch)).stdout == "patched\n"
    assert (await box.run_python(look)).stdout == "1 3 False False False /workspace 1000\n"


async def test_what_ran_before_is_not_in_memory(box: Sandbox, workspace: Path):
    (workspace / "secret").write_text("one-of-a-kind-" + "7" * 20, encoding="utf-8")
    await box.run_python("import numpy\nkept = open('secret').read() * 1000")
    (workspace / "secret").unlink()

    result = await box.run_python(
        "import numpy, os, re\nword = b'one-of-a-' + b'kind-7777'\nfound = 0\n"
        "memory = open('/proc/self/mem', 'rb', 0)\n"
        "for line in open('/proc/self/maps'):\n"
        "    first, last = (int(x, 16) for x in line.split()[0].split('-'))\n"
        "    if 'r' in line.split()[1] and last < 1 << 47:\n        try:\n            memory.seek(first)\n"
        "            found += memory.read(last - first).count(word + b'777')\n"
        "        except OSError: pass\nprint(found)"
    )

    assert result.stdout == "0\n", result.stderr


async def test_a_script_sees_an_ordinary_interpreter(box: Sandbox):
    source = (
        "import numpy, signal, sys, threading, inspect\n"
        "print(__name__, __file__, sys.argv, sys.orig_argv[1:], threading.active_count())\n"
        "print(signal.getsignal(signal.SIGCHLD) == 0, signal.getsignal(signal.SIGPIPE) == 1)\n"
        "print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)\n"
        "print([n for n in sys.modules if n.startswith('inside')], sys.stdin.read() == '')\n"
        "def f(): pass\nprint(inspect.getsource(f).strip())\n"
    )

    result = await box.run_python(source)

    assert result.stderr == ""
    assert result.stdout.splitlines() == [
        "__main__ /box/main.py ['/box/main.py'] ['/box/main.py'] 1",
        "True True",
        "True",
        "[] True",
        "def f(): pass",
    ]


async def test_two_boxes_at_once_share_no_place_to_meet(pool: Pool, tmp_path: Path):
    stay = (
        "import multiprocessing.shared_memory as m, os, socket, sys, time\n"
        "a = socket.socket(socket.AF_UNIX); a.bind('\\0meeting'); a.listen()\n"
        "t = socket.create_server(('127.0.0.1', 9999))\n"
        "s = m.SharedMemory('meeting', create=True, size=99)\n"
        "for p in ('/tmp/meeting', 'meeting'): open(p, 'w').close()\n"
        "print('there', flush=True)\ntime.sleep(60)"
    )
    look = (
        "import os, socket\ndef reached(family, place):\n    try: socket.socket(family).connect(place)\n"
        "    except OSError: return False\n    return True\n"
        "print(reached(socket.AF_UNIX, '\\0meeting'), reached(socket.AF_INET, ('127.0.0.1', 9999)),"
        " [p for p in ('/tmp/meeting', 'meeting', '/dev/shm/meeting') if os.path.exists(p)],"
        " len([n for n in os.listdir('/proc') if n.isdigit()]))"
    )
    async with Sandbox(tmp_path / "a", pool=pool) as first, Sandbox(tmp_path / "b", pool=pool) as second:
        staying = asyncio.create_task(first.run_python(stay, timeout_s=1.5))
        await asyncio.sleep(0.7)
        seen = await second.run_python(look)
        stayed = await staying

    assert (stayed.stdout, stayed.stopped_by) == ("there\n", "time")
    assert seen.stdout == "False False [] 2\n"


async def test_who_ends_the_run_in_the_supervisors_name_ends_itself(box: Sandbox, workspace: Path):
    result = await box.run_python(
        "import os, struct, time\nif os.fork() == 0: time.sleep(60)\nprint('so far')\n"
        "for fd in range(3, 64):\n    try: os.write(fd, struct.pack('ic', 7 + (1 << 20), b'-'))\n"
        "    except OSError: pass\ntime.sleep(0.5)\nopen('late', 'w').close()"
    )

    assert (result.exit_code, result.stdout, result.changed) == (7, "so far\n", ())
    assert not (workspace / "late").exists()


async def _settled_descriptors() -> int:
    """How many descriptors are open, once the boxes that other tests share have all been made."""
    counts: list[int] = []
    while len(counts) < 10 or len(set(counts[-10:])) > 1:
        counts.append(len(os.listdir("/proc/self/fd")))  # noqa: PTH208
        await asyncio.sleep(0.1)
    return counts[-1]


async def test_a_pool_that_is_closed_during_a_run_ends_it_and_keeps_nothing(tmp_path: Path):
    before = await _settled_descriptors()
    pool = Pool()
    async with Sandbox(tmp_path / "w", pool=pool) as box:
        run = asyncio.create_task(box.run_python("print('so far')\nimport time\ntime.sleep(60)"))
        await asyncio.sleep(0.5)
        await asyncio.to_thread(pool.close)
        result = await run

    assert (result.exit_code, result.stopped_by, result.stdout) == (137, None, "so far\n")
    assert await _settled_descriptors() <= before


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
async def test_a_signal_to_ones_own_group_reaches_no_other_box_and_no_server(
    number: signal.Signals, pool: Pool, tmp_path: Path
):
    await asyncio.to_thread(pool.server().ready)
    servers = _servers()
    async with Sandbox(tmp_path / "a", pool=pool) as first, Sandbox(tmp_path / "b", pool=pool) as second:
        staying = asyncio.create_task(first.run_python("import time\ntime.sleep(1.5)\nprint('there')"))
        await asyncio.sleep(0.5)
        result = await second.run_python(f"import os\nos.kill(0, {number:d})", timeout_s=0.5)
        stayed = await staying

    assert (stayed.exit_code, stayed.stdout) == (0, "there\n")
    assert result.exit_code == (124 if number == signal.SIGSTOP else 137)
    assert all(map(_lives, servers))
    async with asyncio.timeout(20), Sandbox(tmp_path / "c", pool=pool) as third:
        assert (await third.run_python("print(1)")).stdout == "1\n"


async def test_files_that_were_left_open_are_written_and_objects_say_goodbye(box: Sandbox, workspace: Path):
    result = await box.run_python(
        "import numpy\nf = open('a', 'w')\nf.write('x')\n"
        "class A:\n    def __del__(self): print('bye')\na = A()"
    )

    assert (result.stdout, (workspace / "a").read_text(encoding="utf-8")) == ("bye\n", "x")


async def test_an_interrupt_ends_a_script_as_it_ends_python(box: Sandbox):
    result = await box.run_python("import os, signal\nos.kill(os.getpid(), signal.SIGINT)")

    assert result.exit_code == 130
    assert result.stderr.endswith("KeyboardInterrupt\n")


async def test_a_box_listens_for_us_and_has_no_other_way_out(box: Sandbox):
    listener = await box.listen(8080)

    def serve() -> bytes:
        with listener:
            listener.settimeout(20)
            connection, _ = listener.accept()
            with connection:
                said = connection.recv(100)
                connection.sendall(b"pong")
                return said

    served = asyncio.create_task(asyncio.to_thread(serve))
    source = (
        "import socket\ns = socket.create_connection(('127.0.0.1', 8080))\ns.sendall(b'ping')\n"
        "print(s.recv(4))\ntry: socket.create_connection(('1.1.1.1', 53), 2)\n"
        "except OSError as error: print(error.strerror)"
    )
    result = await box.run_python(source)
    after = await box.run_python("import socket\nsocket.create_connection(('127.0.0.1', 8080))")

    assert await served == b"ping"
    assert result.stdout == "b'pong'\nNetwork is unreachable\n"
    assert "Connection refused" in after.stderr


async def test_the_same_port_twice_is_an_error_and_the_box_serves_on(box: Sandbox):
    with await box.listen(8080), pytest.raises(OSError, match="8080"):
        await box.listen(8080)
    assert (await box.run_python("print(1)")).stdout == "1\n"


def test_a_port_of_the_box_is_none_of_the_host(pool: Pool):
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", 8080), 1)


@pytest.mark.parametrize("which", [0, 1, 2])
async def test_a_server_that_was_killed_is_replaced(which: int, pool: Pool, box: Sandbox):
    await asyncio.to_thread(pool.server().ready)
    servers = _servers()
    os.kill(servers[which], signal.SIGKILL)
    async with asyncio.timeout(20):
        while any(map(_lives, servers[which:])):  # noqa: ASYNC110 - the kernel sends no event for this
            await asyncio.sleep(0.005)

    results = [await box.run_python(f"import numpy\nprint({number})") for number in range(3)]

    assert [result.stdout for result in results] == ["0\n", "1\n", "2\n"]


async def test_a_server_that_is_killed_ends_its_runs_and_nothing_lives_on(pool: Pool, box: Sandbox):
    run = asyncio.create_task(box.run_python("import time\nprint('so far')\ntime.sleep(60)"))
    await asyncio.sleep(0.3)
    os.kill(_servers()[1], signal.SIGKILL)

    result = await run

    assert (result.exit_code, result.stopped_by, result.stdout) == (137, None, "so far\n")
    assert (await box.run_python("print(1)")).stdout == "1\n"


async def test_runs_in_a_row_leak_nothing(pool: Pool, box: Sandbox):
    await asyncio.to_thread(pool.server().ready)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208

    for _ in range(60):
        await box.run_python("import os\nos.fork()\nopen('a', 'w').write('x')")
    await asyncio.to_thread(pool.server().ready)

    assert len(os.listdir("/proc/self/fd")) <= before + 2  # noqa: PTH208
    async with asyncio.timeout(20):
        while len(_children(_servers()[1])) > 2 + 1 + 2:  # noqa: ASYNC110 - the kernel sends no event for this
            await asyncio.sleep(0.01)
