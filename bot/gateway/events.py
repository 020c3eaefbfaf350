"""Where the events of the gateway go. A handler that fails loses its event alone, or finds it again later."""

import asyncio
import contextlib
import secrets
from collections.abc import Coroutine, Sequence
from typing import Any

import discord
import structlog

from agent_core.control import Control
from agent_core.errors import NewerEventError, StoreUnavailableError
from agent_core.storage import Hearing
from bot.catchup import CatchUp
from bot.commands import Commands
from bot.discord_api import DiscordError, Lanes
from bot.gateway.ear import Ear
from bot.inbound import Presses, Threads, Words

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

_END_WITHIN_S = 5.0
_MEND_SOONEST_S = 1.0


class Events:
    """Hands each event to the part that knows what it means."""

    def __init__(
        self,
        *,
        client: discord.Client,
        commands: Commands,
        words: Words,
        presses: Presses,
        threads: Threads,
        catchup: CatchUp,
        hearing: Hearing,
        control: Control,
        mend_every_s: float = 30.0,
    ) -> None:
        self._client = client
        self._commands = commands
        self._words = words
        self._presses = presses
        self._threads = threads
        self._catchup = catchup
        self._control = control
        self._mend_every_s = mend_every_s
        self._ear = Ear(hearing)
        self._whole: set[int] = set()
        """Servers of which nothing is missing."""
        self._behind: set[int] = set()
        """Servers that have to be caught up with once more."""
        self._connections = 0
        """How often a session of the gateway has begun."""
        self._torn = asyncio.Event()
        """Some server has just fallen behind."""
        self._lanes = Lanes()
        self.caught_up = asyncio.Event()
        """Set when the first catching up has been tried for every server."""
        self._synced = True
        """The commands are registered as they are here."""
        self._tasks: set[asyncio.Task[Any]] = set()

    def listen(self) -> None:
        """Be called by the client."""
        for handler in (
            self.on_connect,
            self.on_disconnect,
            self.on_resumed,
            self.on_ready,
            self.on_shard_connect,
            self.on_shard_ready,
            self.on_guild_unavailable,
            self.on_guild_available,
            self.on_guild_join,
            self.on_guild_remove,
            self.on_raw_thread_delete,
            self.on_guild_channel_delete,
            self.on_message,
            self.on_raw_message_edit,
            self.on_raw_message_delete,
            self.on_raw_bulk_message_delete,
            self.on_raw_reaction_add,
            self.on_raw_reaction_remove,
            self.on_raw_reaction_clear,
            self.on_raw_reaction_clear_emoji,
            self.on_raw_thread_update,
        ):
            self._client.event(handler)

    async def on_connect(self) -> None:
        """A new session began: until proven otherwise, everything may be missing."""
        self._connections += 1
        if not isinstance(self._client, discord.AutoShardedClient):
            self._whole.clear()
            await self._ear.begin_anew(())

    async def on_disconnect(self) -> None:
        """The line is cut: what people do now comes later, if it is taken up again."""
        await self._ear.cut()

    async def on_resumed(self) -> None:
        """It was taken up again, and what was missed is on its way."""
        await self._ear.mended()

    async def on_shard_connect(self, shard_id: int) -> None:
        """The same for the servers of one shard."""
        self._whole -= {guild.id for guild in self._client.guilds if guild.shard_id == shard_id}
        await self._ear.begin_anew(self._whole)

    async def on_ready(self) -> None:
        """All servers are there."""
        log.info("connected to Discord", user=str(self._client.user), servers=len(self._client.guilds))
        await self._do("sync", None, self._sync())
        await self._catch_up(self._client.guilds)
        self.caught_up.set()
        await self._ear.mended()

    async def _sync(self) -> None:
        self._synced = False
        await self._commands.sync_changes()
        self._synced = True

    async def on_shard_ready(self, shard_id: int) -> None:
        """The servers of this shard are there."""
        await self._catch_up([guild for guild in self._client.guilds if guild.shard_id == shard_id])

    async def on_silence(self, guilds: Sequence[discord.Guild]) -> None:
        """Nothing came over the connection of these servers, for who knows how long: look at all of them."""
        for guild in guilds:
            await self._put_off(guild.id)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """The bot was removed from the server. An outage is `on_guild_unavailable`."""
        await self._missing(guild.id)
        await self._do("removal", None, self._threads.left(str(guild.id)))
        await self._do("removal", None, self._control.left(str(guild.id)))

    async def on_raw_thread_delete(self, event: discord.RawThreadDeleteEvent) -> None:
        """A thread was deleted."""
        await self._do(
            "thread", event.guild_id, self._threads.deleted(str(event.guild_id), str(event.thread_id))
        )

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """A channel was deleted, and with it its threads."""
        await self._do("channel", channel.guild.id, self._threads.channel_deleted(channel))

    async def on_guild_unavailable(self, guild: discord.Guild) -> None:
        """An outage of this server began."""
        await self._missing(guild.id)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """An outage of this server ended."""
        await self._catch_up([guild])

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """The bot was invited, or invited again."""
        await self._do("return", guild.id, self._control.joined(str(guild.id)))
        await self._catch_up([guild])

    async def on_message(self, message: discord.Message) -> None:
        """Somebody wrote."""
        if guild := message.guild:
            hear = self._words.said if guild.id in self._whole else self._words.said_late
            await self._do("message", guild.id, hear(message, guild))

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        """A message changed."""
        if guild := event.message.guild:
            await self._do("edit", guild.id, self._words.edited(event.message, guild))

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        """A message was deleted."""
        await self._deleted(event.guild_id, event.channel_id, [event.message_id])

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        """Many messages were deleted at once."""
        await self._deleted(event.guild_id, event.channel_id, sorted(event.message_ids))

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        """Somebody pressed an emoji."""
        if guild := self._guild(event.guild_id):
            await self._do("reaction", guild.id, self._presses.changed(event, guild))

    async def on_raw_reaction_remove(self, event: discord.RawReactionActionEvent) -> None:
        """Somebody took a press back, or it was taken off."""
        if guild := self._guild(event.guild_id):
            await self._do("reaction", guild.id, self._presses.changed(event, guild))

    async def on_raw_reaction_clear(self, event: discord.RawReactionClearEvent) -> None:
        """All reactions of a message were removed."""
        await self._cleared(event.guild_id, event.channel_id, event.message_id)

    async def on_raw_reaction_clear_emoji(self, event: discord.RawReactionClearEmojiEvent) -> None:
        """All reactions of one emoji were removed."""
        await self._cleared(event.guild_id, event.channel_id, event.message_id)

    async def on_raw_thread_update(self, event: discord.RawThreadUpdateEvent) -> None:
        """A thread was archived, locked, named anew."""
        await self._do("thread", event.guild_id, self._threads.changed(event))

    async def _deleted(self, guild_id: int | None, channel_id: int, message_ids: Sequence[int]) -> None:
        guild, channel = self._guild(guild_id), self._client.get_channel(channel_id)
        if guild and (channel is None or isinstance(channel, discord.Thread)):
            ids = [str(message_id) for message_id in message_ids]
            await self._do("deletion", guild.id, self._words.deleted(guild, str(channel_id), ids))
            await self._do("deletion", guild.id, self._presses.deleted(guild, ids))

    async def _cleared(self, guild_id: int | None, channel_id: int, message_id: int) -> None:
        if guild := self._guild(guild_id):
            await self._do(
                "reaction", guild.id, self._presses.cleared(guild, str(channel_id), str(message_id))
            )

    def _guild(self, guild_id: int | None) -> discord.Guild | None:
        return self._client.get_guild(guild_id) if guild_id else None

    async def _catch_up(self, guilds: Sequence[discord.Guild]) -> None:
        for guild in guilds:
            await self._do("catch up", guild.id, self._catch_up_with(guild))

    async def _catch_up_with(self, guild: discord.Guild) -> None:
        async with self._lanes.one(str(guild.id)):
            if guild.id in self._whole:
                return  # the library says of every server twice that it is there
            connections = self._connections
            whole = await self._catchup.server(guild)
            if whole and connections == self._connections:
                self._whole.add(guild.id)
                self._behind.discard(guild.id)
                await self._ear.hears(guild.id)
            else:
                self._behind.add(guild.id)
                self._torn.set()

    async def tell_that_we_listen(self) -> None:
        """Let the workers know, for ever, that what people do reaches them."""
        await self._ear.beat(lambda: all(guild.id in self._whole for guild in self._client.guilds))

    async def mend(self) -> None:
        """Try again, for ever, what could not be done."""
        soonest_s = min(_MEND_SOONEST_S, self._mend_every_s)
        pause_s = soonest_s
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._mend_every_s):
                    await self._torn.wait()
            await asyncio.sleep(pause_s)
            self._torn.clear()
            await self._mend_once()
            # While a server is behind, nobody acts on a yes there: soon again, but not at once and again.
            pause_s = min(pause_s * 2, self._mend_every_s) if self._behind else soonest_s

    async def _mend_once(self) -> None:
        await self._ear.say_again(self._whole)
        if not self._synced:
            await self._do("sync", None, self._sync())
        for guild in self._client.guilds:
            await self._do("late threads", guild.id, self._catchup.open_late(guild))
            if guild.id in self._behind:
                await self._catch_up([guild])

    async def end(self) -> None:
        """Cancel what is still being done."""
        await self._ear.cut()
        tasks = self._tasks - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_END_WITHIN_S)

    async def _do(self, what: str, guild_id: int | None, work: Coroutine[Any, Any, None]) -> None:
        """Do what an event asks for; when it fails, only this event is lost, or is found again later."""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
        try:
            await work
        except (StoreUnavailableError, DiscordError, NewerEventError) as error:
            log.warning("an event is put off", what=what, guild=guild_id, error=str(error))
            await self._put_off(guild_id)
        except Exception:  # the rim: a bug in one handler must not end the bot
            log.exception("an event failed", what=what, guild=guild_id, reference=secrets.token_hex(4))
            await self._put_off(guild_id)
        finally:
            if task is not None:
                self._tasks.discard(task)

    async def _put_off(self, guild_id: int | None) -> None:
        """What was lost is found by catching up; a failure there is only logged, so this ends."""
        if guild_id is not None:
            await self._missing(guild_id)
            self._behind.add(guild_id)
            self._torn.set()

    async def _missing(self, guild_id: int) -> None:
        self._whole.discard(guild_id)
        await self._ear.lost(guild_id)
