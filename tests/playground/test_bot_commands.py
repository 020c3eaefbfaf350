"""Commands, components and modals between people and a real discord.py bot."""

import base64
import io
from typing import Any

import discord
import pytest
from discord import app_commands

from tests.playground.bots import Bot
from tests.playground.conftest import Run
from tests.playground.people import Http


async def test_a_command_carries_every_kind_of_option(run: Run, http: Http):
    bot = Bot()
    got: dict[str, Any] = {}

    @bot.tree.command(description="Takes all")
    async def take(  # noqa: PLR0917 # pyright: ignore[reportUnusedFunction]
        interaction: discord.Interaction,
        text: str,
        whole: app_commands.Range[int, 1, 10],
        truth: bool,
        user: discord.Member,
        channel: discord.TextChannel,
        role: discord.Role,
        either: discord.Member | discord.Role,
        number: float,
        file: discord.Attachment,
        pick: app_commands.Choice[str] | None = None,
    ) -> None:
        got.update(
            text=text, whole=whole, truth=truth, user=user.name, channel=channel.name, role=role.name,
            either=either.name, number=number, file=await file.read(), file_name=file.filename, pick=pick,
        )  # fmt: skip
        await interaction.response.send_message("taken", ephemeral=True)

    async with run(bot):
        place = await http.place()
        roles = (await http.state())["guilds"][0]["roles"]
        role_id = next(role["id"] for role in roles if role["name"] == "Goalkeeper")
        options = {
            "text": "hello", "whole": 3, "truth": True, "user": place.people["sasha"],
            "channel": place.channel_id, "role": role_id, "either": role_id, "number": 2.5,
        }  # fmt: skip
        files = [{"name": "数.csv", "base64": base64.b64encode(b"1,2\n").decode()}]
        call = place.by_owner(name="take", options=options, files=files)
        answer = await http.person("POST", "/commands", call)
        wrong = [
            await http.ask("POST", "/playground/commands", call | {"options": options | changed})
            for changed in (
                {"whole": "3"},
                {"whole": 11},
                {"truth": 1},
                {"user": "1"},
                {"text": None},
                {"x": 1},
            )
        ]

    assert got == {
        "text": "hello", "whole": 3, "truth": True, "user": "sasha", "channel": "playground", "pick": None,
        "role": "Goalkeeper", "either": "Goalkeeper", "number": 2.5, "file": b"1,2\n", "file_name": "数.csv",
    }  # fmt: skip
    assert answer["response"]["content"] == "taken"
    assert answer["response"]["flags"] & 64
    assert answer["acknowledged_ms"] < 3000
    assert await http.messages(place.channel_id) == []
    assert [one["content"] for one in await http.messages(place.channel_id, place.owner_id)] == ["taken"]
    assert await http.messages(place.channel_id, place.people["sasha"]) == []
    assert [one.status for one in wrong] == [400] * 6


async def test_a_subcommand_is_called_by_its_whole_name(run: Run, http: Http):
    bot = Bot()
    group = app_commands.Group(name="memory", description="Memory")

    @group.command(description="Search")
    async def search(interaction: discord.Interaction, query: str) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.response.send_message(f"found {query}")

    bot.tree.add_command(group)
    async with run(bot):
        place = await http.place()
        call = place.by_owner(name="memory search", options={"query": "x"})
        answer = await http.person("POST", "/commands", call)
        refused = await http.ask("POST", "/playground/commands", call | {"name": "memory", "options": {}})

    assert answer["response"]["content"] == "found x"
    assert answer["response"]["interaction"]["name"] == "memory search"
    assert refused.status == 400


