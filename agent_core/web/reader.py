"""Parse strangers' bytes in a process that can be killed: a time limit, a memory limit, never on the loop.

The process is kept warm between pages, since loading the parsers takes longer than most pages do.
"""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agent_core.errors import FetchFailedError
from agent_core.web.fetched import Fetched
from agent_core.web.page import Page

PARSE_WITHIN_S = 8.0
START_WITHIN_S = 10.0
PAGES_PER_PROCESS = 100
_ANSWER_BYTES = 16_000_000
_ROOT = Path(__file__).parents[2]


class Reader:
    """One parsing process, one page at a time. A failure ends it, and the next page gets a new one."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._process: Process | None = None
        self._pages = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def read(self, answer: Fetched, *, shape: str, url: str) -> Page:
        """The page in an answer. `shape` names the platform's shape, empty for an ordinary one.

        Raises:
            FetchFailedError: it cannot be read, or takes too much time or memory.
        """
        head = {"url": url, "content_type": answer.content_type, "shape": shape, "size": len(answer.body)}
        async with self._turn:
            finished = False
            try:
                process = await self._running()
                async with asyncio.timeout(PARSE_WITHIN_S):
                    reply = await _exchange(process, json.dumps(head).encode() + b"\n" + answer.body)
                finished = True
            except TimeoutError as error:
                raise FetchFailedError(f"The page could not be read within {PARSE_WITHIN_S:g} s.") from error
            except (asyncio.IncompleteReadError, OSError, ValueError) as error:
                raise FetchFailedError(
                    "The page could not be read: it is broken or needs too much memory."
                ) from error
            finally:
                self._pages += 1
                if not finished or self._pages >= PAGES_PER_PROCESS:
                    await self._end()
        if "error" in reply:
            raise FetchFailedError(str(reply["error"]))
        return Page(
            title=reply["title"], markdown=reply["markdown"], text=reply["text"], links=tuple(reply["links"])
        )

    async def _running(self) -> Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        self._pages = 0
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-s", "-m", "agent_core.web.parsing", str(PARSE_WITHIN_S),
            stdin=PIPE, stdout=PIPE, stderr=asyncio.subprocess.DEVNULL,
            env={"PYTHONPATH": str(_ROOT), "LC_ALL": "C.UTF-8"}, cwd="/", start_new_session=True,
            limit=1024 * 1024,
        )  # fmt: skip
        async with asyncio.timeout(START_WITHIN_S):
            await _pipes(self._process)[1].readexactly(1)
        return self._process

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            with suppress(ProcessLookupError):
                # not process.kill(), which may reap it before the loop does
                os.kill(process.pid, signal.SIGKILL)
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()


def _pipes(process: Process) -> tuple[asyncio.StreamWriter, asyncio.StreamReader]:
    if process.stdin is None or process.stdout is None:
        raise ConnectionError("the parsing process has no pipes")
    return process.stdin, process.stdout


async def _exchange(process: Process, request: bytes) -> dict[str, Any]:
    sink, source = _pipes(process)
    sink.write(request)
    await sink.drain()
    size = int.from_bytes(await source.readexactly(4), "big")
    if size > _ANSWER_BYTES:
        raise ValueError("the answer is too large")
    reply: dict[str, Any] = json.loads(await source.readexactly(size))
    return reply
