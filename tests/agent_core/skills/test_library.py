"""The library keeps what the gate has judged, each server for itself, and takes back whatever is asked."""

import pytest

from agent_core.errors import RefusedError
from agent_core.memory.values import ALL_CHANNELS
from agent_core.skills import (
    MOST_ACTIVE,
    Card,
    Filed,
    Judgement,
    Library,
    Origin,
    Ran,
    Script,
    Severity,
    Shelves,
    Signature,
    Skill,
    Stood,
    Undone,
)
from agent_core.storage import Storage
from agent_core.storage.chronicle import Written
from agent_core.values import FileRef

PASSED = Judgement(fault=None, text="Its check holds.", caught=4, mutants=4)
WRONG = Signature(kind="WrongResult", shape="off by +1", severity=Severity.WRONG_RESULT)
FAILED = Judgement(fault="fails", text="An open case fails.", signature=WRONG)
CHECK = "from main import add\nassert add(1, 2) == 3\n"
GUILD, OTHER = "10", "20"


def card(name: str = "add", source: str = "def add(a, b):\n    return a + b\n", **origin: str) -> Card:
    script = Script(name=name, description=f"Does what {name} says.", source=source)
    return Card(script=script, origin=Origin(**origin))  # pyright: ignore[reportArgumentType]


async def filed(library: Library, one: Card, judgement: Judgement = PASSED, guild: str = GUILD) -> Skill:
    return await library.file(guild, one, CHECK, judgement, channels=ALL_CHANNELS)


async def names(library: Library, guild: str = GUILD, **asked: object) -> list[str]:
    held = await library.held(guild, channels=ALL_CHANNELS, **asked)  # pyright: ignore[reportArgumentType]
    return [one.card.script.name for one in held]


async def test_a_twin_is_merged_whatever_its_variables_are_called(library: Library):
    first = await filed(library, card())
    again = await filed(library, card("plus", 'def add(x, y):\n    """Adds."""\n    return x + y  # so\n'))
    other = await filed(library, card("minus", "def add(x, y):\n    return x - y\n"))
    assert again.id == first.id != other.id
    assert await names(library) == ["add", "minus"]


async def test_what_fails_again_is_counted_not_filed_twice(library: Library):
    for _ in range(3):
        await filed(library, card(), FAILED)
    shelves = await library.shelves(GUILD)
    assert [one.shelf for one in shelves.skills.values()] == ["failures"]
    seen = shelves.errors[WRONG]
    assert (seen.count, seen.first <= seen.last, seen.weight) == (3, True, 9)
    assert len(shelves.changes()) == 1


async def test_a_private_channel_keeps_its_skill_and_its_twin_apart(library: Library):
    private = await library.file(GUILD, card(channel_id="7"), CHECK, PASSED, channels={"7"})
    public = await library.file(GUILD, card(channel_id="8"), CHECK, PASSED, channels={"8"})
    assert private.id != public.id
    assert [one.skill.id for one in await library.held(GUILD, channels={"8"})] == [public.id]
    assert [one.skill.id for one in await library.find(GUILD, "add", channels={"7"})] == [private.id]
    with pytest.raises(RefusedError):
        await library.named(GUILD, private.id, channels={"8"})
    assert await library.channels(GUILD) == {"7", "8"}


async def test_two_servers_know_nothing_of_each_other(library: Library):
    await filed(library, card(), guild=GUILD)
    assert await names(library, OTHER) == []
    assert await library.find(OTHER, "add", channels=ALL_CHANNELS) == []
    await filed(library, card(), FAILED, guild=OTHER)
    assert (await library.named(GUILD, "add", channels=ALL_CHANNELS)).skill.proven
    assert not (await library.shelves(GUILD)).errors
    assert await library.forget(OTHER, person="", quotes=["add"]) == 1
    assert await names(library, GUILD) == ["add"]


async def test_every_change_can_be_taken_back_and_made_again(library: Library):
    skill = await filed(library, card())
    await library.stand(GUILD, skill.id, "archived", by="1")
    assert await names(library) == []
    history = await library.history(GUILD)
    assert [type(one.record) for one in history] == [Filed, Stood]
    assert await library.undo(GUILD, 2, by="1")
    assert await names(library) == ["add"]
    assert not await library.undo(GUILD, 2)
    assert await library.undo(GUILD, 1)
    assert await names(library, archived=None) == []
    assert await library.undo(GUILD, 4)  # the undoing of the filing
    assert await names(library) == ["add"]
    with pytest.raises(RefusedError, match="history"):
        await library.undo(GUILD, 99)


