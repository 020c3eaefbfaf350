"""/memory: what this server remembers, and how it forgets."""

import json

import discord
from discord import app_commands

from agent_core.errors import RefusedError, SecretRefusedError
from agent_core.memory import Recall
from agent_core.values import Right
from bot import access
from bot.commands.answer import Asking, answer, asker, defer, for_people, member_of
from bot.commands.desk import Desk, guild_of
from bot.discord_api import Upload
from bot.render.escape import line

_MOST_SHOWN = 8
_LONGEST = 140
_LEAST_PHRASE = 4
_ASKED_S = 600.0
_WARMING = "-# The memory is warming up: this was found by its words alone. Ask again in a minute.\n"
_ASK = (
    "This removes everything that you said to me on this server: memories, the words of your goals and"
    " replies, your schedules, files that you dropped and their copies. Goals of yours that still run are"
    " stopped."
    " It cannot be undone."
)


def memory(desk: Desk) -> app_commands.Group:
    """The command and what is under it."""
    group = app_commands.Group(name="memory", description="What this server remembers, and how it forgets.")
    _add_reading(desk, group)
    _add_forgetting(desk, group)
    return group


def _add_reading(desk: Desk, group: app_commands.Group) -> None:
    @group.command(name="search", description="Look something up, by meaning and words; only you see it.")
    async def search(interaction: Asking, query: app_commands.Range[str, 1, 500]) -> None:
        member = member_of(interaction)
        await defer(desk.api, interaction, ephemeral=True)
        guild_id = guild_of(interaction)
        channels = await desk.audience.of_member(guild_id, member)
        found = await desk.memory.recall(guild_id, query, _MOST_SHOWN, channels=channels)
        rows = [_row(guild_id, hit) for hit in found]
        warming = _WARMING if desk.memory.warming else ""
        nothing = f"{warming}Nothing is remembered about that."
        await answer(desk.api, interaction, _fitting(warming, rows) or nothing)

    @group.command(name="add", description="Have a fact remembered; it is never dropped for want of room.")
    async def add(interaction: Asking, text: app_commands.Range[str, 1, 2000]) -> None:
        member = asker(interaction)
        await defer(desk.api, interaction, ephemeral=True)
        guild_id = guild_of(interaction)
        rules = await desk.control.rules(guild_id)
        if not access.may(member, Right.START, rules):
            raise RefusedError(access.why(Right.START, rules))
        try:
            memory_id = await desk.memory.remember(
                guild_id,
                text,
                kind="fact",
                author_id=member.id,
                author=member.name,
                channel_id=str(interaction.channel_id),
            )
        except (SecretRefusedError, ValueError) as error:
            raise RefusedError(str(error)) from error
        await answer(
            desk.api, interaction, f"Remembered as `{memory_id}`, for whoever can read this channel."
        )

    @group.command(name="stats", description="How much is remembered here.")
    async def stats(interaction: Asking) -> None:
        await _stats(desk, interaction)


def _add_forgetting(desk: Desk, group: app_commands.Group) -> None:
    @group.command(name="forget", description="Remove memories by id, or by a phrase that they hold.")
    @app_commands.describe(
        query="A memory's id, or a phrase. Yours only, unless you may change the settings."
    )
    async def forget(interaction: Asking, query: app_commands.Range[str, 4, 500]) -> None:
        await _forget(desk, interaction, query)

    @group.command(name="forget-me", description="Remove everything that you ever said to me on this server.")
    async def forget_me(interaction: Asking) -> None:
        member = asker(interaction)
        view = _Confirm(desk, member.id)

        async def ask() -> None:
            await interaction.response.send_message(_ASK, view=view, ephemeral=True)

        await desk.api.call(ask)

    @group.command(name="opt-out", description="Have nothing more of what you say remembered.")
    @app_commands.describe(back="Let what you say be remembered again.")
    async def opt_out(interaction: Asking, back: bool = False) -> None:
        member = asker(interaction)
        await defer(desk.api, interaction, ephemeral=True)
        await desk.control.keep_out(guild_of(interaction), member.id, out=not back)
        said = (
            "is remembered again"
            if back
            else "is not remembered from now on; `/memory forget-me` removes the rest"
        )
        await answer(desk.api, interaction, f"What you say {said}.")

    @group.command(name="export", description="What is remembered of you, as a file; only you see it.")
    @app_commands.describe(everyone="Of everybody; for those who may change the settings.")
    async def export(interaction: Asking, everyone: bool = False) -> None:
        member = asker(interaction)
        await defer(desk.api, interaction, ephemeral=True)
        guild_id = guild_of(interaction)
        rules = await desk.control.rules(guild_id)
        if everyone and not access.may(member, Right.CONFIGURE, rules):
            raise RefusedError(access.why(Right.CONFIGURE, rules))
        found = await desk.memory.export(guild_id, None if everyone else member.id)
        data = json.dumps(found, ensure_ascii=False, indent=1).encode()
        upload = Upload(name="memories.json", source=data)
        await answer(desk.api, interaction, f"{len(found):,} memories.", [upload])


