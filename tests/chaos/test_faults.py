"""Every fault that the playground can do, while goals run: the same law, and no busy loop."""

import asyncio
import random
from pathlib import Path
from typing import Any

from tests.chaos.crowd import Crowd
from tests.chaos.stage import chaos

WITHIN_S = 100.0
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "rate_limit", "count": 3, "seconds": 0.5},
    {"kind": "reconnect"},
    {"kind": "status", "count": 5, "code": 503},
    {"kind": "drop", "count": 4, "method": "POST", "path": "/messages"},
    {"kind": "close", "code": 4000},
    {"kind": "lose_reply", "count": 4, "method": "POST", "path": "/messages"},
    {"kind": "malformed_event", "count": 3},
    {"kind": "slow", "count": 4, "seconds": 1.0},
    {"kind": "invalid_session"},
    {"kind": "lose_reply", "count": 4},
    {"kind": "close", "code": 1006},
    {"kind": "silent_socket"},
)
MOST_REQUESTS_A_COMMIT = 4
"""A post, a change of the card, a receipt or two, and what faults make be sent again."""


async def test_all_faults_together_lose_and_double_nothing_and_make_nobody_spin(tmp_path: Path):
    async with chaos(tmp_path) as stage:
        crowd = Crowd(stage=stage, steps=8, rng=random.Random(3), takes_s=0.4)  # noqa: S311
        stage.model.will_always(crowd.reply)
        await stage.start(stage.role("gateway", "gateway"), stage.role("worker", "worker"))
        await stage.people.until_bot_is_ready()
        await crowd.begin(4)
        before = len(await stage.people.log())
        steering = asyncio.create_task(crowd.steer(4))
        for fault in FAULTS:
            await stage.people.post("/faults", **fault)
            await asyncio.sleep(0.5)
        await steering
        # a silent socket is found by its silence; here people do not want to wait for that
        await stage.people.post("/faults", kind="close", code=4000)
        await crowd.until_over(WITHIN_S)
        assert await crowd.broken() == []
        sent = len(await stage.people.log()) - before
        commits = sum([len(await stage.journal(ref)) for ref in crowd.goals])
        assert sent < commits * MOST_REQUESTS_A_COMMIT
