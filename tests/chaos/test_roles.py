"""Gateway and workers in processes of their own: what people say comes first, and no process is needed."""

import asyncio
import random
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from agent_core.events import Decided
from agent_core.session import State
from agent_core.storage.redis import connected
from tests.chaos.crowd import Crowd
from tests.chaos.script import begin, runs_once
from tests.chaos.stage import chaos
from tests.chaos.victim import DIE

WITHIN_S = 100.0


def decided(state: State) -> bool:
    return any(one.decision is not None for one in state.pending)


async def test_a_no_given_while_all_was_down_comes_before_the_act(tmp_path: Path):
    async with chaos(tmp_path) as stage:
        stage.model.will_always(runs_once)
        gateway, worker = stage.role("gateway", "gateway"), stage.role("worker", "worker")
        await stage.start(gateway, worker)
        await stage.people.until_bot_is_ready()
        thread = await begin(stage, "work no-1", autonomy="ask")
        ref = await stage.session(thread)
        proposal = await thread.proposal()
        state = await stage.until(ref, lambda state: state.proposal is not None, "the proposal")
        async with connected(stage.redis_url, repeat=True) as redis:
            # the yes is journalled, and not acted on: the worker dies right after that commit
            await redis.hset(DIE, f"{ref.id} {state.version + 1}", "1")
        await thread.press(proposal, "✅")
        await worker.ended()
        await gateway.kill()
        assert decided(await stage.state(ref))
        await thread.press(proposal, "❌")
        await worker.start()  # alone, and longer than the mark of a dead gateway lives
        await worker.until_it_says("up")
        await asyncio.sleep(4.0)
        now = await stage.state(ref)
        assert not now.pending[0].started
        await gateway.start()
        await stage.until(ref, lambda state: state.ended is not None, "the end")
        assert "it ran" not in await thread.text()
        events = [event for one in await stage.journal(ref) for event in one.events]
        assert [one.how for one in events if isinstance(one, Decided)] == ["once", "reject"]


async def test_without_any_gateway_a_worker_goes_on_with_what_needs_nobody(tmp_path: Path):
    async with chaos(tmp_path) as stage:
        crowd = Crowd(stage=stage, steps=4, rng=random.Random(1), takes_s=0.5)  # noqa: S311
        stage.model.will_always(crowd.reply)
        gateway, worker = stage.role("gateway", "gateway"), stage.role("worker", "worker")
        await stage.start(gateway, worker)
        await stage.people.until_bot_is_ready()
        await crowd.begin(1)
        (ref,) = crowd.goals
        await worker.kill()
        await gateway.kill()
        before = await stage.state(ref)
        await worker.start()
        await stage.until(ref, lambda state: state.step > before.step or state.step > 4, "the next step")
        await gateway.start()
        await crowd.until_over(WITHIN_S)
        assert await crowd.broken() == []


@asynccontextmanager
async def crowded(folder: Path, goals: int, steps: int = 6) -> AsyncGenerator[Crowd]:
    """So many goals, running, on a gateway and a worker "one"."""
    async with chaos(folder) as stage:
        crowd = Crowd(stage=stage, steps=steps, rng=random.Random(1), takes_s=0.4)  # noqa: S311
        stage.model.will_always(crowd.reply)
        await stage.start(stage.role("gateway", "gateway"), stage.role("one", "worker"))
        await stage.people.until_bot_is_ready()
        await crowd.begin(goals)
        yield crowd


async def test_a_rolling_restart_under_load_loses_and_doubles_nothing(tmp_path: Path):
    async with crowded(tmp_path, 5) as crowd:
        stage = crowd.stage
        steering = asyncio.create_task(crowd.steer(3))
        await stage.start(stage.role("two", "worker"))
        await stage.programs["one"].stop()
        await stage.start(stage.role("second gateway", "gateway"))
        await stage.programs["gateway"].stop()
        await steering
        await crowd.until_over(WITHIN_S)
        assert await crowd.broken() == []
        assert stage.programs["one"].process is not None
        assert stage.programs["one"].process.returncode == 0


async def test_a_sleeper_doubles_nothing_when_it_wakes_and_a_machine_that_is_gone_strands_nobody(
    tmp_path: Path,
):
    async with crowded(tmp_path, 5) as crowd:
        sleeper = crowd.stage.programs["one"]
        sleeper.send(signal.SIGSTOP)
        await crowd.stage.start(crowd.stage.role("two", "worker"))
        first = next(iter(crowd.goals))
        before = await crowd.stage.state(first)
        await crowd.stage.until(
            first, lambda state: state.version > before.version or state.ended is not None, "another worker"
        )
        sleeper.send(signal.SIGCONT)
        await asyncio.sleep(1.0)
        await crowd.kill(sleeper)  # for good
        await crowd.until_over(WITHIN_S)
        assert await crowd.broken() == []
