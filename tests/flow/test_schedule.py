"""Goals that begin by themselves, over the wire, with days that pass."""

import asyncio
from typing import Any

from tests.flow.conftest import Stage
from tests.flow.people import WAIT_S, Thread

FINISH = ("finish", {"summary": "done"})


async def threads(stage: Stage, count: int) -> list[dict[str, Any]]:
    """The server's threads once there are so many."""
    async with asyncio.timeout(WAIT_S):
        while len(found := await stage.people.threads()) < count:  # noqa: ASYNC110 - another process acts
            await asyncio.sleep(0.05)
    return sorted(found, key=lambda one: int(one["id"]))


async def add(stage: Stage, when: str, **more: Any) -> dict[str, Any]:
    return await stage.people.command("schedule add", when=when, text="water the plants", **more)


async def test_a_recurring_goal_begins_each_time_once(stage: Stage):
    added = await add(stage, "every day at 9:00")
    assert "next <t:" in added["content"]
    for day in (1, 2):
        stage.model.will("watered", FINISH)
        stage.clock.advance(86400)
        (*_, newest) = await threads(stage, day)
        await Thread(people=stage.people, id=newest["id"]).says("finished, unchecked")
    assert len(await stage.people.threads()) == 2
    assert "every day at 9:00" in (await stage.people.command("schedule list"))["content"]


async def test_a_check_that_prints_nothing_keeps_the_model_asleep(stage: Stage):
    await add(stage, "every day at 9:00", check="x = 1")
    stage.clock.advance(3 * 86400)
    plans = await stage.people.command("schedule list")
    assert "next <t:" in plans["content"]
    assert stage.model.requests == []
    assert await stage.people.threads() == []


async def test_a_broken_check_pauses_it_after_three_times_and_the_channel_is_told(stage: Stage):
    await add(stage, "every day at 9:00", check="1 / 0")
    channel = Thread(people=stage.people, id=stage.people.channel_id)
    for _ in range(3):
        stage.clock.advance(86400)
        await asyncio.sleep(0.5)
    await channel.says("3 times in a row it could not begin")
    assert "paused" in (await stage.people.command("schedule list"))["content"]


async def test_its_post_is_pressed_by_who_may_and_by_nobody_else(stage: Stage):
    card = await add(stage, "every day at 9:00")
    channel = Thread(people=stage.people, id=stage.people.channel_id)
    stranger = await stage.people.member("Mallory")
    await channel.press(card, "🗑️", stranger)
    await channel.says("You may not change the settings here")
    await channel.press(card, "⏸️")
    await channel.says("paused: ")
    await channel.press(card, "▶️")
    stage.model.will("watered", FINISH)
    await stage.people.command("schedule run", schedule="1")
    (thread,) = await threads(stage, 1)
    await Thread(people=stage.people, id=thread["id"]).says("finished, unchecked")
    await stage.people.command("schedule remove", schedule="1")
    assert "Nothing is scheduled" in (await stage.people.command("schedule list"))["content"]


async def test_what_is_no_time_is_refused_with_examples(stage: Stage):
    assert "every monday 9:00" in (await add(stage, "now and then"))["content"]
