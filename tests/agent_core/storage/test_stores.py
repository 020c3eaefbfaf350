import asyncio
import os
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.exceptions import ResponseError

from agent_core.errors import RefusedError, StartError, StoreUnavailableError
from agent_core.storage import Asks, BlobStore, Storage, keys
from agent_core.storage.redis import translated
from agent_core.values import Autonomy, FileRef, Right, ServerRules, SessionRef

A, B, C = (SessionRef("10", name) for name in "abc")
FEW = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_the_newest_sessions_come_first_and_only_living_ones_live(storage: Storage):
    for ref in (A, B, C):
        await storage.index.add(ref, "chan")
    await storage.index.ended(B)
    assert await storage.index.recent("10", 2) == [C, B]
    assert await storage.index.recent("10", 0) == []
    assert await storage.index.live("10") == [A, C]
    assert await storage.index.guilds() == ["10"]
    assert await storage.index.live("11") == []
    assert await storage.index.channel(A) == "chan"
    assert await storage.index.channel(SessionRef("10", "z")) is None


async def test_a_repeated_start_does_not_revive_an_ended_session(storage: Storage):
    await storage.index.add(A, "chan")
    await storage.index.ended(A)
    await storage.index.add(B, "chan")
    await storage.index.add(A, "chan")
    assert await storage.index.live("10") == [B]
    assert await storage.index.recent("10", 9) == [B, A]


async def test_a_thread_shows_the_session_that_was_bound_to_it_last(storage: Storage):
    await storage.index.bind_thread(A, "77")
    assert await storage.index.by_thread("10", "77") == A
    await storage.index.bind_thread(B, "77")
    assert await storage.index.by_thread("10", "77") == B
    assert await storage.index.by_thread("11", "77") is None


async def test_the_reporter_finds_its_place_again(storage: Storage):
    assert (await storage.posts.cursor(A), await storage.posts.all(A)) == (0, {})
    await storage.posts.put(A, "3.0", "900")
    await storage.posts.put(A, "3.proposal", "901", Asks(post="proposal", about="1.1"))
    await storage.posts.set_cursor(A, 3)
    assert await storage.posts.cursor(A) == 3
    assert await storage.posts.all(A) == {"3.0": "900", "3.proposal": "901"}
    assert await storage.posts.asked("10", "901") == (A, Asks(post="proposal", about="1.1"))
    assert await storage.posts.asked("10", "900") is None
    assert await storage.posts.asked("11", "901") is None


async def test_rules_come_back_as_they_were_set(storage: Storage):
    assert await storage.rules.get("10") is None
    rules = ServerRules(
        roles={Right.APPROVE: ("1", "2"), Right.SPEND: ()},
        autonomy=Autonomy.ASK,
        time_zone="Asia/Tokyo",
        halted=True,
    )
    await storage.rules.put("10", rules)
    assert await storage.rules.get("10") == rules
    assert await storage.rules.get("11") is None


_ids = st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9._~-]{0,8}", fullmatch=True)
_KEYS: list[Callable[[SessionRef], str]] = [
    keys.journal, keys.inbox, keys.posts, keys.cursor, keys.session, lambda ref: keys.slot(ref, "turn"),
]  # fmt: skip
_GUILD_KEYS = [keys.asks, keys.sessions, keys.live, keys.threads, keys.rules]


@given(st.lists(st.builds(SessionRef, _ids, _ids), min_size=2, max_size=4, unique=True))
def test_no_two_sessions_share_a_key_and_every_key_says_whose_it_is(refs: list[SessionRef]):
    for one, other in combinations(refs, 2):
        mine = {key(one) for key in _KEYS}
        assert len(mine) == len(_KEYS)
        assert not mine & {key(other) for key in _KEYS}
        assert not mine & {key(other.guild_id) for key in _GUILD_KEYS}
    for ref in refs:
        every = [key(ref) for key in _KEYS] + [key(ref.guild_id) for key in _GUILD_KEYS]
        assert all(name.startswith(f"gk:{{{ref.guild_id}}}:") for name in every)


@pytest.mark.parametrize("bad", ["", "a:b", "}x", "{y}", "..", ".", "a/b", "ü", "a b", "a\n", "x" * 200])
def test_an_id_that_could_reach_elsewhere_is_no_id(bad: str, tmp_path: Path):
    with pytest.raises(ValueError, match="is not an id"):
        keys.journal(SessionRef("1", bad))
    with pytest.raises(ValueError, match="is not an id"):
        keys.rules(bad)
    with pytest.raises(ValueError, match="is not an id"):
        BlobStore(tmp_path).path(bad, EMPTY)


@pytest.mark.parametrize("bad", ["", "../../etc/passwd", EMPTY.upper(), EMPTY + "0", EMPTY + "\n"])
def test_a_name_that_is_no_hash_is_no_path(bad: str, tmp_path: Path):
    with pytest.raises(ValueError, match="is not a sha256"):
        BlobStore(tmp_path).path("10", bad)


