"""/explore files what it invents where it belongs, /improve repairs it; each in a thread of its own."""

from typing import Any

from agent_core.memory.values import ALL_CHANNELS
from agent_core.skills import Severity
from tests.fakes import Call
from tests.flow.conftest import Stage
from tests.flow.people import People, Thread
from tests.libraries import library_of

CHECK = """
from main import main
assert main([3, 1, 2]) == [1, 2, 3]
assert main([]) == []
assert main([2, 2, 1]) == [1, 2, 2]
assert main([5]) == [5]
assert main([9, 8, 7, 1]) == [1, 7, 8, 9]
assert main([0, -1]) == [-1, 0]
"""
RIGHT = "def main(values):\n    return sorted(values)\n"
FINISH: Call = ("finish", {"summary": "that is all"})


def save(name: str, source: str, check: str = CHECK) -> Call:
    given: dict[str, Any] = {"name": name, "source": source, "check": check}
    return ("save_skill", given | {"description": f"Sorts a list of numbers ({name})."})


async def run(stage: Stage, command: str, *turns: Call, **options: Any) -> Thread:
    for call in turns:
        stage.model.will("", call)
    thread = await stage.people.threaded(command, autonomy="auto", **options)
    await thread.until(lambda one: "**finished" in one["content"], "finished")
    return thread


async def test_an_exploration_files_each_script_where_it_belongs_and_grows_no_twins(stage: Stage):
    scripts = (
        save("right", RIGHT),
        save("raising", "def main(values):\n    return values['x']\n"),
        save("wrong", "def main(values):\n    return values\n"),
        save("lacking", "import unheard_of\n\n\ndef main(values):\n    return sorted(values)\n"),
        save("hostile", "import os\n\n\ndef main(values):\n    os._exit(0)\n"),
    )
    thread = await run(stage, "explore", *scripts, FINISH, topic="sorting", count=5)
    library = library_of(stage.control.storage)
    shelves = await library.shelves(stage.people.guild_id)
    held = await library.held(stage.people.guild_id, channels=ALL_CHANNELS)
    found = {one.card.script.name: one.skill for one in held}
    assert {name for name, one in found.items() if one.proven} == {"right"}
    severities = {name: one.filed.signature.severity for name, one in found.items() if one.filed.signature}
    assert severities["raising"] is Severity.CRASH
    assert severities["wrong"] is Severity.WRONG_RESULT
    assert severities["lacking"] is Severity.ENVIRONMENT
    assert all(one.card.origin.how == "explore" for one in held)
    report = await thread.says("Explored: 5 scripts")
    assert {one["filename"] for one in report["attachments"]} == {"scripts.csv", "scripts.png"}
    assert "seed" in str(stage.model.requests[0]["messages"])
    again = await run(stage, "explore", *scripts, FINISH, topic="sorting", count=5)
    await again.says("nothing new was filed")
    assert set((await library.shelves(stage.people.guild_id)).skills) == set(shelves.skills)


async def test_an_improvement_joins_as_a_child_only_if_the_stored_check_proves_it(stage: Stage):
    guild = stage.people.guild_id
    broken = "def main(values):\n    return sorted(values)[::-1]\n"
    await run(stage, "explore", save("sorter", broken), FINISH, count=1)
    cheat = save("sorter", broken, "from main import main\nassert True\nassert 1\n")
    fitted = "def main(values):\n    return {3: [1, 2, 3], 0: []}.get(len(values), values)\n"
    thread = await run(
        stage,
        "improve",
        ("read_file", {"path": "inputs/sorter.md"}),
        cheat,
        save("sorter", fitted),
        save("sorter", RIGHT),
        FINISH,
        skill="sorter",
    )
    told = str(stage.model.requests[-1]["messages"])
    assert "check.py, its open cases" in told
    assert "a stored check is never replaced" in told
    held = await library_of(stage.control.storage).held(guild, channels=ALL_CHANNELS)
    old = next(one for one in held if one.card.script.source.strip() == broken.strip())
    (new,) = (one for one in held if one.skill.proven)
    assert (new.card.script.source.strip(), new.card.origin.how) == (RIGHT.strip(), "improve")
    assert new.skill.filed.parents == (old.skill.id,)
    assert not old.skill.proven
    await thread.says("Improved")
    (filed,) = (
        one.number
        for one in await library_of(stage.control.storage).history(guild)
        if getattr(one.record, "skill", "") == new.skill.id
    )
    await stage.people.command("skills undo", change=filed)
    left = await library_of(stage.control.storage).held(guild, channels=ALL_CHANNELS)
    assert not any(one.skill.proven for one in left)
    pictured = await stage.people.command("skills stats")
    assert {"skills.csv", "errors.png", "rate.png"} <= {one["filename"] for one in pictured["attachments"]}


async def test_there_is_nothing_to_improve_in_an_empty_library(stage: Stage):
    assert "nothing to improve" in str(await stage.people.command("improve"))


async def test_the_demo_explores_and_repairs_what_failed(demo: People):
    thread = await demo.threaded("explore", count=3, autonomy="auto")
    await thread.says("Explored: 3 scripts")
    await thread.says("1 among the successes")
    thread = await demo.threaded("improve", skill="median", autonomy="auto")
    await thread.says("an even count has two middle values")
    report = await thread.says("Improved: 1 script")
    assert "✅ median" in report["content"]
