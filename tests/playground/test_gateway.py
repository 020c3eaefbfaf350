"""The gateway without a library between: frames, close codes, intents, shards, events."""

from typing import Any

import pytest

from playground import Playground
from playground.gateway.frames import ZstdStream
from tests.playground.gateway import ALL, asking_in_background, connect, identify
from tests.playground.people import Http, Place, bot_token
from tests.protocol.openapi import DiscordOpenApi


async def test_hello_heartbeat_ready_and_guilds(server: Playground, place: Place):
    async with connect(server) as socket:
        hello = await socket.read()
        assert hello["d"]["heartbeat_interval"] > 1000
        await socket.send(1, None)
        assert (await socket.read())["op"] == 11
        await socket.send(2, {"token": bot_token(), "intents": ALL, "properties": {}})
        ready = await socket.event("READY")
        assert ready["guilds"] == [{"id": place.guild_id, "unavailable": True}]
        assert ready["v"] == 10
        guild = await socket.event("GUILD_CREATE")
        assert {member["user"]["id"] for member in guild["members"]} == set(place.people.values())


async def test_one_zlib_stream_for_the_connection(server: Playground, http: Http, place: Place):
    async with connect(server, "v=10&encoding=json&compress=zlib-stream") as socket:
        await identify(socket)
        await http.api("POST", f"/channels/{place.channel_id}/messages", {"content": "x"})
        assert (await socket.event("MESSAGE_CREATE"))["content"] == "x"


def test_a_zstd_stream_is_one_frame_that_a_decoder_reads_bit_by_bit():
    zstandard = pytest.importorskip("zstandard", reason="zstandard is not installed: nothing to decode with")
    stream = ZstdStream()
    decoder = zstandard.ZstdDecompressor().decompressobj()
    for text in ("a", "é" * 200_000, "{}"):
        assert decoder.decompress(stream.pack(text)).decode() == text


@pytest.mark.parametrize(
    ("op", "data", "code"),
    [
        (2, {"token": "nonsense", "intents": 0}, 4004),
        (2, {"token": bot_token(), "intents": 1 << 40}, 4013),
        (2, {"token": bot_token(), "intents": "x"}, 4013),
        (2, {"token": bot_token(), "intents": 0, "shard": [2, 2]}, 4010),
        (2, [], 4004),
        (8, {"guild_id": "1"}, 4003),
        (99, None, 4001),
        (1, "x" * 5000, 4002),
    ],
)
async def test_what_is_wrong_closes_with_its_code(server: Playground, op: int, data: Any, code: int):
    async with connect(server) as socket:
        await socket.read()
        await socket.send(op, data)
        assert await socket.closed_with() == code


async def test_identifying_twice_and_the_wrong_version(server: Playground):
    async with connect(server) as socket:
        await identify(socket)
        await socket.send(2, {"token": bot_token(), "intents": 0})
        assert await socket.closed_with() == 4005
    async with connect(server, "v=6") as socket:
        assert await socket.closed_with() == 4012


async def test_a_session_resumes_with_what_it_missed(server: Playground, http: Http, place: Place):
    async with connect(server) as socket:
        ready = await identify(socket)
        seen = (await http.api("POST", f"/channels/{place.channel_id}/messages", {"content": "1"})).body
        assert (await socket.event("MESSAGE_CREATE"))["id"] == seen["id"]
        await socket.socket.close(code=4000)
    await http.api("POST", f"/channels/{place.channel_id}/messages", {"content": "2"})
    resume = {"token": bot_token(), "session_id": ready["session_id"], "seq": 1}
    async with connect(server) as socket:
        await socket.read()
        await socket.send(6, resume | {"seq": 10_000})
        assert await socket.closed_with() == 4007
    async with connect(server) as socket:
        await socket.read()
        await socket.send(6, resume)
        names = [(await socket.read())["t"] for _ in range(4)]
        assert names == ["GUILD_CREATE", "MESSAGE_CREATE", "MESSAGE_CREATE", "RESUMED"]
    async with connect(server) as socket:
        await socket.read()
        await socket.send(6, resume | {"session_id": "unknown"})
        assert await socket.read() == {"op": 9, "d": False, "s": None, "t": None}


async def test_events_come_by_intent_and_content_by_its_own(server: Playground, http: Http, place: Place):
    say = {"channel_id": place.channel_id, "user_id": place.owner_id}
    async with connect(server) as few, connect(server) as blind:
        await identify(few, intents=1 << 10)
        await identify(blind, intents=1 << 9)
        said = await http.person("POST", "/messages", say | {"content": "secret"})
        press = {"channel_id": place.channel_id, "message_id": said["id"], "user_id": place.owner_id}
        await http.person("POST", "/reactions", press | {"emoji": "✅"})
        assert (await few.read())["t"] == "MESSAGE_REACTION_ADD"
        assert (await blind.event("MESSAGE_CREATE"))["content"] == ""


