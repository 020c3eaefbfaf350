"""The websocket route, and the faults that people order on open sockets."""

import asyncio
from collections.abc import Callable

from aiohttp import WSCloseCode, web

from playground.faults import Fault
from playground.gateway.connection import Connection, Joining, wants_ten
from playground.gateway.frames import transport_for
from playground.gateway.hub import Hub
from playground.world import World

CONNECT_AGAIN = 4000


class Gateway:
    """Serves /gateway; knows every open socket."""

    def __init__(
        self,
        world: World,
        hub: Hub,
        *,
        ensure_bot: Callable[[str], None],
        may_join: Callable[[web.Request, str], bool],
        on_presence: Callable[[str, bool], None],
    ) -> None:
        self._world, self._hub = world, hub
        self._ensure_bot, self._may_join, self._on_presence = ensure_bot, may_join, on_presence
        self._open: set[Connection] = set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One socket, from upgrade to end."""
        socket = web.WebSocketResponse(max_msg_size=1 << 16, autoping=True, timeout=2.0)
        await socket.prepare(request)
        transport = transport_for(request.query.get("compress"))
        if not wants_ten(request.query.get("v")):
            await socket.close(code=4012, message=b"Invalid API version.")
            return socket
        if transport is None or request.query.get("encoding", "json") != "json":
            await socket.close(code=4002, message=b"Only encoding=json with zlib-stream or zstd-stream.")
            return socket
        joining = Joining(
            ensure_bot=self._ensure_bot,
            may_join=lambda token: self._may_join(request, token),
            on_presence=self._on_presence,
            abort=request.transport.abort if request.transport is not None else lambda: None,
        )
        connection = Connection(self._world, self._hub, socket, transport, joining)
        self._open.add(connection)
        try:
            await connection.run()
        finally:
            self._open.discard(connection)
        return socket

    async def apply(self, fault: Fault) -> int:
        """Do to every open socket what a fault says; how many there were."""
        sockets = [connection for connection in self._open if connection.session is not None]
        for connection in sockets:
            await _apply(connection, fault)
        return len(sockets)

    def heal(self) -> None:
        """Let silent sockets speak again; what they missed stays missed until they resume."""
        for connection in self._open:
            connection.silent = False

    async def shut(self) -> None:
        """Close every socket because the server ends."""
        async with asyncio.TaskGroup() as group:
            for connection in list(self._open):
                group.create_task(connection.close(WSCloseCode.GOING_AWAY, "The playground ends."))


async def _apply(connection: Connection, fault: Fault) -> None:
    match fault.kind:
        case "reconnect":
            connection.send({"op": 7, "d": None, "s": None, "t": None})
        case "close":
            await connection.close(fault.code or CONNECT_AGAIN, "Closed by a fault.")
        case "invalid_session":
            connection.send({"op": 9, "d": False, "s": None, "t": None})
        case "silent_socket":
            connection.silent = True
        case "malformed_event" if connection.session is not None:
            for _ in range(fault.count):
                connection.session.dispatch("MESSAGE_CREATE", {"id": None, "content": 7})
        case _:
            pass
