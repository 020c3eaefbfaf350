"""One role of a bot in a process of its own, to be killed: `python -m tests.chaos.victim ROLE SENT`.

Settings in the environment. It ends by SIGKILL right after the commit that a goal names ("goal-x7": its
seventh), the first time; and notes who wrote the last commit of each session. `SENT` is the file into which
its tool that reaches the world writes: the world, as far as these tests go.
"""

import argparse
import asyncio
import os
import re
import signal
from pathlib import Path

from pydantic import Field
from redis.asyncio import Redis

from agent_core.events import Commit
from agent_core.session import State
from agent_core.storage.redis import connected
from agent_core.tools import AnyTool, Outcome, Tool
from agent_core.tools.base import ToolArguments
from agent_core.values import SessionRef
from bot.app import running
from bot.app.serve import set_up_logs
from bot.reporter import Pace
from bot.settings import Role, load
from tests.flow.victim import after_commits, die

DIE = "chaos:die"
"""Hash: "session version" -> anything; whoever has written that commit dies."""
OWNER = "chaos:owner"
"""Hash: session -> the process that has written its last commit."""
_NAMED = re.compile(r"goal-x(\d+)")


class CallOut(ToolArguments):
    """What the tests' own tool takes."""

    words: str = Field(description="What to send.")


def call_out(sent: Path) -> AnyTool:
    """A tool that leaves the sandbox: what it did cannot be undone, and must not be done twice."""

    async def run(args: CallOut, state: State) -> Outcome:
        with sent.open("a", encoding="utf-8") as world:
            world.write(f"{state.ref.id} {args.words}\n")
        await asyncio.sleep(0.05)  # the answer of the world takes its time
        return Outcome(text=f"sent: {args.words}")

    return Tool(name="call_out", description="Send words to the world.", args=CallOut, run=run)


def mortal(redis: Redis) -> None:
    """Let this process die where it is asked to."""

    async def then(ref: SessionRef, commit: Commit) -> None:
        pipe = redis.pipeline(transaction=False)
        if commit.version == 1 and (named := _NAMED.search(str(commit.events))):
            pipe.hset(DIE, f"{ref.id} {named[1]}", "1")
        pipe.hdel(DIE, f"{ref.id} {commit.version}")
        pipe.hset(OWNER, ref.id, str(os.getpid()))
        *_, wanted, _ = await pipe.execute()
        if wanted:
            die()

    after_commits(then)


async def main(role: Role, sent: Path) -> None:
    """Be that role until SIGTERM."""
    settings = load(env_file=None)
    set_up_logs(settings)
    assert settings.redis_url is not None
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with connected(settings.redis_url.get_secret_value(), repeat=True) as redis:
        mortal(redis)
        async with running(settings, role, pace=Pace(young_s=1.0), more_tools=[call_out(sent)]):
            print("up", flush=True)
            await ended.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=["all", "gateway", "worker"])
    parser.add_argument("sent", type=Path)
    given = parser.parse_args()
    asyncio.run(main(given.role, given.sent))
