"""A whole bot in a process of its own, which dies by SIGKILL right after the commit of a given version.

Run as `python -m tests.flow.victim VERSION`, settings in the environment; 0 lets it live.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable

from agent_core.events import Commit
from agent_core.signals import Signal
from agent_core.storage.journal import Journal
from agent_core.values import SessionRef
from bot.app import running
from bot.reporter import Pace
from bot.settings import load


def after_commits(then: Callable[[SessionRef, Commit], Awaitable[None]]) -> None:
    """Let this process do something right after each commit that it has written."""
    append = Journal.append

    async def followed(
        self: Journal,
        ref: SessionRef,
        commit: Commit,
        inbox_after: str | None = None,
        epoch: int | None = None,
    ) -> list[tuple[str, Signal]]:
        fresh = await append(self, ref, commit, inbox_after, epoch)
        await then(ref, commit)
        return fresh

    Journal.append = followed


def die() -> None:
    """End this process without a word."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_after(version: int) -> None:
    """Let this process end the moment it has written that commit."""

    async def then(_ref: SessionRef, commit: Commit) -> None:
        if commit.version == version:
            die()

    after_commits(then)


async def main() -> None:
    """Be a bot until SIGTERM."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with running(load(env_file=None), pace=Pace(young_s=0.05)):
        await ended.wait()


if __name__ == "__main__":
    die_after(int(sys.argv[1]))
    asyncio.run(main())
