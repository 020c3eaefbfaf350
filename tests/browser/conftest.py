"""A real browser on a real playground, with a small real bot that answers."""

from __future__ import annotations

import io
import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import aiohttp
import discord
import pytest
from discord import app_commands
from playwright.async_api import Page, async_playwright

from playground import Playground
from playground.page import add_page
from tests.playground.bots import Bot, running
from tests.protocol.openapi import DiscordOpenApi

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
EXAMPLES = (("haiku about rain", "Writes a haiku"), ("sums of squares", "Adds squares"))
FILES = {"chart.bin": bytes(range(256)) * 40, "空の.txt": b"", "résumé final.txt": "素数\n".encode()}
"""What the bot hands over in each thread: name -> bytes."""


def add_commands(bot: Bot) -> None:
    """The commands that these tests use, in the shape of the real ones."""

    @bot.tree.command(description="Give the agent a goal")
    @app_commands.choices(autonomy=[app_commands.Choice(name=word, value=word) for word in ("ask", "auto")])
    async def goal(
        interaction: discord.Interaction,
        text: str,
        file: discord.Attachment | None = None,
        autonomy: str = "ask",
        budget: float = 0.5,
    ) -> None:
        got = len(await file.read()) if file else None
        await interaction.response.send_message(f"{text} | {autonomy} | {budget} | {got}")
        channel, answer = interaction.channel, await interaction.original_response()
        assert isinstance(channel, discord.TextChannel)
        thread = await channel.create_thread(name=text[:90], message=discord.Object(answer.id))
        attached = [discord.File(io.BytesIO(data), name) for name, data in FILES.items()]
        proposal = await thread.send("May I run this?\n```python\nprint(1)\n```", files=attached)
        for emoji in ("✅", "❌"):
            await proposal.add_reaction(emoji)

    @bot.tree.command(description="Looks something up")
    async def find(interaction: discord.Interaction, what: str) -> None:
        await interaction.response.send_message(f"found {what}")

    @find.autocomplete("what")
    async def guess(_: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        words = [word for word in ("apple", "apricot", "pear") if word.startswith(typed)]
        return [app_commands.Choice(name=word.upper(), value=word) for word in words]

    @bot.tree.command(description="A quiet word")
    async def whisper(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("only for you", ephemeral=True)

    @bot.tree.command(description="Asks in a form")
    async def ask(interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(Question())

    @bot.tree.command(description="Shows buttons")
    async def buttons(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("Choose", view=Choices())


class Question(discord.ui.Modal, title="A question"):
    """A form with one field."""

    answer: discord.ui.TextInput[Question] = discord.ui.TextInput(label="Your answer")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        """Say what was filled in."""
        await interaction.response.send_message(f"you answered {self.answer.value}")


class Choices(discord.ui.View):
    """A button and a select."""

    @discord.ui.button(label="Press me", style=discord.ButtonStyle.success)
    async def press(self, interaction: discord.Interaction, _: discord.ui.Button[Choices]) -> None:
        """Say who pressed."""
        await interaction.response.edit_message(content=f"pressed by {interaction.user.display_name}")

    @discord.ui.select(options=[discord.SelectOption(label=word) for word in ("red", "green")])
    async def pick(self, interaction: discord.Interaction, select: discord.ui.Select[Choices]) -> None:
        """Say what was picked."""
        await interaction.response.send_message(f"picked {select.values[0]}")


@pytest.fixture
async def server(
    tmp_path: Path, discord_openapi_if_there: DiscordOpenApi | None
) -> AsyncGenerator[Playground, None]:
    async with Playground(
        tmp_path / "world", 0, page=lambda app: add_page(app, EXAMPLES), rate_limits=False
    ) as started:
        yield started
        async with aiohttp.ClientSession() as http, http.get(f"{started.url}/playground/log") as reply:
            log = await reply.json()
    if discord_openapi_if_there is not None:
        assert discord_openapi_if_there.check_exchanges(log) == []


@pytest.fixture
async def bot(server: Playground, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Bot, None]:
    made = Bot()
    add_commands(made)
    async with running(made, server.url, monkeypatch) as ready:
        yield ready


@pytest.fixture
async def page(server: Playground, tmp_path: Path) -> AsyncGenerator[Page, None]:
    """A fresh browser, opened on the page. Fails the test on any error in the page."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no chromium on PATH")
    problems: list[str] = []
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path=chromium,
            args=list(FLAGS),
            viewport={"width": 1280, "height": 800},
            accept_downloads=True,
        )
        context.set_default_timeout(10_000)
        opened = context.pages[0]
        opened.on("pageerror", lambda error: problems.append(str(error)))
        opened.on("dialog", lambda dialog: problems.append(f"a dialog: {dialog.message}"))
        await opened.goto(server.url)
        yield opened
        await context.close()
    assert not problems
