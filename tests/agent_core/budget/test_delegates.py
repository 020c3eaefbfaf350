"""Goals of one member that hand work down: together they stay below the cap, also where replies are lost."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent_core.control import Control, Order, Prefix
from agent_core.delegating import Delegating
from agent_core.loop import turn
from agent_core.roles import Roles, every_role
from agent_core.session import State
from agent_core.signals import ThreadOpened
from agent_core.storage import Storage
from agent_core.values import Autonomy, Limits, SessionRef
from tests.agent_core.budget.shop import ANN, WIDE, Shop, open_shop
from tests.agent_core.budget.test_sessions import CENT, books, rough
from tests.agent_core.budget.till import Till

SESSIONS = 30
ROUNDS = 60


def hands_down(request: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """A goal delegates every other step; its delegates look at their files for as long as they may."""
    if "You are one part" in str(request["messages"][0]["content"]):
        return ("list_files", {"path": "."})
    done = sum(one["role"] == "assistant" for one in request["messages"])
    return ("delegate", {"goal": "look"}) if done % 2 == 0 else None


async def run_dry(shop: Shop, control: Control, ref: SessionRef) -> list[State]:
    """Turn by turn, with the delegates; the states of all of them."""
    children = [ref.sub(f"{step}.1") for step in range(1, 20)]
    for _ in range(ROUNDS):
        await turn(shop.house, ref)
        state = await control.read(ref)
        for child in children[: state.step + 1]:
            if await shop.house.storage.states.load(child):
                await turn(shop.house, child)
        shop.clock.advance(61)
        await asyncio.sleep(0)
        if state.ended or (state.limit and state.limit.what == "member_day"):
            break
    found = [await shop.house.storage.states.load(one) for one in (ref, *children)]
    return [state for state in found if state]


async def test_goals_with_delegates_together_stay_below_the_members_cap(storage: Storage, tmp_path: Path):
    caps = replace(WIDE, member_day=12 * CENT)
    limits = Limits(usd=0.5, steps=60)
    async with Till.open(rough(4)) as till, open_shop(storage, tmp_path, till.base_url, caps=caps) as shop:
        till.calls = hands_down
        roles = Roles(shop.house.tools, every_role())
        prefix = Prefix(
            model="scripted",
            system="s",
            tools=shop.house.tools.schemas(),
            roles=roles.prefixes(),
            limits=limits,
        )
        control = Control(storage=storage, engine=shop.engine, clock=shop.clock, prefix=prefix)
        below = Delegating(storage=storage, engine=shop.engine, clock=shop.clock, prefix=prefix)
        shop.house = replace(shop.house, roles=roles.toolboxes, delegating=below)
        refs = [SessionRef("10", str(number)) for number in range(1, SESSIONS + 1)]
        for ref in refs:
            await control.start(
                Order(ref=ref, goal="do it", starter=ANN, channel_id="30", autonomy=Autonomy.AUTO)
            )
            await control.signal(ref, ThreadOpened(thread_id="40", upload_limit=10**7))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(run_dry(shop, control, ref)) for ref in refs]
        states = [state for task in tasks for state in task.result()]
        assert any(state.ref.is_sub for state in states)
        sums = await books(storage, replace(shop, control=control))
        assert 0 < sums.member_day.nano <= caps.member_day
        lost = sum(state.spending.lost_nano for state in states)
        held = sums.member_day.open
        assert till.billed + lost == sums.member_day.nano - held
