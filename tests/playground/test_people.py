"""Servers, members, the live stream: what the page stands on."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp

from tests.playground.people import Http, Json, Place


@asynccontextmanager
async def stream(http: Http, user_id: str) -> AsyncGenerator["Stream", None]:
    async with http.session.get(f"{http.url}/playground/stream?user_id={user_id}") as reply:
        assert reply.headers["Content-Type"].startswith("text/event-stream")
        yield Stream(reply.content)


class Stream:
    def __init__(self, content: aiohttp.StreamReader) -> None:
        self._content = content

    async def next(self) -> Json:
        async with asyncio.timeout(5):
            while not (line := await self._content.readline()).startswith(b"data: "):
                assert line
        return json.loads(line[6:])


async def test_the_first_world(http: Http):
    state = await http.state()
    guild = state["guilds"][0]
    assert guild["name"] == "Goalkeeper playground"
    assert [channel["name"] for channel in guild["channels"]] == ["general", "playground"]
    people = {member["username"]: member for member in guild["members"]}
    assert people["robin"]["id"] == guild["owner_id"]
    assert int(people["guest"]["permissions"]) == 1 << 10 | 1 << 16
    assert state["bots"] == []


async def test_every_bot_is_a_member_of_every_server_also_of_later_ones(http: Http, place: Place):
    made = await http.person("POST", "/guilds", {"name": "Second"})
    second = next(guild for guild in (await http.state())["guilds"] if guild["id"] == made["id"])
    assert [channel["id"] for channel in second["channels"]] == [made["channel_id"]]
    assert {member["id"] for member in second["members"]} == {made["owner_id"], "123456789012345678"}
    mine = (await http.api("GET", "/users/@me/guilds")).body
    assert [guild["id"] for guild in mine] == [place.guild_id, made["id"]]
    said = await http.api("POST", f"/channels/{made['channel_id']}/messages", {"content": "hi"})
    assert said.status == 200


async def test_a_bot_can_be_removed_and_invited_again(http: Http, place: Place):
    bot_id = "123456789012345678"
    await http.person("DELETE", f"/members/{place.guild_id}/{bot_id}")
    gone = await http.api("POST", f"/channels/{place.channel_id}/messages", {"content": "x"})
    assert (gone.status, gone.body["code"]) == (403, 50001)
    await http.person("PATCH", f"/bots/{bot_id}", {"guild_id": place.guild_id})
    back = await http.api("POST", f"/channels/{place.channel_id}/messages", {"content": "x"})
    assert back.status == 200


async def test_roles_are_given_by_name_and_seen_by_bots(http: Http, place: Place):
    made = await http.person(
        "POST", "/members", {"guild_id": place.guild_id, "name": "Alex", "roles": ["approver"]}
    )
    member = (await http.api("GET", f"/guilds/{place.guild_id}/members/{made['id']}")).body
    roles = {
        role["id"]: role["name"] for role in (await http.api("GET", f"/guilds/{place.guild_id}/roles")).body
    }
    assert [roles[role] for role in member["roles"]] == ["approver"]
    await http.person("PATCH", f"/members/{place.guild_id}/{made['id']}", {"roles": []})
    member = (await http.api("GET", f"/guilds/{place.guild_id}/members/{made['id']}")).body
    assert member["roles"] == []


async def test_the_stream_shows_what_its_person_may_see(http: Http, place: Place):
    await http.api("PUT", "/applications/123456789012345678/commands", [{"name": "a", "description": "b"}])
    hidden = await http.person("POST", "/channels", {"guild_id": place.guild_id, "name": "hidden"})
    overwrites = [{"id": place.guild_id, "type": 0, "deny": str(1 << 10)}]
    change = {"user_id": place.owner_id, "permission_overwrites": overwrites}
    await http.person("PATCH", f"/channels/{hidden['id']}", change)
    async with stream(http, place.owner_id) as owner, stream(http, place.people["sasha"]) as sasha:
        say = {"user_id": place.owner_id, "content": "x"}
        await http.person("POST", "/messages", say | {"channel_id": hidden["id"]})
        said = await http.person("POST", "/messages", say | {"channel_id": place.channel_id})
        press = {"channel_id": place.channel_id, "message_id": said["id"], "user_id": place.owner_id}
        await http.person("POST", "/reactions", press | {"emoji": "✅"})
        await http.person("POST", "/typing", {"channel_id": place.channel_id, "user_id": place.owner_id})
        seen = [await owner.next() for _ in range(4)]
        seen_by_sasha = [await sasha.next() for _ in range(3)]
    names = ["MESSAGE_CREATE", "MESSAGE_REACTION_ADD", "TYPING_START"]
    assert [event["t"] for event in seen] == ["MESSAGE_CREATE", *names]
    assert [event["t"] for event in seen_by_sasha] == names
    assert seen[1]["d"]["id"] == said["id"]


async def test_wrong_requests_are_clear(http: Http, place: Place):
    missing = await http.ask("POST", "/playground/messages", {"content": "x"})
    nobody = await http.ask(
        "POST", "/playground/messages", {"channel_id": place.channel_id, "user_id": "1", "content": "x"}
    )
    command = await http.ask("POST", "/playground/commands", place.by_owner(name="nothing"))
    broken = await http.ask(
        "POST", "/playground/members", {"guild_id": place.guild_id, "name": "A", "permissions": "x"}
    )
    assert missing.body["message"] == "'channel_id' is missing."
    assert nobody.body["code"] == 10013
    assert "There is no command /nothing" in command.body["message"]
    assert [one.status for one in (missing, nobody, command, broken)] == [400, 404, 400, 400]


async def test_slowmode_holds_people_but_not_who_may_bypass_it(http: Http, place: Place):
    change = {"user_id": place.owner_id, "rate_limit_per_user": 60}
    await http.person("PATCH", f"/channels/{place.channel_id}", change)
    say = {"channel_id": place.channel_id, "content": "x"}
    sasha = say | {"user_id": place.people["sasha"]}
    await http.person("POST", "/messages", sasha)
    held = await http.ask("POST", "/playground/messages", sasha)
    assert (held.status, held.body["code"]) == (429, 20016)
    for _ in range(2):
        await http.person("POST", "/messages", say | {"user_id": place.owner_id})
    await http.person("POST", "/clock", {"advance_s": 60})
    await http.person("POST", "/messages", sasha)
