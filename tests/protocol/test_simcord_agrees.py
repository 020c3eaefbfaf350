"""The same bot does the same things in SimCord, in process, and on the playground, over the wire.

What it gets back and what it hears must be the same, but for `DIFFERENCES`, each by Discord's documentation.
"""

import io
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias

import discord
import pytest
import simcord

from playground import Playground
from tests.playground.bots import Bot, running
from tests.playground.people import http_on

Channel: TypeAlias = discord.TextChannel
Deed: TypeAlias = Callable[[Channel], Awaitable[object]]

CODES = "Opcodes and Status Codes, JSON error codes"
ARCHIVED = "Threads, Active & Archived Threads: an archived thread takes no change but being un-archived"
DIFFERENCES: dict[str, tuple[object, object, str]] = {
    "nothing": (50035, 50006, f"{CODES}: 50006 Cannot send an empty message"),
    "replying_to_the_deleted": (
        "done",
        50035,
        "Message Reference: fail_if_not_exists is true where it is not given",
    ),
    "a_second_thread": (
        "done",
        160004,
        f"{CODES}: 160004 A thread has already been created for this message",
    ),
    "a_thread_name_that_is_too_long": ("done", 50035, "Start Thread from Message: name has 1-100 characters"),
    "reacting_in_an_archived_thread": ("done", 50083, ARCHIVED),
    "editing_in_an_archived_thread": ("done", 50083, ARCHIVED),
    "posting_in_an_archived_thread": (True, False, "Threads: sending a message un-archives a thread"),
    "an_emoji_too_many": ("done", 30010, f"{CODES}: 30010 Maximum number of reactions reached (20)"),
    "the_same_nonce_twice": (
        False,
        True,
        "Create Message: enforce_nonce returns the message of the same nonce",
    ),
    "eleven_files": ("done", 50035, "Create Message, attachments: at most 10"),
    "mentions_that_are_allowed": (
        [(1, True), (1, False)],
        [(1, True), (0, False)],
        "Allowed Mentions, Message `mentions`: who is not pinged is not among the users mentioned",
    ),
    "suppressed_embeds": (
        (1, True),
        (0, True),
        "Message Flags, SUPPRESS_EMBEDS: do not include any embeds when serializing this message",
    ),
}
"""Deed -> what SimCord does, what the playground does, and the place in Discord's documentation for it."""


async def code_of(awaitable: Awaitable[object]) -> object:
    """The result's kind, or the code of the refusal."""
    try:
        await awaitable
    except discord.HTTPException as error:
        return error.code
    return "done"


async def thread_in(channel: Channel, **options: Any) -> discord.Thread:
    message = await channel.send("base")
    return await message.create_thread(name="t", **options)


async def too_long(channel: Channel) -> object:
    return await code_of(channel.send("x" * 2001))


async def nothing(channel: Channel) -> object:
    return await code_of(channel.send(""))


async def large_embeds(channel: Channel) -> object:
    embeds = [discord.Embed(description="x" * 3001), discord.Embed(description="y" * 3000)]
    return await code_of(channel.send(embeds=embeds))


async def a_long_title(channel: Channel) -> object:
    return await code_of(channel.send(embed=discord.Embed(title="x" * 257)))


async def a_message_that_is_not_there(channel: Channel) -> object:
    return await code_of(channel.fetch_message(1))


async def deleting_twice(channel: Channel) -> object:
    message = await channel.send("x")
    await message.delete()
    return await code_of(message.delete())


async def editing_the_deleted(channel: Channel) -> object:
    message = await channel.send("x")
    await message.delete()
    return await code_of(message.edit(content="y"))


async def replying_to_the_deleted(channel: Channel) -> object:
    message = await channel.send("x")
    await message.delete()
    return await code_of(message.reply("y"))


async def a_thread_has_the_id_of_its_message(channel: Channel) -> object:
    message = await channel.send("base")
    thread = await message.create_thread(name="t")
    return thread.id == message.id, thread.parent_id == channel.id, thread.type.name, thread.archived


