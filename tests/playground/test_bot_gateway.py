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


async def test_an_outage_is_no_removal(run: Run, http: Http):
    bot = Bot()
    async with run(bot):
        place = await http.place()
        await http.person("PATCH", f"/guilds/{place.guild_id}", {"unavailable": True})
        assert (await bot.next("guild_unavailable")).id == int(place.guild_id)
        await http.person("PATCH", f"/guilds/{place.guild_id}", {"unavailable": False})
        assert (await bot.next("guild_available")).id == int(place.guild_id)
        await http.person("DELETE", f"/members/{place.guild_id}/123456789012345678")
        assert (await bot.next("guild_remove")).id == int(place.guild_id)


async def test_members_come_and_go_and_are_banned(run: Run, http: Http):
    bot = Bot()
    async with run(bot):
        place = await http.place()
        sasha = place.people["sasha"]
        await http.person("DELETE", f"/members/{place.guild_id}/{sasha}")
        assert (await bot.next("member_remove")).id == int(sasha)
        rights = {"permissions": str(1 << 2 | 1 << 10)}
        await http.person("PATCH", f"/members/{place.guild_id}/123456789012345678", rights)
        path = f"/guilds/{place.guild_id}/bans/{place.people['kim']}"
        assert (await http.api("PUT", path, {})).status == 204
        assert (await bot.next("member_ban"))[1].name == "kim"
        assert (await http.api("GET", path)).body["user"]["username"] == "kim"
        assert (await http.api("DELETE", path)).status == 204
        assert (await bot.next("member_unban"))[1].name == "kim"


async def test_a_silent_socket_looks_alive_and_says_nothing(run: Run, http: Http):
    bot = Bot()
    async with run(bot):
        place = await http.place()
        say = {"channel_id": place.channel_id, "user_id": place.owner_id}
        await http.person("POST", "/faults", {"kind": "silent_socket"})
        await http.person("POST", "/messages", say | {"content": "unheard"})
        assert (await http.state())["bots"][0]["connected"]
        await http.person("DELETE", "/faults")
        await http.person("POST", "/messages", say | {"content": "heard"})
        assert (await bot.next("message")).content == "heard"


async def test_a_command_in_a_direct_message(run: Run, http: Http):
    bot = Bot()

    @bot.tree.command(description="Where")
    async def where(interaction: discord.Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.response.send_message(
            f"{type(interaction.channel).__name__} {interaction.guild_id}"
        )

    async with run(bot):
        place = await http.place()
        opened = await http.person(
            "POST", "/dms", {"user_id": place.owner_id, "bot_id": str(bot.application_id)}
        )
        call = {"channel_id": opened["id"], "user_id": place.owner_id, "name": "where"}
        answer = await http.person("POST", "/commands", call)
        say = {"channel_id": opened["id"], "user_id": place.owner_id, "content": "psst"}
        await http.person("POST", "/messages", say)
        heard = await bot.next("message", lambda message: not message.author.bot)
        await heard.channel.send("hm?")
    assert answer["response"]["content"] == "DMChannel None"
    assert heard.content == "psst"
