"""A state from a snapshot is the state from the whole journal, whatever was lost of it."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_core.errors import FencedError
from agent_core.events import Commit, Event, Paused, PersonSpoke, Rewound, SessionStarted, Thought
from agent_core.session import State, fold
from agent_core.session.snapshot import EVERY, PIECE
from agent_core.session.state import MOST_SEEN
from agent_core.storage import Storage, keys
from agent_core.storage.redis import connected, text
from agent_core.values import SessionRef
from tests.agent_core.anything import instances
from tests.agent_core.session.desk import ANN, RUN, Desk

REF = SessionRef("10", "20")
_numbers = itertools.count()

later_events = st.one_of([instances(kind) for kind in get_args(Event) if kind is not SessionStarted])


def journal_of(started: SessionStarted, later: list[list[Event]]) -> list[Commit]:
    return [
        Commit(version=version, at=float(version), events=tuple(sound(event, version) for event in events))
        for version, events in enumerate([[started], *later], 1)
    ]


def sound(event: Event, version: int) -> Event:
    """A rewind leads to a version before its own."""
    if isinstance(event, Rewound):
        return replace(event, to_version=1 + event.to_version % (version - 1))
    return event


journals = st.builds(
    journal_of,
    instances(SessionStarted),
    st.lists(st.lists(later_events, min_size=1, max_size=4), max_size=6),
)


async def written(storage: Storage, ref: SessionRef, commits: list[Commit]) -> None:
    for commit in commits:
        await storage.journal.append(ref, commit)


async def folded(storage: Storage, ref: SessionRef) -> State | None:
    return fold(ref, await storage.journal.read(ref))


def chat(count: int) -> list[Commit]:
    """A journal in which every commit adds to the history."""
    first = Desk().commits[0]
    spoke = [PersonSpoke(message_id=str(number), person=ANN, text="go on") for number in range(count)]
    return [first, *(Commit(version=at, at=2.0, events=(one,)) for at, one in enumerate(spoke, 2))]


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    database=None,
)
@given(commits=journals, data=st.data())
async def test_for_any_journal_and_any_cut_a_snapshot_and_the_rest_are_the_whole(
    storage: Storage, commits: list[Commit], data: st.DataObject
):
    ref = SessionRef("10", f"s{next(_numbers)}")
    cut = data.draw(st.integers(1, len(commits)))
    await written(storage, ref, commits[:cut])
    early = await folded(storage, ref)
    assert early is not None
    await storage.states.keep(early)
    assert await storage.states.load(ref) == early
    await written(storage, ref, commits[cut:])
    assert await storage.states.load(ref) == await folded(storage, ref)


async def test_a_session_that_worked_is_the_same_from_its_snapshot(storage: Storage):
    desk = Desk()
    for _ in range(5):
        desk.think(RUN)
        desk.press("✅")
    await written(storage, REF, desk.commits)
    state = await folded(storage, REF)
    assert state is not None
    assert state.pending or state.history
    await storage.states.keep(state)
    assert await storage.states.load(REF) == state


async def test_nothing_is_loaded_where_there_is_no_journal(storage: Storage):
    assert await storage.states.load(REF) is None


async def test_only_what_is_new_is_written_again(storage: Storage, tmp_path: Path):
    commits = chat(3 * PIECE)
    await written(storage, REF, commits[: 2 * PIECE + 1])
    state = await folded(storage, REF)
    assert state is not None
    await storage.states.keep(state)
    before = _blobs(tmp_path)
    for commit in commits[2 * PIECE + 1 :]:
        state.apply(commit)
    await written(storage, REF, commits[2 * PIECE + 1 :])
    await storage.states.keep(state)
    assert len(_blobs(tmp_path) - before) == 2  # one piece, and the rest of the state


async def test_a_long_session_is_opened_from_what_was_kept_on_the_way(storage: Storage, redis_url: str):
    commits = chat(2 * EVERY + 10)
    state = fold(REF, commits[:1])
    assert state is not None
    await storage.journal.append(REF, commits[0])
    for commit in commits[1:]:
        await storage.journal.append(REF, commit)
        state.apply(commit)
        await storage.states.keep_when_due(state)
    async with connected(redis_url, repeat=False) as client:
        named = await client.get(keys.snapshot(REF))
        assert named is not None
        assert int(named.split()[0]) == 2 * EVERY
        await client.xdel(keys.journal(REF), *(f"{version}-0" for version in range(1, 2 * EVERY + 1)))
    assert await storage.states.load(REF) == state


@pytest.mark.parametrize("lost", ["the name", "the head", "a piece", "all bytes", "its program"])
async def test_a_snapshot_of_which_something_is_lost_is_left_aside(
    storage: Storage, redis_url: str, tmp_path: Path, lost: str
):
    commits = chat(2 * PIECE)
    await written(storage, REF, commits)
    state = await folded(storage, REF)
    assert state is not None
    await storage.states.keep(state)
    async with connected(redis_url, repeat=False) as client:
        version, program, head = text(await client.get(keys.snapshot(REF)) or "").split()
        match lost:
            case "the name":  # all that a death between the bytes and their name leaves
                await client.delete(keys.snapshot(REF))
            case "its program":
                await client.set(keys.snapshot(REF), f"{version} {program[::-1]}0 {head}")
            case "the head":
                storage.blobs.path("10", head).unlink()
            case "a piece":
                next(path for path in _blobs(tmp_path) if path.name != head).write_bytes(b"[]")
            case _:
                for path in _blobs(tmp_path):
                    path.unlink()
    assert await storage.states.load(REF) == state


async def test_a_snapshot_of_commits_that_redis_lost_does_not_count(storage: Storage, redis_url: str):
    commits = chat(4)
    await written(storage, REF, commits)
    state = await folded(storage, REF)
    assert state is not None
    await storage.states.keep(state)
    async with connected(redis_url, repeat=False) as client:
        await client.delete(keys.journal(REF))
        await written(storage, REF, commits[:2])
        assert await storage.states.load(REF) == fold(REF, commits[:2])
        await storage.states.keep(state)  # by a worker that does not know yet
        assert await storage.states.load(REF) == fold(REF, commits[:2])


async def test_a_sleeper_never_puts_an_older_snapshot_in_place_of_a_newer(storage: Storage, redis_url: str):
    commits = chat(4)
    await written(storage, REF, commits)
    for upto in (5, 3):
        old = fold(REF, commits[:upto])
        assert old is not None
        await storage.states.keep(old)
    async with connected(redis_url, repeat=False) as client:
        assert text(await client.get(keys.snapshot(REF)) or "").startswith("5 ")


def test_what_a_snapshot_remembers_of_chatter_is_bounded():
    desk = Desk()
    for number in range(MOST_SEEN + 50):
        desk.append(PersonSpoke(message_id=str(number), person=ANN, text="x"))
    assert len(desk.state.seen) == MOST_SEEN
    for _ in range(20):
        desk.think(RUN)
        desk.press("✅")
    assert any(isinstance(item, Thought) for item in desk.state.history)
    assert len(desk.state.reactions) <= 1


def _blobs(folder: Path) -> set[Path]:
    return {path for path in (folder / "blobs" / "10").rglob("*") if path.is_file()}


async def test_what_was_forgotten_comes_back_by_nobody_who_still_knows_it(storage: Storage, tmp_path: Path):
    commits = chat(PIECE)
    await written(storage, REF, commits)
    worker = await storage.states.load(REF)
    assert worker is not None
    await storage.states.keep(worker)

    def forget(known: Sequence[Commit]) -> list[Commit]:
        gone = PersonSpoke(message_id="0", person=ANN, text="forgotten")
        return [replace(one, events=(gone,)) if one.version == 2 else one for one in known]

    assert await storage.forgetting.rewrite(REF, forget)
    assert [path.read_bytes() for path in _blobs(tmp_path) if b"go on" in path.read_bytes()] == []
    await storage.states.keep(worker)  # by a worker that has the words in its memory
    assert [path.read_bytes() for path in _blobs(tmp_path) if b"go on" in path.read_bytes()] == []
    loaded = await storage.states.load(REF)
    assert loaded == await folded(storage, REF)
    assert loaded is not None
    assert worker.history != loaded.history
    more = Commit(version=worker.version + 1, at=3.0, events=(Paused(by="9", reason="x"),))
    with pytest.raises(FencedError):
        await storage.journal.append(REF, more, epoch=worker.epoch)
    await storage.journal.append(REF, more, epoch=loaded.epoch)


async def test_of_the_snapshots_of_a_session_only_the_newest_takes_room(storage: Storage, tmp_path: Path):
    commits = chat(2 * PIECE + 5)
    state = fold(REF, commits[:1])
    assert state is not None
    await written(storage, REF, commits)
    for commit in commits[1:]:
        state.apply(commit)
        if commit.version % 20 == 0:
            await storage.states.keep(state)
    await storage.states.keep(state)
    assert len(_blobs(tmp_path)) == 4  # three pieces and a head
    await storage.states.drop(REF)
    assert _blobs(tmp_path) == set()
    assert await storage.states.load(REF) == state
