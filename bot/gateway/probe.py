"""Notices a connection that answers heartbeats and delivers nothing.

What is asked over the socket (a member of one of its servers: the bot itself) comes back as an event over the
same socket, or it is dead, whatever its heartbeats say. Asked only after silence, so a busy bot asks nothing.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import discord
import structlog

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

_CLOSE_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long silence is believed, in seconds."""

    silent_s: float = 90.0
    answers_within_s: float = 15.0


class Probe:
    """Watches every shard of a client. `on_dead` is told the servers of one that was given up."""

    def __init__(
        self,
        client: discord.Client,
        on_dead: Callable[[list[discord.Guild]], Awaitable[None]],
        patience: Patience | None = None,
    ) -> None:
        self._client = client
        self._on_dead = on_dead
        self._patience = patience or Patience()
        self._heard_at = time.monotonic()

    async def on_socket_event_type(self, _name: str) -> None:
        """Something came over the socket; of several shards it is not known over which."""
        if not isinstance(self._client, discord.AutoShardedClient):
            self._heard_at = time.monotonic()

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await asyncio.sleep(self._patience.silent_s / 3)
            if time.monotonic() - self._heard_at < self._patience.silent_s or not self._client.is_ready():
                continue
            for guilds in self._shards().values():
                if not await self._answers(guilds) and not await self._answers(guilds):
                    await self._give_up(guilds)
            self._heard_at = time.monotonic()

    def _shards(self) -> dict[int, list[discord.Guild]]:
        found: dict[int, list[discord.Guild]] = {}
        for guild in self._client.guilds:
            if not guild.unavailable:
                found.setdefault(guild.shard_id, []).append(guild)
        return found

    async def _answers(self, guilds: list[discord.Guild]) -> bool:
        me = self._client.user
        if me is None or self._client.is_closed():
            return True  # nobody is connected: that is another's care
        try:
            async with asyncio.timeout(self._patience.answers_within_s):
                await guilds[0].query_members(user_ids=[me.id], cache=False)
        except (TimeoutError, discord.ClientException):
            return False
        except ConnectionResetError:
            return True  # it is just being connected anew
        return True

    async def _give_up(self, guilds: list[discord.Guild]) -> None:
        """Cut it: the library connects anew, and resumes. What it missed is looked for, not waited for."""
        log.warning("the connection to Discord is silent: connecting anew", servers=len(guilds))
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(_CLOSE_WITHIN_S):
                if isinstance(self._client, discord.AutoShardedClient):
                    shard = self._client.get_shard(guilds[0].shard_id)
                    if shard is not None:
                        await shard.reconnect()
                else:
                    await self._client.ws.close(code=4000)
        await self._on_dead(guilds)
