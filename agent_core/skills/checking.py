"""Run a check against a script that cannot reach it: each in a box of its own, plain data between them.

The check sees a stand-in where it expects the script: a call, an import, a run of it goes over a socket to
the other box, and what comes back is data. So a script can neither end the check, nor patch what it calls,
nor answer for its own equality.
"""

import ast
import asyncio
import json
import socket
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from agent_core.errors import SandboxRefusedError
from agent_core.skills.explained import explained
from agent_core.skills.inside import program
from agent_core.skills.telling import calls, differing
from sandbox import Limits, Pool, RunResult, Sandbox, SandboxUnavailableError

Cases = Literal["open", "sealed"]

_PORT = 4100
_MOST_MESSAGE = 8_000_000
_MOST_PROGRAMS = 200
"""How often a check may run the script as a program."""
_TELLING_S = 10.0
_LAST_WORDS_S = 1.0
"""How long a script that has hung up may take to be gone."""

_CHECK = """\
import runpy, sys
sys.argv = ["check.py", "skill/main.py", *{arguments!r}]
sys.path.insert(0, "skill")
runpy.run_path("check.py", run_name="__main__")
"""
_PROGRAM = """\
import os, runpy, sys
reading = os.open(".stdin", os.O_RDONLY)
os.unlink(".stdin")
os.dup2(reading, 0)
sys.stdin = open(0, encoding="utf-8", closefd=False)
sys.argv = ["main.py", *{arguments!r}]
runpy.run_path("main.py", run_name="__main__")
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a check came out."""

    holds: bool
    output: str
    """What the check printed and how it ended, its last 4,000 characters."""
    stopped_by: str | None = None
    """`time` or `memory` where the check or the script was ended."""
    duration_s: float = 0.0


class Checker:
    """Runs checks."""

    def __init__(self, limits: Limits, pool: Pool | None) -> None:
        self._limits = limits
        self._pool = pool

    async def run(
        self, check: str, source: str, cases: Cases | None = None, *, timeout_s: float | None = None
    ) -> Verdict:
        """Whether the script does what the check says, in two fresh boxes.

        `timeout_s`: less than the usual limit. Raises SandboxRefusedError where no box can be had.
        """
        if self._pool is None:
            raise SandboxRefusedError("There is no sandbox here, so no check can be run.")
        try:
            with tempfile.TemporaryDirectory(prefix="check-") as folder:
                return await self._run(Path(folder), check, source, cases, timeout_s)
        except SandboxUnavailableError as error:
            raise SandboxRefusedError(str(error)) from error

    async def told_apart(self, check: str, source: str, others: list[str]) -> list[bool]:
        """For each of the others, whether some call near those of the check shows it not to be the script.

        All are where that cannot be tried. Raises SandboxRefusedError where no box can be had.
        """
        tried = await asyncio.to_thread(calls, check)
        if not tried or not others:
            return [True] * len(others)
        limits = replace(self._limits, timeout_s=min(_TELLING_S, self._limits.timeout_s))
        try:
            with tempfile.TemporaryDirectory(prefix="check-") as folder:
                async with Sandbox(Path(folder), limits, self._pool) as box:
                    result = await box.run_python(differing(source, others, tried))
        except SandboxUnavailableError as error:
            raise SandboxRefusedError(str(error)) from error
        told = _truths(result.stdout) if result.exit_code == 0 else []
        return told if len(told) == len(others) else [True] * len(others)

    async def _run(
        self, folder: Path, check: str, source: str, cases: Cases | None, timeout_s: float | None
    ) -> Verdict:
        limits = self._limits
        if timeout_s is not None:
            limits = replace(limits, timeout_s=min(timeout_s, limits.timeout_s))
        judge = folder / "judge"
        await asyncio.to_thread(
            _write, judge, {"check.py": explained(check), "skill/main.py": stand_in(source)}
        )
        arguments = ["--cases", cases] if cases else []
        async with Sandbox(judge, limits, self._pool) as box:
            listener = await box.listen(_PORT)
            script = _Script(folder, source, limits, self._pool)
            async with _served(script, listener):
                result = await box.run_python(_CHECK.format(arguments=arguments))
        if script.refused is not None:
            raise script.refused
        return _verdict(result, script.stopped_by)


