"""How every command answers: within three seconds, once, in one place; what went wrong has one sentence."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import discord
import structlog
from discord import app_commands

from agent_core.errors import NewerEventError, RefusedError, StoreUnavailableError
from bot.access import Member
from bot.commands.sync import differ
from bot.discord_api import DiscordApi, DiscordError, ForbiddenError, GoneError, RejectedError, Upload

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

Asking = discord.Interaction[discord.Client]
Slash = app_commands.Command[Any, ..., None]

MESSAGE_LIMIT = 2000
_STORE_WITHIN_S = 2.0
_DEFERRED = "deferred"
_ALREADY_ANSWERED = 40060


def slash(name: str, description: str, callback: Callable[..., Coroutine[Any, Any, None]]) -> Slash:
    """A command whose options are the parameters of its callback, after the interaction."""
    return app_commands.Command(name=name, description=description, callback=callback)


@asynccontextmanager
async def in_time() -> AsyncGenerator[None]:
    """For what is looked up before the answer: Discord waits three seconds. Raises RefusedError."""
    try:
        async with asyncio.timeout(_STORE_WITHIN_S):
            yield
    except (TimeoutError, StoreUnavailableError) as error:
        raise RefusedError("My store does not answer just now. Try again in a minute.") from error


def member_of(interaction: Asking) -> discord.Member:
    """Who asks, as Discord's library has them. Raises RefusedError outside a server."""
    if not isinstance(interaction.user, discord.Member):
        raise RefusedError("This works in a server only.")
    return interaction.user


def asker(interaction: Asking) -> Member:
    """Who asks, from what came with the command. Raises RefusedError outside a server."""
    return Member.of(member_of(interaction), interaction.permissions)


def visible(interaction: Asking, channel_id: str) -> bool:
    """Whether who asks can see the channel: nobody learns here of what goes on where they cannot look."""
    guild, member = interaction.guild, interaction.user
    channel = guild.get_channel(int(channel_id)) if guild else None
    if channel is None or not isinstance(member, discord.Member):
        return False
    return channel.permissions_for(member).view_channel


async def defer(api: DiscordApi, interaction: Asking, *, ephemeral: bool) -> None:
    """Promise an answer. Whoever sees it is settled here. Raises DiscordError where it came too late."""

    async def work() -> None:
        # A press would else promise to change the message with the button.
        await interaction.response.defer(ephemeral=ephemeral, thinking=True)

    await _once(api, work)
    interaction.extras[_DEFERRED] = True


async def answer(
    api: DiscordApi, interaction: Asking, text: str, files: Sequence[Upload] = ()
) -> discord.InteractionMessage | None:
    """Answer, in place of the promise where there was one, else for the asker's eyes only.

    The message, where it is one that others can see or that was promised.
    """
    if not interaction.extras.get(_DEFERRED):

        async def first() -> None:
            await interaction.response.send_message(text[:MESSAGE_LIMIT], ephemeral=True)

        await _once(api, first)
        return None

    async def work() -> discord.InteractionMessage:
        with contextlib.ExitStack() as opened:
            attached = [opened.enter_context(contextlib.closing(one.open())) for one in files]
            return await interaction.edit_original_response(
                content=text[:MESSAGE_LIMIT], attachments=attached
            )

    return await api.call(work)


async def _once(api: DiscordApi, work: Callable[[], Awaitable[None]]) -> None:
    try:
        await api.call(work)
    except RejectedError as error:
        if error.code != _ALREADY_ANSWERED:
            raise  # else a lost reply: the first try did reach Discord


class Commands(app_commands.CommandTree[discord.Client]):
    """The slash commands, and what becomes of their errors."""

    def __init__(self, client: discord.Client, api: DiscordApi) -> None:
        super().__init__(client)
        self._api = api

    async def sync_changes(self) -> None:
        """Register the commands where they differ from what is registered. Raises DiscordError."""
        application_id = self.client.application_id
        if application_id is None:
            raise RejectedError("The bot has not logged in yet.")
        there = await self._api.call(lambda: self.client.http.get_global_commands(application_id))
        wanted = [command.to_dict(self) for command in self.get_commands()]
        if differ(wanted, cast("list[dict[str, Any]]", there)):
            await self._api.call(self.sync)
            log.info("commands registered", count=len(wanted))

    async def on_error(self, interaction: Asking, error: app_commands.AppCommandError, /) -> None:
        """Tell the person; log what they cannot mend."""
        text = for_people(interaction, error)
        try:
            await answer(self._api, interaction, text)
        except DiscordError as failed:
            log.warning("a command was left without an answer", interaction=interaction.id, error=str(failed))


def for_people(interaction: Asking, error: Exception) -> str:
    """What went wrong, in one sentence; what only the host can mend goes into the log."""
    cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
    match cause:
        case RefusedError():
            return str(cause)
        case StoreUnavailableError():
            return "My store does not answer just now. Try again in a minute."
        case NewerEventError():
            return "A newer version of me has been at work on this. Try again once I am up to date."
        case app_commands.CommandNotFound() | app_commands.CommandSignatureMismatch():
            return "This command has just changed. Try again in a minute."
        case app_commands.TransformerError() | app_commands.CheckFailure():
            return f"That does not work: {cause}"
        case ForbiddenError():
            return f"Discord does not let me: {cause}"
        case GoneError() | RejectedError() | DiscordError():
            log.warning("a command failed at Discord", interaction=interaction.id, error=str(cause))
            return f"That did not work: {cause}"
        case _:
            reference = secrets.token_hex(4)
            name = interaction.command.qualified_name if interaction.command else None
            log.error(
                "a command failed",
                reference=reference,
                command=name,
                guild=interaction.guild_id,
                exc_info=cause,
            )
            return (
                f"Sorry, that went wrong, and it is my fault. The host finds it in the log as `{reference}`."
            )
