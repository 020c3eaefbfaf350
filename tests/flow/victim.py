"""A whole bot in a process of its own, which dies by SIGKILL right after the commit of a given version.

Run as `python -m tests.flow.victim VERSION`, settings in the environment; 0 lets it live.
"""

import asyncio
import os
import signal
import sys

from agent_core.events import Commit
from agent_core.signals import Signal
from agent_core.storage.journal import Journal
from agent_core.values import SessionRef
from bot.app import running
from bot.reporter import Pace
from bot.settings import load


def die_after(version: int) -> None:
    """Let this process end the moment it has written that commit."""
    append = Journal.append

    async def last(
        self: Journal,
        ref: SessionRef,
        commit: Commit,
        inbox_after: str | None = None,
        epoch: int | None = None,
    ) -> list[tuple[str, Signal]]:
        fresh = await append(self, ref, commit, inbox_after, epoch)
        if commit.version == version:
            os.kill(os.getpid(), signal.SIGKILL)
        return fresh

    Journal.append = last


async def main() -> None:
    """Be a bot until SIGTERM."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with running(load(env_file=None), pace=Pace(young_s=0.05)):
        await ended.wait()


if __name__ == "__main__":
    die_after(int(sys.argv[1]))
    asyncio.run(main())
