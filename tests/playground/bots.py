"""A small ordinary discord.py bot on the playground, over the real protocol."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import discord
import pytest
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.playground.people import bot_token

DEADLINE_S = 10.0


class Bot(discord.Client):
    """Keeps what it hears in queues, by event name."""

    def __init__(self, intents: discord.Intents | None = None) -> None:
        super().__init__(intents=intents or discord.Intents.all(), guild_ready_timeout=0.1)
        self.tree = app_commands.CommandTree(self)
        self.life: asyncio.Task[None] | None = None
        """`start()`; ends with the bot."""
        self.heard: dict[str, asyncio.Queue[Any]] = {}

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """No five seconds between two logins."""

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        super().dispatch(event, *args, **kwargs)
        self.heard.setdefault(event, asyncio.Queue()).put_nowait(args[0] if len(args) == 1 else args)

    async def next(self, event: str, where: Callable[[Any], bool] = lambda _: True) -> Any:
        """The next event of a name that fits, within a deadline."""
        queue = self.heard.setdefault(event, asyncio.Queue())
        async with asyncio.timeout(DEADLINE_S):
            while not where(found := await queue.get()):
                pass
        return found

    async def ended(self) -> None:
        """Wait for its end, and raise what ended it."""
        assert self.life is not None
        async with asyncio.timeout(DEADLINE_S):
            await self.life


@asynccontextmanager
async def running(
    bot: Bot, url: str, patch: pytest.MonkeyPatch, *, bot_id: int = 123456789012345678
) -> AsyncGenerator[Bot, None]:
    """The bot, ready, with its commands registered."""
    patch.setattr(Route, "BASE", f"{url}/api/v10")
    gateway = yarl.URL(url.replace("http", "ws", 1) + "/gateway")
    patch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", gateway)
    async with bot:
        bot.life = asyncio.create_task(bot.start(bot_token(bot_id)))
        ready = asyncio.create_task(bot.next("ready"))
        await asyncio.wait({bot.life, ready}, return_when=asyncio.FIRST_COMPLETED)
        if bot.life.done():
            ready.cancel()
            await bot.life
        await ready
        await bot.tree.sync()
        yield bot
    await bot.ended()
