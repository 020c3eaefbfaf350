"""Ended sessions: archived after a week, deleted in the end, and never less than whole in between."""

from pathlib import Path

import pytest

from agent_core.chores import Chores
from agent_core.clock import Clock
from agent_core.errors import FencedError, NewerEventError
from agent_core.events import Commit, Ended, Paused
from agent_core.session import fold
from agent_core.signals import PauseAsked
from agent_core.storage import Asks, Storage, keys
from agent_core.storage.redis import connected, text
from agent_core.storage.retention import ARCHIVE_AFTER_S, DAY_S, UNSHOWN_FOR_S
from agent_core.values import SessionRef, Status
from agent_core.workspace import Workspaces
from tests.agent_core.session.desk import RUN, Desk

REF = SessionRef("10", "20")
KEEP_S = 90 * DAY_S


async def ended(storage: Storage, ref: SessionRef = REF, *, shown: bool = True) -> list[Commit]:
    """A session that has worked and ended, with everything that is kept of one."""
    desk = Desk()
    desk.think(RUN)
    desk.press("✅")
    desk.append(Ended(status=Status.FINISHED, summary="done", checked=False))
    await storage.index.add(ref, "30")
    for commit in desk.commits:
        await storage.journal.append(ref, commit)
    state = fold(ref, desk.commits)
    assert state is not None
    await storage.states.keep(state)
    await storage.index.bind_thread(ref, f"thread-{ref.id}")
    await storage.posts.put(ref, "3.0", f"message-{ref.id}", Asks(post="proposal", about="1.1"))
    if shown:
        await storage.posts.set_cursor(ref, len(desk.commits))
    await storage.inbox.put(ref, PauseAsked(by="9", reason="late"))
    await storage.index.ended(ref)
    return desk.commits


async def pass_over(storage: Storage, now: float) -> list[SessionRef]:
    return [ref async for ref in storage.retention.guild("10", now, KEEP_S)]


async def names(redis_url: str, ref: SessionRef = REF) -> set[str]:
    """The kinds of keys that this session still has."""
    async with connected(redis_url, repeat=False) as client:
        found = [text(key) for key in await client.keys(f"gk:{{10}}:*:{ref.id}")]  # pyright: ignore[reportUnknownMemberType]
    return {key.split(":")[2] for key in found}


async def test_a_week_after_its_end_a_journal_moves_and_reads_the_same(storage: Storage, redis_url: str):
    commits = await ended(storage)
    state, end = await storage.states.load(REF), commits[-1].at
    assert await pass_over(storage, end + ARCHIVE_AFTER_S - 1) == []
    assert await pass_over(storage, end + ARCHIVE_AFTER_S) == [REF]
    assert await names(redis_url) == {"archive", "session"}
    assert await storage.journal.read(REF) == commits
    assert await storage.journal.read(REF, after=2) == commits[2:]
    assert await storage.journal.read(REF, after=len(commits)) == []
    assert await storage.journal.version(REF) == len(commits)
    assert await storage.states.load(REF) == state
    assert await storage.posts.asked("10", "message-20") is None
    assert await storage.index.by_thread("10", "thread-20") == REF
    assert await pass_over(storage, end + ARCHIVE_AFTER_S) == []


async def test_nobody_can_begin_an_archived_journal_anew(storage: Storage):
    commits = await ended(storage)
    assert await storage.retention.archive(REF)
    with pytest.raises(FencedError):
        await storage.journal.append(REF, commits[0])
    assert await storage.journal.read(REF) == commits


@pytest.mark.parametrize("archived", [True, False])
async def test_in_the_end_everything_goes(storage: Storage, redis_url: str, archived: bool):
    end = (await ended(storage))[-1].at
    other = SessionRef("10", "21")
    await ended(storage, other)
    if archived:
        assert await storage.retention.archive(REF)
    await storage.retention.delete(REF)
    assert await names(redis_url) == set()
    assert await storage.journal.read(REF) == []
    assert await storage.index.recent("10", 9) == [other]
    assert await storage.index.by_thread("10", "thread-20") is None
    assert await storage.index.by_thread("10", "thread-21") == other
    assert await storage.posts.asked("10", "message-21") is not None
    assert await pass_over(storage, end + KEEP_S) == [other]
    assert await storage.index.recent("10", 9) == []


