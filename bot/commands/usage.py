"""/usage: what was spent, by goal, member and day, with a chart."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Literal

import discord
from discord import app_commands

from agent_core.session import State
from agent_core.values import Right
from bot import access
from bot.access import Member
from bot.commands.answer import Asking, Slash, answer, asker, defer, slash, visible
from bot.commands.desk import Desk, guild_of
from bot.discord_api import Upload
from bot.render.usage import (
    MOST_ROWS,
    View,
    by_day,
    by_member,
    by_session,
    day_chart,
    member_chart,
    session_chart,
    spenders,
    totals,
)

By = Literal["day", "member", "session"]
_MOST_SESSIONS = 40


def usage(desk: Desk) -> Slash:
    """The command."""

    @app_commands.describe(
        by="What the rows and the chart show; days unless you say otherwise.",
        days="How many days back, 14 unless you say otherwise.",
    )
    async def command(interaction: Asking, by: By = "day", days: app_commands.Range[int, 1, 90] = 14) -> None:
        member = asker(interaction)
        await defer(desk.api, interaction, ephemeral=True)
        view, sees_all = await _view(desk, interaction, member, days)
        states = await _sessions(desk, interaction, member, sees_all=sees_all) if by == "session" else []
        rows, chart = _shown(by, view, states)
        text = "\n".join([*totals(view), "", *(rows or ["Nothing yet."])])
        files = [Upload(name="usage.png", source=await asyncio.to_thread(chart))] if rows else []
        await answer(desk.api, interaction, text, files)

    return slash("usage", "What was spent, by goal, member and day.", command)


def _shown(by: By, view: View, states: list[State]) -> tuple[list[str], Callable[[], bytes]]:
    match by:
        case "day":
            return by_day(view), lambda: day_chart(view)
        case "member":
            return by_member(view), lambda: member_chart(view)
        case "session":
            return by_session(states), lambda: session_chart(states)


async def _view(desk: Desk, interaction: Asking, member: Member, count: int) -> tuple[View, bool]:
    """What this member may see: the server's total and their own, and all members' with the right to it."""
    guild_id = guild_of(interaction)
    rules = await desk.control.rules(guild_id)
    sees_all = any(access.may(member, right, rules) for right in (Right.CONFIGURE, Right.SPEND))
    days = await desk.control.spent(guild_id, count)
    most_first = [member_id for member_id, _ in spenders(days)]
    names = await _names(desk, interaction.guild, most_first) if sees_all else {}
    view = View(days=days, caps=desk.control.caps, me=member.id, names={**names, member.id: member.name})
    return view, sees_all


async def _names(desk: Desk, guild: discord.Guild | None, ids: Sequence[str]) -> dict[str, str]:
    """Names of the first few; Discord is asked for those that it has not told yet."""

    async def name(member_id: str) -> str:
        found = guild.get_member(int(member_id)) if guild else None
        if found is None and guild is not None:
            found = await desk.api.member(guild, member_id)
        return found.display_name if found else f"member {member_id}"

    async with asyncio.TaskGroup() as group:
        asked = {member_id: group.create_task(name(member_id)) for member_id in ids[:MOST_ROWS]}
    return {member_id: f"member {member_id}" for member_id in ids} | {
        member_id: task.result() for member_id, task in asked.items()
    }


async def _sessions(desk: Desk, interaction: Asking, member: Member, *, sees_all: bool) -> list[State]:
    """The newest goals that this member may see the cost of."""
    newest = await desk.control.recent(guild_of(interaction), _MOST_SESSIONS)
    return [
        state
        async for state in desk.control.states(newest)
        if state.starter.id == member.id or (sees_all and visible(interaction, state.channel_id))
    ]
