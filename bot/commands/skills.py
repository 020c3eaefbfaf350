"""/skills: what a server has proven, how it failed, and what was changed."""

import asyncio
from typing import Literal

import discord
from discord import app_commands

from agent_core.errors import RefusedError, StoreUnavailableError
from agent_core.memory.values import Channels
from agent_core.skills import Held, Shelf, Shelves, Standing, open_part
from agent_core.skills.exchange import packed
from agent_core.values import Right
from bot.commands.answer import Asking, answer, defer, member_of
from bot.commands.desk import Desk, guild_of, let_in
from bot.commands.skills_box import bring_in, run_it
from bot.discord_api import Upload
from bot.render import skills as render
from bot.render.books import fitted
from bot.render.learning import error_chart, lineage, rate_chart, table

_CHOICES = 25
_ROOM = 100
_CHANGES: dict[str, Standing] = {
    "release": "released",
    "quarantine": "quarantined",
    "archive": "archived",
    "restore": "active",
}


def skills(desk: Desk) -> app_commands.Group:
    """The command and what is under it."""
    group = app_commands.Group(name="skills", description="What this server has learnt to do.")
    _add_reading(desk, group)
    _add_exchange(desk, group)
    _add_changing(desk, group)
    return group


def _add_reading(desk: Desk, group: app_commands.Group) -> None:
    @group.command(name="list", description="The skills that you may see, the newest first.")
    @app_commands.describe(shelf="Only those that are proven, or only those that failed.")
    async def show_all(interaction: Asking, shelf: Shelf | None = None, archived: bool = False) -> None:
        channels = await _reading(desk, interaction)
        found = await desk.library.held(
            guild_of(interaction), channels=channels, shelf=shelf, archived=archived
        )
        await _answer_whole(desk, interaction, render.listed(found, shelf or ""), "skills.md")

    @group.command(name="show", description="One skill with its code and the open half of its check.")
    @app_commands.describe(
        skill="Its name or id.", change="Let it out of quarantine, archive it, bring it back."
    )
    @app_commands.autocomplete(skill=_names(desk))
    async def show(
        interaction: Asking,
        skill: str,
        change: Literal["release", "quarantine", "archive", "restore"] | None = None,
    ) -> None:
        if change is not None:
            await let_in(desk, interaction, Right.APPROVE)
        channels = await _reading(desk, interaction)
        guild_id = guild_of(interaction)
        held = await desk.library.named(guild_id, skill, channels=channels)
        if change is not None:
            by = str(interaction.user.id)
            await desk.library.stand(guild_id, held.skill.id, _CHANGES[change], by=by)
            held = await desk.library.named(guild_id, held.skill.id, channels=channels)
        check = open_part(await desk.library.check_of(guild_id, held.skill))
        files = [Upload(name="main.py", source=held.card.script.source.encode("utf-8", "replace"))]
        files += [Upload(name="check-open.py", source=check.encode("utf-8", "replace"))] if check else []
        text = render.page(held, await _parents(desk, guild_id, held, channels))
        await answer(desk.api, interaction, text, files)

    @group.command(name="stats", description="How often it works, and what goes wrong how often.")
    async def stats(interaction: Asking) -> None:
        channels = await _reading(desk, interaction)
        guild_id = guild_of(interaction)
        shelves = await desk.library.shelves(guild_id)
        held = await desk.library.held(guild_id, channels=channels, archived=None)
        files = await asyncio.to_thread(_pictured, shelves, held)
        await answer(desk.api, interaction, render.stats(shelves, held), files)

    @group.command(name="history", description="Every change, the newest first; each can be taken back.")
    async def history(interaction: Asking) -> None:
        channels = await _reading(desk, interaction)
        guild_id = guild_of(interaction)
        changes = await desk.library.history(guild_id)
        rows = render.history(changes, await _known(desk, guild_id, channels))
        await _answer_whole(desk, interaction, rows, "history.md")


def _add_exchange(desk: Desk, group: app_commands.Group) -> None:
    @group.command(name="run", description="Run a skill in the sandbox; only you see what it says.")
    @app_commands.describe(skill="Its name or id.", arguments='As JSON, such as {"n": 3}; or n=3 m=4.')
    @app_commands.autocomplete(skill=_names(desk))
    async def run(
        interaction: Asking, skill: str, arguments: app_commands.Range[str, 1, 4000] | None = None
    ) -> None:
        await let_in(desk, interaction, Right.START)
        channels = await _reading(desk, interaction)
        held = await desk.library.named(guild_of(interaction), skill, channels=channels)
        await run_it(desk, interaction, held, arguments or "")

    @group.command(name="export", description="The skills that you may see, as a zip.")
    async def export(interaction: Asking) -> None:
        await let_in(desk, interaction, Right.START)
        channels = await _reading(desk, interaction)
        guild_id = guild_of(interaction)
        held = await desk.library.held(guild_id, channels=channels, archived=None)
        checked = [(one, await desk.library.check_of(guild_id, one.skill)) for one in held]
        data = await asyncio.to_thread(packed, checked)
        if len(data) > interaction.filesize_limit:
            raise RefusedError("The zip is larger than Discord takes here. Archive what is not needed.")
        await answer(
            desk.api, interaction, f"{len(held):,} skills.", [Upload(name="skills.zip", source=data)]
        )

    @group.command(name="import", description="Bring skills in from a zip; every check is run first.")
    @app_commands.describe(file="A zip with successes/ and failures/, a folder in them for each skill.")
    async def take_in(interaction: Asking, file: discord.Attachment) -> None:
        member = await let_in(desk, interaction, Right.START)
        channels = await _reading(desk, interaction)
        await bring_in(desk, interaction, file, member, channels)