@dataclass(slots=True)
class _Script:
    """The script's side: answers what a check asks, in boxes of its own."""

    folder: Path
    source: str
    limits: Limits
    pool: Pool | None
    programs: int = 0
    refused: SandboxUnavailableError | None = None
    stopped_by: str | None = None
    """What ended the script where it stood as a module."""

    async def answer(self, link: socket.socket) -> None:
        """Serve one connection of the check to its end."""
        try:
            asked = json.loads(await _receive(link))
            if asked.get("mode") == "module":
                await self._as_module(link)
            else:
                await _send(link, json.dumps(await self._as_program(asked)).encode())
        except (EOFError, OSError, ValueError, KeyError, TypeError):
            return  # the check has gone, or does not speak as its stand-in does: its own loss
        except SandboxUnavailableError as error:
            self.refused = error  # the check sees a script that is gone; its verdict is not asked for

    async def _as_module(self, link: socket.socket) -> None:
        workspace = self.folder / "module"
        await asyncio.to_thread(_write, workspace, {"main.py": self.source})
        source = f"{program('serve', 'plain')}\n_serve({_PORT}, 'main.py')\n"
        async with Sandbox(workspace, self.limits, self.pool) as box:
            with closing(await box.listen(_PORT)) as listener:
                running = asyncio.create_task(box.run_python(source))
                accepting = asyncio.create_task(_accept(listener))
                try:
                    await asyncio.wait({running, accepting}, return_when=asyncio.FIRST_COMPLETED)
                    if not accepting.done():
                        self.stopped_by = running.result().stopped_by
                        return
                    await _splice(link, accepting.result())
                    self.stopped_by = await _stopped_by(running)
                finally:
                    await _end(running, accepting)
                    if not accepting.cancelled() and accepting.exception() is None:
                        accepting.result().close()

    async def _as_program(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.programs += 1
        if self.programs > _MOST_PROGRAMS:
            return {
                "files": {},
                "stdout": "",
                "stderr": "The check runs the script too often.\n",
                "exit_code": 1,
            }
        workspace = self.folder / f"program-{self.programs}"
        files = {str(path): bytes.fromhex(data) for path, data in dict(asked["files"]).items()}
        kept = {
            path: data for path, data in files.items() if _is_inside(path) and not path.startswith("skill/")
        }
        written = {**kept, "main.py": self.source.encode(), ".stdin": str(asked["stdin"]).encode()}
        await asyncio.to_thread(_write, workspace, written)
        arguments = [str(one) for one in asked["args"]]
        async with Sandbox(workspace, self.limits, self.pool) as box:
            result = await box.run_python(_PROGRAM.format(arguments=arguments))
        changed = await asyncio.to_thread(_read, workspace, [one.path for one in result.changed])
        return {
            "files": {path: data.hex() for path, data in changed.items()},
            "stdout": result.stdout,
            "stderr": result.stderr,
            "exit_code": result.exit_code,
        }


def _truths(text: str) -> list[bool]:
    """A list of JSON as a box printed it; empty where it is none."""
    try:
        return TypeAdapter(list[bool]).validate_json(text)
    except ValidationError:
        return []


def stand_in(source: str) -> str:
    """What a check finds where it expects the script."""
    functions, exceptions = _names(source)
    head = f"PORT = {_PORT}\nFUNCTIONS = {functions!r}\nEXCEPTIONS = {exceptions!r}\n"
    return f"{head}\n{program('proxy', 'plain')}"


def _names(source: str) -> tuple[list[str], list[str]]:
    """The functions and classes that the script defines, and which of the classes are errors."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return [], []
    functions: list[str] = []
    exceptions: list[str] = []
    for one in body:
        if isinstance(one, ast.ClassDef) and any(_is_error(base) for base in one.bases):
            exceptions.append(one.name)
        elif isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            functions.append(one.name)
    return functions, exceptions


def _is_error(base: ast.expr) -> bool:
    return isinstance(base, ast.Name) and base.id.endswith(("Error", "Exception"))


def _verdict(result: RunResult, script_stopped_by: str | None) -> Verdict:
    ended = f"exit code {result.exit_code}"
    stopped_by = result.stopped_by or (script_stopped_by if result.exit_code else None)
    if stopped_by:
        ended += f", stopped for {stopped_by}"
    output = "\n".join(part for part in (result.stdout.strip(), result.stderr.strip(), ended) if part)
    return Verdict(
        holds=result.exit_code == 0 and result.stopped_by is None,
        output=output[-4000:],
        stopped_by=stopped_by,
        duration_s=result.duration_s,
    )


@asynccontextmanager
async def _served(script: _Script, listener: socket.socket) -> AsyncGenerator[None]:
    """Answer the check for as long as it runs."""
    answering: set[asyncio.Task[None]] = set()

    def done(link: socket.socket, task: asyncio.Task[None]) -> None:
        link.close()  # also where it was cancelled before it began
        answering.discard(task)

    async def accept() -> None:
        while True:
            link = await _accept(listener)
            task = asyncio.create_task(script.answer(link))
            answering.add(task)
            task.add_done_callback(partial(done, link))

    with closing(listener):
        accepting = asyncio.create_task(accept())
        try:
            yield
        finally:
            await _end(accepting, *answering)


async def _end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel them and see them gone, however often whoever waits is cancelled meanwhile."""
    cancelled: asyncio.CancelledError | None = None
    for task in tasks:
        task.cancel()
    while not all(task.done() for task in tasks):
        try:
            await asyncio.wait(tasks)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


async def _stopped_by(running: asyncio.Task[RunResult]) -> str | None:
    """What ended the script, where it ended before its check did."""
    done, _ = await asyncio.wait({running}, timeout=_LAST_WORDS_S)
    return running.result().stopped_by if done else None


async def _accept(listener: socket.socket) -> socket.socket:
    """The next connection, which no cancellation can lose."""
    listener.setblocking(False)
    loop = asyncio.get_running_loop()
    while True:
        try:
            link, _ = listener.accept()
        except BlockingIOError:
            ready = asyncio.Event()
            loop.add_reader(listener, ready.set)
            try:
                await ready.wait()
            finally:
                loop.remove_reader(listener)
        else:
            link.setblocking(False)
            return link


async def _splice(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until either side has gone."""
    ways = [asyncio.create_task(_carry(one, other)), asyncio.create_task(_carry(other, one))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _end(*ways)


async def _carry(source: socket.socket, sink: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    while data := await loop.sock_recv(source, 1 << 16):
        await loop.sock_sendall(sink, data)


async def _receive(link: socket.socket) -> bytes:
    size = int.from_bytes(await _exactly(link, 4), "big")
    if size > _MOST_MESSAGE:
        raise EOFError("the message is too large")
    return await _exactly(link, size)


async def _exactly(link: socket.socket, size: int) -> bytes:
    loop, data = asyncio.get_running_loop(), bytearray()
    while len(data) < size:
        piece = await loop.sock_recv(link, min(size - len(data), 1 << 20))
        if not piece:
            raise EOFError("the check has gone")
        data += piece
    return bytes(data)


async def _send(link: socket.socket, data: bytes) -> None:
    await asyncio.get_running_loop().sock_sendall(link, len(data).to_bytes(4, "big") + data)


def _write(folder: Path, files: dict[str, str] | dict[str, bytes] | dict[str, str | bytes]) -> None:
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8", "replace"))


def _read(folder: Path, paths: list[str]) -> dict[str, bytes]:
    """The files that a run made, as far as they fit into one message."""
    found: dict[str, bytes] = {}
    room = _MOST_MESSAGE // 4
    for path in paths:
        target = folder / path
        if (
            path != "main.py"
            and target.is_file()
            and not target.is_symlink()
            and target.stat().st_size <= room
        ):
            found[path] = target.read_bytes()
            room -= len(found[path])
    return found


def _is_inside(path: str) -> bool:
    parts = Path(path).parts
    return bool(parts) and not Path(path).is_absolute() and ".." not in parts
