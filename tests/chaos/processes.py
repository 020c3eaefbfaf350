"""Programs that are started, killed, frozen and started again."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import redis.asyncio as redis_asyncio
from redis.exceptions import RedisError

ROOT = Path(__file__).parents[2]
UP_WITHIN_S = 60.0


@dataclass(kw_only=True)
class Program:
    """A program that is to run; its output is in a file."""

    name: str
    command: Sequence[str]
    output: Path
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    folder: Path = ROOT
    """Where it runs: the root of the source that it is made of."""
    process: asyncio.subprocess.Process | None = None
    starts: int = 0

    async def start(self) -> None:
        """Start it; whether it is up is another question."""
        self.starts += 1
        with self.output.open("ab") as output:
            self.process = await asyncio.create_subprocess_exec(
                *self.command, cwd=self.folder, env=dict(self.environment), stdout=output, stderr=output
            )

    async def until_it_says(self, text: str) -> str:
        """The first line of its output that has this text, once this start has printed it."""
        async with asyncio.timeout(UP_WITHIN_S):
            while True:
                lines = [line for line in self.output.read_text("utf-8").split("\n") if text in line]
                if len(lines) >= self.starts:
                    return lines[-1]
                if not self.alive:
                    raise ChildProcessError(f"{self.name} died:\n{self.output.read_text('utf-8')[-3000:]}")
                await asyncio.sleep(0.05)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.returncode is None

    @property
    def pid(self) -> int:
        """Its number."""
        assert self.process is not None
        return self.process.pid

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self.alive:
            os.kill(self.pid, number)

    async def kill(self) -> None:
        """End it without a word."""
        self.send(signal.SIGKILL)
        await self.ended()

    async def stop(self) -> None:
        """Ask it to end, and wait for that."""
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        await self.ended()

    async def ended(self) -> None:
        """Wait for its end."""
        if self.process is not None:
            async with asyncio.timeout(UP_WITHIN_S):
                await self.process.wait()


def python(name: str, folder: Path, environment: Mapping[str, str], *arguments: str) -> Program:
    """A Python program of the tests."""
    return Program(
        name=name,
        command=(sys.executable, "-m", *arguments),
        output=folder / f"{name}.log",
        environment={**environment, "PATH": "/usr/bin:/bin"},
    )


def redis_server(folder: Path) -> tuple[Program, str]:
    """A Redis that acknowledges nothing which it could lose, and its address."""
    data = folder / "redis"
    data.mkdir()
    socket = data / "s"
    wanted = ("--port", "0", "--unixsocket", str(socket), "--dir", str(data), "--appendonly", "yes")
    settings = ("--appendfsync", "always", "--save", "", "--maxmemory-policy", "noeviction")
    program = Program(name="redis", command=("redis-server", *wanted, *settings), output=folder / "redis.log")
    return program, f"unix://{socket}"


async def until_redis_answers(url: str) -> None:
    """Wait for it to have read its data."""
    async with asyncio.timeout(UP_WITHIN_S):
        while True:
            client = redis_asyncio.Redis.from_url(url)  # pyright: ignore[reportUnknownMemberType]
            try:
                await client.ping()  # pyright: ignore[reportUnknownMemberType]
            except (RedisError, OSError):
                await asyncio.sleep(0.05)
            else:
                return
            finally:
                await client.aclose()
