"""What strangers write is shown as text: in messages, names, files, embeds and thread names."""

from __future__ import annotations

import io

import discord
from playwright.async_api import Page, expect

from playground import Playground
from tests.browser.test_goal import open_thread, type_in
from tests.playground.bots import Bot
from tests.playground.people import Http, http_on

HOSTILE = (
    "<script>window.hacked = 1</script>",
    "<img src=x onerror='window.hacked = 1'>",
    "<a href='javascript:window.hacked=1'>x</a>",
    "&lt;b&gt; &amp; </li></ol></main>",
    "```</code></pre><script>window.hacked=1</script>```",
    "`<svg onload=window.hacked=1>`",
    "# <iframe srcdoc='<script>parent.hacked=1</script>'>",
)
NOT_LINKS = (
    "[press](javascript:window.hacked=1)",
    "[press](data:text/html,<script>1</script>)",
    "[press](https:javascript:1)",
    "[a](JaVaScRiPt:alert)",
    "<javascript:alert>",
    "javascript://example.org/%0aalert(1)",
    "vbscript:x",
)


async def safe(page: Page) -> None:
    """Nothing ran, nothing was made that could, nothing leads to a script."""
    assert await page.evaluate("window.hacked") is None
    assert await page.locator("main script, main iframe, main svg, main object, main [onerror]").count() == 0
    links = await page.locator("a").evaluate_all("all => all.map(one => one.href)")
    assert all(link.startswith(("http://", "https://")) for link in links), links


async def test_hostile_words_stay_words(page: Page):
    for text in (*HOSTILE, *NOT_LINKS):
        await type_in(page, text)
        shown = page.locator(".message .text").last
        await expect(shown).to_contain_text(text.strip("`").removeprefix("# "))
        assert await shown.locator("a").count() == 0
    await safe(page)


async def test_hostile_names_files_and_cards_stay_text(page: Page, bot: Bot, server: Playground):
    await open_thread(page, bot, "<img src=x onerror=window.hacked=1>")
    thread = next(iter(bot.guilds[0].threads))
    card = discord.Embed(title=HOSTILE[0], description=HOSTILE[1], url="https://example.org/")
    card.add_field(name=HOSTILE[2], value=HOSTILE[3]).set_footer(text=HOSTILE[4]).set_author(name=HOSTILE[5])
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label=HOSTILE[1], custom_id="x"))
    names = ("<script>window.hacked=1<.svg", "a.html", "b.svg")
    body = b"<svg xmlns='http://www.w3.org/2000/svg' onload='window.opener.hacked=1'/>"
    await thread.send(embed=card, view=view, files=[discord.File(io.BytesIO(body), name) for name in names])
    await expect(page.get_by_text(HOSTILE[0])).to_be_visible()
    assert await page.locator("#m" + str(thread.last_message_id)).locator("img").count() == 0
    async with http_on(server.url) as http:
        place = await http.place()
        await newcomer(http, place.guild_id, "<b onclick=window.hacked=1>Eve</b>")
    await expect(page.get_by_label("Who you are")).to_contain_text("<b onclick")
    await safe(page)


async def newcomer(http: Http, guild_id: str, name: str) -> None:
    """Somebody joins the server."""
    await http.person("POST", "/members", {"guild_id": guild_id, "name": name})


async def test_the_page_loads_nothing_from_elsewhere(page: Page, bot: Bot, server: Playground):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.reload()
    await open_thread(page, bot)
    thread = next(iter(bot.guilds[0].threads))
    card = discord.Embed(title="far").set_image(url="https://example.org/a.png")
    await thread.send("https://example.org/b.png", embed=card.set_thumbnail(url="https://example.org/c.png"))
    await expect(page.get_by_role("heading", name="far")).to_be_visible()
    assert len(asked) > 15
    assert {url for url in asked if not url.startswith(server.url)} == set()


async def test_three_thousand_mentions_are_drawn_and_nobody_waits(page: Page, bot: Bot):
    await open_thread(page, bot)
    thread = next(iter(bot.guilds[0].threads))
    for text in ("@everyone " * 180, "*_~|`[(<" * 240, "> " * 900, "- " * 900, "**" * 900, "<@1>" * 450):
        await thread.send(text)
    await thread.send("the end")
    await expect(page.get_by_text("the end")).to_be_visible()
