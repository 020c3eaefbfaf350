"""Forgetting a member: their words go from wherever they were carried, and from nowhere else."""

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path

import pytest
import pytest_asyncio

from agent_core.errors import FencedError
from agent_core.events import (
    Commit,
    ContractFrozen,
    Delegated,
    Ended,
    Event,
    Forked,
    Observed,
    PersonSpoke,
    Recalled,
    SessionStarted,
    Thought,
    ThreadBound,
)
from agent_core.forgetting import Forgetter, Forgotten
from agent_core.memory import ALL_CHANNELS, Memory, SessionMemory
from agent_core.memory.sessions import recalled, shown
from agent_core.schedule import Plan, Plans, understand
from agent_core.session import State
from agent_core.signals import Edited, Said
from agent_core.skills import Card, Judgement, Origin, Script
from agent_core.storage import Storage
from agent_core.tools.skills import shown as skills_shown
from agent_core.values import (
    TOMBSTONE,
    Action,
    Autonomy,
    Check,
    Limits,
    Message,
    NamedFile,
    Observation,
    Parent,
    Person,
    SessionRef,
    Status,
    Usage,
)
from tests.libraries import library_of

ANN, BOB = Person(id="1", name="Ann"), Person(id="2", name="Bob")
GUILD = "10"
SECRET = "zephyrine-quokka-7"
LINE = f"The mascot of the fair is {SECRET}"


def started(goal: str, by: Person = BOB, **more: object) -> SessionStarted:
    fixed = {"channel_id": "30", "autonomy": Autonomy.AUTO, "limits": Limits(), "model": "m", "system": "s"}
    return SessionStarted(goal=goal, starter=by, tools=(), **fixed, **more)  # pyright: ignore[reportArgumentType]


def thought(text: str, **arguments: str) -> Thought:
    raw = json.dumps(arguments)
    action = Action(id="c", name="write_file", arguments=dict(arguments), raw=raw)
    call: Message = {"id": "c", "type": "function", "function": {"name": "write_file", "arguments": raw}}
    return Thought(
        step=1,
        text=text,
        actions=(action,),
        problems={},
        usage=Usage(),
        cost_usd=None,
        message={"role": "assistant", "content": text, "tool_calls": [call]},
    )


@dataclass(kw_only=True)
class House:
    """A server's stores, and who forgets."""

    storage: Storage
    memory: Memory
    folder: Path
    woken: list[SessionRef] = field(default_factory=list[SessionRef])

    async def journal(self, name: str, *events: Event, thread: str = "") -> SessionRef:
        """A session that has ended, one commit for each event."""
        ref = SessionRef(GUILD, name)
        await self.storage.index.add(ref, "30")
        bound = ThreadBound(thread_id=thread or f"4{name}", upload_limit=1)
        for version, event in enumerate((events[0], bound, *events[1:]), start=1):
            await self.storage.journal.append(ref, Commit(version=version, at=1.0, events=(event,)))
        await self.storage.index.ended(ref)
        return ref

    async def add(self, ref: SessionRef, *events: Event) -> None:
        """One commit more."""
        version = await self.storage.journal.version(ref) + 1
        await self.storage.journal.append(ref, Commit(version=version, at=2.0, events=events))

    async def forget(self, person: Person = ANN) -> Forgotten:
        async def wake(ref: SessionRef) -> None:
            self.woken.append(ref)

        return await Forgetter(self.storage, self.memory, library_of(self.storage), self.folder).member(
            GUILD, person, wake
        )

    async def says(self, ref: SessionRef) -> str:
        return "\n".join(str(one) for one in await self.storage.journal.read(ref))

    async def remembered(self) -> str:
        return json.dumps(await self.memory.export(GUILD), ensure_ascii=False)

    async def recall(self, query: str) -> Recalled:
        hits = await self.memory.recall(GUILD, query, channels=ALL_CHANNELS)
        return recalled(hits, about="", text=shown(hits), private=False)

    async def say_in_memory(self, text: str, by: Person, **more: object) -> str:
        given = {"author_id": by.id, "author": by.name, "at": 5.0, **more}
        return await self.memory.remember(GUILD, text, **given)  # pyright: ignore[reportArgumentType]


@pytest_asyncio.fixture
async def house(storage: Storage, redis_url: str, tmp_path: Path) -> AsyncGenerator[House]:
    async with Memory.open(redis_url, at_hand=lambda: False) as memory:
        yield House(storage=storage, memory=memory, folder=tmp_path / "work")


