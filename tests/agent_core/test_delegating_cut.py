"""A goal with a delegate, its worker cut off right after each commit: nothing is lost and nothing doubled."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from agent_core.below import Delegated, Rejoined
from agent_core.control import Control, Order, Prefix
from agent_core.delegating import Delegating
from agent_core.errors import StoreUnavailableError
from agent_core.events import CallReserved, CallSettled, Commit, Observed
from agent_core.loop import turn
from agent_core.roles import Roles, every_role
from agent_core.signals import Signal, ThreadOpened
from agent_core.storage import Storage
from agent_core.storage.budgets import Entry
from agent_core.storage.journal import Journal
from agent_core.values import Autonomy, SessionRef
from tests.agent_core.budget.shop import ANN, open_shop
from tests.fakes import Request, ScriptedModel, Turn

MOST_TURNS = 200


def answer(request: Request) -> Turn:
    """The model: what it says depends on the request alone, so that one asked again says the same."""
    below = "You are one part" in request["messages"][0]["content"]
    done = sum(one["role"] == "assistant" for one in request["messages"])
    if below:
        calls = [("write_file", {"path": "part.txt", "content": "x"}), ("finish", {"summary": "the part"})]
    else:
        calls = [("delegate", {"goal": "do a part"}), ("finish", {"summary": "all"})]
    return Turn(calls=(calls[done],))


async def test_cut_off_after_each_commit_a_delegate_is_begun_once_and_booked_once(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    written: list[tuple[SessionRef, int]] = []
    held: list[SessionRef] = []
    append = Journal.append

    async def cut(
        self: Journal,
        ref: SessionRef,
        commit: Commit,
        inbox_after: str | None = None,
        epoch: int | None = None,
    ) -> list[tuple[str, Signal]]:
        fresh = await append(self, ref, commit, inbox_after, epoch)
        written.append((ref, commit.version))
        holds = [one for one in commit.events if isinstance(one, CallReserved) and one.day]
        if holds and len([one for one in held if one == ref]) >= 2:
            return fresh  # cut off here for ever, it would never ask the model
        held.extend(ref for _ in holds)
        raise StoreUnavailableError("the worker is gone")

    async with ScriptedModel.open() as model, open_shop(storage, tmp_path, model.base_url) as shop:
        model.answers(answer)
        house = shop.house
        roles = Roles(house.tools, every_role())
        prefix = Prefix(model="scripted", system="s", tools=house.tools.schemas(), roles=roles.prefixes())
        control = Control(storage=storage, engine=shop.engine, clock=shop.clock, prefix=prefix)
        below = Delegating(storage=storage, engine=shop.engine, clock=shop.clock, prefix=prefix)
        house = replace(house, roles=roles.toolboxes, delegating=below)
        ref = SessionRef("10", "1")
        order = Order(ref=ref, goal="g", starter=ANN, channel_id="30", autonomy=Autonomy.AUTO)
        await control.start(order)
        await control.signal(ref, ThreadOpened(thread_id="40", upload_limit=10**7))
        monkeypatch.setattr(Journal, "append", cut)
        for _ in range(MOST_TURNS):
            for one in (ref, ref.sub("1.1")):
                with suppress(StoreUnavailableError):  # begun anew from the journal
                    await turn(house, one)
            if (await control.read(ref)).ended:
                break
        state, child = await control.read(ref), await control.read(ref.sub("1.1"))
        for one in (ref, child.ref):  # what the last commits have settled comes into the books
            await turn(house, one)
        commits = await control.commits(ref)
        happened = [event for commit in commits for event in commit.events]
        settled = [
            event
            for session in (ref, child.ref)
            for commit in await control.commits(session)
            for event in commit.events
            if isinstance(event, CallSettled) and event.day
        ]
        first = settled[0]
        books = await storage.budgets.sums(
            Entry(ref=ref, call="0", member_id=ANN.id, day=first.day, host_day=first.host_day)
        )
    assert len(written) == len(set(written)) > 10
    assert state.ended is not None
    assert sum(isinstance(one, Delegated) for one in happened) == 1
    assert sum(isinstance(one, Rejoined) for one in happened) == 1
    assert sum(isinstance(one, Observed) for one in happened) == 1
    assert sum(isinstance(one, CallReserved) and one.purpose == "delegate" for one in happened) == 1
    assert set(state.files) == {"part.txt"}
    assert state.spending.open == child.spending.open == {}
    assert state.spending.given == child.spending.total > 0
    assert state.spending.own + child.spending.own == sum(one.nano for one in settled)
    assert books.member_day.nano == books.server_day.nano == books.host_day.nano
    assert books.host_day.nano == state.spending.total
