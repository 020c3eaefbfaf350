"""Threads that fall asleep, are locked or deleted, and servers that the bot is removed from.

While something waits for people in an archived thread it is opened again, without a post: it takes no
reaction, so nobody could answer. A locked one is somebody's wish: its goal pauses, as does that of a deleted
one, and the channel above is told.
"""

import discord
import structlog

from agent_core.control import Control
from agent_core.session import State
from agent_core.signals import PauseAsked
from bot.discord_api import DiscordApi, DiscordError, GoneError
from bot.render.escape import line

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

_FOR_PEOPLE = ("decision", "answer", "budget")
_LOCKED = "Its thread is locked."
_DELETED = "Its thread was deleted."
_REMOVED = "The bot was removed from this server."


class Threads:
    """Keeps the threads awake in which people are waited for, and pauses goals that have lost theirs."""

    def __init__(self, *, client: discord.Client, control: Control, api: DiscordApi) -> None:
        self._client = client
        self._control = control
        self._api = api

    async def changed(self, event: discord.RawThreadUpdateEvent) -> None:
        """A thread was archived, locked, named anew."""
        about = event.data["thread_metadata"]
        locked = bool(about.get("locked"))
        if not about["archived"] and not locked:
            return
        thread_id = str(event.thread_id)
        state = await self._state(str(event.guild_id), thread_id)
        if state is None:
            return
        if locked:
            await self._pause(state, _LOCKED, "unlock it, then `/resume` in it")
        elif state.waiting in _FOR_PEOPLE:
            await self._api.unarchive(thread_id)

    async def deleted(self, guild_id: str, thread_id: str) -> None:
        """A thread was deleted: nobody can follow its goal, or stop it there."""
        if state := await self._state(guild_id, thread_id):
            await self._pause(state, _DELETED, "`/goal` starts it anew, `/stop` with its name ends it")

    async def channel_deleted(self, channel: discord.abc.GuildChannel) -> None:
        """A channel was deleted, and its threads with it."""
        for state in await self._control.live_states(str(channel.guild.id)):
            if state.channel_id == str(channel.id):
                await self._pause(state, _DELETED, None)

    async def left(self, guild_id: str) -> None:
        """The bot was removed from the server: its goals stand still until somebody there resumes them."""
        for state in await self._control.live_states(guild_id):
            await self._pause(state, _REMOVED, None)

    async def missed(self, state: State, guild: discord.Guild) -> None:
        """See what became of this session's thread while nobody listened."""
        if state.thread_id is None:
            return
        thread_id = int(state.thread_id)
        if (thread := guild.get_thread(thread_id)) is not None and not thread.locked:
            return  # those that are awake come with the server
        if state.paused and state.paused.reason in (_LOCKED, _DELETED):
            return
        try:
            found = await self._api.call(lambda: self._client.fetch_channel(thread_id))
        except GoneError:
            await self.deleted(state.ref.guild_id, state.thread_id)
            return
        if not isinstance(found, discord.Thread):
            return
        if found.locked:
            await self._pause(state, _LOCKED, "unlock it, then `/resume` in it")
        elif found.archived and state.waiting in _FOR_PEOPLE:
            await self._api.unarchive(state.thread_id)

    async def _state(self, guild_id: str, thread_id: str) -> State | None:
        """The goal of this thread, if it lives."""
        ref = await self._control.by_thread(guild_id, thread_id)
        state = await self._control.read(ref) if ref else None
        return None if state is None or state.ended else state

    async def _pause(self, state: State, reason: str, mend: str | None) -> None:
        """Let it stand still, and say so in the channel above. Twice does no harm, and is said once."""
        if state.ended or state.paused:
            return
        await self._control.signal(state.ref, PauseAsked(by="bot", reason=reason))
        if mend is None:
            return
        text = f"⏸️ The goal “{line(state.goal, 100)}” is paused. {reason}\n-# {mend}"
        try:
            await self._api.send(state.channel_id, text, nonce=f"p{state.version}-{state.thread_id}"[:25])
        except DiscordError as error:
            log.warning("channel takes no posts", session=str(state.ref), reason=str(error))