@pytest.mark.parametrize("old", [False, True], ids=["as it is written", "by an older version"])
async def test_a_memory_of_theirs_goes_from_whoever_recalled_it_and_the_quotes_with_it(
    house: House, old: bool
):
    await house.say_in_memory(LINE, ANN)
    await house.say_in_memory("Bob says the mascot needs a hat", BOB)
    found = await house.recall("mascot of the fair")
    assert SECRET in found.text
    if old:
        found = Recalled(about="", text=found.text, memories=found.memories)
    said = thought(f"It is {SECRET}.\nSo the shirts show it", content=f"größe \n- {LINE}")
    ref = await house.journal("7", started("What is the mascot?"), found, said)
    quiet = await house.journal("8", started("Count chairs"), thought("Seven chairs"))
    before = await house.says(quiet)
    gone = await house.forget()
    left = await house.says(ref)
    assert SECRET not in left
    assert "Ann" not in left
    assert "needs a hat" in left
    assert "So the shirts show it" in left
    assert await house.says(quiet) == before
    assert (gone.memories, gone.sessions) == (1, 1)


async def test_a_memory_that_is_no_more_is_still_known_as_theirs_where_it_was_shown(house: House):
    name = await house.say_in_memory(LINE, ANN)
    found = await house.recall("mascot of the fair")
    ref = await house.journal("7", started("What is the mascot?"), found, thought(f"It is {SECRET}."))
    await house.memory.forget(GUILD, ids=[name])
    await house.forget()
    assert SECRET not in await house.says(ref)


async def test_a_looked_up_memory_goes_with_the_whole_output_that_was_cut(house: House):
    await house.say_in_memory("祭りの合言葉は青い梟です " * 40, ANN)
    found = await house.recall("祭りの合言葉")
    full = await house.storage.blobs.put_bytes(GUILD, found.text.encode())
    output = NamedFile(path="outputs/1.1.txt", file=full)
    observation = Observation(text=f"{found.text[:300]}\n[...]\n{found.text[-90:]}", full=output)
    looked_up = Recalled(about="", text="", memories=found.memories, authors=found.authors)
    ref = await house.journal("7", started("何か"), thought("x"))
    await house.add(ref, looked_up, Observed(action="1.1", observation=observation))
    await house.forget()
    left = await house.says(ref)
    assert "合言葉" not in left
    assert "青い梟" not in left
    assert await blobs_with(house, "青い梟") == []


async def blobs_with(house: House, text: str) -> list[str]:
    names = [name async for page in house.storage.blobs.old(GUILD, 0.0) for name in page]
    return [name for name in names if text.encode() in await house.storage.blobs.read(GUILD, name)]


async def test_what_the_agent_made_of_their_words_goes_as_far_as_it_was_carried(house: House):
    spoke = PersonSpoke(message_id="50", person=ANN, text=f"I bring {SECRET} along")
    first = await house.journal("7", started("Plan the fair"), spoke, thought(f"Ann brings {SECRET}"))
    await house.say_in_memory(f"Somebody brings {SECRET}", BOB, kind="fact", channel_id="47")
    outcome = f"Goal: Plan the fair\nFinished, unchecked: a stand with {SECRET}"
    await house.say_in_memory(outcome, BOB, kind="outcome", channel_id="47")
    second = await house.journal(
        "8", started("What is brought along?"), await house.recall("somebody brings")
    )
    await house.say_in_memory(f"The van carries {SECRET}", BOB, kind="fact", channel_id="48")
    third = await house.journal("9", started("Load it"), await house.recall("what the van carries"))
    assert f"The van carries {SECRET}" in await house.says(third)
    await house.say_in_memory("Bob himself brings the chairs", BOB, kind="fact", channel_id="30")
    await house.forget()
    for ref in (first, second, third):
        assert SECRET not in await house.says(ref)
    left = await house.remembered()
    assert SECRET not in left
    assert f"a stand with {TOMBSTONE}" in left
    assert "Bob himself brings the chairs" in left