async def test_events_come_only_from_channels_that_are_seen(server: Playground, http: Http, place: Place):
    hidden = await http.person("POST", "/channels", {"guild_id": place.guild_id, "name": "hidden"})
    overwrites = [{"id": place.guild_id, "type": 0, "deny": str(1 << 10)}]
    body = {"user_id": place.owner_id, "permission_overwrites": overwrites}
    await http.person("PATCH", f"/channels/{hidden['id']}", body)
    bot = {"id": "123456789012345678", "type": 1, "deny": str(1 << 10)}
    await http.person(
        "PATCH", f"/channels/{hidden['id']}", body | {"permission_overwrites": [*overwrites, bot]}
    )
    async with connect(server) as socket:
        await identify(socket)
        for channel_id in (hidden["id"], place.channel_id):
            say = {"channel_id": channel_id, "user_id": place.owner_id, "content": channel_id}
            await http.person("POST", "/messages", say)
        assert (await socket.event("MESSAGE_CREATE"))["content"] == place.channel_id


async def test_shards_share_the_guilds(server: Playground, http: Http, place: Place):
    index = (int(place.guild_id) >> 22) % 2
    async with connect(server) as right, connect(server) as wrong:
        assert len((await identify(right, shard=[index, 2]))["guilds"]) == 1
        assert (await identify(wrong, shard=[1 - index, 2]))["guilds"] == []


async def test_members_are_sent_when_asked_for(server: Playground, place: Place):
    async with connect(server) as socket:
        await identify(socket)
        ask = {"guild_id": place.guild_id, "query": "sa", "limit": 10, "nonce": "n"}
        await socket.send(8, ask)
        chunk = await socket.event("GUILD_MEMBERS_CHUNK")
        assert [member["user"]["username"] for member in chunk["members"]] == ["sasha"]
        assert chunk["nonce"] == "n"


async def test_members_come_with_a_guild_only_by_the_presences_intent_and_while_it_is_small(
    server: Playground, http: Http, place: Place
):
    async with connect(server) as blind, connect(server) as seeing:
        await identify(blind, intents=ALL & ~(1 << 8))
        alone = await blind.event("GUILD_CREATE")
        assert [member["user"]["id"] for member in alone["members"]] == ["123456789012345678"]
        assert (alone["member_count"], alone["large"]) == (len(place.people), False)
        await identify(seeing)
        assert len((await seeing.event("GUILD_CREATE"))["members"]) == len(place.people)
    for number in range(50):
        await http.person("POST", "/members", {"guild_id": place.guild_id, "name": f"p{number}"})
    async with connect(server) as few, connect(server) as many:
        await identify(few)
        large = await few.event("GUILD_CREATE")
        assert (large["large"], len(large["members"])) == (True, 1)
        await few.send(8, {"guild_id": place.guild_id, "query": "", "limit": 0})
        chunk = await few.event("GUILD_MEMBERS_CHUNK")
        assert len(chunk["members"]) == large["member_count"] == len(place.people) + 50
        await identify(many, large_threshold=250)
        whole = await many.event("GUILD_CREATE")
        assert (whole["large"], len(whole["members"])) == (False, len(place.people) + 50)


async def test_a_thread_is_told_in_discords_order(
    server: Playground, http: Http, place: Place, discord_openapi: DiscordOpenApi
):
    async with connect(server) as socket:
        await identify(socket)
        guild = await socket.event("GUILD_CREATE")
        message = (await http.api("POST", f"/channels/{place.channel_id}/messages", {"content": "x"})).body
        path = f"/channels/{place.channel_id}/messages/{message['id']}/threads"
        await http.api("POST", path, {"name": "t"})
        await http.api("PATCH", f"/channels/{message['id']}", {"archived": True})
        await http.api("POST", f"/channels/{message['id']}/messages", {"content": "wake"})
        frames = [await socket.read() for _ in range(7)]
    assert [frame["t"] for frame in frames] == [
        "MESSAGE_CREATE", "THREAD_CREATE", "MESSAGE_UPDATE", "MESSAGE_CREATE",
        "THREAD_UPDATE", "THREAD_UPDATE", "MESSAGE_CREATE",
    ]  # fmt: skip
    assert frames[1]["d"]["newly_created"]
    assert discord_openapi.check_event("GUILD_CREATE", guild) == []
    for part, event in (("channels", "CHANNEL_CREATE"), ("members", "GUILD_MEMBER_ADD")):
        assert [one for each in guild[part] for one in discord_openapi.check_event(event, each)] == []
    assert [
        problem for frame in frames for problem in discord_openapi.check_event(frame["t"], frame["d"])
    ] == []


async def test_an_ephemeral_answer_is_not_an_event_for_bots(server: Playground, http: Http, place: Place):
    command = {"name": "hush", "description": "x"}
    await http.api("PUT", "/applications/123456789012345678/commands", [command])
    async with connect(server) as socket:
        await identify(socket)
        asking = http.session.post(f"{http.url}/playground/commands", json=place.by_owner(name="hush"))
        async with asking_in_background(asking) as task:
            interaction = await socket.event("INTERACTION_CREATE")
            path = f"/interactions/{interaction['id']}/{interaction['token']}/callback"
            await http.ask("POST", f"/api/v10{path}", {"type": 4, "data": {"content": "s", "flags": 64}})
            async with await task as reply:
                assert (await reply.json())["response"]["content"] == "s"
        again = await http.ask("POST", f"/api/v10{path}", {"type": 4, "data": {"content": "s"}})
        assert again.body["code"] == 40060
        await http.api("POST", f"/channels/{place.channel_id}/messages", {"content": "next"})
        assert (await socket.event("MESSAGE_CREATE"))["content"] == "next"
