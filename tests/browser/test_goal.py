"""What a newcomer does: type a goal, open its thread, press an emoji, take the files home."""

from __future__ import annotations

import asyncio
from pathlib import Path

import discord
import pytest
from playwright.async_api import Page, expect

from playground import Playground
from tests.browser.conftest import FILES, add_commands
from tests.playground.bots import Bot, running
from tests.playground.people import http_on


async def type_in(page: Page, text: str) -> None:
    """Type into the message box, as documented: the last textbox; Enter sends."""
    box = page.get_by_role("textbox").last
    await box.fill(text)
    await box.press("Enter")


async def open_thread(page: Page, bot: Bot, goal: str = "count the stars") -> None:
    """Run a goal and open its thread by its name."""
    await type_in(page, f"/goal {goal}")
    await page.get_by_role("link", name=goal).click()
    await expect(page.get_by_role("heading", level=2, name=goal)).to_be_visible()
    await expect(page.get_by_role("button", name="❌")).to_be_visible()


async def test_a_goal_runs_from_the_box_to_a_downloaded_file(page: Page, bot: Bot, tmp_path: Path):
    await open_thread(page, bot)
    await page.get_by_role("button", name="✅").first.click()
    reaction, user = await bot.next("reaction_add", lambda got: str(got[0].emoji) == "✅" and not got[1].bot)
    assert (user.display_name, reaction.count) == ("Robin", 2)
    await expect(page.get_by_role("button", name="✅ 2 reactions")).to_have_attribute("aria-pressed", "true")
    for name, content in FILES.items():
        link = page.locator("a[download]", has_text=name)
        assert await link.get_attribute("download") == name
        async with page.expect_download() as coming:
            await link.click()
        download = await coming.value
        assert download.suggested_filename == name
        await download.save_as(tmp_path / "got")
        assert (tmp_path / "got").read_bytes() == content


async def test_a_second_press_takes_the_reaction_back(page: Page, bot: Bot):
    await open_thread(page, bot)
    await page.get_by_role("button", name="❌").click()
    await page.get_by_role("button", name="❌ 2 reactions").click()
    await bot.next("reaction_remove")
    await expect(page.get_by_role("button", name="❌ 1 reaction")).to_have_attribute("aria-pressed", "false")


async def test_another_emoji_can_be_added(page: Page, bot: Bot):
    await open_thread(page, bot)
    await page.get_by_role("button", name="Add a reaction").click()
    await page.get_by_role("dialog").get_by_role("button", name="🛑").click()
    await expect(page.get_by_role("button", name="🛑 1 reaction, yours among them")).to_be_visible()


async def test_options_are_typed_by_name_and_files_fill_attachments(page: Page, bot: Bot, tmp_path: Path):
    (tmp_path / "data.csv").write_bytes(b"a,b\n1,2\n")
    await page.locator("input[type=file]").set_input_files(tmp_path / "data.csv")
    await type_in(page, "/goal sum it: both columns autonomy:auto budget:1.5")
    await expect(page.get_by_text("sum it: both columns | auto | 1.5 | 8")).to_be_visible()


async def test_a_wrong_option_is_said_before_anything_is_sent(page: Page, bot: Bot):
    await expect(page.get_by_text("A thread opens")).to_be_visible()
    await type_in(page, "/goal x budget:much")
    await expect(page.get_by_role("alert")).to_contain_text("budget should be a number, not “much”")
    assert await page.get_by_role("textbox").last.input_value() == "/goal x budget:much"
    await type_in(page, "/goal")
    await expect(page.get_by_role("alert")).to_contain_text("/goal needs text")


async def test_typing_a_slash_lists_the_commands_and_tab_takes_one(page: Page, bot: Bot):
    await expect(page.get_by_text("A thread opens")).to_be_visible()
    box = page.get_by_role("textbox").last
    await box.press_sequentially("/go")
    await expect(page.get_by_role("option", name="/goal")).to_be_visible()
    await box.press("Tab")
    await expect(box).to_have_value("/goal ")
    await box.press_sequentially("x autonomy:")
    await expect(page.get_by_role("listbox").get_by_role("option")).to_have_text(["ask", "auto"])


