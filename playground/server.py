"""The playground as one async context: puts the parts together on one port, and takes them apart again."""

import asyncio
import secrets
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

from aiohttp import web

from playground.actions.interactions import forget_old
from playground.actions.threads import archive_idle
from playground.application import Parts, build_application
from playground.clock import Clock
from playground.errors import PlaygroundError
from playground.first_world import make_first_world
from playground.links import Links
from playground.safety import is_loopback
from playground.store import Store
from playground.world import World

AddPage: TypeAlias = Callable[[web.Application], None]
SWEEP_S = 60.0
SHUTDOWN_S = 3.0
_WILDCARDS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, never bound to by default


class Playground:
    """A Discord-compatible server with a web page, its world under `data_dir`.

    Entering raises PlaygroundError when the folder cannot be used or the port is taken; port 0 picks one.
    Without `page` it serves its own page. `rate_limits=False` takes pacing away, for tests and benchmarks.
    `on_clock_advance` is told the seconds each time people move the clock.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int,
        bind: str = "127.0.0.1",
        page: AddPage | None = None,
        *,
        rate_limits: bool = True,
        on_clock_advance: Callable[[float], None] | None = None,
    ) -> None:
        self._data_dir, self._port, self._bind = data_dir, port, bind
        self._page, self._rate_limits, self._on_clock_advance = page, rate_limits, on_clock_advance
        self._stack = AsyncExitStack()
        self._token: str | None = None

    @property
    def url(self) -> str:
        """Where it answers, e.g. http://127.0.0.1:8080."""
        host = "127.0.0.1" if self._bind in _WILDCARDS else self._bind
        return f"http://[{host}]:{self._port}" if ":" in host else f"http://{host}:{self._port}"

    @property
    def api_url(self) -> str:
        """The REST base that a bot is pointed at."""
        return f"{self.url}/api/v10"

    @property
    def page_url(self) -> str:
        """What a person opens: with the token when bound elsewhere than loopback."""
        return f"{self.url}/" if self._token is None else f"{self.url}/?token={self._token}"

    async def __aenter__(self) -> Self:
        """Open the world and start to serve."""
        async with AsyncExitStack() as stack:
            listening = _listen(self._bind, self._port)
            stack.callback(listening.close)
            self._port = listening.getsockname()[1]
            store = Store(self._data_dir)
            stack.callback(store.close)
            if not is_loopback(self._bind):
                self._token = store.meta("token", secrets.token_urlsafe(24))
            world = self._open_world(store)
            parts = build_application(
                world, bind=self._bind, token=self._token, rate_limits=self._rate_limits
            )
            (self._page or _own_page())(parts.app)
            await self._serve(stack, parts, listening)
            sweeper = asyncio.create_task(_sweep(world))
            stack.push_async_callback(_end, sweeper)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every connection, then close the store."""
        await self._stack.aclose()

    def _open_world(self, store: Store) -> World:
        clock = Clock(float(store.meta("clock_offset_s", "0")))
        secret = store.meta("link_secret", secrets.token_hex(32))
        world = World(store, clock, Links(self.url, secret.encode(), clock.now))
        if not world.guilds:
            make_first_world(world)
        clock.on_advance(lambda _: store.set_meta("clock_offset_s", repr(clock.offset_s)))
        clock.on_advance(lambda _: _tidy(world))
        if self._on_clock_advance is not None:
            clock.on_advance(self._on_clock_advance)
        return world

    async def _serve(self, stack: AsyncExitStack, parts: Parts, listening: socket.socket) -> None:
        runner = web.AppRunner(parts.app, access_log=None, shutdown_timeout=SHUTDOWN_S)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.SockSite(runner, listening).start()
        stack.push_async_callback(parts.end_connections)


def _listen(bind: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((bind, port))
        listening.listen(128)
        listening.setblocking(False)
    except (OSError, OverflowError) as error:
        listening.close()
        raise PlaygroundError(
            f"The playground cannot listen on {bind}:{port} ({error}): end what uses the port, or "
            "choose another with PLAYGROUND_PORT (and PLAYGROUND_BIND)."
        ) from error
    return listening


def _own_page() -> AddPage:
    from playground.page import add_page

    return add_page


def _tidy(world: World) -> None:
    with world.change():
        archive_idle(world)
        forget_old(world)


async def _sweep(world: World) -> None:
    while True:
        await asyncio.sleep(SWEEP_S)
        _tidy(world)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})
