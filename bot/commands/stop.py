"""/stop and /resume: one goal, or everything on the server."""

from discord import app_commands

from agent_core.errors import RefusedError
from agent_core.signals import ResumeAsked, StopAsked
from agent_core.values import Right, Status
from bot import access
from bot.commands.answer import Asking, Slash, answer, asker, defer, slash
from bot.commands.desk import Desk, guild_of, the_session


def stop(desk: Desk) -> Slash:
    """The command that ends."""

    @app_commands.describe(all="Every goal of this server; none starts again until /resume all.")
    async def command(interaction: Asking, all: bool = False) -> None:
        member = asker(interaction)
        await defer(desk.api, interaction, ephemeral=True)
        rules = await desk.control.rules(guild_of(interaction))
        if all:
            if not access.may(member, Right.CONFIGURE, rules):
                raise RefusedError(access.why(Right.CONFIGURE, rules))
            count = await desk.control.halt(guild_of(interaction), member.person)
            text = f"🛑 Everything is stopped ({count} running). Nothing starts until `/resume` with `all`."
            await answer(desk.api, interaction, text)
            return
        ref = await the_session(desk, interaction)
        state = await desk.control.read(ref)
        if not access.may_stop(member, rules, state.starter.id):
            raise RefusedError(access.why(Right.STEER, rules))
        if state.status.ended:
            raise RefusedError(f"This goal has ended already ({state.status}).")
        await desk.control.signal(ref, StopAsked(person=member.person))
        await answer(desk.api, interaction, "🛑 Stopping.")

    return slash("stop", "End the goal of this thread, or everything on this server.", command)


def resume(desk: Desk) -> Slash:
    """The command that lets things go on."""

    @app_commands.describe(all="Let goals start again after /stop all.")
    async def command(interaction: Asking, all: bool = False) -> None:
        member = asker(interaction)
        await defer(desk.api, interaction, ephemeral=True)
        rules = await desk.control.rules(guild_of(interaction))
        if all:
            if not access.may(member, Right.CONFIGURE, rules):
                raise RefusedError(access.why(Right.CONFIGURE, rules))
            await desk.control.unhalt(guild_of(interaction))
            await answer(desk.api, interaction, "▶️ Goals can start again.")
            return
        ref = await the_session(desk, interaction)
        state = await desk.control.read(ref)
        if not access.may_steer(member, rules, state.starter.id):
            raise RefusedError(access.why(Right.STEER, rules))
        waits_for_a_day = state.limit is not None and state.limit.until is not None
        if state.status is not Status.PAUSED and state.failure is None and not waits_for_a_day:
            raise RefusedError(f"This goal is not paused: it is {state.status}.")
        await desk.control.signal(ref, ResumeAsked(person=member.person))
        await answer(desk.api, interaction, "▶️ Going on.")

    return slash("resume", "Go on with the paused goal of this thread.", command)