async def a_second_thread(channel: Channel) -> object:
    message = await channel.send("base")
    await message.create_thread(name="t")
    return await code_of(message.create_thread(name="t"))


async def a_thread_name_that_is_too_long(channel: Channel) -> object:
    message = await channel.send("base")
    return await code_of(message.create_thread(name="x" * 101))


async def reacting_in_an_archived_thread(channel: Channel) -> object:
    thread = await thread_in(channel)
    inside = await thread.send("inside")
    await thread.edit(archived=True)
    return await code_of(inside.add_reaction("✅"))


async def editing_in_an_archived_thread(channel: Channel) -> object:
    thread = await thread_in(channel)
    inside = await thread.send("inside")
    await thread.edit(archived=True)
    return await code_of(inside.edit(content="y"))


async def posting_in_an_archived_thread(channel: Channel) -> object:
    thread = await thread_in(channel)
    await thread.edit(archived=True)
    await thread.send("wake up")
    found = await channel.guild.fetch_channel(thread.id)
    return isinstance(found, discord.Thread) and found.archived


async def an_emoji_too_many(channel: Channel) -> object:
    message = await channel.send("x")
    for number in range(20):
        await message.add_reaction(chr(0x1F600 + number))
    return await code_of(message.add_reaction("✅"))


async def reactions_that_are_counted(channel: Channel) -> object:
    message = await channel.send("x")
    await message.add_reaction("✅")
    await message.add_reaction("❌")
    await message.remove_reaction("❌", channel.guild.me)
    back = await channel.fetch_message(message.id)
    return [(str(one.emoji), one.count, one.me) for one in back.reactions]


async def the_same_nonce_twice(channel: Channel) -> object:
    first = await channel.send("x", nonce="same")
    second = await channel.send("x", nonce="same")
    return first.id == second.id


async def eleven_files(channel: Channel) -> object:
    return await code_of(channel.send(files=[discord.File(io.BytesIO(b"x"), f"{n}.txt") for n in range(11)]))


async def files_byte_for_byte(channel: Channel) -> object:
    sent = await channel.send(
        files=[discord.File(io.BytesIO(b""), "空.txt"), discord.File(io.BytesIO(b"\0\1"), "b")]
    )
    back = await channel.fetch_message(sent.id)
    return [(one.filename, one.size, await one.read()) for one in back.attachments]


async def history_newest_first(channel: Channel) -> object:
    for number in range(3):
        await channel.send(str(number))
    return [message.content async for message in channel.history(limit=2)]


async def pinning(channel: Channel) -> object:
    message = await channel.send("pin me")
    await message.pin()
    return [one.content async for one in channel.pins()]


async def mentions_that_are_allowed(channel: Channel) -> object:
    me = channel.guild.me.mention
    loud = await channel.send(f"{me} @everyone")
    quiet = await channel.send(f"{me} @everyone", allowed_mentions=discord.AllowedMentions.none())
    return [(len(one.mentions), one.mention_everyone) for one in (loud, quiet)]


async def suppressed_embeds(channel: Channel) -> object:
    message = await channel.send(embed=discord.Embed(title="t"))
    await message.edit(suppress=True)
    back = await channel.fetch_message(message.id)
    return len(back.embeds), back.flags.suppress_embeds


async def a_dead_channel(channel: Channel) -> object:
    return await code_of(channel.guild.fetch_channel(1))


DEEDS: tuple[Deed, ...] = (
    too_long,
    nothing,
    large_embeds,
    a_long_title,
    a_message_that_is_not_there,
    deleting_twice,
    editing_the_deleted,
    replying_to_the_deleted,
    a_thread_has_the_id_of_its_message,
    a_second_thread,
    a_thread_name_that_is_too_long,
    reacting_in_an_archived_thread,
    editing_in_an_archived_thread,
    posting_in_an_archived_thread,
    an_emoji_too_many,
    reactions_that_are_counted,
    the_same_nonce_twice,
    eleven_files,
    files_byte_for_byte,
    history_newest_first,
    pinning,
    mentions_that_are_allowed,
    suppressed_embeds,
    a_dead_channel,
)


