"""A real discord.py bot loses its socket, its session, its intents."""

import discord
import pytest

from tests.playground.bots import Bot
from tests.playground.conftest import Run
from tests.playground.people import Http, Json, Place


@pytest.mark.parametrize(
    "fault", [{"kind": "reconnect"}, {"kind": "close", "code": 1006}, {"kind": "close", "code": 4000}]
)
async def test_a_lost_socket_resumes_without_a_gap(fault: Json, run: Run, http: Http):
    bot = Bot()
    async with run(bot):
        place = await http.place()
        say = {"channel_id": place.channel_id, "user_id": place.owner_id}
        await http.person("POST", "/faults", fault)
        await http.person("POST", "/messages", say | {"content": "while away"})
        heard = await bot.next("message")
        await bot.next("resumed")
        await http.person("POST", "/messages", say | {"content": "back"})
        assert heard.content == "while away"
        assert (await bot.next("message")).content == "back"
        assert bot.heard["ready"].qsize() == 0


async def test_an_invalid_session_identifies_anew(run: Run, http: Http):
    bot = Bot()
    async with run(bot):
        await http.person("POST", "/faults", {"kind": "invalid_session"})
        await bot.next("disconnect")
        await bot.next("ready")
        assert (await http.state())["bots"][0]["connected"]


async def test_a_malformed_event_ends_an_unguarded_client(run: Run, http: Http):
    bot = Bot()

    async def live() -> None:
        async with run(bot):
            await http.person("POST", "/faults", {"kind": "malformed_event"})
            await bot.ended()

    with pytest.raises((TypeError, KeyError)):
        await live()


async def test_a_bot_says_goodbye_and_is_not_connected_any_more(run: Run, http: Http):
    bot = Bot()
    async with run(bot):
        assert (await http.state())["bots"][0]["connected"]
    assert not (await http.state())["bots"][0]["connected"]


async def test_without_the_content_intent_text_is_empty_but_for_mentions(run: Run, http: Http):
    bot = Bot(intents=discord.Intents.default())
    async with run(bot):
        place = await http.place()
        say = {"channel_id": place.channel_id, "user_id": place.owner_id}
        await http.person("POST", "/messages", say | {"content": "secret"})
        hidden = await bot.next("message")
        await http.person("POST", "/messages", say | {"content": "<@123456789012345678> hello"})
        shown = await bot.next("message")
    assert hidden.content == ""
    assert shown.content == "<@123456789012345678> hello"


async def test_an_intent_that_is_switched_off_closes_with_4014(run: Run, http: Http, place: Place):
    assert place.guild_id
    await http.person("PATCH", "/bots/123456789012345678", {"message_content": False})
    flags = (await http.api("GET", "/applications/@me")).body["flags"]
    assert not flags & (1 << 19)

    async def live() -> None:
        async with run(Bot()):
            pass

    with pytest.raises(discord.PrivilegedIntentsRequired):
        await live()
