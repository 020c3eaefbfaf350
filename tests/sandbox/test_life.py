"""Nothing of a run outlives it: not when it is cancelled, not when whoever started it is killed."""

import asyncio
import contextlib
import os
import random
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox import Limits, Pool, Sandbox, SandboxUnavailableError, runtime

_CHECKOUT = Path(__file__).parents[2]
_FOREVER = "import os, time\nfor _ in range(3): os.fork()\nwhile True: time.sleep(1)"


@pytest.fixture
def pool() -> Iterator[Pool]:
    """One that keeps no box: what there is more than before is the run's."""
    runtime.install(runtime.default_runtime())
    pool = Pool(warm=False)
    pool.server()
    yield pool
    pool.close()


@pytest.fixture
def warm_pool() -> Iterator[Pool]:
    pool = Pool()
    pool.server().ready()
    yield pool
    pool.close()


def _mounts() -> int:
    return len(Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines())


def _descriptors() -> int:
    return len(_names(Path("/proc/self/fd")))


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _below(pid: int) -> set[tuple[int, str]]:
    """All processes that a process has started, by number and time of birth."""
    found: set[tuple[int, str]] = set()
    for place in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, place.read_text(encoding="ascii").split()):
            found |= {(child, _birth(child))} | _below(child)
    return found


def _birth(pid: int) -> str:
    """When a process began; empty for one that is gone, or only waits to be counted."""
    try:
        fields = (
            Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rsplit(")", 1)[1].split()
        )
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]


def _alive(processes: set[tuple[int, str]]) -> bool:
    return any(birth and _birth(pid) == birth for pid, birth in processes)


async def _settled() -> tuple[int, int, set[tuple[int, str]]]:
    """What there is once the last box is gone: its first process ends by itself, a moment later."""
    seen: list[tuple[int, int, set[tuple[int, str]]]] = []
    while len(seen) < 5 or seen[-5:-1] != 4 * seen[-1:]:
        seen.append((_descriptors(), _mounts(), _below(os.getpid())))
        await asyncio.sleep(0.05)
    return seen[-1]


async def _until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the kernel sends no event for this
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("grown", [1, 2])
async def test_a_cancelled_run_is_gone_and_the_box_serves_on(grown: int, box: Sandbox, workspace: Path):
    before = _below(os.getpid())
    run = asyncio.create_task(box.run_python("open('a', 'w').close()\nimport time\ntime.sleep(60)"))
    await _until(lambda: len(_below(os.getpid()) - before) >= grown)
    processes = _below(os.getpid()) - before
    run.cancel()

    with pytest.raises(asyncio.CancelledError):
        await run
    await _until(lambda: not _alive(processes))
    assert _names(workspace) == []
    assert (await box.run_python("print(1)")).stdout == "1\n"


async def test_a_run_cancelled_before_it_began_never_begins(box: Sandbox, workspace: Path):
    before = _below(os.getpid())
    run = asyncio.create_task(box.run_python("open('a', 'w').close()"))
    await asyncio.sleep(0)
    run.cancel()

    with pytest.raises(asyncio.CancelledError):
        await run
    await _until(lambda: _below(os.getpid()) <= before)
    assert _names(workspace) == []


async def test_a_deadline_around_a_run_ends_it(box: Sandbox):
    before = _below(os.getpid())

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await box.run_python("while True: pass")
    await _until(lambda: _below(os.getpid()) <= before)


async def test_many_runs_leak_no_descriptor_mount_or_process(box: Sandbox):
    await box.run_python("print(1)")
    before = await _settled()

    for _ in range(30):
        await box.run_python("import os\nos.fork()\nopen('a', 'w').write('x')")

    await _until(lambda: (_descriptors(), _mounts(), _below(os.getpid())) == before)


async def test_twenty_boxes_at_once(warm_pool: Pool, tmp_path: Path):
    async def one(number: int) -> tuple[str, int, str | None, str]:
        async with Sandbox(
            workspace=tmp_path / str(number), pool=warm_pool, limits=Limits(timeout_s=60)
        ) as box:
            result = await box.run_python(f"open('a', 'w').write('x')\nprint({number})")
            return result.stdout, result.exit_code, result.stopped_by, result.stderr

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(number)) for number in range(20)]

    assert [task.result() for task in tasks] == [(f"{number}\n", 0, None, "") for number in range(20)]


@pytest.mark.parametrize("grown", [1, 3, 8])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
async def test_a_run_dies_with_whoever_started_it(
    number: signal.Signals, grown: int, pool: Pool, tmp_path: Path
):
    mounts = _mounts()
    script = tmp_path / "script.py"
    script.write_text(_FOREVER, encoding="utf-8")
    words = [sys.executable, "-m", "sandbox", "run", str(script), "--workspace", str(tmp_path / "w")]
    environment = {"PYTHONPATH": str(_CHECKOUT), "PATH": os.defpath}
    quiet = asyncio.subprocess.DEVNULL

    starter = await asyncio.create_subprocess_exec(*words, env=environment, stdout=quiet, stderr=quiet)
    await _until(lambda: len(_below(starter.pid)) >= grown)
    processes = _below(starter.pid)
    starter.send_signal(number)
    await starter.wait()

    await _until(lambda: not _alive(processes))
    assert _mounts() == mounts
    assert _names(tmp_path / "w") == []


async def test_whatever_is_killed_at_whatever_moment_a_later_run_goes_well_and_nothing_is_left(
    tmp_path: Path,
):
    chosen = random.Random(7)  # noqa: S311 - moments, not secrets
    others = _below(os.getpid())
    pool, seen, stop = Pool(), set[tuple[int, str]](), asyncio.Event()
    source = "import os, time\nos.fork()\nopen('a', 'w').write('x')\ntime.sleep(0.05)"

    async def run_on() -> None:
        while not stop.is_set():
            with contextlib.suppress(SandboxUnavailableError):
                async with Sandbox(tmp_path / "w", pool=pool) as box:
                    await box.run_python(source)
            await asyncio.sleep(0.001)

    async with asyncio.TaskGroup() as group:
        group.create_task(run_on())
        for _ in range(40):
            await asyncio.sleep(chosen.uniform(0, 0.15))
            seen |= _below(os.getpid()) - others
            living = sorted(pid for pid, birth in seen if birth and _birth(pid) == birth)
            if living:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(chosen.choice(living), signal.SIGKILL)
        stop.set()
    async with asyncio.timeout(30), Sandbox(tmp_path / "w", pool=pool) as box:
        last = await box.run_python("print(1)")
    seen |= _below(os.getpid()) - others
    pool.close()

    assert last.stdout == "1\n"
    await _until(lambda: not _alive(seen))
    assert _names(tmp_path / "w") in ([], ["a"])