class Doer(Bot):
    """Does a deed when it is told to by a command, and keeps what it heard."""

    def __init__(self) -> None:
        super().__init__()
        self.results: dict[str, object] = {}
        self.told: list[tuple[str, object]] = []
        deeds = {deed.__name__: deed for deed in DEEDS}

        @self.tree.command(description="Do it")
        async def do(interaction: discord.Interaction, name: str) -> None:  # pyright: ignore[reportUnusedFunction]
            await interaction.response.defer()
            assert isinstance(interaction.channel, discord.TextChannel)
            self.results[name] = await deeds[name](interaction.channel)
            await interaction.followup.send(f"did {name}")

    async def on_message(self, message: discord.Message) -> None:
        if not message.author.bot:
            self.told.append(("message", (message.content, message.author.name, len(message.attachments))))

    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        if payload.member is not None and not payload.member.bot:
            self.told.append(("reaction", (str(payload.emoji), payload.member.name)))

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        if not payload.message.author.bot:
            self.told.append(("edit", payload.message.content))

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        self.told.append(("delete", payload.cached_message is not None))


async def in_simcord() -> Doer:
    bot = Doer()
    async with simcord.run(bot) as env:
        await bot.tree.sync()
        guild = env.create_guild()
        everything = discord.Permissions(administrator=True)
        role = guild.create_role("all", permissions=everything)
        robin = guild.add_member(env.create_user("robin"), roles=[role])
        for deed in DEEDS:
            channel = guild.create_text_channel(deed.__name__.replace("_", "-"))
            await robin.slash(channel, "do", name=deed.__name__)
        channel = guild.create_text_channel("people")
        bot.told.clear()
        said = await robin.send(channel, "hello", attachments=[("a.txt", b"x")])
        await robin.react(said, "✅")
        await robin.edit(said, "changed")
        await robin.delete(said)
        await env.settle()
    return bot


async def on_the_wire(data_dir: Path, patch: pytest.MonkeyPatch) -> Doer:
    bot = Doer()
    async with (
        Playground(data_dir, 0, page=lambda _: None, rate_limits=False) as server,
        http_on(server.url) as http,
        running(bot, server.url, patch),
    ):
        place = await http.place()
        admin = {"permissions": str((1 << 53) - 1)}
        await http.person("PATCH", f"/members/{place.guild_id}/123456789012345678", admin)
        for deed in DEEDS:
            made = await http.person("POST", "/channels", {"guild_id": place.guild_id, "name": deed.__name__})
            call = place.by_owner(name="do", channel_id=made["id"], options={"name": deed.__name__})
            answer = await http.person("POST", "/commands", call)
            assert answer["response"]["content"] == f"did {deed.__name__}"
        bot.told.clear()
        say = {"channel_id": place.channel_id, "user_id": place.owner_id, "content": "hello"}
        said = await http.person("POST", "/messages", say | {"files": [{"name": "a.txt", "base64": "eA=="}]})
        press = {
            "channel_id": place.channel_id,
            "message_id": said["id"],
            "user_id": place.owner_id,
            "emoji": "✅",
        }
        await http.person("POST", "/reactions", press)
        path = f"/messages/{place.channel_id}/{said['id']}"
        await http.person("PATCH", path, {"user_id": place.owner_id, "content": "changed"})
        await http.person("DELETE", f"{path}?user_id={place.owner_id}")
        await bot.next("raw_message_delete")
    return bot


async def test_the_same_deeds_have_the_same_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    wire = await on_the_wire(tmp_path, monkeypatch)
    monkeypatch.undo()
    inside = await in_simcord()
    different = {
        name: (inside.results.get(name), wire.results.get(name))
        for name in wire.results
        if inside.results.get(name) != wire.results.get(name)
    }
    assert different == {name: pair[:2] for name, pair in DIFFERENCES.items()}
    assert inside.told == wire.told
