"""The page as a whole: narrow and wide, by keyboard and by name."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser.test_goal import open_thread
from tests.playground.bots import Bot

UNNAMED = """() => [...document.querySelectorAll("button, a, select, textarea, input:not([hidden])")]
  .filter((one) => !(one.getAttribute("aria-label") || one.textContent.trim() || one.labels?.length))
  .map((one) => one.outerHTML)"""
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("width", [400, 1280])
async def test_nothing_is_wider_than_the_window_and_everything_has_a_name(page: Page, bot: Bot, width: int):
    await open_thread(page, bot, "w" * 60)
    await bot.guilds[0].threads[0].send("x" * 1000 + "\n```\n" + "y" * 400 + "\n```")
    await page.set_viewport_size({"width": width, "height": 700})
    await expect(page.get_by_text("y" * 400)).to_be_visible()
    assert await page.evaluate(WIDER) == 0
    assert await page.evaluate(UNNAMED) == []


async def test_on_a_narrow_screen_the_channels_open_and_close(page: Page, bot: Bot):
    await page.set_viewport_size({"width": 400, "height": 700})
    link = page.get_by_role("link", name="playground", exact=True)
    await expect(link).to_be_hidden()
    await page.get_by_role("button", name="Show channels").click()
    await link.click()
    await expect(page.get_by_role("heading", level=2, name="# playground")).to_be_visible()
    await expect(link).to_be_hidden()


async def test_the_message_box_is_the_last_textbox_and_has_the_focus(page: Page, bot: Bot):
    await open_thread(page, bot)
    names = await page.get_by_role("textbox").evaluate_all("all => all.map(one => one.ariaLabel)")
    assert names[-1] == "Message count the stars"


async def test_new_messages_elsewhere_are_marked_until_they_are_read(page: Page, bot: Bot):
    await open_thread(page, bot)
    channel = next(one for one in bot.guilds[0].text_channels if one.name == "playground")
    await channel.send("over here")
    unread = page.locator("a.unread", has_text="playground")
    await expect(unread).to_be_visible()
    await unread.click()
    await expect(page.get_by_text("over here")).to_be_visible()
    await expect(page.locator("a.unread")).to_have_count(0)


async def test_reading_older_messages_is_not_interrupted_by_new_ones(page: Page, bot: Bot):
    await open_thread(page, bot)
    thread = bot.guilds[0].threads[0]
    for number in range(40):
        await thread.send(f"line {number}\nmore\nmore")
    await expect(page.get_by_text("line 39")).to_be_in_viewport()
    await page.locator("#scroller").evaluate("box => { box.scrollTop = 0; }")
    await thread.send("the newest")
    await expect(page.get_by_text("the newest")).not_to_be_in_viewport()
    await page.get_by_role("button", name="New messages").click()
    await expect(page.get_by_text("the newest")).to_be_in_viewport()
