"""Whatever is killed, and whatever is done where: a library stays whole, and its own server's."""

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_core.errors import RefusedError
from agent_core.memory.values import ALL_CHANNELS
from agent_core.skills import (
    Card,
    Filed,
    Judgement,
    Library,
    Origin,
    Ran,
    Script,
    Shelves,
    Signature,
    Stood,
    Undone,
)
from agent_core.skills.records import STORED, Record
from agent_core.storage import Storage
from agent_core.storage.chronicle import Written
from agent_core.values import FileRef
from tests.agent_core.anything import instances
from tests.libraries import library_of

ROOT = Path(__file__).parents[3]
FILE = FileRef(sha256="0" * 64, size=1)
NAMES = st.sampled_from("abcd")
RECORDS: st.SearchStrategy[Filed | Ran | Stood | Undone] = st.one_of(
    st.builds(
        Filed,
        skill=NAMES,
        key=NAMES,
        shelf=st.sampled_from(["successes", "failures"]),
        card=st.just(FILE),
        check=st.just(FILE),
        parents=st.lists(NAMES, max_size=2).map(tuple),
    ),
    st.builds(
        Ran,
        skill=NAMES,
        id=st.sampled_from("xyz"),
        signature=st.sampled_from([None, Signature(kind="KeyError")]),
    ),
    st.builds(
        Stood, skill=NAMES, standing=st.sampled_from(["released", "quarantined", "archived", "active"])
    ),
    st.builds(Undone, number=st.integers(1, 12)),
)


def folded(records: Sequence[Record]) -> Shelves:
    """Only what is allowed is written."""
    shelves = Shelves()
    for record in records:
        try:
            if shelves.allow(record):
                number = shelves.number + 1
                shelves.apply(Written(number=number, at=float(number), record=record, format=1))
        except RefusedError:
            continue
    return shelves


def standing(shelves: Shelves) -> dict[str, object]:
    return {
        name: (one.filed, one.quarantined, one.archived, one.runs, one.worked, one.children)
        for name, one in shelves.skills.items()
    }


@given(st.lists(RECORDS, max_size=14))
def test_undoing_a_change_and_the_undoing_of_it_leave_all_as_it_was(
    records: list[Filed | Ran | Stood | Undone],
):
    shelves = folded(records)
    before = standing(shelves)
    for change in shelves.changes():
        if change.undone:
            continue
        for number in (change.number, shelves.number + 1):
            assert shelves.allow(Undone(number=number))
            at = float(shelves.number + 1)
            shelves.apply(Written(number=shelves.number + 1, at=at, record=Undone(number=number), format=1))
        assert standing(shelves) == before


@given(instances(Filed) | instances(Ran) | instances(Stood) | instances(Undone))
def test_what_is_stored_is_read_as_it_was(record: Record):
    written = Written(number=1, at=2.0, record=record, format=1)
    assert STORED.validate_json(STORED.dump_json(written)) == written


def test_the_first_format_is_read_for_ever():
    line = (
        b'{"number":1,"at":2.0,"record":{"skill":"a","key":"a","shelf":"failures","card":{"sha256":"0",'
        b'"size":1,'
        b'"mode":420},"check":{"sha256":"1","size":1,"mode":420},"parents":["b"],"quarantined":true,'
        b'"signature":'
        b'{"kind":"KeyError","shape":"<text>","place":"f","severity":4},"why":"w","caught":1,"mutants":2,'
        b'"duration_s":0.5,"archived":[],"kind":"filed"},"format":1}'
    )
    assert STORED.dump_json(STORED.validate_json(line)) == line


async def test_a_writer_that_is_killed_leaves_the_library_whole(
    storage: Storage, redis_url: str, tmp_path: Path
):
    command = [sys.executable, "-m", "tests.agent_core.skills.filer", redis_url, str(tmp_path / "blobs")]
    pipe = asyncio.subprocess.PIPE
    writers = [
        await asyncio.create_subprocess_exec(*command, who, cwd=ROOT, stdout=pipe) for who in ("a", "b", "c")
    ]
    said = 0
    for writer, lines in zip(writers, (2, 5, 9), strict=True):
        assert writer.stdout is not None
        for _ in range(lines):
            said += bool(await writer.stdout.readline())
        writer.kill()
    for writer in writers:
        await writer.communicate()
    assert said == 2 + 5 + 9
    library = library_of(storage)
    changes = await library.history("10")
    filed = Counter(one.record.skill for one in changes if isinstance(one.record, Filed))
    assert len(filed) >= said
    assert set(filed.values()) == {1}
    for held in await library.held("10", channels=ALL_CHANNELS, archived=None):
        assert (await library.check_of("10", held.skill)).removeprefix("# ") in held.card.script.name
    again = library_of(storage)
    assert standing(await again.shelves("10")) == standing(await library.shelves("10"))


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["10", "20"]), st.sampled_from(["file", "fail", "undo", "stand", "forget"]), NAMES
    ),
    max_size=7,
)


async def do(library: Library, guild_id: str, step: str, name: str) -> None:
    """One thing that somebody does in a server."""
    source = f"def f():\n    return {name!r}\n"
    script = Script(name=name, description=f"Says {name}.", source=source)
    card = Card(script=script, origin=Origin(person=name))
    match step:
        case "file" | "fail":
            wrong = Judgement(fault="fails", text="No.", signature=Signature(kind="KeyError"))
            judged = Judgement(fault=None, text="Yes.") if step == "file" else wrong
            await library.file(guild_id, card, f"# {name}", judged, channels=ALL_CHANNELS)
        case "undo":
            changes = await library.history(guild_id)
            if changes and not changes[0].undone:
                await library.undo(guild_id, changes[0].number)
        case "stand":
            for held in await library.held(guild_id, channels=ALL_CHANNELS):
                await library.stand(guild_id, held.skill.id, "archived")
        case _:
            await library.forget(guild_id, person=name)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(steps=STEPS)
async def test_two_servers_libraries_never_mix(storage: Storage, steps: list[tuple[str, str, str]]):
    library = library_of(storage)
    for guild_id in ("10", "20"):
        await storage.forgetting.purge(guild_id)
    for guild_id, step, name in steps:
        with suppress(RefusedError):
            await do(library, guild_id, step, name)
    together = {guild_id: standing(await library.shelves(guild_id)) for guild_id in ("10", "20")}
    for alone in ("10", "20"):
        await storage.forgetting.purge(alone)
        by_itself = library_of(storage)
        for guild_id, step, name in steps:
            if guild_id == alone:
                with suppress(RefusedError):
                    await do(by_itself, guild_id, step, name)
        assert standing(await by_itself.shelves(alone)) == together[alone]
        held = await by_itself.held(alone, channels=ALL_CHANNELS, archived=None)
        assert {one.card.script.name for one in held} <= {name for guild, _, name in steps if guild == alone}
