"""The door: run code written by strangers."""

import asyncio
import concurrent.futures
import contextlib
import os
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox import machine as machines
from sandbox.cell import Cell
from sandbox.channel import Job
from sandbox.files import open_folder
from sandbox.machine import Machine
from sandbox.values import Limits, RunResult, SandboxUnavailableError


class Pool:
    """What boxes share: the machine's facts, found out once. Owned by the composition root."""

    def __init__(self, *, runtime: Path | None = None) -> None:
        self._runtime = runtime
        self._machine: Machine | None = None

    async def __aenter__(self) -> Self:
        await self.machine()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._machine = None

    async def machine(self) -> Machine:
        """What this machine offers. Raises SandboxUnavailableError."""
        if self._machine is None:
            self._machine = await asyncio.to_thread(machines.examine, self._runtime)
        return self._machine


class Sandbox:
    """A box for one workspace, serving one run after another.

    Args:
        workspace: The folder that code sees as its working directory, all it can change. Made if missing.
        limits: What each run may use.
        pool: Where boxes come from; without one the Sandbox starts and ends its own.
        read_only: For judging files without trusting them: the workspace cannot be written to and is not on
            the import path.
    """

    def __init__(
        self,
        workspace: Path,
        limits: Limits | None = None,
        pool: Pool | None = None,
        *,
        read_only: bool = False,
    ) -> None:
        self._workspace = workspace
        self._limits = limits or Limits()
        self._pool = pool or Pool()
        self._read_only = read_only
        self._one_at_a_time = asyncio.Lock()
        self._thread: concurrent.futures.ThreadPoolExecutor | None = None

    async def __aenter__(self) -> Self:
        """Raises SandboxUnavailableError where no box can be had."""
        await self._pool.machine()
        self._thread = concurrent.futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="sandbox")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is not None:
            self._thread.shutdown(wait=False)
            self._thread = None

    async def run_python(self, source: str, *, timeout_s: float | None = None) -> RunResult:
        """Run a whole script as `__main__`. What goes wrong in it is in the result.

        Raises SandboxUnavailableError where no box can be had; the code was then not run.
        """
        return await self._run(source, timeout_s, in_shell=False)

    async def run_shell(self, command: str, *, timeout_s: float | None = None) -> RunResult:
        """Run a command line or a script with `/bin/sh`; otherwise as `run_python`."""
        return await self._run(command, timeout_s, in_shell=True)

    async def _run(self, source: str, timeout_s: float | None, *, in_shell: bool) -> RunResult:
        if self._thread is None:
            raise RuntimeError("A Sandbox is used inside `async with`.")
        limits = self._limits if timeout_s is None else replace(self._limits, timeout_s=timeout_s)
        machine = await self._pool.machine()
        async with self._one_at_a_time:
            workspace = open_workspace(self._workspace)
            job = Job(
                source=source.encode("utf-8", "surrogatepass"),
                shell=in_shell,
                read_only=self._read_only,
                limits=limits,
                workspace=workspace,
            )
            try:
                return await _in_thread(self._thread, Cell(machine, job))
            finally:
                os.close(workspace)


async def _in_thread(thread: concurrent.futures.Executor, cell: Cell) -> RunResult:
    """Run a cell in its thread; a cancelled caller ends it at once, and waits until nothing of it is left."""
    done = asyncio.get_running_loop().run_in_executor(thread, cell.run)
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        cell.kill()
        while not done.done():
            with contextlib.suppress(asyncio.CancelledError):  # cancelled twice: still not before it is gone
                await asyncio.wait([done])
        if not done.cancelled():
            done.exception()  # looked at, so that nobody reports it as lost
        raise


def open_workspace(path: Path) -> int:
    """A descriptor of the folder, which is made where it is missing. Raises SandboxUnavailableError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        return open_folder(path.resolve())
    except OSError as error:
        raise SandboxUnavailableError(
            f"The workspace {str(path)!r} cannot be used: {error.strerror}."
        ) from error
