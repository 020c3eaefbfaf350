"""The connection over the wire: what ends it, what does not, what is asked for."""

import asyncio
import base64
from typing import Any

import discord
import pytest

from agent_core.errors import StartError
from agent_core.signals import Reacted
from bot.discord_api import Facts, learn
from bot.gateway import Gateway, Patience, guard_parsers, log_in, make_client, point_at
from tests.bot.front import TOKEN, Front


async def works(front: Front) -> None:
    """The bot still takes a goal and hears a reply."""
    state = await front.goal()
    await front.say(state.thread_id or "", "still there?")
    await front.heard(state.ref, "said")


async def bot_id(front: Front) -> str:
    return (await front.ask("GET", "state"))["bots"][0]["id"]


@pytest.mark.parametrize("kind", ["malformed_event", "reconnect"])
async def test_what_the_gateway_does_to_it_never_ends_the_bot(front: Front, kind: str):
    for _ in range(3):
        await front.ask("POST", "faults", kind=kind)
        await works(front)


async def test_a_session_that_is_invalidated_is_begun_anew(front: Front):
    assert front.bot is not None
    client = front.bot.client
    before = client.ws.session_id

    async def anew() -> bool:
        return client.ws.session_id not in (None, before) and await front.ready()

    await front.ask("POST", "faults", kind="invalid_session")
    await front.until(anew)
    await works(front)


@pytest.mark.parametrize("code", [1000, 1006, 4000, 4009])
async def test_a_closed_connection_comes_back(front: Front, code: int):
    await front.ask("POST", "faults", kind="close", code=code)
    await front.until(front.ready)
    await works(front)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (4004, "refuses DISCORD_TOKEN"),
        (4010, "check SHARD_IDS"),
        (4011, "set SHARD_COUNT"),
        (4013, "intents"),
    ],
)
async def test_a_final_close_is_one_clear_sentence(front: Front, code: int, words: str):
    assert front.bot is not None
    await front.ask("POST", "faults", kind="close", code=code)
    async with asyncio.timeout(10):
        with pytest.raises(StartError, match=words):
            await front.bot.running


async def test_the_content_intent_may_be_switched_off_while_it_runs(front: Front):
    assert front.bot is not None
    await front.ask("PATCH", f"bots/{await bot_id(front)}", message_content=False)
    await front.ask("POST", "faults", kind="close", code=4014)
    client = front.bot.client

    async def went_on() -> bool:
        return not client.intents.message_content and await front.ready()

    await front.until(went_on)
    state = await front.goal()
    await front.say(state.thread_id or "", f"<@{await bot_id(front)}> hello")
    (said,) = await front.heard(state.ref, "said")
    assert said.text == "hello"


async def test_a_shard_of_its_own_works_the_same(world: Front):
    await world.start_bot(shard_count=1, shard_ids=[0])
    assert world.bot is not None
    assert isinstance(world.bot.client, discord.AutoShardedClient)
    state = await world.goal()
    message_id = await world.propose(state.ref)
    await world.ask("POST", "faults", kind="malformed_event")
    await world.press(state.thread_id or "", message_id, "✅")
    await world.heard(state.ref, "reacted")


@pytest.mark.parametrize("shards", [{}, {"shard_count": 1}])
async def test_a_connection_that_breaks_inside_the_library_is_begun_anew(
    world: Front, shards: dict[str, int]
):
    bot = await world.start_bot(**shards)
    parsers = bot.client._connection.parsers  # pyright: ignore[reportPrivateUsage]
    parse = parsers["READY"]

    def break_once(_: Any) -> None:
        parsers["READY"] = parse
        raise RuntimeError("a bug in the library")

    parsers["READY"] = break_once
    ready = asyncio.create_task(bot.client.wait_for("ready", timeout=20))
    await world.ask("POST", "faults", kind="invalid_session")
    await ready
    assert parsers["READY"] is parse
    await world.until(world.ready)
    await works(world)


