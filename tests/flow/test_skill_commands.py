"""`/skills`, from the zip of a stranger to the undoing of it, and never past a channel's walls."""

import io
import re
import zipfile
from typing import Any

from tests.flow.conftest import Stage
from tests.flow.people import People, attached

DOUBLE = "def main(n):\n    return n * 2\n"
WRONG = "def main(n):\n    return n + 2\n"
CHECK = """
from main import main
assert main(5) == 10
assert main(-4) == -8
assert main(0) == 0
assert main("ab") == "abab"
"""


def zip_of(**skills: tuple[str, str, str]) -> dict[str, str]:
    """Name -> (shelf, source, check)."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, (shelf, source, check) in skills.items():
            head = f"---\nname: {name}\ndescription: Doubles what it gets, as {name} does.\n---\n"
            for path, text in (("SKILL.md", head), ("scripts/main.py", source), ("scripts/check.py", check)):
                archive.writestr(f"{shelf}/{name}/{path}", text)
    return attached("skills.zip", data.getvalue())


async def ask(people: People, command: str, **options: Any) -> dict[str, Any]:
    return await people.command(f"skills {command}", **options)


async def exported(people: People, **options: Any) -> dict[str, str]:
    (attachment,) = (await ask(people, "export", **options))["attachments"]
    data = await people.download(attachment["url"])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist() if not name.endswith("/")}


async def test_an_import_believes_no_shelf_and_every_step_of_it_can_be_taken_back(stage: Stage):
    people = stage.people
    file = zip_of(
        double=("failures", DOUBLE, CHECK),
        wrong=("successes", WRONG, CHECK),
        blind=("successes", DOUBLE.replace("2", "2 * 1"), "print('fine')"),
    )
    told = (await ask(people, "import", files=[file]))["content"]
    assert "1 proven, 1 failed" in told
    assert "**blind** was not taken" in told
    assert "quarantine" not in told
    listed = (await ask(people, "list"))["content"]
    assert "✅ **double**" in listed
    assert "❌ **wrong**" in listed
    files = await exported(people)
    assert files["successes/double/scripts/main.py"] == DOUBLE
    assert "failures/wrong/SKILL.md" in files
    assert "main(-4)" in files["successes/double/scripts/check.py"]
    again = (await ask(people, "import", files=[file]))["content"]
    assert "➖ **double** was here already" in again
    assert (await ask(people, "list"))["content"].count("✅") == 1

    ran = (await ask(people, "run", skill="double", arguments="n=21"))["content"]
    assert "42" in ran
    assert "exit code 0" in ran
    refused = (await ask(people, "run", skill="wrong", arguments='{"n": 1}'))["content"]
    assert "not to be used" in refused
    offered = await people.post(
        "/autocomplete",
        guild_id=people.guild_id,
        channel_id=people.channel_id,
        user_id=people.owner_id,
        name="skills show",
        option="skill",
        value="dou",
        options={},
    )
    assert "double (" in str(offered)
    shown = await ask(people, "show", skill="double")
    assert "worked in 1 of 1 runs" in shown["content"]
    names = {one["filename"]: one["url"] for one in shown["attachments"]}
    assert "main(-4)" not in (await people.download(names["check-open.py"])).decode()
    stats = (await ask(people, "stats"))["content"]
    assert "1 proven skill" in stats
    assert "wrong result · WrongResult" in stats

    assert "**1**" in (await ask(people, "history"))["content"]
    assert "is undone" in (await ask(people, "undo", change=1))["content"]
    assert "double" not in (await ask(people, "list"))["content"]
    (number,) = re.findall(r"\*\*(\d+)\*\*.*change 1 undone", (await ask(people, "history"))["content"])
    assert "is undone" in (await ask(people, "undo", change=int(number)))["content"]
    assert "✅ **double**" in (await ask(people, "list"))["content"]


async def test_what_a_member_brings_waits_for_somebody_who_may_decide(stage: Stage):
    people = stage.people
    await people.command("settings", start=people.guild_id)
    kim = await people.member("Kim")
    file = zip_of(double=("successes", DOUBLE, CHECK))
    told = (await ask(people, "import", files=[file], user_id=kim))["content"]
    assert "🔒 in quarantine" in told
    assert "not to be used" in (await ask(people, "run", skill="double", arguments="n=1"))["content"]
    assert "may not" in (await ask(people, "show", skill="double", change="release", user_id=kim))["content"]
    assert "quarantine" not in (await ask(people, "show", skill="double", change="release"))["content"]
    assert "2" in (await ask(people, "run", skill="double", arguments="n=1", user_id=kim))["content"]
    assert "may not" in (await ask(people, "undo", change=1, user_id=kim))["content"]


async def test_a_skill_of_a_private_channel_stays_there(stage: Stage):
    people = stage.people
    await people.command("settings", start=people.guild_id)
    kim = await people.member("Kim")
    bot_id, see = (await people.get("/state"))["bots"][0]["id"], str(1 << 10)
    hidden = {"id": people.guild_id, "type": 0, "allow": "0", "deny": see}
    open_to_bot = {"id": bot_id, "type": 1, "allow": see, "deny": "0"}
    made = await people.post(
        "/channels", guild_id=people.guild_id, name="vault", permission_overwrites=[hidden, open_to_bot]
    )
    file = zip_of(double=("successes", DOUBLE, CHECK))
    told = (await ask(people, "import", files=[file], channel_id=made["id"]))["content"]
    assert "1 proven" in told
    for command in ("list", "history"):
        assert "double" not in (await ask(people, command, user_id=kim))["content"]
        assert "double" in (await ask(people, command))["content"]
    assert "no skill" in (await ask(people, "show", skill="double", user_id=kim))["content"]
    assert await exported(people, user_id=kim) == {}
    find = ("find_skills", {"query": "double what it gets"})
    stage.model.will("", find)
    stage.model.will("", ("finish", {"summary": "done"}))
    thread = await people.goal("double it as double does", autonomy="auto")
    await thread.until(lambda one: "**finished" in one["content"], "finished")
    assert "No skill of this server fits" in str(stage.model.requests[1]["messages"][-1])
    assert "Proven skills" not in str(stage.model.requests[0]["messages"])