async def test_the_bots_own_suggestions_are_picked_by_arrow_and_enter(page: Page, bot: Bot):
    await expect(page.get_by_text("A thread opens")).to_be_visible()
    await page.locator("body").press_sequentially("/find ap")
    suggested = page.get_by_role("listbox").get_by_role("option")
    await expect(suggested).to_contain_text(["APPLE", "APRICOT"])
    box = page.get_by_role("textbox").last
    await box.press("ArrowDown")
    await box.press("Enter")
    await expect(box).to_have_value("/find apricot ")
    await box.press("Enter")
    await expect(page.get_by_text("found apricot")).to_be_visible()


async def test_an_empty_channel_shows_what_to_type_until_something_was_said(page: Page, bot: Bot):
    await page.get_by_role("button", name="/goal haiku about rain").click()
    await expect(page.get_by_role("textbox").last).to_have_value("/goal haiku about rain")
    await page.get_by_role("textbox").last.press("Enter")
    await expect(page.get_by_role("link", name="haiku about rain")).to_be_visible()
    await expect(page.get_by_text("sums of squares")).to_have_count(0)


async def test_words_in_a_thread_reach_the_bot_as_they_were_typed(page: Page, bot: Bot, tmp_path: Path):
    await open_thread(page, bot)
    (tmp_path / "空 é.txt").write_bytes(b"\0\xff")
    await page.locator("input[type=file]").set_input_files(tmp_path / "空 é.txt")
    box = page.get_by_role("textbox").last
    await box.fill("first line")
    await box.press("Shift+Enter")
    await box.press_sequentially("second *line*")
    await box.press("Enter")
    message = await bot.next("message", lambda got: not got.author.bot)
    assert message.content == "first line\nsecond *line*"
    (attachment,) = message.attachments
    assert (attachment.filename, await attachment.read()) == ("空 é.txt", b"\0\xff")


async def test_own_messages_are_answered_edited_and_deleted(page: Page, bot: Bot):
    await open_thread(page, bot)
    await type_in(page, "steer left")
    own = page.get_by_role("listitem").filter(has_text="steer left").last
    await own.hover()
    await own.get_by_role("button", name="Reply").click()
    await type_in(page, "I mean it")
    reply = await bot.next("message", lambda got: got.content == "I mean it")
    assert reply.reference.resolved.content == "steer left"
    await expect(page.get_by_role("listitem").filter(has_text="I mean it")).to_be_visible()
    await page.get_by_role("textbox").last.press("ArrowUp")
    await expect(page.get_by_role("textbox").last).to_have_value("I mean it")
    await type_in(page, "I meant it")
    await expect(page.get_by_text("I meant it (edited)")).to_be_visible()
    answer = page.get_by_role("listitem").filter(has_text="I meant it")
    await answer.hover()
    await answer.get_by_role("button", name="Delete").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("I meant it")).to_have_count(0)
    assert (await bot.next("message_delete")).content == "I meant it"


async def test_a_reload_shows_the_same_thread_as_the_same_person(page: Page, bot: Bot):
    await page.get_by_label("Who you are").select_option("Sasha")
    await open_thread(page, bot)
    await page.reload()
    await expect(page.get_by_role("heading", level=2, name="count the stars")).to_be_visible()
    await expect(page.get_by_text("May I run this?")).to_be_visible()
    await type_in(page, "me again")
    assert (await bot.next("message", lambda got: not got.author.bot)).author.display_name == "Sasha"


