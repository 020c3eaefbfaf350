"""One gateway socket: HELLO, IDENTIFY or RESUME, heartbeats, and the codes it is closed with."""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from aiohttp import WSMsgType, web

from playground.errors import ApiError
from playground.events import encode
from playground.forms import Form
from playground.gateway.frames import Transport
from playground.gateway.hub import Hub
from playground.gateway.intents import KNOWN, disallowed
from playground.gateway.members import member_chunks
from playground.gateway.session import Session
from playground.ids import bot_id_of
from playground.world import World

HEARTBEAT_MS = 41_250
LATE_S = HEARTBEAT_MS / 1000 * 1.5
MOST_BYTES = 4096
SENDS, SENDS_WINDOW_S = 120, 60.0
OUTBOX_FRAMES = 20_000
UNKNOWN_ERROR, UNKNOWN_OP, DECODE_ERROR, NOT_AUTHENTICATED, AUTHENTICATION_FAILED = (
    4000,
    4001,
    4002,
    4003,
    4004,
)
ALREADY_AUTHENTICATED, INVALID_SEQ, RATE_LIMITED, TIMED_OUT, INVALID_SHARD = 4005, 4007, 4008, 4009, 4010
INVALID_INTENTS, DISALLOWED_INTENTS = 4013, 4014
_NEVER_SENT = frozenset({1005, 1006, 1015})
"""Codes that only say what was seen."""


