"""What sessions may spend: never more than their own cap, the member's, the server's and the host's."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agent_core.budget import share_reserved, share_settled
from agent_core.events import LimitReached, ToppedUp
from agent_core.session import State
from agent_core.storage import Storage
from agent_core.storage.budgets import Entry, Sums
from agent_core.values import NANO, Limits, Parent, Person
from tests.agent_core.budget.shop import ANN, WIDE, Shop, open_shop
from tests.agent_core.budget.till import Fate, Till

CENT = NANO // 100


def rough(seed: int) -> Callable[[], Fate]:
    """Mostly answered; one in four is not."""
    chance = random.Random(seed)  # noqa: S311 -- the same in every run
    kinds: tuple[Fate, ...] = ("ok", "drop", "cut", "refuse", "fail")

    def fate() -> Fate:
        return chance.choices(kinds, weights=[30, 3, 3, 2, 2])[0]

    return fate


async def books(storage: Storage, shop: Shop, guild: str = "10") -> Sums:
    """What stands in the books of Ann, server and host now."""
    (ref,) = await shop.control.recent(guild, 1)
    state = await shop.control.read(ref)
    standing = await shop.house.meter.standing(state)
    entry = Entry(
        ref=state.ref,
        call="0",
        member_id=state.starter.id,
        day=standing.day,
        host_day=standing.host_day,
    )
    return await storage.budgets.sums(entry)


async def test_a_session_with_one_cent_never_sends_the_request_that_could_pass_it(
    storage: Storage, tmp_path: Path
):
    async with Till.open() as till, open_shop(storage, tmp_path, till.base_url) as shop:
        ref = await shop.start(usd=0.01)
        state = await shop.run_dry(ref)
        assert state.limit is not None
        assert (state.limit.what, state.limit.until, state.waiting) == ("usd", None, "budget")
        assert 0 < till.billed <= CENT
        assert state.spending.settled == till.billed
        assert len(till.log) == state.step > 1
        assert (await books(storage, shop)).member_day.nano == till.billed
        await shop.turn(ref)
        assert len(till.log) == state.step


async def test_each_press_adds_the_first_budget_again(storage: Storage, tmp_path: Path):
    async with Till.open() as till, open_shop(storage, tmp_path, till.base_url) as shop:
        ref = await shop.start(usd=0.01)
        await shop.run_dry(ref)
        for cents in (2, 3):
            await shop.press(ref)
            state = await shop.run_dry(ref)
            assert state.limits.usd == pytest.approx(cents / 100)
            assert (cents - 1) * CENT < till.billed <= cents * CENT


async def test_a_grant_ends_where_the_next_cap_does(storage: Storage, tmp_path: Path):
    caps = replace(WIDE, server_day=3 * CENT // 2)
    async with Till.open() as till, open_shop(storage, tmp_path, till.base_url, caps=caps) as shop:
        ref = await shop.start(usd=0.01)
        before = await shop.run_dry(ref)
        left = caps.server_day - before.spending.settled
        await shop.press(ref)
        state = await shop.run_dry(ref)
        assert round(state.limits.usd * NANO) == CENT + left
        assert state.limit is not None
        assert state.limit.what == "server_day"
        assert till.billed <= caps.server_day


async def test_a_grant_to_a_sub_session_ends_where_its_parent_does(storage: Storage, tmp_path: Path):
    async with Till.open() as till, open_shop(storage, tmp_path, till.base_url) as shop:
        parent = await shop.control.read(await shop.start("1", usd=0.025))
        child = await shop.start("2", usd=0.01)
        begun = parent.spending
        meter = shop.house.meter
        await meter.commit(parent, (share_reserved("2", usd=0.01, tokens=1000),))
        assert begun.total == CENT
        state = await shop.run_dry(child)
        state.started = replace(state.started, parent=Parent(ref=parent.ref, action="1.1", tool="delegate"))
        for expected in (0.01, 0.005, None):
            (event,) = await meter.granted(state, (ToppedUp(person=ANN, by=Limits(usd=0.01)),))
            if isinstance(event, ToppedUp):
                assert event.by.usd == pytest.approx(expected)
                state.limits = state.limits.plus(event.by)
            else:
                assert expected is None
                assert isinstance(event, LimitReached)
        await meter.commit(parent, (share_settled("2", spent=till.billed, usage=state.usage),))
        again = await shop.control.read(parent.ref)
        assert (again.spending.total, again.spending.open) == (till.billed, {})
        assert (again.spending.own, state.spending.own) == (0, till.billed)
        assert (await books(storage, shop, "10")).member_day.nano == till.billed  # once, not twice


async def test_what_a_member_has_spent_is_there_again_the_next_day(storage: Storage, tmp_path: Path):
    caps = replace(WIDE, member_day=CENT)
    async with Till.open() as till, open_shop(storage, tmp_path, till.base_url, caps=caps) as shop:
        ref = await shop.start()
        state = await shop.run_dry(ref)
        assert state.limit is not None
        assert state.limit.what == "member_day"
        assert state.limit.until is not None
        assert "member" in state.limit.text
        assert shop.engine.alarms[ref] == state.limit.until
        first = till.billed
        shop.clock.advance(state.limit.until - shop.clock.now())
        await shop.run_dry(ref)
        assert first < till.billed <= 2 * CENT
        assert (await books(storage, shop)).member_day.nano == till.billed - first


async def test_two_hundred_sessions_of_one_member_stay_below_the_members_cap(
    storage: Storage, tmp_path: Path
):
    caps = replace(WIDE, member_day=40 * CENT)
    async with Till.open(rough(1)) as till, open_shop(storage, tmp_path, till.base_url, caps=caps) as shop:
        refs = [await shop.start(str(number)) for number in range(1, 201)]
        await agree(storage, shop, till, await shop.run_all_dry(refs))
        sums = await books(storage, shop)
        assert 38 * CENT < sums.member_day.nano <= caps.member_day
        assert sums.member_day == sums.server_day


async def agree(storage: Storage, shop: Shop, till: Till, states: list[State]) -> None:
    """The books are the server's log, with each lost reply at its reservation."""
    settled = await shop.settled(*(state.ref for state in states))
    lost = [one for one in settled if one.outcome == "lost"]
    assert len(lost) == till.fated["drop"] + till.fated["cut"]
    assert sum(one.outcome == "billed" for one in settled) == till.fated["ok"]
    whole = till.billed + sum(one.nano for one in lost)
    assert sum(state.spending.settled for state in states) == whole
    sums = await books(storage, shop)
    assert sums.host_day.nano == sums.host_month.nano == whole
    assert (sums.host_day.open, sums.server_day.open, sums.member_day.open) == (0, 0, 0)
    assert all(not state.spending.open for state in states)


