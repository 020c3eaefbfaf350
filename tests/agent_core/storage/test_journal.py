import asyncio
import itertools
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_core.errors import FencedError, NewerEventError, StoreUnavailableError, UnreadableJournalError
from agent_core.events import Commit, Event, Paused, SignalsTaken
from agent_core.signals import PauseAsked, Said
from agent_core.storage import Storage, keys
from agent_core.storage.redis import connected
from agent_core.values import Person, SessionRef
from tests.agent_core.anything import FLOATS, instances

REF = SessionRef("10", "20")
FEW = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
_numbers = itertools.count()


def fresh_ref() -> SessionRef:
    return SessionRef("10", f"s{next(_numbers)}")


def paused(version: int, reason: str = "lunch") -> Commit:
    return Commit(version=version, at=1.5, events=(Paused(by="9", reason=reason),))


@pytest.mark.parametrize("kind", get_args(Event), ids=lambda kind: kind.__name__)
@FEW
@given(data=st.data())
async def test_every_event_comes_back_as_it_was_written(
    storage: Storage, kind: type[Any], data: st.DataObject
):
    ref = fresh_ref()
    commits = [
        Commit(version=version, at=data.draw(FLOATS), events=tuple(events))
        for version, events in enumerate(
            data.draw(st.lists(st.lists(instances(kind), max_size=3), max_size=3)), 1
        )
    ]
    for commit in commits:
        await storage.journal.append(ref, commit)
    assert await storage.journal.read(ref) == commits


@FEW
@given(tries=st.lists(st.integers(1, 8), max_size=30))
async def test_whatever_is_tried_the_versions_have_no_gap(storage: Storage, tries: list[int]):
    ref = fresh_ref()
    written = 0
    for version in tries:
        try:
            await storage.journal.append(ref, paused(version))
        except FencedError:
            assert version <= written
        except StoreUnavailableError:
            assert version > written + 1
        else:
            assert version == written + 1
            written = version
    assert [commit.version for commit in await storage.journal.read(ref)] == list(range(1, written + 1))
    assert await storage.journal.version(ref) == written


async def test_of_two_writers_exactly_one_wins_each_version(storage: Storage, redis_url: str, tmp_path: Path):
    won: dict[str, int] = {"a": 0, "b": 0}

    async def write(name: str, journal: Callable[[Commit], Any], version: int) -> None:
        try:
            await journal(paused(version, reason=name))
        except FencedError:
            return
        won[name] += 1

    async with Storage.open(redis_url, tmp_path / "other") as other:
        for version in range(1, 41):
            async with asyncio.TaskGroup() as group:
                group.create_task(write("a", lambda c: storage.journal.append(REF, c), version))
                group.create_task(write("b", lambda c: other.journal.append(REF, c), version))
    assert won["a"] + won["b"] == 40
    reasons = [
        event.reason
        for commit in await storage.journal.read(REF)
        for event in commit.events
        if isinstance(event, Paused)
    ]
    assert (reasons.count("a"), reasons.count("b")) == (won["a"], won["b"])


async def test_a_refused_commit_leaves_nothing_behind(storage: Storage):
    await storage.journal.append(REF, paused(1, "first"))
    with pytest.raises(FencedError, match="Version 1 of 10/20"):
        await storage.journal.append(REF, paused(1, "second"))
    with pytest.raises(StoreUnavailableError, match="ends at 1; version 3 leaves a gap"):
        await storage.journal.append(REF, paused(3))
    assert await storage.journal.read(REF) == [paused(1, "first")]


async def test_an_append_brings_the_signals_that_came_meanwhile(storage: Storage):
    old = await storage.inbox.put(REF, PauseAsked(by="9", reason="old"))
    new = PauseAsked(by="9", reason="new")
    new_id = await storage.inbox.put(REF, new)
    assert await storage.journal.append(REF, paused(1), inbox_after=old) == [(new_id, new)]
    assert await storage.journal.append(REF, paused(2), inbox_after=new_id) == []
    assert [found for found, _ in await storage.journal.append(REF, paused(3), inbox_after="")] == [
        old,
        new_id,
    ]
    assert await storage.journal.append(REF, paused(4)) == []


