"""The door: run code written by strangers."""

import asyncio
import concurrent.futures
import contextlib
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from sandbox import escape
from sandbox import machine as machines
from sandbox.cell import Cell
from sandbox.channel import Job
from sandbox.server import Server
from sandbox.values import Limits, RunResult, SandboxUnavailableError

_T = TypeVar("_T")
_STANDING = 2
"""Boxes of each kind that a warm pool keeps ready; more at once are made when they are asked for."""
_REFILL_S = 0.003
"""How long after a run its box is replaced: whoever waits for the answer goes first."""
_MOST_AT_ONCE = 256


class Pool:
    """What boxes share: a fork server with the usual packages imported, and boxes that stand by.

    Owned by the composition root. It starts with `async with`, or else with the first box, and belongs to no
    event loop. `warm=False` imports nothing ahead, for a run or two; `copies` brings workspaces in by
    copying, also where they could lie under a box's disk.
    """

    def __init__(self, *, runtime: Path | None = None, warm: bool = True, copies: bool = False) -> None:
        self._runtime = runtime
        self._warm = warm
        self.copies = copies
        self._lock = threading.Lock()
        self._server: Server | None = None
        self.threads = concurrent.futures.ThreadPoolExecutor(_MOST_AT_ONCE, thread_name_prefix="sandbox")
        """One for each run that goes on; they end by themselves with the pool."""

    async def __aenter__(self) -> Self:
        """Starts the server and proves the wall. Raises SandboxUnavailableError."""
        await asyncio.to_thread(self.server)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.close)

    async def ready(self) -> None:
        """Wait until the packages are imported and boxes stand by, which `async with` does not wait for."""
        server = await asyncio.to_thread(self.server)
        await asyncio.to_thread(server.ready)

    @property
    def is_up(self) -> bool:
        """Whether the server was started and the wall proved."""
        return self._server is not None

    def server(self) -> Server:
        """The fork server, once the wall is proved. Raises SandboxUnavailableError."""
        with self._lock:
            if self._server is None:
                standing = _STANDING if self._warm else 0
                server = Server(machines.examine(self._runtime), warm=self._warm, standing=standing)
                try:
                    escape.prove(server)
                except BaseException:
                    server.close()
                    raise
                self._server = server
            return self._server

    def refill(self) -> None:
        """Let boxes stand by again, soon; to be called from an event loop."""
        server = self._server
        if server is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(_REFILL_S, loop.run_in_executor, self.threads, server.refill)

    def close(self) -> None:
        """End the server and every box; what runs in them is killed."""
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.close()


class Sandbox:
    """A box for one workspace, a fresh one for each run.

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
        self._own_pool = Pool(warm=False) if pool is None else None
        self._pool = pool or self._own_pool or Pool()
        self._read_only = read_only
        self._one_at_a_time = asyncio.Lock()
        self._entered = False
        self._next: Cell | None = None

    async def __aenter__(self) -> Self:
        """Raises SandboxUnavailableError where no box can be had."""
        self._entered = True
        try:
            if not self._pool.is_up:
                await asyncio.get_running_loop().run_in_executor(self._pool.threads, self._pool.server)
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._next is not None:
            self._next.close()
            self._next = None
        if self._own_pool is not None:
            self._own_pool.close()
        self._entered = False

    async def run_python(self, source: str, *, timeout_s: float | None = None) -> RunResult:
        """Run a whole script as `__main__`. What goes wrong in it is in the result.

        Raises SandboxUnavailableError where no box can be had; the code was then not run.
        """
        return await self._run(source, timeout_s, in_shell=False)

    async def run_shell(self, command: str, *, timeout_s: float | None = None) -> RunResult:
        """Run a command line or a script with `/bin/sh`; otherwise as `run_python`."""
        return await self._run(command, timeout_s, in_shell=True)

    async def listen(self, port: int) -> socket.socket:
        """A TCP socket that listens on 127.0.0.1 of the next run's box, to be served out here.

        The only way out that a box can have, and only to whoever accepts here. It is blocking, the caller's
        to close, and silent once that run has ended: each run needs its own. Raises SandboxUnavailableError,
        and OSError where the port cannot be had.
        """
        async with self._one_at_a_time:
            if self._next is None:
                cell = Cell(self._pool.server())
                await self._in_thread(cell, cell.stand_by)
                self._next = cell
            cell = self._next
            try:
                return await self._in_thread(cell, lambda: cell.listen(port))
            except OSError:
                self._next = None
                raise

    async def _run(self, source: str, timeout_s: float | None, *, in_shell: bool) -> RunResult:
        limits = self._limits if timeout_s is None else replace(self._limits, timeout_s=timeout_s)
        async with self._one_at_a_time:
            workspace = open_workspace(self._workspace)
            job = Job(
                source=source.encode("utf-8", "surrogatepass"),
                shell=in_shell,
                read_only=self._read_only,
                limits=limits,
                workspace=workspace,
                copy=self._pool.copies,
            )
            try:
                cell, self._next = self._next, None
                if cell is None:
                    cell = Cell(self._pool.server())
                return await self._in_thread(cell, lambda: cell.run(job))
            finally:
                os.close(workspace)
                self._pool.refill()

    async def _in_thread(self, cell: Cell, work: Callable[[], _T]) -> _T:
        """Work with a cell; a cancelled caller ends it at once, and waits until nothing of it is left."""
        if not self._entered:
            raise RuntimeError("A Sandbox is used inside `async with`.")
        done = asyncio.get_running_loop().run_in_executor(self._pool.threads, work)
        try:
            return await asyncio.shield(done)
        except asyncio.CancelledError:
            cell.kill()
            while not done.done():
                with contextlib.suppress(
                    asyncio.CancelledError
                ):  # cancelled twice: still not before it is gone
                    await asyncio.wait([done])
            if not done.cancelled() and done.exception() is None:  # looked at, so that nobody reports it lost
                result = done.result()
                if isinstance(result, socket.socket):
                    result.close()  # it was handed out while nobody waited any more
            cell.close()
            raise


def open_workspace(path: Path) -> int:
    """A descriptor of the folder, which is made where it is missing. Raises SandboxUnavailableError."""
    try:
        try:
            return os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            path.mkdir(parents=True, exist_ok=True)
            return os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise SandboxUnavailableError(
            f"The workspace {str(path)!r} cannot be used: {error.strerror}."
        ) from error
