"""/explore and /improve: sessions that work on the library of skills, each in a thread of its own."""

import asyncio
from random import Random
from secrets import randbits
from typing import Literal

from discord import app_commands

from agent_core.control import Order
from agent_core.errors import RefusedError
from agent_core.skills import Held, Shelves, open_part
from agent_core.skills.assignments import about, file_name, to_explore, to_improve
from agent_core.skills.frontier import frontier
from agent_core.skills.targets import Target, choose, last_error, of_named
from agent_core.tools.skills import LIBRARY
from agent_core.values import Autonomy, Inherited, NamedFile, Right, SessionRef, Source
from bot.commands.answer import Asking, Slash, slash
from bot.commands.desk import Desk, let_in
from bot.commands.goal import launch
from bot.commands.skills import newest_skills
from bot.render.escape import clean

_USUAL_COUNT = 5
_MOST_COUNT = 50
_MOST_IDEAS = 8
_SEED_BITS = 16
_CHOICES = 25
_ROOM = 100


def explore(desk: Desk) -> Slash:
    """The command that invents scripts."""

    @app_commands.describe(
        topic="What the scripts are about; I pick something the library lacks unless you say.",
        count="How many scripts, 5 unless you say otherwise.",
        budget="The most that it may cost, in US$.",
        autonomy="How much I may do without asking; guarded unless the server says otherwise.",
    )
    async def command(
        interaction: Asking,
        topic: app_commands.Range[str, 1, 300] | None = None,
        count: app_commands.Range[int, 1, _MOST_COUNT] = _USUAL_COUNT,
        budget: app_commands.Range[float, 0.01, 1_000_000.0] | None = None,
        autonomy: Literal["guarded", "ask", "auto"] | None = None,
    ) -> None:
        member = await let_in(desk, interaction, Right.START)
        about_what = " ".join(clean(topic or "").split())

        async def order(ref: SessionRef, channel_id: str) -> Order:
            held = await _held(desk, ref.guild_id, channel_id)
            trusted = [one for one in held if not one.skill.quarantined and not one.card.origin.tainted]
            seed = randbits(_SEED_BITS)
            found = await asyncio.to_thread(frontier, trusted, about_what, seed, min(count + 2, _MOST_IDEAS))
            return Order(
                ref=ref,
                goal=to_explore(about_what, count, found),
                starter=member.person,
                channel_id=channel_id,
                autonomy=Autonomy(autonomy) if autonomy else None,
                budget_usd=budget,
                role="explore",
            )

        await launch(desk, interaction, order)

    return slash("explore", "I invent scripts around a topic and keep what proves right.", command)


def improve(desk: Desk) -> Slash:
    """The command that repairs, modifies and combines what is there."""

    @app_commands.describe(
        skill="Its name or id; I pick what is worth it most unless you say.",
        budget="The most that it may cost, in US$.",
        autonomy="How much I may do without asking; guarded unless the server says otherwise.",
    )
    @app_commands.autocomplete(skill=_names(desk))
    async def command(
        interaction: Asking,
        skill: app_commands.Range[str, 1, 100] | None = None,
        budget: app_commands.Range[float, 0.01, 1_000_000.0] | None = None,
        autonomy: Literal["guarded", "ask", "auto"] | None = None,
    ) -> None:
        member = await let_in(desk, interaction, Right.START)

        async def order(ref: SessionRef, channel_id: str) -> Order:
            shelves = await desk.library.shelves(ref.guild_id)
            if skill is not None:
                seed, target = None, await _named(desk, ref.guild_id, channel_id, skill)
            else:
                seed = randbits(_SEED_BITS)
                target = _drawn(shelves, await _held(desk, ref.guild_id, channel_id), seed)
            return Order(
                ref=ref,
                goal=to_improve(target, last_error(shelves, target.held[0].skill), seed),
                starter=member.person,
                channel_id=channel_id,
                autonomy=Autonomy(autonomy) if autonomy else None,
                budget_usd=budget,
                role="improve",
                subjects=tuple(one.skill.id for one in target.held),
                files=tuple([await _file(desk, shelves, ref.guild_id, one) for one in target.held]),
                marks=await _marks(desk, ref.guild_id, target.held),
            )

        await launch(desk, interaction, order)

    return slash("improve", "I repair what failed, and modify or combine what works.", command)


async def _held(desk: Desk, guild_id: str, channel_id: str) -> list[Held]:
    """The skills that everybody may see who reads the channel."""
    channels = await desk.audience.of_channel(guild_id, channel_id)
    return await desk.library.held(guild_id, channels=channels)


async def _named(desk: Desk, guild_id: str, channel_id: str, name: str) -> Target:
    channels = await desk.audience.of_channel(guild_id, channel_id)
    return of_named(await desk.library.named(guild_id, name, channels=channels))


def _drawn(shelves: Shelves, held: list[Held], seed: int) -> Target:
    usable = [one for one in held if not one.skill.quarantined]
    target = choose(shelves, usable, Random(seed))  # noqa: S311 - a draw that can be repeated
    if target is None:
        raise RefusedError("There is nothing to improve here yet. `/explore` first, or `/skills import`.")
    return target


async def _file(desk: Desk, shelves: Shelves, guild_id: str, held: Held) -> NamedFile:
    check = open_part(await desk.library.check_of(guild_id, held.skill))
    text = about(held, check, last_error(shelves, held.skill))
    stored = await desk.control.storage.blobs.put_bytes(guild_id, text.encode("utf-8", "replace"))
    return NamedFile(path=f"inputs/{file_name(held)}", file=stored)


async def _marks(desk: Desk, guild_id: str, held: tuple[Held, ...]) -> Inherited:
    """A script that strangers may have written taints who reads it, as it would anywhere."""
    strange = [one for one in held if one.card.origin.tainted or one.skill.quarantined]
    known = await desk.audience.of_server(guild_id)
    closed = any(one.card.origin.channel_id not in {*known, None} for one in held)
    sources = tuple(
        Source(number=number, url=f"skill:{one.skill.id}", title=one.card.script.name, how="file")
        for number, one in enumerate(strange, 1)
    )
    return Inherited(tainted=sources, private=(LIBRARY,) if closed else ())


def _names(desk: Desk):  # noqa: ANN202 - a callback of discord.py
    async def names(interaction: Asking, current: str) -> list[app_commands.Choice[str]]:
        held = await newest_skills(desk, interaction)
        found = [one for one in held if current.casefold() in one.card.script.name]
        found.sort(key=lambda one: one.skill.proven)  # what failed comes first
        return [
            app_commands.Choice(name=_choice(one)[:_ROOM], value=one.skill.id) for one in found[:_CHOICES]
        ]

    return names


def _choice(held: Held) -> str:
    return f"{'✅' if held.skill.proven else '❌'} {held.card.script.name} ({held.skill.id})"