async def test_a_moved_skill_comes_back_to_its_old_shelf(library: Library):
    await filed(library, card())
    await library.file(GUILD, card(), CHECK, FAILED, channels=ALL_CHANNELS, moves=True)
    assert (await library.named(GUILD, "add", channels=ALL_CHANNELS)).skill.shelf == "failures"
    await library.undo(GUILD, 2)
    assert (await library.named(GUILD, "add", channels=ALL_CHANNELS)).skill.proven


async def test_what_a_tainted_session_made_waits_for_a_person(library: Library):
    tainted = Card(script=card().script, origin=Origin(tainted=True))
    skill = await library.file(GUILD, tainted, CHECK, PASSED, channels=ALL_CHANNELS)
    assert await library.find(GUILD, "add", channels=ALL_CHANNELS) == []
    assert len(await library.find(GUILD, "add", channels=ALL_CHANNELS, quarantined=True)) == 1
    await library.stand(GUILD, skill.id, "released", by="1")
    assert [one.skill.id for one in await library.find(GUILD, "add", channels=ALL_CHANNELS)] == [skill.id]


def test_the_worst_make_room_and_come_back_when_that_is_undone():
    shelves = Shelves()

    def write(record: Filed | Ran | Undone) -> None:
        number = shelves.number + 1
        shelves.apply(Written(number=number, at=float(number), record=record, format=1))

    file = FileRef(sha256="0" * 64, size=1)

    def file_one(name: str) -> None:
        room = shelves.crowded_out("successes", name)
        write(Filed(skill=name, key=name, shelf="successes", card=file, check=file, archived=room))

    for number in range(MOST_ACTIVE):
        file_one(str(number))
        write(Ran(skill=str(number), id=str(number), signature=WRONG if number == 5 else None))
    file_one("newcomer")
    assert [one.id for one in shelves.of_shelf("successes", archived=True)] == ["5"]
    assert len(shelves.of_shelf("successes")) == MOST_ACTIVE
    write(Undone(number=shelves.number))
    assert shelves.of_shelf("successes", archived=True) == []
    assert "newcomer" not in shelves.skills


async def test_a_run_counts_once_and_the_machine_is_nobodys_fault(library: Library):
    skill = await filed(library, card())
    missing = Signature(kind="ModuleNotFoundError", severity=Severity.ENVIRONMENT)
    for run, signature in (("a", None), ("a", None), ("b", missing), ("c", WRONG)):
        await library.ran(GUILD, skill.id, run, signature)
    found = (await library.shelves(GUILD)).skills[skill.id]
    assert (found.runs, found.worked) == (2, 1)


async def test_forgetting_takes_words_and_bytes_and_nothing_brings_them_back(
    library: Library, storage: Storage
):
    mine = await filed(library, card(person="1"))
    await filed(library, card("other", "def g(n):\n    return n * 3\n", person="2"))
    quoting = await filed(library, card("quoting", "def h(n):\n    return 'Ann of Elm Street'\n", person="2"))
    assert await library.forget(GUILD, person="1", quotes=["ann of elm street"]) == 2
    assert await names(library, archived=None) == ["other"]
    assert not storage.blobs.path(GUILD, mine.filed.card.sha256).exists()
    assert not storage.blobs.path(GUILD, quoting.filed.card.sha256).exists()
    with pytest.raises(RefusedError, match="forgotten"):
        await library.undo(GUILD, 1)
    assert await library.forget(GUILD, person="1") == 0
    assert (await filed(library, card(person="3"))).id == mine.id
    assert await names(library) == ["other", "add"]


@pytest.mark.parametrize(
    "script",
    [
        Script(name="...", description="x", source="x"),
        Script(name="x", description=" ", source="x"),
        Script(name="x", description="x", source=" "),
        Script(name="x", description="x", source="x" * 70_000),
        Script(name="x", description="The password is hunter2abc", source="x"),
    ],
)
async def test_what_cannot_be_kept_is_refused_with_words(library: Library, script: Script):
    with pytest.raises(RefusedError):
        await filed(library, Card(script=script, origin=Origin()))
