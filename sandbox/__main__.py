"""`python -m sandbox`: `run FILE` in a box, `install` the box's Python, `probe` the wall."""

import argparse
import asyncio
import os
import subprocess
import sys
from pathlib import Path

from sandbox import runtime
from sandbox.box import Pool, open_workspace
from sandbox.cell import Cell
from sandbox.channel import Job
from sandbox.probe import probe
from sandbox.values import EXIT_UNAVAILABLE, Limits, SandboxUnavailableError

_EXIT_USAGE = 2
_EXIT_INTERRUPTED = 130
_EXIT_LOST = 120


def main(words: list[str] | None = None) -> int:
    """The exit code: the script's own, 124 stopped for time, 137 for memory, 125 no box could be had."""
    arguments = _parser().parse_args(words)
    try:
        if arguments.command == "run":
            return _run(arguments)
        if arguments.command == "install":
            return _install(arguments.runtime)
        return _probe()
    except SandboxUnavailableError as error:
        print(error, file=sys.stderr)
        return EXIT_UNAVAILABLE
    except KeyboardInterrupt:
        return _EXIT_INTERRUPTED


def _run(arguments: argparse.Namespace) -> int:
    path: Path = arguments.file
    try:
        source = path.read_bytes()
    except OSError as error:
        print(f"{path}: {error.strerror}", file=sys.stderr)
        return _EXIT_USAGE
    folder: Path | None = arguments.workspace
    workspace = None if folder is None else open_workspace(folder)
    limits = Limits(timeout_s=arguments.timeout, memory_mb=arguments.memory, disk_mb=arguments.disk)
    job = Job(source=source, shell=False, read_only=False, limits=limits, workspace=workspace)
    pool = Pool(warm=False)
    try:
        result = Cell(pool.server()).run(job)
    finally:
        pool.close()
        if workspace is not None:
            os.close(workspace)
    try:
        for stream, text in ((sys.stdout, result.stdout), (sys.stderr, result.stderr)):
            stream.buffer.write(text.encode())
            stream.flush()
    except OSError:
        os._exit(_EXIT_LOST)  # nobody reads on, or the disk is full: nothing is left to be flushed
    return result.exit_code


def _install(place: Path) -> int:
    try:
        made = runtime.install(place)
    except subprocess.CalledProcessError as error:
        print(f"The box's Python could not be made: {error}", file=sys.stderr)
        return 1
    print(f"The box's Python is {'made' if made else 'ready'}: {place}")
    return 0


def _probe() -> int:
    rows = asyncio.run(probe())
    for row in rows:
        print(f"{'held' if row.ok else 'OPEN'}  {row.name}: {row.detail}")
    return 0 if all(row.ok for row in rows) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Run code written by strangers.")
    commands = parser.add_subparsers(dest="command", required=True)
    defaults = Limits()
    run = commands.add_parser(
        "run", help="run a Python script in a box; its exit code and output are the script's"
    )
    run.add_argument("file", type=Path, metavar="FILE")
    run.add_argument(
        "--workspace", type=Path, metavar="DIR", help="the folder it may change (default: an empty one)"
    )
    run.add_argument(
        "--timeout", type=_positive_number, default=defaults.timeout_s, metavar="S", help="seconds"
    )
    run.add_argument("--memory", type=_positive, default=defaults.memory_mb, metavar="MB")
    run.add_argument("--disk", type=_positive, default=defaults.disk_mb, metavar="MB")
    install = commands.add_parser("install", help="make the box's Python, where it is missing or stale")
    install.add_argument("--runtime", type=Path, default=runtime.default_runtime(), metavar="DIR")
    commands.add_parser("probe", help="try to escape, and say what held")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number <= 0:
        raise argparse.ArgumentTypeError(f"must be greater than 0, not {text}")
    return number


def _positive_number(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"must be greater than 0, not {text}")
    return number


if __name__ == "__main__":
    sys.exit(main())
