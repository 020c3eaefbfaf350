"""Rate limits as Discord's headers tell them, and the faults that people order."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import aiohttp
import pytest

from playground import Playground
from playground.rest.pacing import Pacing
from tests.playground.conftest import no_page
from tests.playground.people import Http, Json, Place, http_on


@pytest.fixture
async def paced(tmp_path: Path) -> AsyncGenerator[Http, None]:
    async with Playground(tmp_path / "paced", 0, page=no_page) as started, http_on(started.url) as http:
        yield http


async def test_five_messages_in_five_seconds(paced: Http):
    await paced.api("GET", "/users/@me")
    channels = (await paced.place()).channels
    path = f"/channels/{channels['general']}/messages"
    answers = [await paced.api("POST", path, {"content": "x"}) for _ in range(6)]
    assert [answer.status for answer in answers] == [200] * 5 + [429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["4", "3", "2", "1", "0", "0"]
    refused = answers[-1]
    assert 0 < refused.body["retry_after"] <= 5
    assert refused.body["global"] is False
    assert {"Via", "Retry-After", "X-RateLimit-Bucket", "X-RateLimit-Reset-After"} <= set(refused.headers)
    other = await paced.api("POST", f"/channels/{channels['playground']}/messages", {"content": "x"})
    assert other.status == 200
    assert other.headers["X-RateLimit-Bucket"] == refused.headers["X-RateLimit-Bucket"]
    await paced.person("POST", "/clock", {"advance_s": 5})
    assert (await paced.api("POST", path, {"content": "x"})).status == 200


async def test_fifty_requests_a_second_over_all_routes(paced: Http):
    answers = [await paced.api("GET", "/users/@me" if n % 2 else "/gateway/bot") for n in range(60)]
    refused = [answer for answer in answers if answer.status == 429]
    if len(answers) - len(refused) > 50:
        pytest.skip("this machine was too slow to send more than fifty in one second")
    assert refused[0].body["global"] is True
    assert refused[0].headers["X-RateLimit-Scope"] == "global"


def test_ten_thousand_wrong_requests_in_ten_minutes_ban():
    now = 0.0
    pacing = Pacing(lambda: now, enabled=True)
    for status in (401, 403, 429, 404, 200) * 3333:
        pacing.count_invalid(status)
    assert pacing.banned() is None
    pacing.count_invalid(401)
    assert pacing.banned() == 600
    now = 601.0
    assert pacing.banned() is None


async def test_rest_faults_hit_what_they_name(http: Http, place: Place):
    messages = f"/channels/{place.channel_id}/messages"
    await http.person("POST", "/faults", {"kind": "rate_limit", "path": "/messages", "seconds": 7})
    assert (await http.api("GET", "/users/@me")).status == 200
    limited = await http.api("POST", messages, {"content": "x"})
    assert (limited.status, limited.body["retry_after"]) == (429, 7)
    assert "Via" in limited.headers

    fault: Json = {
        "kind": "status",
        "code": 503,
        "method": "GET",
        "path": "/channels/{id}/messages",
        "count": 2,
    }
    await http.person("POST", "/faults", fault)
    assert (await http.api("POST", messages, {"content": "kept"})).status == 200
    assert [(await http.api("GET", messages)).status for _ in range(3)] == [503, 503, 200]

    await http.person("POST", "/faults", {"kind": "drop", "method": "POST"})
    with pytest.raises(aiohttp.ClientConnectionError):
        await http.api("POST", messages, {"content": "dropped"})
    await http.person("POST", "/faults", {"kind": "lose_reply", "method": "POST"})
    with pytest.raises(aiohttp.ClientConnectionError):
        await http.api("POST", messages, {"content": "lost reply"})
    said = [one["content"] for one in await http.messages(place.channel_id)]
    assert said == ["kept", "lost reply"]

    await http.person("POST", "/faults", {"kind": "slow", "seconds": 30})
    await http.person("DELETE", "/faults")
    assert (await http.api("GET", messages)).status == 200


async def test_a_slow_reply_comes_after_one_that_was_asked_for_later(http: Http, place: Place):
    assert place.guild_id
    order: list[str] = []

    async def ask(path: str) -> None:
        assert (await http.api("GET", path)).status == 200
        order.append(path)

    await http.person("POST", "/faults", {"kind": "slow", "path": "/users/@me", "seconds": 0.5})
    async with asyncio.TaskGroup() as group:
        group.create_task(ask("/users/@me"))
        group.create_task(ask("/gateway/bot"))
    assert order == ["/gateway/bot", "/users/@me"]


async def test_an_unknown_fault_is_a_clear_error(http: Http):
    answer = await http.ask("POST", "/playground/faults", {"kind": "earthquake"})
    assert answer.status == 400
    assert "lose_reply" in answer.body["message"]


async def test_time_goes_forward_only(http: Http):
    now = (await http.person("POST", "/clock", {"advance_s": 0}))["now"]
    later = (await http.person("POST", "/clock", {"advance_s": 3600}))["now"]
    assert later - now >= 3600
    assert (await http.ask("POST", "/playground/clock", {"advance_s": -1})).status == 400


async def test_an_interaction_cannot_be_answered_late(http: Http, place: Place):
    await http.api("PUT", "/applications/123456789012345678/commands", [{"name": "a", "description": "b"}])
    async with http.session.ws_connect(http.url.replace("http", "ws", 1) + "/gateway") as socket:
        await socket.receive_json(timeout=5)
        await socket.send_json({"op": 2, "d": {"token": http.token, "intents": 0, "properties": {}}})
        assert (await socket.receive_json(timeout=5))["t"] == "READY"
        silent = await http.person("POST", "/commands", place.by_owner(name="a"))
        late = (await socket.receive_json(timeout=5))["d"]
        path = f"/interactions/{late['id']}/{late['token']}/callback"
        await http.person("POST", "/clock", {"advance_s": 3})
        answer = await http.api("POST", path, {"type": 4, "data": {"content": "x"}})
    assert silent["acknowledged_ms"] is None
    assert (answer.status, answer.body["code"]) == (404, 10062)
    webhook = f"/webhooks/123456789012345678/{late['token']}"
    await http.person("POST", "/clock", {"advance_s": 900})
    dead = await http.api("POST", webhook, {"content": "x"})
    assert (dead.status, dead.body["code"]) == (401, 50027)
