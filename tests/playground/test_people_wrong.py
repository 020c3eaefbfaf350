"""What a person's program gets wrong is a 400 with a sentence, and changes nothing."""

import json

import pytest

from playground import Playground
from tests.playground.gateway import connect, identify
from tests.playground.people import Http, Json, Place

BOT = "123456789012345678"
SAY: Json = {"channel_id": "{channel}", "user_id": "{owner}"}
WRONG: list[tuple[str, str, Json, str]] = [
    ("POST", "/messages", SAY | {"content": 7}, "content"),
    ("POST", "/messages", SAY | {"content": "x" * 2001}, "content"),
    ("POST", "/messages", {"channel_id": ["{channel}"], "user_id": "{owner}", "content": "x"}, "channel_id"),
    ("POST", "/messages", {"channel_id": "{channel}", "content": "x"}, "user_id"),
    ("POST", "/messages", SAY | {"files": "x"}, "files"),
    ("POST", "/messages", SAY | {"files": [7]}, "files"),
    ("POST", "/messages", SAY | {"files": [{"name": "a", "base64": "?"}]}, "base64"),
    ("POST", "/messages", SAY | {"content": "x", "reply_to": "no"}, "reply_to"),
    ("POST", "/guilds", {"name": {}}, "name"),
    ("POST", "/guilds", {"name": "x" * 101}, "name"),
    ("POST", "/channels", {"guild_id": "{guild}", "name": "x", "type": "text"}, "type"),
    ("POST", "/members", {"guild_id": "{guild}", "name": "x", "permissions": -1}, "permissions"),
    ("POST", "/members", {"guild_id": "{guild}", "name": "x", "permissions": "all"}, "permissions"),
    ("POST", "/members", {"guild_id": "{guild}", "name": "x", "roles": "admin"}, "roles"),
    ("POST", "/members", {"guild_id": "{guild}", "name": "x", "roles": [7]}, "roles"),
    ("POST", "/members", {"guild_id": "{guild}", "name": "x" * 101}, "name"),
    ("POST", "/reactions", {"channel_id": "{channel}", "message_id": "1", "user_id": "{owner}", "emoji": 7,
                            "remove": "yes"}, "remove"),
    ("POST", "/faults", {"kind": "meteor"}, "meteor"),
    ("POST", "/faults", {"kind": "status", "code": 7}, "code"),
    ("POST", "/faults", {"kind": "close", "code": 99999}, "code"),
    ("POST", "/faults", {"kind": "slow", "seconds": -1}, "seconds"),
    ("POST", "/faults", {"kind": "slow", "seconds": 1e9}, "seconds"),
    ("POST", "/faults", {"kind": "drop", "count": 0}, "count"),
    ("POST", "/faults", {"kind": "drop", "method": 7}, "method"),
    ("POST", "/clock", {"advance_s": -1}, "advance_s"),
    ("POST", "/clock", {"advance_s": "1"}, "advance_s"),
    ("POST", "/clock", {}, "advance_s"),
    ("POST", "/commands", SAY | {"name": "  "}, "name"),
    ("POST", "/commands", SAY | {"name": "x", "options": []}, "options"),
    ("PATCH", "/channels/{channel}", {"user_id": "{owner}", "archived": "yes", "name": 7}, "name"),
    ("PATCH", "/bots/" + BOT, {"message_content": 1}, "message_content"),
]  # fmt: skip


def filled(body: Json, place: Place) -> Json:
    ids = {"channel": place.channel_id, "owner": place.owner_id, "guild": place.guild_id}
    text = json.dumps(body)
    for name, value in ids.items():
        text = text.replace(f"{{{name}}}", value)
    return json.loads(text)


@pytest.mark.parametrize("case", WRONG, ids=lambda case: f"{case[1]} {case[3]}")
async def test_what_is_wrong_is_named_in_a_sentence(
    http: Http, place: Place, case: tuple[str, str, Json, str]
):
    method, path, body, word = case
    await http.api("PUT", f"/applications/{BOT}/commands", [{"name": "x", "description": "d"}])
    before = await http.state()
    where = path.replace("{channel}", place.channel_id)
    answer = await http.ask(method, f"/playground{where}", filled(body, place))
    assert answer.status == 400, answer.body
    assert word in answer.body["message"]
    assert await http.state() == before
    assert await http.messages(place.channel_id) == []


async def test_a_body_that_is_no_object_is_a_sentence_too(http: Http, place: Place):
    for body in (["x"], "x", 7):
        answer = await http.ask("POST", "/playground/messages", body)
        assert (answer.status, "object" in answer.body["message"]) == (400, True)


async def test_time_ends_before_it_breaks_the_ids(http: Http, place: Place):
    for _ in range(3):
        await http.person("POST", "/clock", {"advance_s": 9e8})
    assert (await http.ask("POST", "/playground/clock", {"advance_s": 9e8})).status == 200
    late = await http.ask("POST", "/playground/clock", {"advance_s": 9.9e8})
    assert (late.status, "2150" in late.body["message"]) == (400, True)
    said = await http.api("POST", f"/channels/{place.channel_id}/messages", {"content": "x"})
    assert said.body["timestamp"].startswith("21")


async def test_a_command_is_offered_where_its_contexts_say(http: Http, place: Place):
    path = f"/applications/{BOT}/commands"
    await http.api("PUT", path, [{"name": "private", "description": "d", "contexts": [1]}])
    answer = await http.ask("POST", "/playground/commands", place.by_owner(name="private"))
    assert (answer.status, answer.body["code"]) == (403, 50001)
    await http.api("PUT", path, [{"name": "private", "description": "d", "contexts": [0]}])
    dm = await http.person("POST", "/dms", {"user_id": place.owner_id, "bot_id": BOT})
    call = {"channel_id": dm["id"], "user_id": place.owner_id, "name": "private"}
    assert (await http.ask("POST", "/playground/commands", call)).status == 403


async def test_who_connects_during_an_outage_gets_the_server_at_its_end(
    server: Playground, http: Http, place: Place
):
    await http.person("PATCH", f"/guilds/{place.guild_id}", {"unavailable": True})
    async with connect(server) as socket:
        ready = await identify(socket)
        assert ready["guilds"] == [{"id": place.guild_id, "unavailable": True}]
        say = {"channel_id": place.channel_id, "user_id": place.owner_id, "content": "unheard"}
        await http.person("POST", "/messages", say)
        await http.person("PATCH", f"/guilds/{place.guild_id}", {"unavailable": False})
        frame = await socket.read()
        assert (frame["t"], frame["d"]["id"], frame["d"]["unavailable"]) == (
            "GUILD_CREATE",
            place.guild_id,
            False,
        )
