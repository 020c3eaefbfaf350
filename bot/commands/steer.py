"""/steer: words for the goal of this thread, where a reply would do too."""

import contextlib

from discord import app_commands

from agent_core.errors import RefusedError
from agent_core.signals import Said
from agent_core.values import Right
from bot import access
from bot.commands.answer import Asking, Slash, answer, asker, defer, in_time, slash
from bot.commands.desk import Desk, guild_of, the_session
from bot.discord_api import DiscordError
from bot.render.escape import cut, prose

STORED = "👀"
_ROOM = 1700


def steer(desk: Desk) -> Slash:
    """The command."""

    @app_commands.describe(text="What to tell it; with ! in front it interrupts what is running.")
    async def command(interaction: Asking, text: app_commands.Range[str, 1, 6000]) -> None:
        member = asker(interaction)
        ref = await the_session(desk, interaction)
        async with in_time():
            rules = await desk.control.rules(guild_of(interaction))
            state = await desk.control.read(ref)
        if not access.may_steer(member, rules, state.starter.id):
            raise RefusedError(access.why(Right.STEER, rules))
        if state.status.ended:
            raise RefusedError("This goal has ended. `/goal` starts a new one.")
        if not text.strip():
            raise RefusedError("Say something: an empty word steers nothing.")
        await defer(desk.api, interaction, ephemeral=False)
        shown = f"💬 <@{member.id}>: {cut(prose(text), _ROOM)}"
        message = await answer(desk.api, interaction, shown)
        message_id = str(message.id) if message else str(interaction.id)
        said = Said(
            message_id=message_id,
            person=member.person,
            text=text,
            interrupt=text.lstrip().startswith("!"),
            may_decide=access.may(member, Right.APPROVE, rules),
        )
        await desk.control.signal(ref, said)
        with contextlib.suppress(DiscordError):  # the receipt is a courtesy; the words are stored
            await desk.api.react(str(interaction.channel_id), message_id, STORED)

    return slash("steer", "Tell the goal of this thread something, as a reply would.", command)
