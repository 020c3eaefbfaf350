"""Threads, files, reactions and replies of a real discord.py bot."""

import base64
import io

import discord
import pytest

from tests.playground.bots import Bot
from tests.playground.conftest import Run
from tests.playground.people import Http


async def test_a_goal_thread_with_files_reactions_and_replies(run: Run, http: Http):
    bot = Bot()
    big = bytes(range(256)) * 4096 * 10

    @bot.tree.command(description="Start")
    async def goal(interaction: discord.Interaction, text: str) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.response.defer()
        message = await interaction.edit_original_response(content=text)
        thread = await message.create_thread(name=text, auto_archive_duration=10080)
        post = await thread.send("Step 1", allowed_mentions=discord.AllowedMentions.none())
        for emoji in ("✅", "5️⃣", "🔁", "❌", "🛑"):
            await post.add_reaction(emoji)

    async with run(bot):
        place = await http.place()
        await http.person("POST", "/commands", place.by_owner(name="goal", options={"text": "primes"}))
        await bot.next("reaction_add", lambda found: str(found[0].emoji) == "🛑")
        thread = (await http.state())["guilds"][0]["channels"][1]["threads"][0]
        post = (await http.messages(thread["id"]))[-1]
        press = {"channel_id": thread["id"], "message_id": post["id"], "user_id": place.owner_id}
        await http.person("POST", "/reactions", press | {"emoji": "✅"})
        reaction, user = await bot.next("reaction_add", lambda found: found[1].id == int(place.owner_id))
        assert reaction.emoji == "✅"
        assert isinstance(user, discord.Member)
        await reaction.remove(user)

        said = {
            "channel_id": thread["id"],
            "user_id": place.owner_id,
            "content": "use this",
            "reply_to": post["id"],
            "files": [{"name": "データ.csv", "base64": base64.b64encode(b"a\n").decode()}],
        }
        said_id = (await http.person("POST", "/messages", said))["id"]
        heard: discord.Message = await bot.next("message", lambda message: str(message.id) == said_id)
        assert heard.reference is not None
        assert isinstance(heard.reference.resolved, discord.Message)
        assert heard.reference.resolved.content == "Step 1"
        assert await heard.attachments[0].read() == b"a\n"
        assert isinstance(heard.channel, discord.Thread)

        files = [discord.File(io.BytesIO(b""), "空.txt"), discord.File(io.BytesIO(big), "big.bin")]
        sent = await heard.channel.send("files", files=files)
        back = await heard.channel.fetch_message(sent.id)
        assert [one.filename for one in back.attachments] == ["空.txt", "big.bin"]
        assert await back.attachments[0].read() == b""
        assert await back.attachments[1].read() == big
        await sent.edit(content="one file", attachments=[back.attachments[1]])
        await sent.pin()
        assert [one.id async for one in heard.channel.pins()] == [sent.id]
        await sent.delete()
        reactions = (await http.messages(thread["id"]))[1]["reactions"]
        assert {one["emoji"]["name"]: one["users"] for one in reactions}["✅"] == ["123456789012345678"]


async def test_a_post_revives_an_archived_thread_before_it_is_heard(run: Run, http: Http):
    bot = Bot()
    async with run(bot):
        place = await http.place()
        channel = bot.get_channel(int(place.channel_id))
        assert isinstance(channel, discord.TextChannel)
        message = await channel.send("base")
        thread = await message.create_thread(name="t")
        inside = await thread.send("inside")
        with pytest.raises(discord.HTTPException) as second:
            await message.create_thread(name="again")
        await thread.edit(archived=True)
        await bot.next("thread_update")
        with pytest.raises(discord.HTTPException) as frozen:
            await inside.add_reaction("✅")
        say = {"channel_id": str(thread.id), "user_id": place.owner_id, "content": "hi"}
        await http.person("POST", "/messages", say)
        heard: discord.Message = await bot.next("message", lambda one: one.content == "hi")

    assert second.value.code == 160004
    assert frozen.value.code == 50083
    assert isinstance(heard.channel, discord.Thread)
    assert not heard.channel.archived


async def test_a_client_computes_the_permissions_that_the_server_enforces(run: Run, http: Http):
    bot = Bot()
    async with run(bot):
        place = await http.place()
        made = {"guild_id": place.guild_id, "name": "Helper", "permissions": str(1 << 5 | 1 << 10)}
        helper_id = int((await http.person("POST", "/members", made))["id"])
        await bot.next("member_join")
        guild = bot.get_guild(int(place.guild_id))
        assert guild is not None
        channel = guild.get_channel(int(place.channel_id))
        helper = guild.get_member(helper_id)
        assert helper is not None
        assert channel is not None
        assert helper.guild_permissions.manage_guild
        allowed = channel.permissions_for(helper)
        assert allowed.view_channel
        assert not allowed.send_messages
        assert channel.permissions_for(guild.default_role).send_messages
        say = {"channel_id": place.channel_id, "user_id": str(helper_id), "content": "hi"}
        refused = await http.ask("POST", "/playground/messages", say)
        assert (refused.status, refused.body["code"]) == (403, 50013)
        change = {"permissions": str(1 << 10 | 1 << 11)}
        await http.person("PATCH", f"/members/{place.guild_id}/{helper_id}", change)
        await bot.next("member_update", lambda pair: not pair[1].guild_permissions.manage_guild)
        await http.person("POST", "/messages", say)


async def test_a_bot_that_loses_manage_messages_cannot_take_reactions_off(run: Run, http: Http):
    bot = Bot()
    async with run(bot):
        place = await http.place()
        say = {"channel_id": place.channel_id, "user_id": place.owner_id, "content": "x"}
        said = await http.person("POST", "/messages", say)
        press = {"channel_id": place.channel_id, "message_id": said["id"], "user_id": place.owner_id}
        await http.person("POST", "/reactions", press | {"emoji": "✅"})
        reaction, user = await bot.next("reaction_add")
        everything_else = str((1 << 10) | (1 << 11) | (1 << 16) | (1 << 6))
        change = {"permissions": everything_else}
        await http.person("PATCH", f"/members/{place.guild_id}/123456789012345678", change)
        await bot.next("guild_role_update")
        with pytest.raises(discord.Forbidden) as refused:
            await reaction.remove(user)
        assert refused.value.code == 50013
