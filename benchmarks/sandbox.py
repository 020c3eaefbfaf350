"""What a box costs, beside a cold Python and bubblewrap with Python: `python -m benchmarks.sandbox`.

Everything is measured in turns within one run, so that what else the machine does falls on all alike.
"""

import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from sandbox import Pool, Sandbox, runtime

TIMES = 50
AT_ONCE = 20
PRINT = "print(1)"
PLOT = """
import pandas as pd
import matplotlib.pyplot as plt
table = pd.DataFrame({"x": range(100), "y": [x * x for x in range(100)]})
print(table.groupby(table.x % 5).y.mean())
table.plot(x="x", y="y")
plt.title("squares")
plt.savefig("plot.png")
"""
Side = Callable[[str], Awaitable[None]]


async def _program(words: list[str], folder: Path, **variables: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *words, cwd=folder, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    assert await process.wait() == 0


def sides(pool: Pool, folder: Path) -> dict[str, Side]:
    """Ways to run a script, by name."""
    place = runtime.default_runtime()
    python = str(place / "bin/python")
    fonts = folder / ".matplotlib"
    shutil.copytree(place / "matplotlib", fonts)
    variables = {"MPLBACKEND": "Agg", "MPLCONFIGDIR": str(fonts), "PATH": os.defpath}
    walls = ["bwrap", "--ro-bind", "/", "/", "--bind", str(folder), str(folder), "--unshare-all"]
    walls += ["--proc", "/proc", "--dev", "/dev", "--die-with-parent", "--new-session"]

    async def box(source: str) -> None:
        async with Sandbox(workspace=folder / "box", pool=pool) as sandbox:
            result = await sandbox.run_python(source)
        assert result.exit_code == 0, result.stderr

    async def cold(source: str) -> None:
        await _program([python, "-c", source], folder, **variables)

    async def bubblewrap(source: str) -> None:
        await _program([*walls, python, "-c", source], folder, **variables)

    return {"cold python": cold, "bubblewrap + python": bubblewrap, "a fresh box": box}


async def compare(name: str, source: str, ways: dict[str, Side]) -> None:
    """Run a script each way in turns; print medians, 95th percentiles and ratios to the first way."""
    took: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(TIMES):
        for way, run in ways.items():
            began = time.perf_counter()
            await run(source)
            took[way].append(time.perf_counter() - began)
            await asyncio.sleep(0.02)  # what goes on after a run is nobody else's
    unit = statistics.median(took["cold python"])
    for way, seconds in took.items():
        median, high = statistics.median(seconds), sorted(seconds)[int(TIMES * 0.95) - 1]
        print(
            f"{name:8} {way:20} median {median * 1000:8.1f} ms   p95 {high * 1000:8.1f} ms"
            f"   {median / unit:5.2f} x cold python   n={TIMES}",
            flush=True,
        )


async def at_once(pool: Pool, folder: Path) -> None:
    """Twenty boxes on whatever cores there are."""

    async def one(number: int) -> str:
        async with Sandbox(workspace=folder / str(number), pool=pool) as box:
            return (await box.run_python(f"import numpy\nprint({number})")).stdout

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(number)) for number in range(AT_ONCE)]
    failed = sum(task.result() != f"{number}\n" for number, task in enumerate(tasks))
    took = time.perf_counter() - began
    print(f"{AT_ONCE} boxes at once on {os.cpu_count()} cores: {failed} failed, {took * 1000:.0f} ms in all")


def below(pid: int) -> Iterator[int]:
    """All processes that a process has started."""
    for place in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, place.read_text(encoding="ascii").split()):
            yield child
            yield from below(child)


def private_kib(pid: int) -> int:
    """Memory that is no other process's too."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(("Private_Dirty", "Private_Clean")))


def idle() -> None:
    """What boxes that stand by hold: two processes each, children of one of the two servers."""
    for server in below(os.getpid()):
        children = Path(f"/proc/{server}/task/{server}/children").read_text(encoding="ascii").split()
        boxes = [[int(child), *below(int(child))] for child in children]
        for box in [box for box in boxes if len(box) == 2 and server not in box]:
            if Path(f"/proc/{box[1]}/task/{box[1]}/children").read_text(encoding="ascii") == "":
                print(f"an idle box: {sum(map(private_kib, box)) / 1024:.1f} MiB private memory")


async def main() -> None:
    """Measure and print."""
    runtime.install(runtime.default_runtime())
    print(f"Python {sys.version.split()[0]}, Linux {os.uname().release}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as name:
        async with Pool() as pool:
            await pool.ready()
            ways = sides(pool, Path(name))
            await compare("print(1)", PRINT, ways)
            await compare("a plot", PLOT, ways)
            await at_once(pool, Path(name))
            await pool.ready()
            await asyncio.sleep(1)  # until the kernel is through with those that ended
            idle()


if __name__ == "__main__":
    asyncio.run(main())
