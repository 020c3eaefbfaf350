"""A reply costs what the host says, else the list, else the server; else nobody knows."""

from typing import Any

import pytest

from agent_core.model import estimate_tokens
from tests.agent_core.model.asking import ask
from tests.agent_core.model.hostile import document, message

TOKENS = {
    "prompt_tokens": 1_000_000,
    "completion_tokens": 100_000,
    "prompt_tokens_details": {"cached_tokens": 500_000},
}
CHARGED = {**TOKENS, "cost": 0.123}


async def cost(usage: Any, **settings: Any) -> float | None:
    return (await ask(message(content="x", usage=usage), **settings)).cost_usd


async def test_the_hosts_own_price_counts_first():
    own = {"gpt-4o-mini": (2.0, 1.0, 10.0)}
    assert await cost(CHARGED, name="gpt-4o-mini", prices=own) == pytest.approx(1.0 + 0.5 + 1.0)


async def test_a_known_model_has_its_list_price():
    assert await cost(CHARGED, name="gpt-4o-mini") == pytest.approx(0.075 + 0.0375 + 0.06)


async def test_a_price_for_another_model_is_no_price_for_this_one():
    listed = await cost(TOKENS, name="gpt-4o-mini")
    assert await cost(TOKENS, name="gpt-4o-mini", prices={"other": (1.0, 1.0, 1.0)}) == listed


async def test_an_unknown_model_costs_what_the_server_charges():
    assert await cost(CHARGED, name="scripted") == 0.123


@pytest.mark.parametrize("charged", [None, "0.1", -1, True, 1e9, float("inf"), [0.1]])
async def test_without_any_price_the_cost_is_unknown(charged: Any):
    assert await cost({**TOKENS, "cost": charged}, name="scripted") is None


async def test_free_wins_over_list_prices_and_charges():
    assert await cost(CHARGED, name="gpt-4o-mini", prices="free") == 0


async def test_without_usage_nothing_is_priced():
    bare = document({"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}]})
    reply = await ask(bare, name="gpt-4o-mini")
    assert (reply.usage.total_tokens, reply.cost_usd) == (0, None)
    assert (await ask(bare, name="gpt-4o-mini", prices="free")).cost_usd == 0


@pytest.mark.parametrize(
    "name", ["demo", "scripted", "test-model", "fake", "m", "llama3.1:8b", "../x", "", "x" * 5000]
)
async def test_unknown_names_have_no_list_price(name: str):
    assert await cost(TOKENS, name=name) is None


def test_an_estimate_counts_three_bytes_a_token():
    assert estimate_tokens("") == 0
    assert estimate_tokens("abcd") == 2
    assert estimate_tokens("日本") == 2
    assert estimate_tokens([{"role": "user", "content": "hi"}]) == 11
    assert estimate_tokens("\ud83c") == 1
