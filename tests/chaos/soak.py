"""`make chaos`: 50 goals, 100 kills of workers, gateway and Redis, and what came of it.

`python -m tests.chaos.soak [--goals N] [--kills N] [--seed N]`. Ends with 1 where the law was broken.
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.crowd import AT_ONCE, Crowd
from tests.chaos.stage import Chaos, chaos
from tests.chaos.test_month import month

STEPS = 15
WITHIN_S = 600.0
SHARED = 40
THINKS_S = 4.0
PRICES = '{"scripted": [0.01, 0.01, 0.01]}'
"""US$ per million tokens: whoever takes over a goal writes down first what the cut call may have cost."""


async def soak(
    folder: Path, *, goals: int, kills: int, rng: random.Random, pause_s: float = 2.5, takes_s: float = 1.0
) -> Crowd:
    """Run so many goals through so many kills; raises AssertionError where a goal does not end."""
    async with chaos(folder) as stage:
        crowd = Crowd(stage=stage, steps=STEPS, rng=rng, takes_s=takes_s)
        stage.model.will_always(crowd.reply)
        await stage.start_two_workers()
        keeping = asyncio.create_task(stage.keep_alive())
        killing = asyncio.create_task(_kill(crowd, kills, pause_s))
        try:
            steering = asyncio.create_task(crowd.steer(10_000))
            await crowd.begin(goals, kills * pause_s / (goals / AT_ONCE) * 0.9)
            await killing
            steering.cancel()
            await asyncio.wait({steering})
            await crowd.until_over(WITHIN_S)
        finally:
            for task in (killing, keeping):
                task.cancel()
            await asyncio.wait({killing, keeping})
        print(f"killed: {_starts(stage)}")
        crowd.found = await crowd.broken()
        return crowd


async def share(folder: Path, *, goals: int, rng: random.Random) -> Crowd:
    """Let two workers share so many goals, and kill one of them for good, in the middle."""
    async with chaos(folder, MODEL_PRICES=PRICES) as stage:
        crowd = Crowd(stage=stage, steps=STEPS, rng=rng, thinks_s=THINKS_S)
        stage.model.will_always(crowd.reply)
        await stage.start_two_workers()
        await crowd.begin(goals)
        await crowd.kill(stage.programs["one"])
        await crowd.until_over(WITHIN_S)
        crowd.found = await crowd.broken()
        return crowd


async def _kill(crowd: Crowd, kills: int, pause_s: float) -> None:
    programs = crowd.stage.programs
    for _ in range(kills):
        await asyncio.sleep(crowd.rng.random() * 2 * pause_s)
        name = crowd.rng.choice(["one", "two", "one", "two", "gateway", "redis"])
        if not programs[name].alive:
            continue
        if name in ("one", "two"):
            await crowd.kill(programs[name])
        else:
            await programs[name].kill()


def _starts(stage: Chaos) -> str:
    return ", ".join(f"{name} {program.starts - 1}" for name, program in stage.programs.items())


def main() -> int:
    """Run it, and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--goals", type=int, default=50)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--proposals", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    rng = random.Random(given.seed)  # noqa: S311 - chance, not secrecy
    with tempfile.TemporaryDirectory(prefix="gk") as folder:
        print(
            f"two workers share {SHARED} goals, one is killed: lease 1 s, the model takes {THINKS_S:.0f} s",
            flush=True,
        )
        shared = asyncio.run(share(Path(folder), goals=SHARED, rng=rng))
    show(shared)
    with tempfile.TemporaryDirectory(prefix="gk") as folder:
        print(f"{given.goals} goals, {given.kills} kills of workers, gateway and Redis", flush=True)
        crowd = asyncio.run(soak(Path(folder), goals=given.goals, kills=given.kills, rng=rng))
    show(crowd)
    with tempfile.TemporaryDirectory(prefix="gk") as folder:
        print(f"{given.proposals} proposals, answered a month later", flush=True)
        # Hundreds of turns at once on a small machine: with a lease of 1 s, a busy moment loses them all.
        asyncio.run(month(Path(folder), given.proposals, LEASE_S="5"))
    print("each acted on once, none by somebody who had lost the right")
    return 1 if crowd.found or shared.found else 0


def show(crowd: Crowd) -> None:
    """What came of it."""
    took = sorted(crowd.resumed_s)
    if took:
        high = took[min(len(took) - 1, int(len(took) * 0.99))]
        print(f"time to resume: median {statistics.median(took):.2f} s, p99 {high:.2f} s, n={len(took)}")
    words = sum(len(one) for one in crowd.said.values())
    print(f"{len(crowd.goals)} goals, {len(crowd.goals) * crowd.steps} steps, {words} words of people")
    print("\n".join(crowd.found) or "0 steps, posts or words lost or doubled, 0 reaches repeated")


if __name__ == "__main__":
    sys.exit(main())