async def test_commands_are_registered_once_and_only_anew_when_they_change(front: Front):
    async def puts() -> list[dict[str, Any]]:
        return [
            one for one in await front.log() if one["method"] == "PUT" and one["path"].endswith("/commands")
        ]

    assert len(await puts()) == 1
    await front.stop_bot()
    await front.start_bot()
    assert len(await puts()) == 1
    assert front.bot is not None
    front.bot.commands.remove_command("help")
    await front.bot.commands.sync_changes()
    assert len(await puts()) == 2


async def test_commands_that_could_not_be_registered_are_registered_later(world: Front):
    await world.ask("POST", "faults", kind="status", code=503, method="GET", path="*/commands", count=8)
    await world.start_bot()
    assert "Goalkeeper" in (await world.command("help"))["response"]["content"]


async def test_the_bot_asks_for_no_intent_that_it_does_not_need(front: Front):
    assert front.bot is not None
    wanted = discord.Intents(guilds=True, guild_messages=True, guild_reactions=True, message_content=True)
    assert front.bot.client.intents == wanted


async def test_facts_of_the_application_are_learnt_before_it_connects(world: Front):
    facts = await learn(f"{world.url}/api/v10", TOKEN, http=world.http)
    assert facts.reads_messages
    assert facts.gateway_url.startswith("ws://127.0.0.1")
    assert facts.application_id == base64.b64decode(TOKEN.split(".")[0] + "==").decode()


async def test_a_token_that_is_refused_is_one_clear_sentence(world: Front):
    with pytest.raises(StartError, match="Discord refuses DISCORD_TOKEN"):
        await learn(f"{world.url}/api/v10", "not-a-token", http=world.http)


async def test_a_wrong_address_is_one_clear_sentence(world: Front):
    with pytest.raises(StartError, match=r"No Discord answers at .*/nowhere.*DISCORD_API_URL"):
        await learn(f"{world.url}/nowhere", TOKEN, http=world.http)


async def test_a_token_that_is_refused_at_login_is_the_same_sentence(world: Front):
    facts = await learn(f"{world.url}/api/v10", TOKEN, http=world.http)
    point_at(f"{world.url}/api/v10", facts.gateway_url)
    async with make_client(facts) as client:
        with pytest.raises(StartError, match="Discord refuses DISCORD_TOKEN"):
            await log_in(client, "not-a-token")


async def test_an_event_that_makes_a_parser_fail_is_lost_alone():
    facts = Facts(
        application_id="1", name="n", reads_messages=True, gateway_url="ws://x", shards=1, identifies_left=1
    )
    client = make_client(facts)
    guard_parsers(client)
    parsers = client._connection.parsers  # pyright: ignore[reportPrivateUsage]
    for name, parse in parsers.items():
        if name != "READY":
            parse({"id": "nonsense"})
            parse(None)
    with pytest.raises(KeyError):
        parsers["READY"]({})


async def test_closing_ends_what_is_still_being_done(front: Front):
    assert front.bot is not None
    state = await front.goal()
    await front.ask("POST", "faults", kind="slow", seconds=30, path="/members/")
    message_id = await front.propose(state.ref)
    await front.press(state.thread_id or "", message_id, "✅", remove=False)
    gateway: Gateway = front.bot.gateway
    async with asyncio.timeout(10):
        front.bot.running.cancel()
        await gateway.close()


async def test_a_connection_that_answers_heartbeats_and_delivers_nothing_is_noticed(world: Front):
    world.patience = Patience(silent_s=0.6, answers_within_s=0.4)
    bot = await world.start_bot()
    state = await world.goal()
    message_id = await world.propose(state.ref)
    await world.ask("POST", "faults", kind="silent_socket")
    await world.press(state.thread_id or "", message_id, "✅", remove=False)

    async def heard() -> bool:
        fresh = await world.storage.inbox.fresh(state.ref, state.inbox_id)
        return any(isinstance(signal, Reacted) for _, signal in fresh)

    await world.until(heard)
    assert not bot.running.done()