@FEW
@given(chunks=st.lists(st.binary(max_size=2000), max_size=6))
async def test_bytes_come_back_however_they_were_cut(storage: Storage, chunks: list[bytes]):
    async with storage.blobs.writer("10", 1 << 20) as writer:
        for chunk in chunks:
            await writer.write(chunk)
    whole = b"".join(chunks)
    assert writer.file == await storage.blobs.put_bytes("10", whole)
    assert await storage.blobs.read("10", writer.file.sha256) == whole
    assert await storage.blobs.read("10", writer.file.sha256, max_bytes=10) == whole[:10]


async def test_an_empty_file_is_a_file(storage: Storage):
    assert await storage.blobs.put_bytes("10", b"") == FileRef(sha256=EMPTY, size=0)
    assert storage.blobs.path("10", EMPTY).read_bytes() == b""


async def test_the_same_bytes_are_one_file_per_server(storage: Storage, tmp_path: Path):
    refs = [await storage.blobs.put_bytes(guild, b"same") for guild in ("10", "10", "11")]
    assert len(set(refs)) == 1
    assert len(files_in(tmp_path / "blobs")) == 2


async def test_a_file_over_its_cap_leaves_nothing(storage: Storage, tmp_path: Path):
    async def too_much() -> None:
        async with storage.blobs.writer("10", 5) as writer:
            await writer.write(b"123")
            with pytest.raises(RuntimeError, match="written to its end"):
                _ = writer.file
            await writer.write(b"456")

    with pytest.raises(RefusedError, match="larger than 5 bytes"):
        await too_much()
    assert files_in(tmp_path / "blobs") == []


async def test_a_writer_that_is_cancelled_leaves_nothing(storage: Storage, tmp_path: Path):
    begun = asyncio.Event()

    async def endless() -> None:
        async with storage.blobs.writer("10") as writer:
            await writer.write(b"x" * 100_000)
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(endless())
    await begun.wait()
    task.cancel()
    await asyncio.wait([task])
    assert files_in(tmp_path / "blobs") == []


async def test_a_copied_file_keeps_its_mode(storage: Storage, tmp_path: Path):
    source = tmp_path / "日本 ../.sh"
    source.parent.mkdir()
    source.write_bytes(b"#!/bin/sh\n" * 300_000)
    source.chmod(0o755)
    ref = await storage.blobs.put_file("10", source)
    assert (ref.size, ref.mode) == (3_000_000, 0o755)
    assert await storage.blobs.read("10", ref.sha256) == source.read_bytes()


async def test_only_regular_files_are_copied(storage: Storage, tmp_path: Path):
    (tmp_path / "secret").write_text("s")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(OSError, match="symbolic links"):
        await storage.blobs.put_file("10", tmp_path / "link")
    for name in ("fifo", "."):
        with pytest.raises(ValueError, match="not a regular file"):
            await storage.blobs.put_file("10", tmp_path / name)
    with pytest.raises(FileNotFoundError):
        await storage.blobs.put_file("10", tmp_path / "none")


async def test_a_lost_or_damaged_file_is_noticed(storage: Storage):
    with pytest.raises(StoreUnavailableError, match="No such file"):
        await storage.blobs.read("10", EMPTY)
    ref = await storage.blobs.put_bytes("10", b"hello")
    storage.blobs.path("10", ref.sha256).write_bytes(b"jello")
    with pytest.raises(StoreUnavailableError, match="damaged"):
        await storage.blobs.read("10", ref.sha256)


async def test_what_a_dead_writer_left_is_cleared_after_a_day(tmp_path: Path):
    left, current = tmp_path / ".incoming" / "left", tmp_path / ".incoming" / "current"
    left.parent.mkdir()
    left.write_bytes(b"x")
    current.write_bytes(b"x")
    os.utime(left, (0, 0))
    await BlobStore(tmp_path).open()
    assert files_in(tmp_path) == [current]


async def test_a_folder_that_cannot_be_used_is_one_sentence(redis_url: str, tmp_path: Path):
    (tmp_path / "blobs").write_text("in the way")
    with pytest.raises(StartError, match="set DATA_DIR"):
        async with Storage.open(redis_url, tmp_path / "blobs"):
            pass


def test_a_refusal_within_a_pipeline_is_an_outage_and_quotes_nothing():
    told = ResponseError(
        "Command # 1 (XADD key * said secret) of pipeline caused error: NOREPLICAS Not enough"
    )
    error = translated(told)
    assert isinstance(error, StoreUnavailableError)
    assert "secret" not in str(error)
    bug = translated(ResponseError("Command # 1 (XADD secret) of pipeline caused error: WRONGTYPE no"))
    assert str(bug) == "WRONGTYPE no"
