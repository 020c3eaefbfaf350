"""What a session costs without model, sandbox and Discord: time, bytes, and what waiting ones cost.

`python -m benchmarks.sessions`. Everything is real but the model and the one tool. Redis flushes every commit
to the disk. Read ratios, medians and how they grow: the milliseconds belong to the machine.
"""

import asyncio
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from agent_core.events import (
    ActionStarted,
    Commit,
    Event,
    Observed,
    Proposed,
    SessionStarted,
    Thought,
    ThreadBound,
)
from agent_core.prompts import load as prompt
from agent_core.session import fold
from agent_core.storage import Asks, Storage
from agent_core.storage.embedded import EmbeddedRedis
from agent_core.storage.redis import connected
from agent_core.values import Autonomy, Limits, Observation, SessionRef, Usage
from benchmarks.worker import ANN, OUTPUT, Bench, Prose, call, reply

THINK_S, ACT_S = 0.020, 0.010
IDLE_S = 65.0
"""Long enough for two sweeps."""


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@asynccontextmanager
async def stores() -> AsyncGenerator[tuple[Storage, str, Path]]:
    """Empty ones."""
    async with AsyncExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis = await stack.enter_async_context(EmbeddedRedis(root))
        storage = await stack.enter_async_context(Storage.open(redis.url, root / "blobs"))
        yield storage, redis.url, root


async def bytes_used(url: str) -> int:
    """Of every key."""
    async with connected(url, repeat=False) as opened:
        client: Any = opened
        used = 0
        async for key in client.scan_iter(count=1000):
            used += await client.memory_usage(key, samples=0) or 0
        return used


async def settled(url: str) -> None:
    """Wait until the engine has forgotten what it did."""
    before, now = -1, 0
    while before != now:
        before, now = now, await bytes_used(url)
        await asyncio.sleep(10)


async def posted(storage: Storage, ref: SessionRef, *parts: str, asks: Asks | None = None) -> None:
    """What the reporter notes of its posts."""
    for part in parts:
        await storage.posts.put(ref, part, str(1_300_000_000_000_000_000 + hash(part) % 10**9), asks)


async def sizes() -> None:
    """Bytes in Redis of a session that waits at its first proposal, and of each step."""
    count, steps = 20, 50
    async with stores() as (storage, url, root), Bench.open(storage, url, root, steps=steps) as bench:
        empty = await bytes_used(url)
        refs = [SessionRef("1", f"12345678901234{number:05}") for number in range(count)]
        for ref in refs:
            await bench.start(ref, Autonomy.GUARDED)
        for ref in refs:
            await bench.until_it_waits(ref)
            await posted(storage, ref, "card", "seen")
            await posted(storage, ref, "3.0", asks=Asks(post="proposal", about="1.1"))
            await storage.posts.set_cursor(ref, 4)
        await settled(url)
        waiting = (await bytes_used(url) - empty) / count
        say(f"a session at its first proposal: {waiting / 1000:.1f} KB in all its keys (goal: 20)")
        for ref in refs:
            await bench.press(ref)
        for _ in refs:
            state = await bench.ended.get()
            for version in range(4, state.version, 3):
                await posted(storage, state.ref, f"{version}.0", f"{version + 2}.0")
            await storage.posts.set_cursor(state.ref, state.version)
        await settled(url)
        grown = (await bytes_used(url) - empty) / count - waiting
        say(f"each further step: {grown / (steps - 1) / 1000:.2f} KB (goal: 3)")


async def pace(sessions: int, think_s: float, act_s: float, steps: int) -> tuple[float, float]:
    """Seconds of a step of one session (median over sessions), and steps a second of all."""
    async with (
        stores() as (storage, url, root),
        Bench.open(storage, url, root, steps=steps, think_s=think_s, act_s=act_s) as bench,
    ):
        began = time.perf_counter()
        for number in range(sessions):
            await bench.start(SessionRef("1", str(number)))
        took: list[float] = []
        for _ in range(sessions):
            state = await bench.ended.get()
            took.append((state.at - state.started_at) / (steps + 1))
        return statistics.median(took), sessions * steps / (time.perf_counter() - began)


async def overhead() -> None:
    """Time that is added to a step, by the number of sessions at work."""
    say(f"sessions at once | overhead a step, ms (model {THINK_S * 1000:.0f} ms, tool {ACT_S * 1000:.0f} ms)")
    for sessions in (1, 5, 20, 50):
        step_s, _ = await pace(sessions, THINK_S, ACT_S, 20)
        say(f"{sessions:16} | {(step_s - THINK_S - ACT_S) * 1000:.1f}")


async def throughput() -> None:
    """Steps a second of one worker process that never waits."""
    say("sessions at once | steps/s of one process (goal: 500)")
    for sessions in (20, 100, 200):
        _, rate = await pace(sessions, 0.0, 0.0, 20)
        say(f"{sessions:16} | {rate:.0f}")


