"""What the commands work with, and which session a command means."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import discord

from agent_core.clock import Clock
from agent_core.control import Control
from agent_core.errors import RefusedError
from agent_core.experiments import Experiments
from agent_core.forgetting import Forgotten
from agent_core.ledger import Ledger
from agent_core.memory import Memory
from agent_core.schedule import Plan, Plans
from agent_core.skills import Admission, Library
from agent_core.tools.books import Fetch
from agent_core.values import NamedFile, Person, Right, SessionRef
from bot import access
from bot.access import Member
from bot.commands.answer import Asking, asker, in_time
from bot.commands.opening import Openings
from bot.discord_api import Audience, DiscordApi, DroppedFiles
from sandbox import Limits, Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything that is handed to the commands."""

    control: Control
    api: DiscordApi
    dropped: DroppedFiles
    openings: Openings
    ledger: Ledger
    experiments: Experiments
    fetch: Fetch
    """Reads a link for a server, by the web's own rules and the server's."""
    papers: Callable[[str], Awaitable[tuple[NamedFile, ...]]]
    """The books of a server as the inputs of a goal that works on them."""
    memory: Memory
    audience: Audience
    """Who may read what was remembered."""
    forget_me: Callable[[str, Person], Awaitable[Forgotten]]
    """Takes everything that a member said out of a server."""
    plans: Plans
    begin: Callable[[Plan, discord.Guild, str], Awaitable[SessionRef]]
    """Begins a schedule's goal now; the text tells apart who asked."""
    clock: Clock
    admission: Admission
    """The way into the library of skills."""
    pool: Pool | None
    box_limits: Limits
    demo_goals: tuple[tuple[str, str], ...] = ()
    """What the demo model can play: the words that it listens for, and an example. Empty for a real model."""

    @property
    def library(self) -> Library:
        """The skills."""
        return self.admission.library


def guild_of(interaction: Asking) -> str:
    """The server's id. Raises RefusedError outside one."""
    if interaction.guild_id is None:
        raise RefusedError("This works in a server only.")
    return str(interaction.guild_id)


async def let_in(desk: Desk, interaction: Asking, right: Right) -> Member:
    """Who asks, if they hold the right. Raises RefusedError before any effect."""
    member = asker(interaction)
    async with in_time():
        rules = await desk.control.rules(guild_of(interaction))
    if not access.may(member, right, rules):
        raise RefusedError(access.why(right, rules))
    return member


async def session_here(desk: Desk, interaction: Asking) -> SessionRef | None:
    """The session whose thread this is."""
    async with in_time():
        return await desk.control.by_thread(guild_of(interaction), str(interaction.channel_id))


async def the_session(desk: Desk, interaction: Asking) -> SessionRef:
    """As `session_here`. Raises RefusedError where there is none."""
    if ref := await session_here(desk, interaction):
        return ref
    raise RefusedError("Use this in the thread of a goal; `/status` lists those that are running.")