async def test_what_lives_or_was_not_shown_to_its_end_stays(storage: Storage):
    live, hidden = SessionRef("10", "live"), SessionRef("10", "hidden")
    desk = Desk()
    await storage.index.add(live, "30")
    for commit in desk.commits:
        await storage.journal.append(live, commit)
    end = (await ended(storage, hidden, shown=False))[-1].at
    assert await pass_over(storage, end + UNSHOWN_FOR_S - 1) == []
    assert await pass_over(storage, end + UNSHOWN_FOR_S) == [hidden]
    assert await pass_over(storage, end + 2 * KEEP_S) == [hidden]
    assert await storage.journal.read(live) == desk.commits


async def test_a_journal_that_grew_while_it_was_copied_is_not_swapped(storage: Storage, redis_url: str):
    commits = await ended(storage)
    more = Commit(version=len(commits) + 1, at=2.0, events=(Paused(by="9", reason="x"),))
    lines = storage.journal.lines

    async def grows(ref: SessionRef) -> list[bytes]:
        found = await lines(ref)
        await storage.journal.append(ref, more)
        return found

    storage.journal.lines = grows
    assert not await storage.retention.archive(REF)
    assert await storage.journal.read(REF) == [*commits, more]
    assert "journal" in await names(redis_url)


async def test_a_death_between_copy_and_swap_loses_nothing_and_is_done_again(
    storage: Storage, tmp_path: Path
):
    commits = await ended(storage)
    read = storage.blobs.read

    async def dies(guild_id: str, sha256: str, max_bytes: int | None = None) -> bytes:
        raise ConnectionAbortedError

    storage.blobs.read = dies
    with pytest.raises(ConnectionAbortedError):
        await storage.retention.archive(REF)
    storage.blobs.read = read
    assert await storage.journal.read(REF) == commits
    assert await storage.retention.archive(REF)
    assert await storage.journal.read(REF) == commits


async def test_a_journal_that_only_a_later_version_can_read_is_left_alone(storage: Storage, redis_url: str):
    commits = await ended(storage)
    other = SessionRef("10", "21")
    await ended(storage, other)
    async with connected(redis_url, repeat=False) as client:
        await client.xadd(keys.journal(REF), {"z9": b"?"}, id=f"{len(commits) + 1}-0")
    assert await pass_over(storage, commits[-1].at + 2 * KEEP_S) == [other]
    with pytest.raises(NewerEventError):
        await storage.journal.read(REF)


async def test_the_daily_chores_follow_the_one_clock_and_run_once(storage: Storage, tmp_path: Path):
    commits = await ended(storage)
    clock = Clock()
    chores = Chores(
        storage=storage,
        workspaces=Workspaces(tmp_path / "work", storage.blobs),
        clock=clock,
        retention_days=10**6,
    )
    clock.advance(commits[-1].at - clock.now())
    await chores.when_due()
    assert not await storage.posts.archived(REF)
    clock.advance(3600)
    await chores.when_due()  # not due: done an hour ago
    clock.advance(ARCHIVE_AFTER_S)
    await chores.when_due()
    assert await storage.posts.archived(REF)
    assert await storage.journal.read(REF) == commits


async def test_of_two_workers_one_does_the_chores(storage: Storage):
    assert await storage.index.claim_daily(1000.0, DAY_S)
    assert not await storage.index.claim_daily(1000.0, DAY_S)
    await storage.index.daily_done(1000.0)
    assert not await storage.index.claim_daily(1000.0 + DAY_S - 1, DAY_S)
    assert await storage.index.claim_daily(1000.0 + DAY_S, DAY_S)