async def test_all_servers_together_stay_below_the_hosts_cap(storage: Storage, tmp_path: Path):
    caps = replace(WIDE, host_day=20 * CENT)
    async with Till.open(rough(2)) as till, open_shop(storage, tmp_path, till.base_url, caps=caps) as shop:
        refs = [
            await shop.start("1", guild=str(guild), who=Person(id=str(guild), name="x"))
            for guild in range(100, 160)
        ]
        states = await shop.run_all_dry(refs)
        assert {state.limit.what for state in states if state.limit} == {"host_day"}
        settled = await shop.settled(*refs)
        whole = till.billed + sum(one.nano for one in settled if one.outcome == "lost")
        assert (await books(storage, shop, "100")).host_day.nano == whole
        assert 18 * CENT < whole <= caps.host_day


async def test_a_worker_that_dies_at_any_moment_leaves_the_books_right(storage: Storage, tmp_path: Path):
    caps, chance = replace(WIDE, member_day=30 * CENT), random.Random(3)  # noqa: S311
    async with Till.open(rough(3)) as till, open_shop(storage, tmp_path, till.base_url, caps=caps) as shop:
        refs = [await shop.start(str(number)) for number in range(1, 31)]
        for _ in range(12):  # every turn is cut off at some point
            tasks = [asyncio.create_task(shop.turn(ref)) for ref in refs]
            await asyncio.sleep(chance.uniform(0.02, 0.4))
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        await shop.run_all_dry(refs)
        settled = await shop.settled(*refs)
        whole = sum(one.nano for one in settled)
        sums = await books(storage, shop)
        assert sums.member_day.nano == sums.host_day.nano == whole <= caps.member_day
        assert (sums.host_day.open, sums.member_day.open) == (0, 0)
        known = sum(one.nano for one in settled if one.outcome == "billed")
        assert known <= till.billed  # a reply that came to a dead worker is lost
        in_log = till.fated["ok"] + till.fated["drop"] + till.fated["cut"]
        assert sum(one.outcome != "unsent" for one in settled) >= in_log