class Close(Exception):  # noqa: N818 - a way out, not an error
    """Ends the socket with a code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """What a connection needs to let a bot in."""

    ensure_bot: Callable[[str], None]
    may_join: Callable[[str], bool]
    """Whether this token may join from where it comes."""
    on_presence: Callable[[str, bool], None]
    """(bot id, connected)"""
    abort: Callable[[], None]
    """Cut the connection below the websocket."""


class Connection:
    """Owns its socket, its writer task and, once identified, the outlet of a session."""

    def __init__(
        self, world: World, hub: Hub, socket: web.WebSocketResponse, transport: Transport, joining: Joining
    ) -> None:
        self._world, self._hub, self._socket, self._transport = world, hub, socket, transport
        self._joining, self._abort = joining, joining.abort
        self._outbox: asyncio.Queue[str] = asyncio.Queue()
        self.session: Session | None = None
        self._ended_by_us = False
        self.silent = False
        """A fault: heartbeats are answered, events are kept back."""

    async def run(self) -> None:
        """Serve until the socket ends."""
        writer = asyncio.create_task(self._write())
        self.send({"op": 10, "s": None, "t": None, "d": {"heartbeat_interval": HEARTBEAT_MS, "_trace": []}})
        try:
            await self._read()
        except Close as close:
            await self.close(close.code, close.reason)
        finally:
            writer.cancel()
            await asyncio.wait({writer})
            self._let_go()

    async def close(self, code: int, reason: str = "") -> None:
        """End the socket with a code, after what was sent before; 1006 cuts it without a word."""
        if code in _NEVER_SENT:
            self._abort()
            return
        self._ended_by_us = True
        for _ in range(100):
            if self._outbox.empty():
                break
            await asyncio.sleep(0.001)
        await self._socket.close(code=code, message=reason.encode())

    def send(self, payload: dict[str, Any]) -> None:
        """Queue a frame."""
        self._outbox.put_nowait(encode(payload))

    def _send_event(self, frame: str) -> None:
        if self.silent:
            return
        if self._outbox.qsize() > OUTBOX_FRAMES:
            self._let_go()
            return
        self._outbox.put_nowait(frame)

    async def _write(self) -> None:
        try:
            while True:
                packed = self._transport.pack(await self._outbox.get())
                if isinstance(packed, str):
                    await self._socket.send_str(packed)
                else:
                    await self._socket.send_bytes(packed)
        except ConnectionError:
            return

    def _let_go(self) -> None:
        """The session lives on for a resume; without this socket."""
        session = self.session
        if session is not None and session.outlet == self._send_event:
            session.outlet = None
            session.lost_at = self._world.clock.now()
            self._joining.on_presence(session.bot_id, self._hub.connected(session.bot_id))

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        sent_at: list[float] = []
        while not self._socket.closed:
            try:
                message = await self._socket.receive(timeout=LATE_S)
            except TimeoutError:
                raise Close(TIMED_OUT, "Session timed out.") from None
            if message.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
                break
            now = loop.time()
            sent_at = [at for at in sent_at if at > now - SENDS_WINDOW_S]
            sent_at.append(now)
            if len(sent_at) > SENDS:
                raise Close(RATE_LIMITED, "You are sending requests too quickly.")
            self._handle(message.data)
        says_goodbye = self._socket.close_code in {1000, 1001} and not self._ended_by_us
        if says_goodbye and self.session is not None:
            self._hub.drop(self.session)

    def _handle(self, raw: str | bytes) -> None:
        payload = _decode(raw)
        data = payload.get("d")
        match payload.get("op"):
            case 1:
                self.send({"op": 11, "d": None, "s": None, "t": None})
            case 2:
                self._identify(data)
            case 6:
                self._resume(data)
            case 3 | 4 | 31 if self.session is not None:
                pass  # presence, voice state, soundboard: taken and shown to nobody
            case 8 if self.session is not None:
                self._request_members(self.session, data)
            case 3 | 4 | 8 | 31:
                raise Close(NOT_AUTHENTICATED, "Not authenticated.")
            case _:
                raise Close(UNKNOWN_OP, "Unknown opcode.")

    def _bot(self, token: object) -> str:
        text = token.removeprefix("Bot ") if isinstance(token, str) else ""
        bot_id = bot_id_of(text)
        if bot_id is None or not self._joining.may_join(text):
            raise Close(AUTHENTICATION_FAILED, "Authentication failed.")
        try:
            self._joining.ensure_bot(bot_id)
        except ApiError:
            raise Close(AUTHENTICATION_FAILED, "Authentication failed.") from None
        return bot_id

    def _identify(self, data: Any) -> None:
        if self.session is not None:
            raise Close(ALREADY_AUTHENTICATED, "Already authenticated.")
        form = Form(data)
        bot_id = self._bot(form.raw("token"))
        intents = form.integer("intents", least=0)
        if intents is None or intents & ~KNOWN:
            raise Close(INVALID_INTENTS, "Invalid intent(s).")
        if disallowed(intents, self._world.applications[bot_id].flags):
            raise Close(DISALLOWED_INTENTS, "Disallowed intent(s).")
        large_from = form.integer("large_threshold", least=50, most=250)
        session = self._hub.open(bot_id, intents, _shard(form.raw("shard")), large_from)
        self._attach(session)
        self._hub.greet(session, self._world.links.base_url.replace("http", "ws", 1) + "/gateway")
        self._joining.on_presence(bot_id, True)

    def _attach(self, session: Session) -> None:
        self.session = session
        session.outlet = self._send_event
        session.lost_at = None

    def _resume(self, data: Any) -> None:
        if self.session is not None:
            raise Close(ALREADY_AUTHENTICATED, "Already authenticated.")
        form = Form(data)
        bot_id = self._bot(form.raw("token"))
        seq = form.integer("seq") or 0
        session = self._hub.find(form.text("session_id") or "", bot_id)
        if session is not None and seq > session.seq:
            raise Close(INVALID_SEQ, "Invalid seq.")
        if session is None or not session.can_resume(seq):
            self.send({"op": 9, "d": False, "s": None, "t": None})
            return
        self._attach(session)
        session.replay(seq)
        self._joining.on_presence(bot_id, True)

    def _request_members(self, session: Session, data: Any) -> None:
        for chunk in member_chunks(self._world, session.bot_id, Form(data)):
            session.dispatch("GUILD_MEMBERS_CHUNK", chunk)


def _decode(raw: str | bytes) -> dict[str, Any]:
    size = len(raw.encode()) if isinstance(raw, str) else len(raw)
    if size > MOST_BYTES:
        raise Close(DECODE_ERROR, "Payload too large.")
    try:
        payload = json.loads(raw)
    except (ValueError, RecursionError):
        raise Close(DECODE_ERROR, "Error while decoding payload.") from None
    if not isinstance(payload, dict):
        raise Close(DECODE_ERROR, "Error while decoding payload.")
    return cast("dict[str, Any]", payload)


def _shard(value: object) -> tuple[int, int] | None:
    if value is None:
        return None
    match value:
        case [int(index), int(count)] if 0 <= index < count:
            return index, count
        case _:
            raise Close(INVALID_SHARD, "Invalid shard.")


def wants_ten(version: str | None) -> bool:
    """Whether the API version of the address is one that we speak."""
    return version is None or re.fullmatch(r"10", version) is not None
