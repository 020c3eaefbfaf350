"""Threads that fall asleep: while something waits for people in one, it is opened again, without a post.

An archived thread takes no reaction, so that nobody could answer. A locked one is somebody's wish.
"""

import discord

from agent_core.control import Control
from agent_core.session import State
from bot.discord_api import DiscordApi

_FOR_PEOPLE = ("decision", "answer", "budget")


class Threads:
    """Keeps the threads awake in which people are waited for."""

    def __init__(self, *, client: discord.Client, control: Control, api: DiscordApi) -> None:
        self._client = client
        self._control = control
        self._api = api

    async def changed(self, event: discord.RawThreadUpdateEvent) -> None:
        """A thread was archived, locked, named anew."""
        about = event.data["thread_metadata"]
        if not about["archived"] or about.get("locked"):
            return
        thread_id = str(event.thread_id)
        ref = await self._control.by_thread(str(event.guild_id), thread_id)
        if ref and (await self._control.read(ref)).waiting in _FOR_PEOPLE:
            await self._api.unarchive(thread_id)

    async def missed(self, state: State, guild: discord.Guild) -> None:
        """Open this session's thread, if it was archived while nobody listened."""
        if state.thread_id is None or state.waiting not in _FOR_PEOPLE:
            return
        thread_id = int(state.thread_id)
        if guild.get_thread(thread_id) is not None:
            return  # those that are awake come with the server
        thread = await self._api.call(lambda: self._client.fetch_channel(thread_id))
        if isinstance(thread, discord.Thread) and thread.archived and not thread.locked:
            await self._api.unarchive(state.thread_id)
