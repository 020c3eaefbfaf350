"""/schedule: goals that begin by themselves."""

import asyncio
from typing import Literal
from zoneinfo import ZoneInfo

from discord import app_commands

from agent_core.errors import RefusedError
from agent_core.ledger import refuse_plan
from agent_core.schedule import Plan, following, understand
from agent_core.storage import Asks
from agent_core.values import Autonomy, Right, SessionRef
from bot import access
from bot.commands.answer import Asking, answer, asker, defer, visible
from bot.commands.desk import Desk, guild_of, let_in
from bot.commands.goal import Template, channel_of
from bot.discord_api import DiscordError
from bot.render.books import fitted
from bot.render.schedules import GO_ON, PART, PAUSE, REMOVE, RUN, card, row

_MOST_CHECK = 3000


def schedule(desk: Desk) -> app_commands.Group:
    """The commands."""
    group = app_commands.Group(name="schedule", description="Goals that begin by themselves.")

    @group.command(name="add", description="Let a goal begin at a time, once or again and again.")
    @app_commands.describe(
        when="every monday 9:00 · every day at 18:30 · tomorrow 14:00 · in 2 hours · or cron: 0 9 * * 1",
        text="The goal, in your own words.",
        autonomy="How much it may do without asking.",
        budget="The most that each goal may cost, in US$.",
        done_when="How you would see that it is done.",
        template="entrepreneur: it reads the books and reviews experiments.",
        check="A Python script: it begins if this prints something; prints nothing: not this time.",
    )
    async def add(  # noqa: PLR0917 - the parameters are the options
        interaction: Asking,
        when: app_commands.Range[str, 1, 200],
        text: app_commands.Range[str, 1, 4000],
        autonomy: Literal["guarded", "ask", "auto"] | None = None,
        budget: app_commands.Range[float, 0.01, 1_000_000.0] | None = None,
        done_when: app_commands.Range[str, 1, 2000] | None = None,
        template: Template | None = None,
        check: app_commands.Range[str, 1, _MOST_CHECK] | None = None,
    ) -> None:
        member = await let_in(desk, interaction, Right.START)
        if template:
            refuse_plan(text)
        rules = await desk.control.rules(guild_of(interaction))
        now = desk.clock.now()
        zone = ZoneInfo(rules.time_zone)
        rhythm = await asyncio.to_thread(understand, when, now, zone)
        plan = Plan(
            id=str(interaction.id),
            guild_id=guild_of(interaction),
            channel_id=str(channel_of(interaction).id),
            by=member.person,
            words=" ".join(when.split()),
            rhythm=rhythm,
            zone=rules.time_zone,
            goal=text,
            autonomy=Autonomy(autonomy) if autonomy else None,
            budget_usd=budget,
            done_when=done_when or "",
            template=template or "",
            check=check or "",
            next=following(rhythm, now, zone),
        )
        await defer(desk.api, interaction, ephemeral=False)
        await _show(desk, interaction, await desk.plans.add(plan))

    @group.command(name="list", description="What begins when.")
    async def show(interaction: Asking) -> None:
        asker(interaction)
        await defer(desk.api, interaction, ephemeral=True)
        plans = await desk.plans.of(guild_of(interaction))
        rows = [
            row(number, plan)
            for number, plan in enumerate(plans, start=1)
            if visible(interaction, plan.channel_id)
        ]
        await answer(
            desk.api, interaction, fitted(rows, 2000) or "Nothing is scheduled. `/schedule add` begins."
        )

    @group.command(name="remove", description="Take a schedule away; goals that it began go on.")
    @app_commands.describe(schedule="Its number in /schedule list.")
    async def remove(interaction: Asking, schedule: str) -> None:
        plan = await _own(desk, interaction, schedule)
        await desk.plans.remove(plan)
        await answer(desk.api, interaction, f"{REMOVE}️ {plan.words} is removed.")

    @group.command(name="run", description="Begin a schedule's goal now, besides its times.")
    @app_commands.describe(schedule="Its number in /schedule list.")
    async def run(interaction: Asking, schedule: str) -> None:
        plan = await _own(desk, interaction, schedule)
        guild = interaction.guild
        if guild is None:
            raise RefusedError("This works in a server only.")
        try:
            ref = await desk.begin(plan, guild, str(interaction.id))
        except DiscordError as error:
            raise RefusedError(f"I cannot open a thread for it. {error}") from error
        state = await desk.control.read(ref)
        await answer(desk.api, interaction, f"{RUN} It has begun: <#{state.thread_id}>")

    return group


async def _show(desk: Desk, interaction: Asking, plan: Plan) -> None:
    message = await answer(desk.api, interaction, card(plan))
    if message is None:
        return
    ref, asks = SessionRef(plan.guild_id, PART), Asks(post="schedule", about=plan.id)
    await desk.control.storage.posts.put(ref, plan.id, str(message.id), asks)
    for emoji in (PAUSE, GO_ON, RUN, REMOVE):
        await desk.api.react(str(message.channel.id), str(message.id), emoji)


async def _own(desk: Desk, interaction: Asking, name: str) -> Plan:
    """The schedule, for its maker and for those who configure. Raises RefusedError."""
    member = asker(interaction)
    await defer(desk.api, interaction, ephemeral=True)
    plan = await desk.plans.find(guild_of(interaction), name)
    rules = await desk.control.rules(plan.guild_id)
    if not access.may_change(member, plan.by.id, rules):
        raise RefusedError(access.why(Right.CONFIGURE, rules))
    return plan
