"""The blob store on an object store: a real S3 over HTTP, and what happens while it is away."""

import asyncio
import os
from collections.abc import Generator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from moto.server import ThreadedMotoServer

from agent_core.errors import StartError, StoreUnavailableError
from agent_core.storage import BlobStore, Storage
from agent_core.storage.bucket import Bucket

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.fixture(scope="module")
def s3() -> Generator[str]:
    """The address of an S3 on loopback."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
async def url(s3: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an empty bucket, as BLOB_URL has it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    async with aiohttp.ClientSession() as http:
        await http.post(f"{s3}/moto-api/reset")
        await http.put(f"{s3}/goals")
    return f"s3://goals/some/prefix?endpoint={s3}"


@pytest.fixture(params=["s3", "memory", "file"])
def bucket(request: pytest.FixtureRequest, url: str, tmp_path: Path) -> Bucket:
    """Every kind of store."""
    urls = {"s3": url, "memory": "memory:///", "file": f"file://{tmp_path}/far"}
    return Bucket.at(urls[request.param])


@pytest.fixture
async def blobs(bucket: Bucket, tmp_path: Path) -> BlobStore:
    """A store on it, with an empty cache."""
    store = BlobStore(tmp_path / "cache", bucket)
    await store.open()
    return store


async def elsewhere(bucket: Bucket, tmp_path: Path) -> BlobStore:
    """The same store, seen from another machine."""
    store = BlobStore(tmp_path / "other", bucket)
    await store.open()
    return store


async def test_what_one_machine_puts_another_reads(bucket: Bucket, blobs: BlobStore, tmp_path: Path):
    big = os.urandom(12 << 20)
    (tmp_path / "big").write_bytes(big)
    (tmp_path / "script").write_bytes(b"#!")
    (tmp_path / "script").chmod(0o755)
    files = await blobs.put_files("10", [tmp_path / "big", tmp_path / "script"])
    files.append(await blobs.put_bytes("10", b""))
    other = await elsewhere(bucket, tmp_path)
    assert [await other.read("10", file.sha256) for file in files] == [big, b"#!", b""]
    assert files[1].mode == 0o755
    assert await other.read("10", files[0].sha256, max_bytes=3) == big[:3]
    found = await other.find_all("10", [file.sha256 for file in files])
    assert {path.read_bytes() for path in found.values()} == {big, b"#!", b""}
    assert await other.find("11", files[0].sha256) is None
    with pytest.raises(StoreUnavailableError, match="lost"):
        await other.read("11", files[0].sha256)


async def test_damaged_bytes_are_never_handed_on(bucket: Bucket, blobs: BlobStore, tmp_path: Path):
    file = await blobs.put_bytes("10", b"hello")
    blobs.path("10", file.sha256).write_bytes(b"jello")
    with pytest.raises(StoreUnavailableError, match="damaged"):
        await blobs.read("10", file.sha256)
    assert await blobs.read("10", file.sha256) == b"hello"  # fetched anew
    (tmp_path / "lie").write_bytes(b"a lie")
    await bucket.put("10", EMPTY, tmp_path / "lie", 5)
    with pytest.raises(StoreUnavailableError, match="damaged"):
        await (await elsewhere(bucket, tmp_path)).read("10", EMPTY)


async def test_old_files_are_listed_and_removed_by_server(bucket: Bucket, blobs: BlobStore, tmp_path: Path):
    mine = [(await blobs.put_bytes("10", bytes([number]))).sha256 for number in range(3)]
    theirs = await blobs.put_bytes("11", b"x")
    listed = [name async for page in blobs.old("10", -1.0) for name in page]
    assert sorted(listed) == sorted(mine)
    assert [page async for page in blobs.old("10", 60.0)] == [[]]
    assert await blobs.remove("10", mine, 60.0) == 0  # young
    assert await blobs.remove("10", mine[:2], -1.0) == 2
    other = await elsewhere(bucket, tmp_path)
    assert await other.find("10", mine[0]) is None
    assert await other.read("10", mine[2]) == b"\x02"
    assert await other.read("11", theirs.sha256) == b"x"


async def test_unused_copies_leave_the_cache_and_come_back(blobs: BlobStore):
    file = await blobs.put_bytes("10", b"hello")
    await blobs.trim_cache(60.0)
    assert blobs.path("10", file.sha256).is_file()
    await blobs.trim_cache(-1.0)
    assert not blobs.path("10", file.sha256).exists()
    assert await blobs.read("10", file.sha256) == b"hello"


@pytest.mark.parametrize("bad", ["s3://", "http://x", "s3://b?endpiont=x", "s3://b?x", "nonsense", "s3:b"])
def test_an_address_that_is_none_is_one_sentence(bad: str):
    with pytest.raises(StartError, match="it looks like s3://bucket/prefix"):
        Bucket.at(bad)


async def test_a_bucket_that_is_not_there_is_said_at_the_start(
    s3: str, url: str, redis_url: str, tmp_path: Path
):
    with pytest.raises(StartError, match="BLOB_URL"):
        async with Storage.open(redis_url, tmp_path / "blobs", f"s3://nowhere?endpoint={s3}"):
            pass


async def test_a_store_that_stumbles_is_asked_again_and_one_that_is_away_is_an_outage(
    url: str, s3: str, tmp_path: Path
):
    stumbles = 2

    async def answer(request: web.Request) -> web.Response:
        nonlocal stumbles
        if stumbles:
            stumbles -= 1
            return web.Response(status=503)
        async with aiohttp.request(request.method, s3 + request.path_qs, data=await request.read()) as real:
            return web.Response(status=real.status, body=await real.read(), headers={"ETag": '"x"'})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    near = f"http://127.0.0.1:{runner.addresses[0][1]}"
    blobs = BlobStore(tmp_path / "near", Bucket.at(f"s3://goals?endpoint={near}"))
    await asyncio.to_thread((tmp_path / "near" / ".incoming").mkdir, parents=True)
    file = await blobs.put_bytes("10", b"hello")
    assert stumbles == 0
    await runner.cleanup()
    with pytest.raises(StoreUnavailableError, match="cannot be used"):
        await blobs.put_bytes("10", b"away")
    assert await blobs.read("10", file.sha256) == b"hello"  # from the cache


async def test_a_session_lives_on_a_bucket(url: str, redis_url: str, tmp_path: Path):
    async with Storage.open(redis_url, tmp_path / "blobs", url) as storage:
        file = await storage.blobs.put_bytes("10", b"x" * 100)
    async with Storage.open(redis_url, tmp_path / "elsewhere", url) as storage:
        assert await storage.blobs.read("10", file.sha256) == b"x" * 100