async def test_a_quiet_answer_is_seen_by_one_person_alone(page: Page, bot: Bot):
    await expect(page.get_by_text("A thread opens")).to_be_visible()
    await type_in(page, "/whisper")
    await expect(page.get_by_text("Only you can see this")).to_be_visible()
    await page.get_by_label("Who you are").select_option("Kim")
    await expect(page.get_by_text("only for you")).to_have_count(0)
    await page.get_by_label("Who you are").select_option("Robin (owner)")
    await page.get_by_role("button", name="Dismiss message").click()
    await expect(page.get_by_text("only for you")).to_have_count(0)


async def test_buttons_selects_and_forms_reach_the_bot(page: Page, bot: Bot):
    await expect(page.get_by_text("A thread opens")).to_be_visible()
    await type_in(page, "/buttons")
    await page.get_by_role("listitem").get_by_role("combobox").select_option("green")
    await expect(page.get_by_text("picked green")).to_be_visible()
    await page.get_by_role("button", name="Press me").click()
    await expect(page.get_by_text("pressed by Robin")).to_be_visible()
    await type_in(page, "/ask")
    await page.get_by_label("Your answer").fill("forty-two")
    await page.get_by_role("dialog").get_by_role("button", name="Submit").click()
    await expect(page.get_by_text("you answered forty-two")).to_be_visible()


async def test_a_command_that_fails_gives_the_words_back(page: Page, bot: Bot):
    await expect(page.get_by_text("A thread opens")).to_be_visible()
    await type_in(page, "x" * 2001)
    await expect(page.get_by_role("alert")).to_contain_text("2000")
    assert len(await page.get_by_role("textbox").last.input_value()) == 2001


async def test_a_command_typed_before_the_bot_is_there_runs_when_it_is(
    page: Page, server: Playground, monkeypatch: pytest.MonkeyPatch
):
    await type_in(page, "/whisper")
    await expect(page.get_by_role("alert")).to_contain_text("Waiting for the bot")
    late = Bot()
    add_commands(late)
    async with running(late, server.url, monkeypatch):
        await expect(page.get_by_text("only for you")).to_be_visible()
        await type_in(page, "/nonsense here")
        await expect(page.get_by_role("alert")).to_contain_text("There is no command /nonsense")


async def test_an_archived_thread_moves_to_its_own_list(page: Page, bot: Bot):
    await open_thread(page, bot)
    await asyncio.wait_for(bot.guilds[0].threads[0].edit(archived=True), 5)
    await expect(page.get_by_text("Archived threads (1)")).to_be_visible()


async def test_what_happened_while_the_server_was_away_is_shown_when_it_is_back(page: Page, tmp_path: Path):
    async with Playground(tmp_path / "other", 0) as first:
        port = int(first.url.rpartition(":")[2])
        await page.goto(first.url)
        await type_in(page, "before")
        await expect(page.get_by_role("listitem").filter(has_text="before")).to_be_visible()
    await expect(page.get_by_role("status")).to_contain_text("Connection lost")
    async with Playground(tmp_path / "other", port) as again, http_on(again.url) as http:
        place = await http.place()
        said = {"channel_id": place.channels["general"], "user_id": place.people["sasha"], "content": "after"}
        await http.person("POST", "/messages", said)
        await expect(page.get_by_role("listitem").filter(has_text="after")).to_be_visible()
        await expect(page.get_by_role("status")).to_be_empty()


async def test_the_line_above_an_answer_reads_as_its_message_does(page: Page, bot: Bot, server: Playground):
    channel = next(one for one in bot.get_all_channels() if one.name == "general")
    assert isinstance(channel, discord.TextChannel)
    robin = next(one for one in channel.members if one.name == "robin")
    text = f"**May** `this` begin, {robin.mention}? ||secret||\n```py\nprint(1)\n```"
    answered = await channel.send(text)
    await answered.reply("an answer")
    line = page.get_by_role("button", name="Answers Goalkeeper: May this begin, @Robin? ▮▮▮")
    await expect(line).to_be_visible()
