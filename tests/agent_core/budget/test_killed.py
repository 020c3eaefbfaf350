"""Workers that are killed outright, in the middle of requests, some with a second one at work beside them."""

import asyncio
import random
import sys
from dataclasses import replace
from pathlib import Path

from agent_core.storage import Storage
from agent_core.values import NANO
from tests.agent_core.budget.shop import WIDE, open_shop
from tests.agent_core.budget.test_sessions import CENT, books, rough
from tests.agent_core.budget.till import Till

CAP = 30 * CENT


async def _killed(redis_url: str, folder: Path, till: Till, after_s: float) -> None:
    """A worker that lives for so long after it is up."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.agent_core.budget.worker",
        redis_url,
        str(folder),
        till.base_url,
        str(CAP),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        assert await process.stdout.readline() == b"up\n"
    await asyncio.sleep(after_s)
    assert process.returncode is None
    process.kill()
    await process.wait()


async def test_kills_lose_no_cent_and_pass_no_cap(storage: Storage, redis_url: str, tmp_path: Path):
    chance = random.Random(11)  # noqa: S311 -- the same in every run
    async with Till.open(rough(4)) as till:
        caps = replace(WIDE, member_day=CAP)
        async with open_shop(storage, tmp_path, till.base_url, caps=caps) as shop:
            refs = [await shop.start(str(number)) for number in range(1, 21)]
            await _killed(redis_url, tmp_path, till, chance.uniform(0.1, 0.6))
            async with asyncio.TaskGroup() as group:  # two that fight over the same sessions
                for _ in range(2):
                    group.create_task(_killed(redis_url, tmp_path, till, chance.uniform(0.3, 0.9)))
            await _killed(redis_url, tmp_path, till, chance.uniform(0.1, 0.6))
            held_at_death = (await books(storage, shop)).member_day
            assert held_at_death.nano <= CAP
            await shop.run_all_dry(refs)
            settled = await shop.settled(*refs)
            sums = await books(storage, shop)
            whole = sum(one.nano for one in settled)
            assert sums.member_day.nano == sums.server_day.nano == sums.host_month.nano == whole <= CAP
            assert (sums.member_day.open, sums.host_day.open) == (0, 0)
            assert whole > CAP - 2 * CENT
            known = [one for one in settled if one.outcome == "billed"]
            assert sum(one.nano for one in known) <= till.billed
            in_log = till.fated["ok"] + till.fated["drop"] + till.fated["cut"]
            assert sum(one.outcome != "unsent" for one in settled) >= in_log
            assert NANO > whole >= till.billed  # what came to a dead worker stands at its reservation