async def test_sub_goals_forks_and_the_next_goal_of_the_thread_lose_the_words_too(house: House):
    spoke = PersonSpoke(message_id="50", person=ANN, text=f"Use {SECRET} as the name")
    ended = Ended(status=Status.FINISHED, summary=f"named {SECRET}", checked=False)
    parent = await house.journal(
        "7", started("Name it"), spoke, Delegated(action="1.1", session="7.1.1"), ended
    )
    origin = Parent(ref=parent, action="1.1", tool="delegate")
    below = await house.journal("7.1.1", started(f"Draw {SECRET}", parent=origin), thought("drawn"))
    after = await house.journal(
        "8", started("Now print it", before=f"named {SECRET}"), thought(f"prints {SECRET}"), thread="47"
    )
    forked = Forked(source="8", source_thread="47", step=1, starter=BOB, channel_id="30", limits=Limits())
    fork = await house.journal(
        "9", started("Now print it", before=f"named {SECRET}"), forked, thought(SECRET)
    )
    await house.forget()
    for ref in (parent, below, after, fork):
        assert SECRET not in await house.says(ref)
    assert "Now print it" in await house.says(after)


async def test_quotes_in_json_with_escapes_and_in_names_of_checks_go_too(house: House):
    spoke = PersonSpoke(message_id="50", person=ANN, text="Das Losungswort heißt Straßenüberführung")
    frozen = ContractFrozen(checks=(Check(name="sagt Straßenüberführung", code="assert 1"),))
    said = thought("ja", content="nennt es Straßenüberführung")
    ref = await house.journal("7", started("Rate das Wort"), spoke, said, frozen)
    assert "\\u00fc" in said.actions[0].raw
    await house.forget()
    left = await house.says(ref)
    assert "berführung" not in left
    assert "u00fcberf" not in left
    assert "Rate das Wort" in left


async def test_an_archived_journal_is_reached_as_well(house: House):
    await house.say_in_memory(LINE, ANN)
    ended = Ended(status=Status.FINISHED, summary=f"it is {SECRET}", checked=False)
    ref = await house.journal("7", started("Which mascot?"), await house.recall("mascot of the fair"), ended)
    assert await house.storage.retention.archive(ref)
    assert SECRET in await house.says(ref)
    await house.forget()
    assert SECRET not in await house.says(ref)
    assert "Which mascot?" in await house.says(ref)


async def test_files_go_but_not_what_proves_an_entry_of_the_books(house: House):
    proof = await house.storage.blobs.put_bytes(GUILD, f"receipt of {SECRET}".encode())
    other = await house.storage.blobs.put_bytes(GUILD, f"note of {SECRET}".encode())
    files = (NamedFile(path="inputs/a", file=proof), NamedFile(path="inputs/b", file=other))
    await house.journal("7", started(f"File {SECRET}", ANN, files=files))
    await house.storage.ledger.append(GUILD, 1, json.dumps({"file": {"sha256": proof.sha256}}).encode())
    await house.forget()
    assert await blobs_with(house, SECRET) == [proof.sha256]


async def test_the_name_of_a_file_that_they_brought_goes_with_it(house: House):
    data = await house.storage.blobs.put_bytes(GUILD, b"1,2,3")
    brought = NamedFile(path=f"inputs/{SECRET}.csv", file=data)
    spoke = PersonSpoke(message_id="50", person=ANN, text="here you are", files=(brought,))
    seen = Observed(action="1.1", observation=Observation(text=f"inputs/{SECRET}.csv 5 bytes\nb.txt 3 bytes"))
    ref = await house.journal("7", started("Add it up"), spoke, seen)
    await house.forget()
    left = await house.says(ref)
    assert SECRET not in left
    assert "b.txt 3 bytes" in left


async def test_their_schedules_and_what_waits_in_inboxes_go(house: House):
    plans = Plans(house.storage.calendar)
    rhythm = understand("every monday 9:00", 0.0, UTC)
    for number, by in enumerate((ANN, BOB), start=1):
        plan = Plan(
            id=str(number),
            guild_id=GUILD,
            channel_id="30",
            by=by,
            words="every monday 9:00",
            rhythm=rhythm,
            zone="UTC",
            goal=f"say {SECRET}" if by is ANN else "say hello",
        )
        await plans.add(plan)
    ref = await house.journal("7", started("Wait"), PersonSpoke(message_id="49", person=ANN, text="hm well"))
    await house.storage.inbox.put(ref, Said(message_id="50", person=ANN, text=f"it is {SECRET}"))
    await house.storage.inbox.put(ref, Edited(message_id="49", edited_at=1.0, text=f"no, {SECRET}"))
    await house.storage.inbox.put(ref, Said(message_id="51", person=BOB, text="go on"))
    await house.forget()
    assert [plan.goal for plan in await plans.of(GUILD)] == ["say hello"]
    assert [getattr(one, "text", "") for _, one in await house.storage.inbox.fresh(ref, "")] == ["go on"]


