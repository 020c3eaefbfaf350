"""What happened while nobody listened: for every live session its thread, its messages, its open posts.

Nothing is guessed: what Discord shows is compared with what the session knows, and the differences are sent.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable

import discord
import structlog

from agent_core.control import Control
from agent_core.errors import NewerEventError, RefusedError, StoreUnavailableError
from agent_core.values import SessionRef
from bot.commands import Openings
from bot.discord_api import DiscordError, UnavailableError, for_threads
from bot.inbound import Presses, Threads, Words

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

_AT_ONCE = 4

Look = Callable[[SessionRef, discord.Guild], Awaitable[None]]


class CatchUp:
    """Looks at everything that could have been missed."""

    def __init__(
        self, *, control: Control, words: Words, presses: Presses, threads: Threads, openings: Openings
    ) -> None:
        self._control = control
        self._words = words
        self._presses = presses
        self._threads = threads
        self._openings = openings

    async def server(self, guild: discord.Guild) -> bool:
        """Catch up with a server. False: Discord or the store did not answer, so it has to be done again."""
        try:
            live = await self._control.live(str(guild.id))
            answered = [ref for ref in await self._words.answered_late(guild) if ref not in set(live)]
        except StoreUnavailableError:
            return False
        free = asyncio.Semaphore(_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            looks = [group.create_task(self._look(ref, guild, free, self._session)) for ref in live]
            looks += [
                group.create_task(self._look(ref, guild, free, self._words.missed_reply)) for ref in answered
            ]
        return all(look.result() for look in looks)

    async def open_late(self, guild: discord.Guild) -> None:
        """Try again for the sessions whose thread could not be opened when they began."""
        for ref in [ref for ref in self._openings.late if ref.guild_id == str(guild.id)]:
            async with self._openings.one(ref):
                pass  # a command that is just at it is not disturbed
            if ref in self._openings.late and await self._look(
                ref, guild, asyncio.Semaphore(1), self._session
            ):
                self._openings.late.discard(ref)

    async def _look(self, ref: SessionRef, guild: discord.Guild, free: asyncio.Semaphore, look: Look) -> bool:
        async with free:
            try:
                with for_threads():
                    await look(ref, guild)
            except (UnavailableError, StoreUnavailableError) as error:
                log.warning("could not catch up", session=str(ref), error=str(error))
                return False
            except (DiscordError, RefusedError, NewerEventError) as error:  # the last two: it cannot be read
                log.warning("cannot catch up", session=str(ref), error=str(error))
            except Exception:  # a bug that one session brings out must not keep the others from their turn
                log.exception("catching up failed", session=str(ref), reference=secrets.token_hex(4))
            return True

    async def _session(self, ref: SessionRef, guild: discord.Guild) -> None:
        state = await self._control.read(ref)
        if state.status.ended:
            return
        if state.thread_id is None:
            await self._openings.reopen(state, guild.filesize_limit)
            return
        await self._words.missed(state, guild)
        await self._presses.missed(state, guild)
        await self._threads.missed(state, guild)