async def test_a_deferred_answer_is_returned_once_it_is_filled(run: Run, http: Http):
    bot = Bot()

    @bot.tree.command(description="Slow")
    async def slow(interaction: discord.Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.response.defer(thinking=True)
        original = await interaction.original_response()
        assert original.flags.loading
        await interaction.edit_original_response(content="now")
        second = await interaction.followup.send("more", wait=True)
        await second.edit(content="more, edited")
        await second.delete()
        await interaction.followup.send("for you", ephemeral=True)

    async with run(bot):
        place = await http.place()
        answer = await http.person("POST", "/commands", place.by_owner(name="slow"))
        await bot.next("app_command_completion")
        seen = [one["content"] for one in await http.messages(place.channel_id, place.owner_id)]

    assert answer["response"]["content"] == "now"
    assert not answer["response"]["flags"] & 128
    assert seen == ["now", "for you"]


async def test_a_second_answer_is_refused_and_the_first_followup_fills_a_defer(run: Run, http: Http):
    bot = Bot()
    codes: list[int] = []

    @bot.tree.command(description="Twice")
    async def twice(interaction: discord.Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.response.defer()
        fresh = discord.InteractionResponse[Any](interaction)
        try:
            await fresh.send_message("again")
        except discord.HTTPException as error:
            codes.append(error.code)
        await interaction.followup.send("filled")

    async with run(bot):
        place = await http.place()
        answer = await http.person("POST", "/commands", place.by_owner(name="twice"))
    assert codes == [40060]
    assert answer["response"]["content"] == "filled"
    assert len(await http.messages(place.channel_id)) == 1


async def test_an_application_that_is_silent_is_said_so(run: Run, http: Http):
    bot = Bot()

    @bot.tree.command(description="Nothing")
    async def nothing(_: discord.Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        return

    async with run(bot):
        place = await http.place()
        answer = await http.person("POST", "/commands", place.by_owner(name="nothing"))
    assert answer["acknowledged_ms"] is None
    assert answer["response"] is None


class Ask(discord.ui.Modal, title="Why?"):
    reason = discord.ui.TextInput["Ask"](label="Reason", custom_id="reason", max_length=20)

    async def on_submit(self, interaction: discord.Interaction, /) -> None:
        await interaction.response.send_message(f"because {self.reason.value}")


class Panel(discord.ui.View):
    @discord.ui.button(label="Press", custom_id="press")
    async def press(self, interaction: discord.Interaction, button: "discord.ui.Button[Panel]") -> None:
        button.disabled = True
        await interaction.response.edit_message(content="pressed", view=self)

    @discord.ui.select(
        custom_id="choose", options=[discord.SelectOption(label="A"), discord.SelectOption(label="B")]
    )
    async def choose(self, interaction: discord.Interaction, select: "discord.ui.Select[Panel]") -> None:
        await interaction.response.send_message(f"chose {select.values[0]}", ephemeral=True)

    @discord.ui.button(label="Explain", custom_id="explain")
    async def explain(self, interaction: discord.Interaction, _: "discord.ui.Button[Panel]") -> None:
        await interaction.response.send_modal(Ask())

    @discord.ui.button(label="Quiet", custom_id="quiet")
    async def quiet(self, interaction: discord.Interaction, _: "discord.ui.Button[Panel]") -> None:
        await interaction.response.defer()

    @discord.ui.select(cls=discord.ui.UserSelect, custom_id="who")
    async def who(self, interaction: discord.Interaction, select: "discord.ui.UserSelect[Panel]") -> None:
        await interaction.response.send_message(f"it is {select.values[0].name}")


async def test_buttons_selects_modals_and_autocomplete(run: Run, http: Http):
    bot = Bot()

    @bot.tree.command(description="Panel")
    async def panel(interaction: discord.Interaction, colour: str) -> None:
        await interaction.response.send_message(colour, view=Panel())

    @panel.autocomplete("colour")
    async def colours(  # pyright: ignore[reportUnusedFunction]
        _: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        found = [one for one in ("red", "rose", "blue") if current in one]
        return [app_commands.Choice(name=one, value=one) for one in found]

    async with run(bot):
        place = await http.place()
        typed = place.by_owner(name="panel", option="colour", value="r", options={})
        offered = await http.person("POST", "/autocomplete", typed)
        shown = await http.person(
            "POST", "/commands", place.by_owner(name="panel", options={"colour": "red"})
        )
        press = place.by_owner(message_id=shown["response"]["id"])
        quiet = await http.person("POST", "/components", press | {"custom_id": "quiet"})
        pressed = await http.person("POST", "/components", press | {"custom_id": "press"})
        chosen = await http.person("POST", "/components", press | {"custom_id": "choose", "values": ["B"]})
        sasha = place.people["sasha"]
        who = await http.person("POST", "/components", press | {"custom_id": "who", "values": [sasha]})
        modal = await http.person("POST", "/components", press | {"custom_id": "explain"})
        filled = {"interaction_id": modal["interaction_id"], "user_id": place.owner_id}
        done = await http.person("POST", "/modals", filled | {"values": {"reason": "so"}})
        again = await http.ask("POST", "/playground/components", press | {"custom_id": "press"})
        long = await http.ask("POST", "/playground/modals", filled | {"values": {"reason": "x" * 21}})

    assert [one["value"] for one in offered["choices"]] == ["red", "rose"]
    assert quiet["response"]["content"] == "red"
    assert pressed["response"]["content"] == "pressed"
    assert chosen["response"]["content"] == "chose B"
    assert who["response"]["content"] == "it is sasha"
    assert modal["response"]["title"] == "Why?"
    assert done["response"]["content"] == "because so"
    assert (again.status, long.status) == (400, 400)


async def test_commands_in_the_menus_of_users_and_messages(run: Run, http: Http):
    bot = Bot(intents=discord.Intents.default())

    @bot.tree.context_menu(name="Quote This")
    async def quote(interaction: discord.Interaction, message: discord.Message) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.response.send_message(f"> {message.content}")

    @bot.tree.context_menu(name="Greet")
    async def greet(interaction: discord.Interaction, member: discord.Member) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.response.send_message(f"hello {member.display_name}")

    async with run(bot):
        place = await http.place()
        say = {"channel_id": place.channel_id, "user_id": place.owner_id, "content": "secret"}
        said = await http.person("POST", "/messages", say)
        quoted = await http.person(
            "POST", "/commands", place.by_owner(name="Quote This", target_id=said["id"])
        )
        target = place.by_owner(name="Greet", target_id=place.people["sasha"])
        greeted = await http.person("POST", "/commands", target)
    assert quoted["response"]["content"] == "> secret"
    assert greeted["response"]["content"] == "hello Sasha"


async def test_components_v2_come_back_whole(run: Run, http: Http):
    bot = Bot()

    class Layout(discord.ui.LayoutView):
        card = discord.ui.Container["Layout"](
            discord.ui.TextDisplay("# Title"),
            discord.ui.Separator(),
            discord.ui.MediaGallery(discord.MediaGalleryItem("attachment://a.png")),
            discord.ui.File("attachment://b.txt"),
            accent_colour=7,
        )

    async with run(bot):
        place = await http.place()
        channel = bot.get_partial_messageable(int(place.channel_id))
        files = [discord.File(io.BytesIO(b"x"), "a.png"), discord.File(io.BytesIO(b"yy"), "b.txt")]
        sent = await channel.send(view=Layout(), files=files)
        with pytest.raises(discord.HTTPException) as refused:
            await sent.edit(content="text")
    shown = (await http.messages(place.channel_id))[0]
    assert shown["flags"] & (1 << 15)
    card = shown["components"][0]
    assert [one["type"] for one in card["components"]] == [10, 14, 12, 13]
    assert card["components"][2]["items"][0]["media"]["url"].startswith(http.url)
    assert (card["components"][3]["name"], card["components"][3]["size"]) == ("b.txt", 2)
    assert refused.value.code == 50035