async def test_a_journal_of_many_pages_is_read_to_its_end_and_from_anywhere(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("agent_core.storage.journal.PAGE", 4)
    monkeypatch.setattr("agent_core.storage.inbox.PAGE", 4)
    signal = PauseAsked(by="9", reason="x")
    for version in range(1, 13):
        await storage.journal.append(REF, paused(version))
        await storage.inbox.put(REF, signal)
    assert [commit.version for commit in await storage.journal.read(REF)] == list(range(1, 13))
    assert [commit.version for commit in await storage.journal.read(REF, after=7)] == [8, 9, 10, 11, 12]
    assert await storage.journal.read(REF, after=12) == []
    assert [found for _, found in await storage.inbox.fresh(REF, "")] == [signal] * 12


async def test_a_journal_of_a_newer_version_is_left_alone(storage: Storage, redis_url: str):
    later = b'{"version": 1, "at": 1.0, "format": 99, "events": [{"kind": "teleported"}]}'
    async with connected(redis_url, repeat=False) as client:
        await client.xadd(keys.journal(REF), {"commit": later}, id="1-0")
    with pytest.raises(NewerEventError, match="format 99"):
        await storage.journal.read(REF)


async def test_sessions_of_two_servers_with_one_id_are_strangers(storage: Storage):
    await storage.journal.append(SessionRef("10", "1"), paused(1))
    await storage.inbox.put(SessionRef("10", "1"), PauseAsked(by="9", reason="x"))
    assert await storage.journal.read(SessionRef("11", "1")) == []
    assert await storage.inbox.fresh(SessionRef("11", "1"), "") == []


class LosesReplies:
    """Stands between a client and Redis, and hangs up instead of passing on the answer to `word`."""

    def __init__(self, target: str, word: bytes) -> None:
        self.target = target
        self.word = word

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, to_redis = await asyncio.open_unix_connection(self.target)
        try:
            while request := await reader.read(1 << 16):
                to_redis.write(request)
                reply = await upstream.read(1 << 16)
                if self.word in request:
                    return
                writer.write(reply)
        finally:
            to_redis.close()
            writer.close()


async def test_a_lost_answer_is_no_fence_and_the_commit_is_there_once(
    storage: Storage, redis_url: str, tmp_path: Path
):
    real = redis_url.removeprefix("unix://").partition("?")[0]
    path = tmp_path / "proxy.sock"
    proxy = LosesReplies(real, b"\r\n1\r\n$2\r\nz1\r\n")  # an append of the first version
    async with (
        await asyncio.start_unix_server(proxy.handle, path),
        Storage.open(f"unix://{path}", tmp_path) as far,
    ):
        with pytest.raises(StoreUnavailableError):
            await far.journal.append(REF, paused(1, "lost on the way"))
        assert (
            await far.journal.read(REF) == await storage.journal.read(REF) == [paused(1, "lost on the way")]
        )
        await far.journal.append(REF, paused(2))
    assert await storage.journal.version(REF) == 2


@FEW
@given(said=st.lists(instances(Said), max_size=5))
async def test_signals_come_back_in_order(storage: Storage, said: list[Said]):
    ref = fresh_ref()
    ids = [await storage.inbox.put(ref, signal) for signal in said]
    assert await storage.inbox.fresh(ref, "") == list(zip(ids, said, strict=True))
    assert await storage.inbox.last(ref) == (ids[-1] if ids else "0-0")


async def test_waiting_ends_with_the_first_signal(storage: Storage):
    old = await storage.inbox.put(REF, PauseAsked(by="9", reason="old"))
    waiting = asyncio.create_task(storage.inbox.wait(REF, old, timeout_s=30))
    await asyncio.sleep(0)
    new = Said(message_id="1", person=Person(id="9", name="Ann"), text="stop that")
    new_id = await storage.inbox.put(REF, new)
    assert await waiting == [(new_id, new)]
    assert await storage.inbox.wait(REF, new_id, timeout_s=0.05) == []


async def test_what_a_commit_took_is_in_the_inbox_no_more(storage: Storage):
    ids = [await storage.inbox.put(REF, PauseAsked(by="9", reason=str(number))) for number in range(4)]
    await storage.journal.append(REF, Commit(version=1, at=1.0, events=(SignalsTaken(inbox_id=ids[1]),)))
    assert [found for found, _ in await storage.inbox.fresh(REF, "")] == ids[2:]
    assert await storage.inbox.moved("10") != {}
    await storage.journal.append(REF, Commit(version=2, at=1.0, events=(SignalsTaken(inbox_id=ids[3]),)))
    assert await storage.inbox.fresh(REF, "") == []
    assert await storage.inbox.moved("10") == {}
    later = await storage.inbox.put(REF, PauseAsked(by="9", reason="later"))
    assert [found for found, _ in await storage.inbox.fresh(REF, ids[3])] == [later]


async def test_a_sweep_finds_what_moved_and_nothing_else(storage: Storage):
    waits, new, guests = (SessionRef("10", name) for name in ("waits", "new", "guests"))
    for ref in (waits, new):
        await storage.journal.append(ref, paused(1))
    for ref, mark in (await storage.inbox.moved("10")).items():
        await storage.inbox.settled(ref, mark)
    assert await storage.inbox.moved("10") == {}
    await storage.inbox.put(new, PauseAsked(by="9", reason="x"))
    await storage.inbox.put(guests, PauseAsked(by="9", reason="x"))
    assert await storage.inbox.moved("10", older_than_s=60) == {}
    found = await storage.inbox.moved("10")
    assert set(found) == {new, guests}
    await storage.inbox.settled(new, "1.5")  # the mark of an earlier look
    await storage.inbox.clear(guests)
    assert set(await storage.inbox.moved("10")) == {new}


@pytest.mark.parametrize("fields", [{"commit": b"{"}, {"z1": b"\x00\x01"}, {"z1": b""}, {"commit": b"[]"}])
async def test_a_damaged_entry_is_called_so(storage: Storage, redis_url: str, fields: dict[str, bytes]):
    async with connected(redis_url, repeat=False) as client:
        await client.xadd(keys.journal(REF), typing.cast(Any, fields), id="1-0")
    for read in (storage.journal.read, storage.states.load):
        with pytest.raises(UnreadableJournalError, match="Version 1"):
            await read(REF)


async def test_an_entry_that_only_a_later_version_can_unpack_is_left_to_it(storage: Storage, redis_url: str):
    async with connected(redis_url, repeat=False) as client:
        await client.xadd(keys.journal(REF), {"z9": b"?"}, id="1-0")
    with pytest.raises(NewerEventError):
        await storage.journal.read(REF)


async def test_a_damaged_signal_pauses_and_one_of_a_later_version_waits_for_it(
    storage: Storage, redis_url: str
):
    async with connected(redis_url, repeat=False) as client:
        await client.xadd(keys.inbox(REF), {"signal": b'{"kind": "said", "text": 1}'})
        ((_, signal),) = await storage.inbox.fresh(REF, "")
        assert isinstance(signal, PauseAsked)
        await client.xadd(keys.inbox(REF), {"signal": b'{"kind": "teleported"}'})
    with pytest.raises(NewerEventError):
        await storage.inbox.fresh(REF, "")
