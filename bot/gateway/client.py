"""A discord.py client as this bot wants it: where it speaks to, what it asks for, what cannot break it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import discord
import structlog
import yarl
from discord.asset import Asset
from discord.gateway import DiscordWebSocket
from discord.http import Route

from agent_core.errors import StartError, StoreUnavailableError
from agent_core.storage import Turnstile
from bot.discord_api import LOGIN_REFUSED, Facts, paced

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

LONGEST_PAUSE_S = 120.0
"""More than 1000 connections in a day would cost the token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """How often the shards of one bot may introduce themselves, all processes together."""

    turnstile: Turnstile | None = None
    bot_id: str = "0"
    at_once: int = 1
    every_s: float = 5.0

    async def wait(self, shard_id: int | None, *, initial: bool) -> None:
        """Wait for this shard's turn. Where Redis is away, the library's own pace has to do."""
        if self.turnstile is None:
            await asyncio.sleep(0.0 if initial else self.every_s)
            return
        bucket = (shard_id or 0) % max(1, self.at_once)
        try:
            while not await self.turnstile.may_identify(self.bot_id, bucket, self.every_s):  # noqa: ASYNC110
                await asyncio.sleep(self.every_s / 10)
        except StoreUnavailableError as error:
            log.warning("shards of other processes are not waited for", reason=str(error))
            await asyncio.sleep(self.every_s)


class _Client(discord.Client):
    greeting = Greeting()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        await self.greeting.wait(shard_id, initial=initial)


class _ShardedClient(discord.AutoShardedClient):
    greeting = Greeting()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        await self.greeting.wait(shard_id, initial=initial)


def point_at(api_url: str, gateway_url: str) -> None:
    """Let discord.py speak to this Discord. It keeps its addresses per process."""
    Route.BASE = api_url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)
    parts = urlsplit(api_url)
    if parts.hostname and not parts.hostname.endswith("discord.com"):
        Asset.BASE = f"{parts.scheme}://{parts.netloc}"  # pyright: ignore[reportAttributeAccessIssue]


def make_client(
    facts: Facts,
    *,
    shard_count: int | None = None,
    shard_ids: Sequence[int] = (),
    ready_timeout_s: float = 2.0,
    identify_pause_s: float = 5.0,
    turnstile: Turnstile | None = None,
) -> discord.Client:
    """A client that asks for what it may have, and by itself pings nobody."""
    intents = discord.Intents(guilds=True, guild_messages=True, guild_reactions=True)
    intents.message_content = facts.reads_messages
    nobody = discord.AllowedMentions.none()
    if shard_count is None:
        client = _Client(
            intents=intents,
            allowed_mentions=nobody,
            max_messages=None,
            guild_ready_timeout=ready_timeout_s,
            http_trace=paced(turnstile, facts.application_id),
        )
    else:
        client = _ShardedClient(
            intents=intents,
            allowed_mentions=nobody,
            max_messages=None,
            guild_ready_timeout=ready_timeout_s,
            http_trace=paced(turnstile, facts.application_id),
            shard_count=shard_count,
            shard_ids=list(shard_ids) or list(range(shard_count)),
        )
    client.greeting = Greeting(
        turnstile=turnstile,
        bot_id=facts.application_id,
        at_once=facts.identifies_at_once,
        every_s=identify_pause_s,
    )
    return client


async def log_in(client: discord.Client, token: str) -> None:
    """Log in to REST, trying until Discord answers. Raises StartError where it refuses the token."""
    pause_s = 1.0
    while client.user is None:
        try:
            await client.login(token)
        except discord.LoginFailure as error:
            raise StartError(LOGIN_REFUSED) from error
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.warning("discord does not answer yet", error=str(error), again_in_s=pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


def guard_parsers(client: discord.Client) -> None:
    """Let an event that discord.py cannot parse be lost alone; only READY still ends the connection."""
    parsers = client._connection.parsers  # pyright: ignore[reportPrivateUsage]

    def guarded(name: str, parse: Callable[[Any], None]) -> Callable[[Any], None]:
        def guard(data: Any) -> None:
            try:
                parse(data)
            except Exception as error:  # noqa: BLE001 - whatever bytes from outside make it raise
                # no traceback: whoever can send one such event can send a thousand
                log.warning(
                    "an event could not be read", name=name, error=f"{type(error).__name__}: {error}"[:200]
                )

        return guard

    for name, parse in list(parsers.items()):
        if name != "READY":
            parsers[name] = guarded(name, parse)
