"""Money, over the wire: nothing is asked of the model past a cap, 💰 grants more, and /usage adds it up."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest_asyncio

from bot.app import running
from bot.reporter import Pace
from playground import Playground
from tests.fakes import ScriptedModel
from tests.flow.conftest import Stage, settings_for
from tests.flow.people import People, emoji_of

PRICE = 20.0
"""US$ per million tokens: the first request holds some dimes, and costs a fifth of a cent."""
BUDGET = 0.15
"""US$: less than the first request holds, and more than half of it."""


@pytest_asyncio.fixture
async def dear(
    playground: Playground, people: People, redis_url: str, data_dir: Path
) -> AsyncGenerator[Stage]:
    """A bot whose model costs something."""
    async with ScriptedModel.open() as model:
        prices = f'{{"scripted": [{PRICE}, {PRICE}, {PRICE}]}}'
        settings = settings_for(playground, redis_url, model.base_url, data_dir, MODEL_PRICES=prices)
        async with running(settings, pace=Pace(young_s=0.05)) as up:
            await people.until_bot_is_ready()
            yield Stage(people=people, model=model, control=up.control, settings=settings)


async def test_a_goal_waits_for_money_and_goes_on_once_it_has_some(dear: Stage):
    thread = await dear.people.goal("say it", budget=BUDGET)
    question = await thread.until(lambda one: "💰" in emoji_of(one), "a budget question")
    assert f"of the ${BUDGET:.2f} that this goal may cost" in question["content"]
    assert dear.model.requests == []
    dear.model.will("done", ("finish", {"summary": "said"}))
    await thread.press(question, "💰")
    await thread.says("finished, unchecked")
    state = await dear.state(thread)
    cost = 110 * PRICE / 1e6
    assert state.cost_usd == cost
    usage = await dear.people.command("usage")
    assert f"**This server: ${cost:.4f}**" in usage["content"]
    assert usage["attachments"][0]["filename"] == "usage.png"