async def _stats(desk: Desk, interaction: Asking) -> None:
    asker(interaction)
    await defer(desk.api, interaction, ephemeral=True)
    found = await desk.memory.stats(guild_of(interaction))
    kinds = ", ".join(f"{count:,} of kind {kind}" for kind, count in sorted(found.by_kind.items()))
    rows = [
        f"**{found.memories:,} memories** of {found.authors:,} people" + (f": {kinds}" if kinds else ""),
        f"{found.tainted:,} of them hold strangers' text, and are never recalled by themselves",
        f"{found.redis_bytes / 1024:,.0f} KB in Redis · model `{found.model_id or 'not needed yet'}`",
    ]
    await answer(desk.api, interaction, "\n".join(rows))


class _Confirm(discord.ui.View):
    """One button, for the one who asked."""

    def __init__(self, desk: Desk, member_id: str) -> None:
        super().__init__(timeout=_ASKED_S)
        self._desk = desk
        self._member_id = member_id

    @discord.ui.button(label="Forget me", style=discord.ButtonStyle.danger)
    async def yes(self, interaction: Asking, _button: "discord.ui.Button[_Confirm]") -> None:
        """Do it, and answer when all is gone."""
        member = asker(interaction)
        if member.id != self._member_id:
            return
        self.stop()
        await defer(self._desk.api, interaction, ephemeral=True)
        gone = await self._desk.forget_me(guild_of(interaction), member.person)
        text = (
            f"Forgotten: {gone.memories:,} memories, your words in {gone.sessions:,} goals,"
            f" {gone.files:,} files, {gone.skills:,} skills. Messages in Discord are yours to delete."
        )
        await answer(self._desk.api, interaction, text)

    async def on_error(
        self, interaction: Asking, error: Exception, item: "discord.ui.Item[_Confirm]", /
    ) -> None:
        """Say what went wrong, as after a command."""
        del item
        await answer(self._desk.api, interaction, for_people(interaction, error))


async def _forget(desk: Desk, interaction: Asking, query: str) -> None:
    member = asker(interaction)
    await defer(desk.api, interaction, ephemeral=True)
    guild_id = guild_of(interaction)
    rules = await desk.control.rules(guild_id)
    everybodys = access.may(member, Right.CONFIGURE, rules)
    channels = await desk.audience.of_member(guild_id, member_of(interaction))
    phrase = " ".join(query.casefold().split())
    if len(phrase) < _LEAST_PHRASE:
        raise RefusedError("That would fit too much. Give the memory's id, or a longer phrase.")
    gone = await desk.memory.forget_where(
        guild_id,
        lambda record, source: (
            (everybodys or record.author_id == member.id)
            and (source.channel_id is None or source.channel_id in channels)
            and (record.id == phrase or phrase in " ".join(record.text.casefold().split()))
        ),
    )
    whose = "" if everybodys else " of yours"
    await answer(
        desk.api, interaction, f"Forgotten: {gone:,}{whose}." if gone else f"Nothing{whose} fits that."
    )


def _row(guild_id: str, hit: Recall) -> str:
    tail = f"/{hit.message_id}" if hit.message_id else ""
    place = f" · https://discord.com/channels/{guild_id}/{hit.channel_id}{tail}" if hit.channel_id else ""
    who = line(hit.author, 40) if hit.author else "nobody named"
    taint = " · ⚠️ strangers' text" if hit.tainted else ""
    about = f"`{hit.id}` · {hit.kind} of {who} · <t:{int(hit.at)}:d>{taint}{place}"
    return f"**{line(hit.text, _LONGEST)}**\n-# {about}\n-# {hit.why}"


def _fitting(head: str, rows: list[str]) -> str:
    """As many rows as one message holds."""
    text = ""
    for row in rows:
        if len(head) + len(text) + len(row) > 1950:
            break
        text += f"{row}\n"
    return head + text if text else ""
