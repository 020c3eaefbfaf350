"""Discord's REST calls as the rest of the bot wants them: repeated where that is safe, each with a deadline.

Works with a client that is only logged in: nothing here needs the gateway or its cache.
"""

import asyncio
import contextlib
import io
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import aiohttp
import discord

from bot.discord_api.errors import GoneError, RejectedError, UnavailableError, translated
from bot.discord_api.lanes import Lanes

T = TypeVar("T")

WEEK_MINUTES = 10_080
"""The longest that a thread stays open by itself."""

_PAUSES_S = (0.3, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0)
_ALREADY_HAS_THREAD = 160004


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file to send. Kept as it can be opened again: a send may be tried more than once."""

    name: str
    source: Path | bytes
    description: str | None = None

    def open(self) -> discord.File:
        """The file as discord.py sends it. Raises RejectedError where it cannot be read."""
        source = str(self.source) if isinstance(self.source, Path) else io.BytesIO(self.source)
        try:
            return discord.File(source, filename=self.name, description=self.description)
        except OSError as error:
            message = f"{self.name!r} cannot be read: {error}."
            raise RejectedError(message) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class SentFile:
    """An attachment as Discord holds it."""

    name: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message as Discord holds it."""

    id: str
    files: tuple[SentFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Presser:
    """Somebody whose reaction is on a message."""

    id: str
    name: str
    bot: bool


class DiscordApi:
    """The REST door. Ids are strings; every call raises the classes of errors.py, no others of Discord's."""

    def __init__(self, client: discord.Client, *, deadline_s: float = 60.0) -> None:
        self._client = client
        self._deadline_s = deadline_s
        self._lanes = Lanes()

    @property
    def me(self) -> str | None:
        """The bot's own user id; None before it has logged in."""
        return str(self._client.user.id) if self._client.user else None

    async def send(
        self,
        channel_id: str,
        content: str,
        *,
        nonce: str,
        files: Sequence[Upload] = (),
        reply_to: str | None = None,
        embeds: Sequence[discord.Embed] = (),
        silent: bool = True,
        mention: str | None = None,
        previews: bool = False,
    ) -> Sent:
        """Post a message, once per nonce; the sends of a channel arrive in the order of these calls.

        Nobody is pinged but `mention`, a user id whose <@id> is in the content. Links show no preview, unless
        `previews` or embeds are given.
        """
        reference = (
            discord.MessageReference(
                message_id=int(reply_to), channel_id=int(channel_id), fail_if_not_exists=False
            )
            if reply_to
            else None
        )
        pinged = [discord.Object(int(mention))] if mention else False

        async def work() -> discord.Message:
            with contextlib.ExitStack() as opened:
                attached = [opened.enter_context(contextlib.closing(one.open())) for one in files]
                return await self._place(channel_id).send(
                    content or None,
                    nonce=nonce,
                    files=attached,
                    embeds=list(embeds),
                    reference=reference,  # pyright: ignore[reportArgumentType]
                    allowed_mentions=discord.AllowedMentions(
                        everyone=False, roles=False, users=pinged, replied_user=False
                    ),
                    silent=silent and not mention,
                    suppress_embeds=not (previews or embeds),
                )

        async with self._lanes.one(channel_id):
            return _sent(await self.call(work))

    async def edit(
        self, channel_id: str, message_id: str, content: str, *, embeds: Sequence[discord.Embed] | None = None
    ) -> Sent:
        """Replace the text of one of the bot's messages, and its embeds where some are given."""
        message = self._message(channel_id, message_id)
        nobody = discord.AllowedMentions.none()

        async def work() -> discord.Message:
            if embeds is None:
                return await message.edit(content=content, allowed_mentions=nobody)
            return await message.edit(content=content, embeds=embeds, allowed_mentions=nobody)

        return _sent(await self.call(work))

    async def delete(self, channel_id: str, message_id: str) -> None:
        """Delete a message of the bot's."""
        await self.call(self._message(channel_id, message_id).delete)

    async def react(self, channel_id: str, message_id: str, emoji: str) -> None:
        """Add the bot's own reaction."""
        await self.call(lambda: self._message(channel_id, message_id).add_reaction(emoji))

    async def unreact(
        self, channel_id: str, message_id: str, emoji: str, *, user_id: str | None = None
    ) -> None:
        """Take a reaction off: the bot's own, or somebody else's where the bot may manage messages."""
        whose = discord.Object(int(user_id or self.me or 0))
        await self.call(lambda: self._message(channel_id, message_id).remove_reaction(emoji, whose))

    async def message(self, channel_id: str, message_id: str) -> discord.Message:
        """The message as it is now."""
        return await self.call(lambda: self._place(channel_id).fetch_message(int(message_id)))

    async def find(self, channel_id: str, message_id: str) -> discord.Message | None:
        """The message as it is now; None where it was deleted."""
        try:
            return await self.message(channel_id, message_id)
        except GoneError as error:
            if not error.message_only:
                raise
            return None

    async def member(self, guild: discord.Guild, user_id: str) -> discord.Member | None:
        """The member with the roles they have now; None for whoever is not one. The cache may be stale."""
        try:
            return await self.call(lambda: guild.fetch_member(int(user_id)))
        except GoneError:
            return None

    async def pressers(self, message: discord.Message, emoji: str, *, most: int = 500) -> list[Presser]:
        """Who has this reaction on the message, at most so many."""
        found = [one for one in message.reactions if str(one.emoji) == emoji]

        async def work() -> list[Presser]:
            return [
                Presser(id=str(user.id), name=user.display_name, bot=user.bot)
                async for user in found[0].users(limit=min(most, found[0].count))
            ]

        return await self.call(work) if found else []

    async def history(
        self, channel_id: str, *, after: str | None = None, limit: int = 100
    ) -> list[discord.Message]:
        """The messages after this id, oldest first, at most `limit`; without one the newest, oldest first."""
        start = discord.Object(int(after)) if after else None

        async def work() -> list[discord.Message]:
            place = self._place(channel_id)
            return [one async for one in place.history(after=start, limit=limit, oldest_first=bool(start))]

        found = await self.call(work)
        return found if start else found[::-1]

    async def thread_from(self, channel_id: str, message_id: str, name: str) -> str:
        """Open a public thread from the message; its id, which is the message's. Harmless when repeated."""

        async def work() -> None:
            await self._client.http.start_thread_with_message(
                int(channel_id), int(message_id), name=name[:100], auto_archive_duration=WEEK_MINUTES
            )

        try:
            await self.call(work)
        except RejectedError as error:
            if error.code != _ALREADY_HAS_THREAD:
                raise
        return message_id

    async def archive(self, thread_id: str) -> None:
        """Close the thread; a post opens it again."""
        await self.call(lambda: self._client.http.edit_channel(int(thread_id), archived=True))

    async def unarchive(self, thread_id: str) -> None:
        """Open an archived thread again, without a post."""
        await self.call(lambda: self._client.http.edit_channel(int(thread_id), archived=False))

    async def rename(self, thread_id: str, name: str) -> None:
        """Name the thread anew. Discord allows two in ten minutes: past that this is UnavailableError."""
        await self.call(lambda: self._client.http.edit_channel(int(thread_id), name=name[:100]))

    async def call(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do this request, and again after what can pass, until the deadline. Twice must do no harm."""
        try:
            async with asyncio.timeout(self._deadline_s):
                for pause_s in _PAUSES_S:
                    with contextlib.suppress(aiohttp.ClientError, OSError, discord.DiscordServerError):
                        return await self._once(work)
                    await asyncio.sleep(pause_s)
                return await self._once(work)
        except discord.HTTPException as error:
            raise translated(error) from error
        except discord.RateLimited as error:
            message = f"Discord asks to wait {error.retry_after:.0f} s."
            raise UnavailableError(message) from error
        except (aiohttp.ClientError, OSError) as error:  # a deadline is an OSError too
            message = f"Discord does not answer ({type(error).__name__})."
            raise UnavailableError(message) from error

    async def _once(self, work: Callable[[], Awaitable[T]]) -> T:
        if self._client.is_closed():
            raise UnavailableError("The connection to Discord is closed.")
        try:
            return await work()
        except RuntimeError as error:
            if not self._client.is_closed():
                raise
            raise UnavailableError("The connection to Discord was closed.") from error

    def _place(self, channel_id: str) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(int(channel_id))

    def _message(self, channel_id: str, message_id: str) -> discord.PartialMessage:
        return self._place(channel_id).get_partial_message(int(message_id))


def _sent(message: discord.Message) -> Sent:
    files = tuple(SentFile(name=one.filename, size=one.size) for one in message.attachments)
    return Sent(id=str(message.id), files=files)
