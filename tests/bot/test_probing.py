"""At the start: the model is tried out once a week, on the host's account, and nothing waits for it."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent_core.clock import Clock
from agent_core.storage import Storage
from agent_core.storage.budgets import Entry
from agent_core.values import NANO, SessionRef
from bot.app.outside import Outside, Part, named_model
from bot.app.probing import Trial, probe_at_start
from bot.settings import Role, Settings, load
from tests.fakes import Call, Request, ScriptedModel, Turn

PRICES = json.dumps({"scripted": [1, 1, 1]})
EACH = 110_000  # nano-dollars of one scripted reply at that price


def able(request: Request) -> Turn:
    """Calls what it is asked to call."""
    asked = str(request["messages"])
    call: Call = ("colour", {"name": "red"}) if "image_url" in asked else ("add", {"a": 17, "b": 25})
    return Turn(calls=(("report", {"total": 42}) if "'role': 'tool'" in asked else call,))


@pytest.fixture
async def storage(redis_url: str, tmp_path: Path) -> AsyncGenerator[Storage]:
    async with Storage.open(redis_url, tmp_path / "blobs") as opened:
        yield opened


async def started(
    storage: Storage, settings: Settings, role: Role = "all", *, to_its_end: bool = True
) -> list[Part]:
    """What the table says of the model once this role has started."""
    async with AsyncExitStack() as stack:
        outside = Outside(stack, settings)
        model = await stack.enter_async_context(named_model(settings, settings.smart_model))
        trial = Trial(settings=settings, storage=storage, model=model, clock=Clock())
        await probe_at_start(stack, outside, trial, role)
        while to_its_end and not await storage.facts.get(model.id):  # noqa: ASYNC110 - a task of its own
            await asyncio.sleep(0.01)
        return outside.parts


def settings(url: str, **more: str) -> Settings:
    given = {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "k", "SMART_MODEL": "scripted", "MODEL_PRICES": PRICES}
    return load({**given, **more}, env_file=None)


async def test_a_model_is_tried_out_once_and_the_host_pays(storage: Storage):
    async with ScriptedModel.open() as model:
        model.answers(able)
        await started(storage, settings(model.base_url))
        assert len(model.requests) == 3
        again = await started(storage, settings(model.base_url))
        (known,) = await started(storage, settings(model.base_url), "gateway")
        assert len(model.requests) == 3
    assert [part.text for part in again] == [known.text]
    assert known.text.startswith("scripted can drive a goal")
    sums = await storage.budgets.sums(_today())
    assert sums.host_day.nano == sums.host_month.nano == 3 * EACH
    assert sums.host_day.open == 0


async def test_a_host_without_room_for_it_sends_nothing(storage: Storage):
    async with ScriptedModel.open() as model:
        model.answers(able)
        (line,) = await started(storage, settings(model.base_url, HOST_DAY_USD="0"), to_its_end=False)
        assert model.requests == []
    assert "could not be tried" in line.text
    assert line.warns


async def test_a_gateway_alone_asks_nothing_and_a_host_may_switch_it_off(storage: Storage):
    async with ScriptedModel.open() as model:
        assert await started(storage, settings(model.base_url), "gateway", to_its_end=False) == []
        off = settings(model.base_url, MODEL_PROBE="0")
        assert await started(storage, off, to_its_end=False) == []
        assert model.requests == []


async def test_a_model_that_does_not_answer_holds_no_start_up(storage: Storage):
    async with ScriptedModel.open() as model:  # it has no script, so it never answers
        (line,) = await started(storage, settings(model.base_url), to_its_end=False)
    assert "is being tried out" in line.text
    sums = await storage.budgets.sums(_today())
    assert 0 < sums.host_day.nano < NANO // 10  # what may have been charged stands at what was held


def _today() -> Entry:
    day = datetime.now(UTC).date().isoformat()
    return Entry(ref=SessionRef("host", "host"), call="0", member_id="host", day=day, host_day=day)
