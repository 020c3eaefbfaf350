"""What the agent itself costs stands in the books as it stands in the model server's own log."""

import asyncio
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path

from agent_core.clock import Clock
from agent_core.session import State
from agent_core.signals import StopAsked
from agent_core.storage import Storage
from agent_core.values import NANO, Limits, Person, ServerRules, SessionRef
from agent_core.web import GuardedFetcher
from bot.app.treasury import open_treasury
from tests.agent_core.budget.shop import ANN, open_shop
from tests.agent_core.budget.test_sessions import rough
from tests.agent_core.budget.till import Till

GUILDS, EACH = 50, 4


async def rules(_guild_id: str) -> ServerRules:
    return ServerRules()


async def test_two_hundred_sessions_of_fifty_servers_are_booked_to_the_nano_dollar(
    storage: Storage, tmp_path: Path
):
    async with AsyncExitStack() as stack:
        web = await stack.enter_async_context(GuardedFetcher())
        treasury = await open_treasury(stack, storage, Clock(), web, rules)
        died: set[SessionRef] = set()

        async def ended(state: State) -> None:
            await treasury.book_cost(state)
            if (
                state.ref not in died
            ):  # a worker that dies right after it has booked; the next one books again
                died.add(state.ref)
                raise WorkerDiedError

        async with (
            Till.open(rough(3)) as till,
            open_shop(
                storage, tmp_path, till.base_url, limits=Limits(usd=0.01, steps=3), on_ended=ended
            ) as shop,
        ):
            refs = [
                await shop.start(str(number), guild=str(100 + guild), who=Person(id=str(guild), name="x"))
                for guild in range(GUILDS)
                for number in range(EACH)
            ]
            async with asyncio.TaskGroup() as group:
                for ref in refs:
                    group.create_task(shop.run_dry(ref))
            for ref in refs:
                await shop.control.signal(ref, StopAsked(person=ANN))
                for _ in range(2):
                    try:
                        await shop.turn(ref)
                    except WorkerDiedError:
                        continue
            states = [await shop.control.read(ref) for ref in refs]
        assert all(state.ended for state in states)
        billed, lost = Decimal(0), Decimal(0)
        for guild in range(GUILDS):
            balances = (await treasury.ledger.books(str(100 + guild))).balances()
            billed += balances.get("expenses:model", Decimal(0))
            lost += balances.get("expenses:model:lost replies", Decimal(0))
            assert sum(balances.values()) == 0
        assert billed == Decimal(till.billed) / NANO
        assert lost == Decimal(sum(state.spending.lost_nano for state in states)) / NANO
        assert lost > 0
        assert sum(state.spending.lost for state in states) == till.fated["drop"] + till.fated["cut"]


class WorkerDiedError(Exception):
    """As a kill would, at the worst moment."""
