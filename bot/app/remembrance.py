"""The memory of every server: its model, who may read what, what the agent does with it, and forgetting."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

import discord

from agent_core.clock import Clock
from agent_core.control import Control
from agent_core.forgetting import Forgetter
from agent_core.memory import Embedder, Memory, SessionMemory
from agent_core.skills import Library
from agent_core.storage import Storage
from agent_core.tools.base import AnyTool
from agent_core.tools.memory import memory_tools
from bot.discord_api import Audience, DiscordApi
from bot.settings import Settings

CAP = 200_000
"""Memories of one server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembrance:
    """Everything about the memory."""

    memory: Memory
    sessions: SessionMemory
    tools: tuple[AnyTool, ...]
    audience: Audience
    forgetter: Forgetter
    library: Library
    """The skills."""

    async def purge_abandoned(self, control: Control) -> None:
        """Forget the servers that removed the bot long enough ago."""
        for guild_id in await control.abandoned():
            await self.forgetter.server(guild_id)


async def open_remembrance(
    stack: AsyncExitStack,
    settings: Settings,
    redis_url: str,
    storage: Storage,
    *,
    clock: Clock,
    client: discord.Client,
    api: DiscordApi,
) -> Remembrance:
    """Connect. The model is loaded from here on, and nobody waits for it."""
    embedder = await stack.enter_async_context(
        Embedder(settings.embedding_model, settings.data_dir / "models")
    )
    embedder.warm()
    memory = await stack.enter_async_context(Memory.open(redis_url, embedder, CAP, at_hand=embedder.at_hand))
    library = Library(
        records=storage.skills,
        blobs=storage.blobs,
        clock=clock,
        embedder=embedder,
        at_hand=embedder.at_hand,
    )
    audience = Audience(client=client, api=api, index=storage.index, memory=memory, library=library)

    sessions = SessionMemory(
        memory, storage.rules, storage.states, audience.of_session, audience.of_everybody
    )
    return Remembrance(
        memory=memory,
        sessions=sessions,
        tools=memory_tools(sessions),
        audience=audience,
        library=library,
        forgetter=Forgetter(storage, memory, library, settings.data_dir / "work"),
    )
