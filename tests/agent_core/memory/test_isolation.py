"""Laws of the memory, held by two processes on one Redis: nothing crosses, comes back, or is lost."""

import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_core.memory import Embedder
from agent_core.storage.embedded import EmbeddedRedis
from agent_core.storage.redis import connected

ROOT = Path(__file__).parents[3]
TEXTS = (
    "ravens are black",
    "swans are white",
    "the staging server is falcon",
    "会議は金曜日です",
    "Die Häuser sind rot",
    "الاجتماع يوم الجمعة",
    "x = parse(raw) 🎉",
)
GUILDS = ("a", "b", "c")
AUTHORS = ("1", "2")
CHANNELS = ("10", "20", None)

pytestmark = pytest.mark.timeout(300)


@dataclass(kw_only=True)
class Player:
    """Another process."""

    process: subprocess.Popen[str]

    def send(self, do: str, guild: str, **given: Any) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"do": do, "guild": guild, "given": given}) + "\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        """What it said, None where it is dead."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def ask(self, do: str, guild: str, **given: Any) -> Any:
        self.send(do, guild, **given)
        return self.answer()["ok"]


@contextmanager
def player(url: str, models: Path) -> Generator[Player]:
    """A process that plays."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("player.py")), url, str(models)],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Player(process=process)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()


@pytest.fixture
def players(redis_url: str, exports: Path, embedder: Embedder) -> Generator[tuple[Player, Player]]:
    assert embedder.ready  # so the model is exported by now
    with ExitStack() as stack:
        yield (
            stack.enter_context(player(redis_url, exports)),
            stack.enter_context(player(redis_url, exports)),
        )


WHO = st.integers(0, 1)
GUILD = st.sampled_from(GUILDS)
STEP = st.one_of(
    st.tuples(
        st.just("remember"),
        WHO,
        GUILD,
        st.fixed_dictionaries(
            {
                "text": st.sampled_from(TEXTS),
                "author_id": st.sampled_from(AUTHORS),
                "channel_id": st.sampled_from(CHANNELS),
            }
        ),
    ),
    st.tuples(st.just("forget"), WHO, GUILD, st.fixed_dictionaries({"author_id": st.sampled_from(AUTHORS)})),
    st.tuples(
        st.just("forget"), WHO, GUILD, st.fixed_dictionaries({"channel_id": st.sampled_from(CHANNELS[:2])})
    ),
    st.tuples(st.just("forget"), WHO, GUILD, st.just({"everything": True})),
    st.tuples(
        st.just("recall"),
        WHO,
        GUILD,
        st.fixed_dictionaries(
            {
                "query": st.sampled_from(TEXTS),
                "channels": st.sampled_from([None, [], ["10"], ["20"], ["10", "20"]]),
            }
        ),
    ),
)
Step = tuple[str, int, str, dict[str, Any]]
Said = dict[tuple[str, str], set[str | None]]
"""(text, author) -> the channels it was said in."""
_worlds = itertools.count()


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEP, min_size=5, max_size=40))
def test_whatever_two_processes_do_each_server_holds_what_it_was_told_and_no_more(
    players: tuple[Player, Player], steps: list[Step]
):
    world = next(_worlds)  # servers of its own for every example
    told: dict[str, Said] = {guild: {} for guild in GUILDS}
    for do, who, guild, asked in steps:
        said = told[guild]
        answer = players[who].ask(do, f"{world}{guild}", **asked)
        if do == "remember":
            said.setdefault((asked["text"], asked["author_id"]), set()).add(asked["channel_id"])
        elif do == "forget":
            assert answer == _forget(said, asked)
        else:
            channels = asked["channels"]
            may_see = {
                text
                for (text, _), where in said.items()
                if channels is None or None in where or where & set(channels)
            }
            assert set(answer) <= may_see
            assert (asked["query"] in answer) == (asked["query"] in may_see)
        for other in players:
            held = other.ask("export", f"{world}{guild}")
            assert sorted(held) == sorted(text for text, _ in said)


def _forget(said: Said, given: dict[str, Any]) -> int:
    """Do the same in the plain model; how many memories lost a source."""
    count = 0
    for key, where in list(said.items()):
        if given.get("everything") or given.get("author_id") == key[1]:
            gone = set(where)
        else:
            gone = {one for one in where if one is not None and one == given.get("channel_id")}
        if gone:
            count += 1
            where -= gone
            if not where:
                del said[key]
    return count


def test_writes_of_two_processes_at_once_are_all_kept(players: tuple[Player, Player]):
    for number in range(60):
        for who, one in enumerate(players):
            one.send("remember", "busy", text=f"note {number} of process {who}", channel_id="10")
    for _ in range(60):
        for one in players:
            assert "ok" in one.answer()
    held = players[0].ask("export", "busy")
    assert len(set(held)) == len(held) == 120
    assert sorted(players[1].ask("export", "busy")) == sorted(held)


@pytest.mark.parametrize("after", [5, 20, 60])
def test_what_a_process_said_was_kept_is_there_after_it_is_killed(players: tuple[Player, Player], after: int):
    victim, other = players
    acknowledged: list[str] = []
    for number in range(200):
        victim.send("remember", "killed", text=f"entry {number} here", channel_id="10")
    for number in range(after):
        assert "ok" in victim.answer()
        acknowledged.append(f"entry {number} here")
    victim.process.kill()
    while answer := victim.answer():
        acknowledged.append(f"entry {len(acknowledged)} here")
        assert "ok" in answer
    held = other.ask("export", "killed")
    assert set(acknowledged) <= set(held)
    assert len(held) - len(acknowledged) in {0, 1}  # one may have been on its way
    assert other.ask("forget", "killed", everything=True) == len(held)
    assert other.ask("export", "killed") == []


async def pid_of(server: EmbeddedRedis) -> int:
    async with connected(server.url, repeat=True) as client:
        info: Any = await client.info("server")  # pyright: ignore[reportUnknownMemberType]
        return int(info["process_id"])


@pytest_asyncio.fixture
async def own_redis(tmp_path: Path) -> AsyncGenerator[EmbeddedRedis]:
    async with EmbeddedRedis(tmp_path / "r") as server:
        yield server


async def test_what_was_kept_is_there_after_redis_is_killed(
    own_redis: EmbeddedRedis, exports: Path, embedder: Embedder
):
    assert embedder.ready
    with player(own_redis.url, exports) as one:
        kept: list[str] = []
        for number in range(60):
            if number == 30:
                one.send("remember", "g", text=f"line {number} here", channel_id="10")
                os.kill(await pid_of(own_redis), signal.SIGKILL)
            else:
                one.send("remember", "g", text=f"line {number} here", channel_id="10")
            answer = await asyncio.to_thread(one.answer)
            if "ok" in answer:
                kept.append(f"line {number} here")
        assert len(kept) > 50
        assert set(kept) <= set(await asyncio.to_thread(one.ask, "export", "g"))
        await asyncio.to_thread(one.ask, "forget", "g", channel_id="10")
    with player(own_redis.url, exports) as another:
        assert await asyncio.to_thread(another.ask, "export", "g") == []
