"""A Redis of our own, for hosts that bring none: on a private unix socket, never on a port.

It outlives a killed bot and is adopted by the next one. Two locks keep the data to one writer: the bot holds
`owner.lock`; the server holds `server.lock`, which it inherits at its start, for as long as it lives.
"""

import asyncio
import itertools
import os
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from agent_core.errors import StartError
from agent_core.storage import folder as on_disk
from agent_core.storage import program
from agent_core.storage.redis import connected, with_connections

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

_FIRST_ANSWER_S = 15.0
_LOADED_WITHIN_S = 600.0
_GONE_WITHIN_S = 10.0
_POLL_S = 0.02
_PROBE_S = 2.0
_STEADY_S = 10.0
_LONGEST_PAUSE_S = 5.0


class EmbeddedRedis:
    """`async with EmbeddedRedis(data_dir) as redis:` and then `redis.url`. One per data folder.

    Entering raises StartError; its text says what to do. A server that dies is started again.
    Leaving ends it, so leave it last.
    """

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir.resolve() / "redis"
        self._socket = on_disk.socket_path(self._folder)
        self._held = AsyncExitStack()
        self._process: asyncio.subprocess.Process | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self.name = ""
        """The server's kind and version, for people."""

    @property
    def url(self) -> str:
        """The address, for every client."""
        return with_connections(f"unix://{quote(str(self._socket))}")

    async def __aenter__(self) -> Self:
        try:
            self._held.callback(os.close, on_disk.own(self._folder, self._socket))
            await self._adopt_or_start()
        except BaseException:
            await self._held.aclose()
            raise
        self._supervisor = asyncio.create_task(self._supervise(), name="embedded redis")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        supervisor = self._supervisor
        if supervisor is not None:
            supervisor.cancel()
            await asyncio.wait([supervisor])
        await self._stop()
        await self._held.aclose()
        if supervisor is not None and not supervisor.cancelled():
            supervisor.result()  # a bug in it must not stay hidden

    async def _adopt_or_start(self) -> None:
        try:
            lock = on_disk.lock_server(self._folder)
            if lock is None and await self._adopt():
                return
            await self._start(await self._evict() if lock is None else lock)
        except OSError as error:
            raise on_disk.unusable(self._folder, error) from error

    async def _adopt(self) -> bool:
        """Take over the server that a killed bot left behind."""
        self._process = None
        if not await self._ready():
            return False
        log.info("embedded redis adopted", folder=str(self._folder), server=self.name)
        return True

    async def _start(self, lock: int) -> None:
        with os.fdopen(lock, "rb"):  # the server gets its own
            on_disk.check_space(self._folder)
            chosen = await program.choose(self._folder)
            program.remember(self._folder, chosen)
            self._process = await _spawn(chosen.path, self._folder, self._socket, lock)
        ready = False
        try:
            ready = await self._ready()
        finally:
            if not ready:
                await self._kill()
        if not ready:
            raise StartError(f"{chosen} cannot use {self._folder}: {on_disk.last_words(self._folder)}")

    async def _ready(self) -> bool:
        """Wait until its data is loaded. False: it died, never answered, or serves another folder."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _FIRST_ANSWER_S
        async with connected(self.url, repeat=False) as client:
            while loop.time() < deadline and not self._is_dead():
                state = await _state(client)
                if state == "ready":
                    self.name = await _name(client)
                    return await _serves(client, self._folder)
                if state == "loading":
                    deadline = max(deadline, loop.time() + _LOADED_WITHIN_S)
                await asyncio.sleep(_POLL_S)
        return False

    def _is_dead(self) -> bool:
        return self._process is not None and self._process.returncode is not None

    async def _ended(self) -> None:
        """Wait until the server is no more."""
        if self._process is not None:
            await self._process.wait()
            return
        await self._hung_up()
        lock = on_disk.lock_server(self._folder)
        while lock is None:  # it says goodbye a little before it is gone
            await asyncio.sleep(_POLL_S)
            lock = on_disk.lock_server(self._folder)
        os.close(lock)

    async def _hung_up(self) -> None:
        # The server is not our child: its end is the end of a connection to it.
        try:
            reader, writer = await asyncio.open_unix_connection(self._socket)
        except OSError:
            return
        try:
            while await reader.read(4096):
                pass
        except OSError:
            pass
        finally:
            writer.close()

    async def _supervise(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        for _ in itertools.count():
            began = loop.time()
            await self._ended()
            failures = 0 if loop.time() - began > _STEADY_S else failures + 1
            code = None if self._process is None else self._process.returncode
            words = on_disk.last_words(self._folder)
            log.error("embedded redis died", folder=str(self._folder), returncode=code, said=words)
            await self._restart(failures)
            log.info("embedded redis is back", folder=str(self._folder))

    async def _restart(self, failures: int) -> None:
        for attempt in itertools.count(failures):
            await asyncio.sleep(min(0.02 * 2 ** min(attempt, 10), _LONGEST_PAUSE_S))
            try:
                await self._adopt_or_start()
            except StartError as error:
                log.warning("embedded redis cannot be started", reason=str(error))
            else:
                return

    async def _stop(self) -> None:
        try:
            async with asyncio.timeout(_GONE_WITHIN_S), connected(self.url, repeat=False) as client:
                await client.shutdown()  # pyright: ignore[reportUnknownMemberType]
                await self._ended()
        except (TimeoutError, RedisError) as error:
            log.warning("embedded redis did not stop when asked", reason=str(error))
        await self._kill()

    async def _kill(self) -> None:
        """End the server if it still lives; what it acknowledged is on the disk."""
        process = self._process
        if process is None:
            on_disk.kill_left_over(self._folder)
        elif process.returncode is None:
            process.kill()
            await process.wait()

    async def _evict(self) -> int:
        """End a server on this folder that does not answer; the lock that it held."""
        await self._kill()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _GONE_WITHIN_S
        lock = on_disk.lock_server(self._folder)
        while lock is None and loop.time() < deadline:
            await asyncio.sleep(_POLL_S)
            lock = on_disk.lock_server(self._folder)
        if lock is None:
            raise StartError(f"A Redis server on {self._folder} does not answer and cannot be ended. End it.")
        return lock


async def _spawn(path: Path, folder: Path, socket: Path, lock: int) -> asyncio.subprocess.Process:
    with on_disk.log_file(folder) as output:
        return await asyncio.create_subprocess_exec(
            path,
            *_settings(folder, socket),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={"LC_ALL": "C"},  # none of our secrets
            pass_fds=(lock,),
            start_new_session=True,  # Ctrl-C is for the bot, which stops its Redis last
        )


def _settings(folder: Path, socket: Path) -> list[str]:
    wanted = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "pidfile": str(folder / on_disk.PID_FILE),
        "appendonly": "yes",
        "appendfsync": "always",
        "save": "",
        "maxmemory-policy": "noeviction",
        "stream-node-max-bytes": "32768",  # in nodes of 4 KB a fifth of a journal's memory is air
        "daemonize": "no",
        "loglevel": "warning",
    }
    return [part for name, value in wanted.items() for part in (f"--{name}", value)]


async def _state(client: Redis) -> str:
    try:
        async with asyncio.timeout(_PROBE_S):
            info = await client.info("persistence")  # pyright: ignore[reportUnknownMemberType]
    except (RedisError, OSError, TimeoutError):
        return "silent"
    return "loading" if info["loading"] else "ready"


async def _name(client: Redis) -> str:
    info = await client.info("server")  # pyright: ignore[reportUnknownMemberType]
    valkey = info.get("valkey_version")
    return f"Valkey {valkey}" if valkey else f"Redis {info['redis_version']}"


async def _serves(client: Redis, folder: Path) -> bool:
    found = await client.config_get("dir")  # pyright: ignore[reportUnknownMemberType]
    return Path(str(found.get("dir"))) == folder