async def test_what_a_session_kept_while_it_was_rewritten_is_taken_back(house: House):
    spoke = PersonSpoke(message_id="50", person=ANN, text=f"I bring {SECRET} along")
    ref = await house.journal("7", started("Plan the fair"), spoke)
    stale = await house.storage.states.load(ref)
    assert stale is not None
    await house.forget()
    sessions = SessionMemory(
        house.memory, house.storage.rules, house.storage.states, audience=nowhere, everybody=nowhere
    )
    with pytest.raises(FencedError):
        await sessions.keep(stale, f"Somebody brings {SECRET}", "fact", BOB, at=9.0)
    assert SECRET not in await house.remembered()
    now = await house.storage.states.load(ref)
    assert now is not None
    await sessions.keep(now, "Somebody brings it", "fact", BOB, at=9.0)
    assert "Somebody brings it" in await house.remembered()


async def nowhere(state: State) -> frozenset[str]:
    del state
    return frozenset()


async def test_a_skill_of_theirs_goes_from_whoever_was_shown_it(house: House):
    library = library_of(house.storage)
    judged = Judgement(fault=None, text="Its check holds.")
    description = f"Draws the mascot {SECRET} in blue."
    for name, by, words in (("draw-mascot", ANN, description), ("draw-line", BOB, "Draws a line.")):
        script = Script(name=name, description=words, source=f"def main():\n    return {name!r}\n")
        card = Card(script=script, origin=Origin(person=by.id, session="1", channel_id=None))
        await library.file(GUILD, card, f"# {name}", judged, channels=ALL_CHANNELS)
    hits = await library.find(GUILD, "draw", channels=ALL_CHANNELS)
    found = Recalled(about="", text=skills_shown(hits))
    said = thought("I draw it in blue", content=f"as it says: {description}")
    ref = await house.journal("7", started("Draw something"), found, said)
    assert SECRET in await house.says(ref)
    await house.forget()
    left = await house.says(ref)
    assert SECRET not in left
    assert "draw-mascot" not in left
    assert "Draws a line." in left
    assert "I draw it in blue" in left


async def test_the_words_in_which_outcomes_are_put_are_nobodys(house: House):
    outcome = f"Goal: name the mascot\nFinished, unchecked: it is {SECRET}"
    await house.say_in_memory(outcome, ANN, kind="outcome", channel_id="99")
    said = thought(f"Finished but unchecked, with {SECRET}")
    ref = await house.journal("7", started("Which?"), await house.recall("name the mascot"), said)
    await house.forget()
    assert f"Finished but unchecked, with {TOMBSTONE}" in await house.says(ref)


async def test_forgetting_twice_changes_nothing_more(house: House):
    await house.say_in_memory(LINE, ANN)
    spoke = PersonSpoke(message_id="50", person=ANN, text=f"I bring {SECRET} along")
    said = thought("I had forgotten the hat")
    ref = await house.journal("7", started("Plan"), spoke, await house.recall("mascot"), said)
    await house.forget()
    before = await house.says(ref)
    assert (await house.forget()).memories == 0
    assert await house.says(ref) == before
    assert "I had forgotten the hat" in before


async def test_a_skill_of_theirs_goes_and_one_that_quotes_them(house: House):
    said = PersonSpoke(
        message_id="m1", person=ANN, text="Mark every zephyrine quokka in the list, please", files=()
    )
    ref = await house.journal("1", started("Keep the list", BOB), said)
    library = library_of(house.storage)
    judged = Judgement(fault=None, text="Its check holds.")

    async def file(name: str, description: str, person: Person) -> None:
        script = Script(name=name, description=description, source=f"def main():\n    return {name!r}\n")
        card = Card(script=script, origin=Origin(person=person.id, session=ref.id, channel_id="41"))
        await library.file(GUILD, card, f"# {description}", judged, channels={"41"})

    await file("own", "Counts.", ANN)
    await file("quoting", f"They said: {said.text}", BOB)
    await file("other", "Adds numbers.", BOB)
    assert (await house.forget()).skills == 2
    held = await library_of(house.storage).held(GUILD, channels=ALL_CHANNELS, archived=None)
    assert [one.card.script.name for one in held] == ["other"]
