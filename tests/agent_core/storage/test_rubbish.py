"""Clearing blobs: what is named, or was put a moment ago, stays, whatever happens in between."""

import asyncio
import os
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_core.events import Commit, Delivered, Ended
from agent_core.signals import Said
from agent_core.storage import BlobStore, Storage, keys
from agent_core.storage.bucket import Bucket
from agent_core.storage.redis import connected
from agent_core.storage.rubbish import Rubbish
from agent_core.values import FileRef, NamedFile, Person, SessionRef, Status
from tests.agent_core.session.desk import Desk

REF = SessionRef("10", "20")


async def put(storage: Storage, data: bytes, *, old: bool = True) -> FileRef:
    """A blob, put long ago or just now."""
    file = await storage.blobs.put_bytes("10", data)
    if old:
        age(storage, file)
    return file


def age(storage: Storage, file: FileRef) -> None:
    os.utime(storage.blobs.path("10", file.sha256), (0, 0))


async def there(storage: Storage, *files: FileRef) -> list[bool]:
    return [storage.blobs.path("10", file.sha256).is_file() for file in files]


def delivers(version: int, *files: FileRef) -> Commit:
    named = tuple(NamedFile(path=f"f{at}", file=file) for at, file in enumerate(files))
    return Commit(version=version, at=1.0, events=(Delivered(files=named),))


async def begun(storage: Storage, ref: SessionRef = REF) -> int:
    """A session; its version."""
    await storage.index.add(ref, "30")
    desk = Desk()
    for commit in desk.commits:
        await storage.journal.append(ref, commit)
    return len(desk.commits)


async def test_only_what_nothing_names_and_is_old_goes(storage: Storage):
    version = await begun(storage)
    named, said, old, young = [
        await put(storage, data, old=data != b"young") for data in (b"named", b"said", b"old", b"young")
    ]
    theirs = await storage.blobs.put_bytes("11", b"old")
    await storage.journal.append(REF, delivers(version + 1, named))
    ann = Person(id="1", name="Ann")
    dropped = NamedFile(path="inputs/x", file=said)
    await storage.inbox.put(REF, Said(message_id="1", person=ann, text="", files=(dropped,)))
    assert await storage.rubbish.clear(["10"]) == 1
    assert await there(storage, named, said, old, young) == [True, True, False, True]
    assert await storage.blobs.read("11", theirs.sha256) == b"old"


async def test_snapshots_and_archives_keep_what_they_name(storage: Storage, tmp_path: Path):
    version = await begun(storage)
    files = [await put(storage, bytes([number])) for number in range(3)]
    await storage.journal.append(REF, delivers(version + 1, *files))
    state = await storage.states.load(REF)
    assert state is not None
    await storage.states.keep(state)
    closing = Ended(status=Status.FINISHED, summary="x", checked=False)
    await storage.journal.append(REF, Commit(version=version + 2, at=2.0, events=(closing,)))
    for archived in (False, True):
        if archived:
            assert await storage.retention.archive(REF)
        for path in (tmp_path / "blobs" / "10").rglob("*"):
            if path.is_file():
                os.utime(path, (0, 0))
        await storage.rubbish.clear(["10"])
        assert await there(storage, *files) == [True] * 3
        loaded = await storage.states.load(REF)
        assert loaded is not None
        assert loaded.delivered == state.delivered
    await storage.retention.delete(REF)
    await storage.rubbish.clear(["10"])
    assert [path for path in (tmp_path / "blobs" / "10").rglob("*") if path.is_file()] == []


async def test_a_hash_in_any_key_of_the_server_counts(storage: Storage, redis_url: str):
    files = [await put(storage, bytes([number])) for number in range(6)]
    hashes = [file.sha256 for file in files]
    async with connected(redis_url, repeat=False) as client:
        await client.set("gk:{10}:a", f"x {hashes[0]} y")
        await client.hset("gk:{10}:b", mapping={"k": hashes[1], hashes[2]: "v"})
        await client.zadd("gk:{10}:c", {hashes[3]: 1.0})
        await client.rpush("gk:{10}:d", hashes[4])
        await client.set("gk:{11}:a", hashes[5])  # of another server
    await storage.rubbish.clear(["10"])
    assert await there(storage, *files) == [True] * 5 + [False]


