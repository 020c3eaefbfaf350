"""The connection to Discord: kept up, begun anew when it breaks, ended for good where Discord says so."""

import asyncio
import contextlib
import time
from typing import Any

import discord
import structlog

from agent_core.errors import StartError
from bot.discord_api import LOGIN_REFUSED
from bot.gateway.client import LONGEST_PAUSE_S, guard_parsers, log_in
from bot.gateway.events import Events
from bot.gateway.probe import Patience, Probe
from bot.timetable import Timetable

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

_PORTAL = "Developer Portal, your application, Bot, Privileged Gateway Intents, Message Content Intent"
_FATAL = {
    4004: LOGIN_REFUSED,
    4010: "Discord refuses the shard number: check SHARD_IDS and SHARD_COUNT.",
    4011: "The bot is in too many servers for one connection: set SHARD_COUNT.",
    4012: "Discord does not speak this version of its gateway any more: update discord.py.",
    4013: "Discord refuses the intents: update the bot.",
}
_STEADY_S = 300.0
_CLOSE_WITHIN_S = 5.0


class Gateway:
    """Owns the connection. `events` gets what comes over it."""

    def __init__(
        self,
        *,
        client: discord.Client,
        token: str,
        events: Events,
        timetable: Timetable,
        patience: Patience | None = None,
    ) -> None:
        self._client = client
        self._probe = Probe(client, events.on_silence, patience)
        self._token = token
        self._events = events
        self._timetable = timetable

    async def run(self) -> None:
        """Stay connected until cancelled. Raises StartError where Discord says never to come back."""
        await log_in(self._client, self._token)
        guard_parsers(self._client)
        self._events.listen()
        self._client.event(self._probe.on_socket_event_type)
        if not self._client.intents.message_content:
            log.warning("the message content intent is off: only mentions and /steer are read", mend=_PORTAL)
        beside = {
            asyncio.create_task(self._events.mend(), name="mending"),
            asyncio.create_task(self._probe.run(), name="probing"),
            asyncio.create_task(self._timetable.run(), name="schedules"),
            asyncio.create_task(self._events.tell_that_we_listen(), name="telling"),
        }
        try:
            await self._stay_connected()
        finally:
            for task in beside:
                task.cancel()
            await asyncio.wait(beside)

    async def caught_up(self, within_s: float) -> None:
        """Wait until what was missed before the start has been heard, but no longer than that."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._events.caught_up.wait()

    async def close(self) -> None:
        """End what the events set off, then the connection."""
        await self._events.end()
        self._stop_waiting()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_WITHIN_S):
                await self._client.close()

    def _stop_waiting(self) -> None:
        """The library leaves the tasks behind that wait for the servers after READY."""
        state: Any = self._client._connection  # pyright: ignore[reportPrivateUsage]
        of_shards: dict[int, asyncio.Task[None]] = getattr(state, "_ready_tasks", {})
        for task in (state._ready_task, *of_shards.values()):
            if task is not None:
                task.cancel()

    async def _stay_connected(self) -> None:
        pause_s, since = 1.0, time.monotonic()
        while not await self._connect_once():
            pause_s = 1.0 if time.monotonic() - since > _STEADY_S else pause_s
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            await self._reopen()
            since = time.monotonic()

    async def _connect_once(self) -> bool:
        """Be connected until it ends; whether that was meant."""
        try:
            await self._client.connect()
        except discord.PrivilegedIntentsRequired:
            log.warning("the message content intent was switched off: going on without it", mend=_PORTAL)
            intents = self._client._connection._intents  # pyright: ignore[reportPrivateUsage]
            intents.message_content = False
            return False
        except discord.ConnectionClosed as error:
            if sentence := _FATAL.get(error.code):
                raise StartError(sentence) from error
            log.warning("the connection to Discord ended", code=error.code)
            return False
        except Exception:  # the supervisor: whatever ended it, it is begun again
            log.exception("the connection to Discord broke")
            return False
        return True

    async def _reopen(self) -> None:
        client = self._client
        if not client.is_closed():
            with contextlib.suppress(Exception):  # what is left of the socket is not worth a failure
                async with asyncio.timeout(_CLOSE_WITHIN_S):
                    await client.ws.close(code=4000)
            return
        client.clear()
        client.http.connector = discord.utils.MISSING  # the closed one would refuse the new session
        await client._async_setup_hook()  # pyright: ignore[reportPrivateUsage]
        await log_in(client, self._token)