async def waiting() -> None:
    """What sessions cost that wait for a person, and how fast a yes is acted on, by their number."""
    say("waiting | worker CPU while idle | Redis, MB | yes to action, ms p50 / p95")
    for count in (100, 1_000, 10_000):
        async with stores() as (storage, url, root):
            refs = [SessionRef("1", str(number)) for number in range(count)]
            for at in range(0, count, 50):
                async with asyncio.TaskGroup() as group:
                    for ref in refs[at : at + 50]:
                        group.create_task(proposed(storage, ref))
            async with Bench.open(storage, url, root, steps=1) as bench:
                await asyncio.sleep(5)
                cpu, began = _cpu(), time.perf_counter()
                await asyncio.sleep(IDLE_S)
                busy = (_cpu() - cpu) / (time.perf_counter() - began)
                took = [await _yes_to_action(bench, ref) for ref in refs[:100]]
            async with connected(url, repeat=False) as opened:
                client: Any = opened
                used = int((await client.info("memory"))["used_memory"]) / 1e6
            cuts = statistics.quantiles(took, n=20)
            say(f"{count:7} | {busy:20.1%} | {used:9.0f} | {cuts[9] * 1000:.1f} / {cuts[18] * 1000:.1f}")


async def proposed(storage: Storage, ref: SessionRef) -> None:
    """A session that waits at its first proposal, as if a worker had brought it there."""
    ask = Proposed(
        action="1.1", why="the first run of a goal asks", rule="every `run_python`", plan_card=True
    )
    bound = ThreadBound(thread_id=f"9{ref.id}", upload_limit=10**7)
    await storage.index.add(ref, "30")
    for version, events in enumerate(
        [(started(Autonomy.GUARDED),), (bound,), (thought(Prose.shared(), 1), ask)], 1
    ):
        await storage.journal.append(ref, Commit(version=version, at=time.time(), events=events))
    for moved, mark in (await storage.inbox.moved(ref.guild_id)).items():
        await storage.inbox.settled(moved, mark)


async def _yes_to_action(bench: Bench, ref: SessionRef) -> float:
    began = time.perf_counter()
    await bench.press(ref)
    await bench.ended.get()
    return bench.acted[ref.id] - began


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def opening() -> None:
    """A long session from its snapshot, and from its whole journal."""
    say("steps | opened from its snapshot, ms | from its journal, ms")
    for steps in (200, 1_000, 2_000):
        async with stores() as (storage, _, _):
            ref = SessionRef("1", "long")
            commits = journal(steps)
            for commit in commits:
                await storage.journal.append(ref, commit)
            state = fold(ref, commits[:-100])
            if state is None:
                raise RuntimeError(ref)
            await storage.states.keep(state)
            snapshot: list[float] = []
            whole: list[float] = []
            for _ in range(9):
                began = time.perf_counter()
                await storage.states.load(ref)
                snapshot.append(time.perf_counter() - began)
                began = time.perf_counter()
                fold(ref, await storage.journal.read(ref))
                whole.append(time.perf_counter() - began)
            opened_ms, read_ms = (statistics.median(took) * 1000 for took in (snapshot, whole))
            say(f"{steps:5} | {opened_ms:28.0f} | {read_ms:.0f}")


def journal(steps: int) -> list[Commit]:
    """A session of so many steps, none of them compacted: the worst case."""
    prose = Prose()
    events: list[Event] = [started(Autonomy.AUTO)]
    for step in range(1, steps + 1):
        events.append(thought(prose, step))
        events.append(ActionStarted(action=f"{step}.1", run_id=f"{step:032x}"))
        events.append(Observed(action=f"{step}.1", observation=Observation(text=prose.words(OUTPUT))))
    return [
        Commit(version=version, at=float(version), events=(event,)) for version, event in enumerate(events, 1)
    ]


def thought(prose: Prose, step: int) -> Thought:
    """Of 2 KB, with a call of the tool."""
    said = reply(prose.words(500), call(prose, step, "run_python"))
    return Thought(
        step=step,
        text=said.text,
        actions=said.actions,
        problems={},
        usage=Usage(),
        cost_usd=0.0,
        message=said.message,
    )


def started(autonomy: Autonomy) -> SessionStarted:
    """The first event of a session."""
    return SessionStarted(
        goal="go",
        starter=ANN,
        channel_id="3",
        autonomy=autonomy,
        limits=Limits(),
        model="m",
        system=prompt("system"),
        tools=(),
    )


PARTS = {
    "sizes": sizes,
    "opening": opening,
    "overhead": overhead,
    "throughput": throughput,
    "waiting": waiting,
}


async def main() -> None:
    """All parts, or those that are named."""
    for name in sys.argv[1:] or PARTS:
        if name in PARTS:
            await PARTS[name]()


if __name__ == "__main__":
    asyncio.run(main())