async def test_nothing_goes_where_something_cannot_be_read(storage: Storage, redis_url: str):
    version = await begun(storage)
    file = await put(storage, b"x")
    async with connected(redis_url, repeat=False) as client:
        await client.xadd(keys.journal(REF), {"z9": b"of a later version"}, id=f"{version + 1}-0")
    assert await storage.rubbish.clear(["10"]) == 0
    assert await there(storage, file) == [True]


async def test_the_blobs_of_another_redis_are_never_cleared(storage: Storage, redis_url: str):
    file = await put(storage, b"x")
    assert await storage.rubbish.is_ours()
    async with connected(redis_url, repeat=False) as client:
        await client.flushall()  # pyright: ignore[reportUnknownMemberType]
    await begun(storage)
    assert await storage.rubbish.clear(["10"]) == 0
    assert await there(storage, file) == [True]


async def test_a_cleaner_that_was_killed_half_way_loses_nothing(storage: Storage, tmp_path: Path):
    file = await put(storage, b"x")
    doomed = tmp_path / "blobs" / ".doomed" / "10" / file.sha256
    doomed.parent.mkdir(parents=True)
    storage.blobs.path("10", file.sha256).rename(doomed)
    await storage.blobs.open()
    assert await storage.blobs.read("10", file.sha256) == b"x"


steps = st.lists(
    st.tuples(
        st.sampled_from(["put", "name", "forget", "age", "clear", "both", "restart"]), st.integers(0, 3)
    ),
    max_size=25,
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    database=None,
)
@given(drawn=steps)
async def test_in_any_order_what_is_named_or_young_can_be_read(  # noqa: C901 - one flat case per thing
    storage: Storage, drawn: list[tuple[str, int]]
):
    ref = SessionRef("10", os.urandom(8).hex())
    version = await begun(storage, ref)
    data = [os.urandom(8) for _ in range(4)]
    files: dict[int, FileRef] = {}
    young: set[int] = set()
    named: set[int] = set()

    async def put_one(number: int) -> None:
        files[number] = await storage.blobs.put_bytes("10", data[number])
        young.add(number)

    for what, number in drawn:
        match what:
            case "put":
                await put_one(number)
            case "name" if number in young:  # an append follows its put within the day
                version += 1
                await storage.journal.append(ref, delivers(version, files[number]))
                named.add(number)
            case "forget":
                await storage.retention.delete(ref)
                named.clear()
                ref = SessionRef("10", os.urandom(8).hex())
                version = await begun(storage, ref)
            case "age" if number in young and storage.blobs.path("10", files[number].sha256).exists():
                age(storage, files[number])
                young.discard(number)
            case "clear":
                await storage.rubbish.clear(["10"])
            case "both":
                async with asyncio.TaskGroup() as group:
                    group.create_task(storage.rubbish.clear(["10"]))
                    group.create_task(put_one(number))
            case "restart":
                clearing = asyncio.create_task(storage.rubbish.clear(["10"]))
                await asyncio.sleep(0.0001 * number)
                clearing.cancel()
                await asyncio.wait({clearing})
                await storage.blobs.open()
            case _:
                pass
        for one in young | named:
            assert await storage.blobs.read("10", files[one].sha256) == data[one]
    await storage.rubbish.clear(["10"])
    for one in set(files) - young - named:
        assert await storage.blobs.find("10", files[one].sha256) is None


async def test_a_bucket_is_cleared_the_same_way(storage: Storage, redis_url: str, tmp_path: Path):
    blobs = BlobStore(tmp_path / "cache", Bucket.at("memory:///"))
    await blobs.open()
    version = await begun(storage)
    named, old = await blobs.put_bytes("10", b"named"), await blobs.put_bytes("10", b"old")
    await storage.journal.append(REF, delivers(version + 1, named))
    async with connected(redis_url, repeat=False) as client:
        rubbish = Rubbish(client, blobs)
        assert await rubbish.clear(["10"]) == 0  # all are young
        assert await rubbish.clear(["10"], young_s=-1.0) == 1
    await blobs.trim_cache(-1.0)
    assert await blobs.find("10", old.sha256) is None
    assert await blobs.read("10", named.sha256) == b"named"
