"""Two versions of the program at once: the older leaves alone what the newer has written, and works on."""

import shutil
from pathlib import Path

from agent_core.events import FORMAT
from agent_core.storage import keys
from agent_core.storage.redis import connected
from agent_core.values import SessionRef
from agent_core.worker import DocketEngine
from tests.chaos.processes import ROOT, Program
from tests.chaos.script import begin, runs_once
from tests.chaos.stage import Chaos, chaos
from tests.flow.people import Thread

LEFT = "left to a newer version"


def newer_program(folder: Path) -> Path:
    """The source of a program that differs in the format of its journals; its folder."""
    made = folder / "newer"
    made.mkdir()
    for name in ("bot", "sandbox", "playground", "tests"):
        (made / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "agent_core", made / "agent_core", ignore=shutil.ignore_patterns("__pycache__"))
    events = made / "agent_core" / "events.py"
    before = f"\nFORMAT = {FORMAT}\n"
    assert before in events.read_text("utf-8")
    events.write_text(events.read_text("utf-8").replace(before, f"\nFORMAT = {FORMAT + 1}\n"), "utf-8")
    return made


async def entries(stage: Chaos, ref: SessionRef) -> object:
    """The journal, byte for byte."""
    async with connected(stage.redis_url, repeat=True) as redis:
        return await redis.xrange(keys.journal(ref))


async def wake(stage: Chaos, ref: SessionRef) -> None:
    async with DocketEngine.gate(stage.redis_url) as engine:
        await engine.wake(ref)


async def says(stage: Chaos, thread: Thread, text: str) -> None:
    """Wait until the bot has said it; the journal of a newer version cannot be asked."""

    async def look() -> bool | None:
        return text in await thread.text() or None

    await stage.patiently(look, text)


def newer(stage: Chaos, name: str, role: str, source: Path) -> Program:
    program = stage.role(name, role)
    program.folder = source
    return program


async def test_an_older_worker_leaves_what_a_newer_one_has_written_and_goes_on_with_the_rest(tmp_path: Path):
    source = newer_program(tmp_path)
    async with chaos(tmp_path) as stage:
        stage.model.will_always(runs_once)
        gateway, first = stage.role("gateway", "gateway"), newer(stage, "newer", "worker", source)
        await stage.start(gateway, first)
        await stage.people.until_bot_is_ready()
        newest = await begin(stage, "work newest-1", autonomy="ask")
        proposal = await newest.proposal()
        await first.stop()
        ref = await stage.session(newest)
        before = await entries(stage, ref)
        older = stage.role("older", "worker")
        await stage.start(older)
        await newest.press(proposal, "✅")
        await wake(stage, ref)
        line = await older.until_it_says(LEFT)
        assert str(ref) in line
        other = await begin(stage, "work other-1", autonomy="ask")
        await other.press(await other.proposal(), "✅")
        await says(stage, other, "it ran")
        await wake(stage, ref)
        await says(stage, other, "finished, unchecked")
        assert older.alive
        assert await entries(stage, ref) == before
        assert ref in await stage.storage.index.live(ref.guild_id)

        await stage.start(newer(stage, "newer gateway", "gateway", source), first)
        await gateway.stop()
        await says(stage, newest, "it ran")  # a yes given while only the older could have brought it
        await says(stage, newest, "finished, unchecked")
        assert older.alive
