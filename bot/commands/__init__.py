"""The slash commands: each checks who asks, promises an answer, calls the core, answers."""

import discord
from discord import app_commands

from bot.commands.answer import Commands
from bot.commands.desk import Desk
from bot.commands.experiment import experiment
from bot.commands.explore import explore, improve
from bot.commands.files import files
from bot.commands.goal import goal
from bot.commands.help import help_command
from bot.commands.ledger import ledger, networth
from bot.commands.memory import memory
from bot.commands.opening import Openings
from bot.commands.past import fork, rewind
from bot.commands.schedule import schedule
from bot.commands.sessions import sessions
from bot.commands.settings import settings
from bot.commands.skills import skills
from bot.commands.status import status
from bot.commands.steer import steer
from bot.commands.stop import pause, resume, stop
from bot.commands.usage import usage

__all__ = ["Commands", "Desk", "Openings", "commands_for"]


def commands_for(client: discord.Client, desk: Desk) -> Commands:
    """Every command, for this client."""
    tree = Commands(client, desk.api)
    tree.allowed_contexts = app_commands.AppCommandContext(
        guild=True, dm_channel=False, private_channel=False
    )
    tree.allowed_installs = app_commands.AppInstallationType(guild=True, user=False)
    for command in (
        goal(desk),
        status(desk),
        steer(desk),
        stop(desk),
        pause(desk),
        resume(desk),
        rewind(desk),
        fork(desk),
        sessions(desk),
        schedule(desk),
        files(desk),
        networth(desk),
        ledger(desk),
        experiment(desk),
        usage(desk),
        memory(desk),
        skills(desk),
        explore(desk),
        improve(desk),
        settings(desk),
        help_command(desk),
    ):
        tree.add_command(command)
    return tree
