"""REST over the wire: once, in order, with errors that say what to do."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import discord
import pytest
import pytest_asyncio

from bot.discord_api import (
    DiscordApi,
    ForbiddenError,
    GoneError,
    LockedError,
    RejectedError,
    TooLargeError,
    UnavailableError,
    Upload,
    learn,
)
from bot.gateway import log_in, make_client, point_at
from tests.bot.front import TOKEN, Front


@pytest_asyncio.fixture
async def api(world: Front) -> AsyncGenerator[DiscordApi]:
    """Logged in, never connected: as a worker uses it."""
    facts = await learn(f"{world.url}/api/v10", TOKEN, http=world.http)
    point_at(f"{world.url}/api/v10", facts.gateway_url)
    async with make_client(facts) as client:
        await log_in(client, TOKEN)
        yield DiscordApi(client, deadline_s=10.0)


@pytest.mark.parametrize("kind", ["drop", "lose_reply"])
async def test_a_send_whose_connection_breaks_arrives_once(world: Front, api: DiscordApi, kind: str):
    await world.ask("POST", "faults", kind=kind, method="POST", path="*/messages")
    sent = await api.send(world.channel_id, "hello", nonce="n1")
    assert [one["id"] for one in await world.messages(world.channel_id)] == [sent.id]


async def test_concurrent_sends_to_a_channel_arrive_in_order(world: Front, api: DiscordApi):
    await world.ask("POST", "faults", kind="slow", seconds=0.2, method="POST", path="*/messages")
    async with asyncio.TaskGroup() as group:
        for number in range(8):
            group.create_task(api.send(world.channel_id, str(number), nonce=f"n{number}"))
    assert [one["content"] for one in await world.messages(world.channel_id)] == list("01234567")


async def test_files_arrive_whole_also_after_a_lost_reply(world: Front, api: DiscordApi, tmp_path: Path):
    path = tmp_path / "x"
    path.write_bytes(bytes(range(256)) * 100)
    await world.ask("POST", "faults", kind="drop", method="POST", path="*/messages")
    uploads = [
        Upload(name="データ.bin", source=path),
        Upload(name="empty", source=b""),
        Upload(name="SPOILER_1", source=b"1"),
    ]
    sent = await api.send(world.channel_id, "", nonce="n", files=uploads)

    assert [(one.name, one.size) for one in sent.files] == [
        ("データ.bin", 25600),
        ("empty", 0),
        ("SPOILER_1", 1),
    ]
    (message,) = await world.messages(world.channel_id)
    async with world.http.get(message["attachments"][0]["url"]) as response:
        assert await response.read() == path.read_bytes()


async def test_nobody_is_pinged_but_the_one_who_is_meant(world: Front, api: DiscordApi):
    kim, sasha = world.users["Kim"], world.users["Sasha"]
    await api.send(world.channel_id, f"@everyone <@{kim}> <@{sasha}>", nonce="1", mention=kim)
    await api.send(world.channel_id, f"@everyone <@{kim}> <@{sasha}>", nonce="2")
    first, second = await world.messages(world.channel_id)
    assert [user["id"] for user in first["mentions"]] == [kim]
    assert not first["mention_everyone"]
    assert second["mentions"] == []
    assert second["flags"] & 4096
    assert not first["flags"] & 4096


async def test_a_message_that_is_gone_is_told_from_a_channel_that_is_gone(world: Front, api: DiscordApi):
    with pytest.raises(GoneError) as message:
        await api.edit(world.channel_id, "123", "x")
    assert message.value.message_only
    assert await api.find(world.channel_id, "123") is None
    with pytest.raises(GoneError) as channel:
        await api.send("123", "x", nonce="n")
    assert not channel.value.message_only


async def test_a_file_over_the_limit_is_too_large(world: Front, api: DiscordApi):
    with pytest.raises(TooLargeError):
        await api.send(
            world.channel_id, "x", nonce="n", files=[Upload(name="big", source=bytes(11 * 1024 * 1024))]
        )


async def test_a_file_that_cannot_be_read_is_rejected(world: Front, api: DiscordApi, tmp_path: Path):
    with pytest.raises(RejectedError, match="cannot be read"):
        await api.send(
            world.channel_id, "x", nonce="n", files=[Upload(name="no", source=tmp_path / "not there")]
        )


async def test_archived_and_locked_threads(world: Front, api: DiscordApi):
    sent = await api.send(world.channel_id, "start", nonce="s")
    thread_id = await api.thread_from(world.channel_id, sent.id, "a thread")
    assert await api.thread_from(world.channel_id, sent.id, "a thread") == thread_id == sent.id
    inside = await api.send(thread_id, "inside", nonce="i")
    await api.archive(thread_id)
    with pytest.raises(LockedError) as archived:
        await api.react(thread_id, inside.id, "✅")
    assert archived.value.archived_only
    await api.unarchive(thread_id)
    await api.react(thread_id, inside.id, "✅")
    await api.rename(thread_id, "n" * 200)


async def test_what_the_bot_may_not_is_forbidden(world: Front, api: DiscordApi):
    message_id = await world.say(world.channel_id, "mine")
    with pytest.raises(ForbiddenError):
        await api.edit(world.channel_id, message_id, "yours")


async def test_a_malformed_request_is_rejected_at_once(world: Front, api: DiscordApi):
    with pytest.raises(RejectedError, match="400"):
        await api.send(world.channel_id, "x" * 2001, nonce="n")


async def test_when_nothing_answers_it_is_said_so_within_the_deadline(world: Front, api: DiscordApi):
    quick = DiscordApi(_client(api), deadline_s=0.5)
    await world.ask("POST", "faults", kind="drop", path="*/messages", count=100)
    async with asyncio.timeout(5):
        with pytest.raises(UnavailableError):
            await quick.send(world.channel_id, "x", nonce="n")


async def test_a_closed_client_is_unavailable(world: Front, api: DiscordApi):
    await _client(api).close()
    with pytest.raises(UnavailableError):
        await api.send(world.channel_id, "x", nonce="n")


async def test_history_is_read_from_the_oldest(world: Front, api: DiscordApi):
    sent = [await api.send(world.channel_id, str(number), nonce=f"{number}") for number in range(5)]
    after = await api.history(world.channel_id, after=sent[1].id, limit=2)
    newest = await api.history(world.channel_id, limit=2)
    assert [one.content for one in after] == ["2", "3"]
    assert [one.content for one in newest] == ["3", "4"]


async def test_who_pressed_and_taking_it_off(world: Front, api: DiscordApi):
    sent = await api.send(world.channel_id, "vote", nonce="v")
    await api.react(world.channel_id, sent.id, "5️⃣")
    await world.press(world.channel_id, sent.id, "5️⃣", by="Kim")
    message = await api.message(world.channel_id, sent.id)
    assert {(one.name, one.bot) for one in await api.pressers(message, "5️⃣")} == {
        ("Kim", False),
        ("Goalkeeper", True),
    }
    await api.unreact(world.channel_id, sent.id, "5️⃣", user_id=world.users["Kim"])
    assert await world.reactions(world.channel_id, sent.id) == {"5️⃣": [api.me]}
    await api.unreact(world.channel_id, sent.id, "5️⃣")
    assert await world.reactions(world.channel_id, sent.id) == {}


def _client(api: DiscordApi) -> discord.Client:
    return api._client  # pyright: ignore[reportPrivateUsage]