async def test_a_repeat_after_a_lost_reply_is_held_by_itself(storage: Storage, tmp_path: Path):
    fates: list[Fate] = ["drop", "refuse", "cut"]
    async with (
        Till.open(lambda: fates.pop(0) if fates else "ok") as till,
        open_shop(storage, tmp_path, till.base_url, limits=Limits(steps=1)) as shop,
    ):
        ref = await shop.start()
        state = await shop.turn(ref)
        outcomes = [one.outcome for one in await shop.settled(ref)]
        assert outcomes == ["lost", "unsent", "lost", "billed"]
        held = await shop.reserved(ref)
        assert len(held) == len(till.log) == 4
        assert state.spending.lost_nano == held[0].nano + held[2].nano
        assert state.spending.settled == till.billed + state.spending.lost_nano


async def test_the_server_is_told_what_it_may_answer_and_closed_when_it_says_more(
    storage: Storage, tmp_path: Path
):
    async with (
        Till.open() as till,
        open_shop(storage, tmp_path, till.base_url, limits=Limits(usd=0.02, steps=1)) as shop,
    ):
        till.talks = 100_000
        ref = await shop.start()
        state = await shop.turn(ref)
        (held,) = await shop.reserved(ref)
        assert till.log[0].body["max_tokens"] < 4096
        assert state.spending.settled == held.nano <= 2 * CENT
        assert state.step == 1


async def test_a_session_out_of_tokens_waits(storage: Storage, tmp_path: Path):
    async with (
        Till.open() as till,
        open_shop(storage, tmp_path, till.base_url, prices="free", limits=Limits(tokens=5000)) as shop,
    ):
        ref = await shop.start()
        state = await shop.run_dry(ref)
        assert state.limit is not None
        assert state.limit.what == "tokens"
        assert 0 < state.usage.total_tokens <= 5000


async def test_a_model_without_a_price_is_not_asked(storage: Storage, tmp_path: Path):
    async with Till.open() as till, open_shop(storage, tmp_path, till.base_url, prices=None) as shop:
        ref = await shop.start()
        state = await shop.turn(ref)
        assert state.paused is not None
        assert "MODEL_PRICES" in state.paused.reason
        assert state.step == 0
        assert [one.body.get("tools") for one in till.log] == [None]
        assert state.spending.settled == CENT  # the one small question whether the server says its charge


async def test_a_server_that_says_what_it_charges_needs_no_price(storage: Storage, tmp_path: Path):
    async with (
        Till.open() as till,
        open_shop(storage, tmp_path, till.base_url, prices=None, limits=Limits(usd=0.2, steps=5)) as shop,
    ):
        till.cost = True
        ref = await shop.start()
        state = await shop.turn(ref)
        assert state.step == 5
        assert state.spending.settled == till.billed


async def test_a_free_model_is_counted_in_tokens(storage: Storage, tmp_path: Path):
    async with (
        Till.open() as till,
        open_shop(storage, tmp_path, till.base_url, prices="free", limits=Limits(steps=3)) as shop,
    ):
        ref = await shop.start()
        state = await shop.turn(ref)
        assert "max_tokens" not in till.log[0].body
        assert await shop.reserved(ref) == []
        assert state.usage.total_tokens > 0
        sums = await books(storage, shop)
        assert (sums.member_day.nano, sums.member_day.calls) == (0, 3)
        assert sums.member_day.tokens == state.usage.total_tokens
