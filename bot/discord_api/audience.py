"""Who may read what was remembered, as Discord's permissions stand now.

What lands in a thread may only come from where everybody may read who can read that thread; what one member
is shown for their eyes only, from where that member may read. A thread is read by whoever reads its parent.
"""

from collections.abc import Callable, Mapping

import discord

from agent_core.errors import StoreUnavailableError
from agent_core.memory import Memory
from agent_core.session import State
from agent_core.skills import Library
from agent_core.storage import Index
from bot.discord_api.api import DiscordApi
from bot.discord_api.errors import DiscordError

Channels = Mapping[int, discord.abc.GuildChannel]
"""The channels of a server by their ids; no threads."""


class Audience:
    """Looks up who may read what."""

    def __init__(
        self, *, client: discord.Client, api: DiscordApi, index: Index, memory: Memory, library: Library
    ) -> None:
        self._client = client
        self._api = api
        self._index = index
        self._memory = memory
        self._library = library
        self._parents: dict[tuple[str, str], str] = {}
        """(server, thread) -> the channel that it is in, which never changes."""

    async def of_session(self, state: State) -> frozenset[str]:
        """Where everybody may read who can read the session's thread. Raises StoreUnavailableError."""
        own = frozenset([state.thread_id] if state.thread_id else [])
        return own | await self.of_channel(state.ref.guild_id, state.channel_id)

    async def of_channel(self, guild_id: str, channel_id: str) -> frozenset[str]:
        """Where everybody may read who can read this channel. Raises StoreUnavailableError."""
        guild, channels = await self._look(guild_id)
        here = channels.get(int(channel_id))
        if here is None:
            return frozenset()
        return await self._where(guild, channels, lambda there: is_wider(there, here, guild.default_role))

    async def of_everybody(self, state: State) -> frozenset[str]:
        """Where everybody in the session's server may read. Raises StoreUnavailableError."""
        return await self.of_server(state.ref.guild_id)

    async def of_server(self, guild_id: str) -> frozenset[str]:
        """Where everybody in this server may read. Raises StoreUnavailableError."""
        guild, channels = await self._look(guild_id)
        return await self._where(guild, channels, lambda there: is_open(there, guild.default_role))

    async def of_member(self, guild_id: str, member: discord.Member) -> frozenset[str]:
        """Where this member may read. Raises StoreUnavailableError."""
        guild, channels = await self._look(guild_id)
        return await self._where(guild, channels, lambda there: _reads(there.permissions_for(member)))

    async def _where(
        self, guild: discord.Guild, channels: Channels, may: Callable[[discord.abc.GuildChannel], bool]
    ) -> frozenset[str]:
        """The channels and threads in which something was said, and whose channel may be used."""
        guild_id = str(guild.id)
        allowed: set[str] = set()
        for said_in in await self._memory.channels(guild_id) | await self._library.channels(guild_id):
            there = channels.get(int(await self._parent(guild_id, said_in)))
            if there is not None and may(there):
                allowed.add(said_in)
        return frozenset(allowed)

    async def _parent(self, guild_id: str, channel_id: str) -> str:
        key = (guild_id, channel_id)
        if key not in self._parents:
            ref = await self._index.by_thread(guild_id, channel_id)
            found = await self._index.channel(ref) if ref else None
            if found is None:
                return channel_id
            self._parents[key] = found
        return self._parents[key]

    async def _look(self, guild_id: str) -> tuple[discord.Guild, Channels]:
        """The server and its channels: as the gateway keeps them, else asked for."""
        guild = self._client.get_guild(int(guild_id))
        if guild is not None and not guild.unavailable and guild.channels:
            return guild, {channel.id: channel for channel in guild.channels}
        try:
            fetched = await self._api.call(lambda: self._client.fetch_guild(int(guild_id)))
            found = await self._api.call(fetched.fetch_channels)
        except DiscordError as error:
            raise StoreUnavailableError(f"Discord does not say who may read what: {error}") from error
        return fetched, {channel.id: channel for channel in found}


def is_wider(there: discord.abc.GuildChannel, here: discord.abc.GuildChannel, everyone: discord.Role) -> bool:
    """Whether everybody who can read `here` can read `there`. A no where that is not plain to see."""
    if there.id == here.id or there.overwrites == here.overwrites:
        return True
    return is_open(there, everyone)


def is_open(channel: discord.abc.GuildChannel, everyone: discord.Role) -> bool:
    """Whether everybody in the server can read it, nobody left out."""
    closed = any(
        pair.view_channel is False or pair.read_message_history is False
        for pair in channel.overwrites.values()
    )
    return not closed and _reads(channel.permissions_for(everyone))


def _reads(permissions: discord.Permissions) -> bool:
    return permissions.view_channel and permissions.read_message_history