def _add_changing(desk: Desk, group: app_commands.Group) -> None:
    async def numbers(interaction: Asking, current: str) -> list[app_commands.Choice[int]]:
        try:
            channels = await desk.audience.of_member(guild_of(interaction), member_of(interaction))
            known = await _known(desk, guild_of(interaction), channels)
            changes = await desk.library.history(guild_of(interaction))
        except (RefusedError, StoreUnavailableError):
            return []
        found = [(one.number, render.plain_change(one, known)) for one in reversed(changes) if not one.undone]
        wanted = [(number, text) for number, text in found if current.casefold() in text.casefold()]
        return [app_commands.Choice(name=text[:_ROOM], value=number) for number, text in wanted[:_CHOICES]]

    @group.command(name="undo", description="Take a change back, or an undoing.")
    @app_commands.describe(change="Its number in /skills history.")
    @app_commands.autocomplete(change=numbers)
    async def undo(interaction: Asking, change: app_commands.Range[int, 1]) -> None:
        member = await let_in(desk, interaction, Right.APPROVE)
        await defer(desk.api, interaction, ephemeral=True)
        done = await desk.library.undo(guild_of(interaction), change, by=member.id)
        text = f"Change {change} is undone." if done else f"Change {change} had been undone before."
        await answer(desk.api, interaction, text)


async def _answer_whole(desk: Desk, interaction: Asking, rows: list[str], name: str) -> None:
    """As many rows as fit, and all of them as a file where some do not."""
    text, whole = fitted(rows, render.ROOM), "\n".join(rows)
    files = [Upload(name=name, source=whole.encode("utf-8", "replace"))] if text != whole else []
    await answer(desk.api, interaction, text, files)


def _pictured(shelves: Shelves, held: list[Held]) -> list[Upload]:
    """The numbers as a file, and how they went as pictures."""
    if not held:
        return []
    files = [Upload(name="skills.csv", source=table(held))]
    if tree := lineage(held):
        files.append(Upload(name="lineage.md", source="\n".join(tree).encode("utf-8", "replace")))
    if shelves.tried:
        files.append(Upload(name="rate.png", source=rate_chart(shelves)))
    if shelves.errors:
        files.append(Upload(name="errors.png", source=error_chart(shelves)))
    return files


async def _reading(desk: Desk, interaction: Asking) -> Channels:
    """Promise an answer for the asker's eyes only; the channels that they may read."""
    member = member_of(interaction)
    await defer(desk.api, interaction, ephemeral=True)
    return await desk.audience.of_member(guild_of(interaction), member)


async def newest_skills(desk: Desk, interaction: Asking) -> list[Held]:
    """What may be picked from while typing, the newest first; nothing where it cannot be told."""
    try:
        guild_id = guild_of(interaction)
        channels = await desk.audience.of_member(guild_id, member_of(interaction))
        return (await desk.library.held(guild_id, channels=channels))[::-1]
    except (RefusedError, StoreUnavailableError):
        return []


def _names(desk: Desk):  # noqa: ANN202 - a callback of discord.py
    async def names(interaction: Asking, current: str) -> list[app_commands.Choice[str]]:
        wanted = current.casefold()
        held = await newest_skills(desk, interaction)
        found = [one for one in held if wanted in f"{one.card.script.name} {one.skill.id}"]
        return [
            app_commands.Choice(name=f"{one.card.script.name} ({one.skill.id})"[:_ROOM], value=one.skill.id)
            for one in found[:_CHOICES]
        ]

    return names


async def _known(desk: Desk, guild_id: str, channels: Channels) -> dict[str, str]:
    """Id -> name of every skill that may be seen there."""
    held = await desk.library.held(guild_id, channels=channels, archived=None)
    return {one.skill.id: one.card.script.name for one in held}


async def _parents(desk: Desk, guild_id: str, held: Held, channels: Channels) -> list[str]:
    known = await _known(desk, guild_id, channels)
    return [known.get(one, one) for one in held.skill.filed.parents]
