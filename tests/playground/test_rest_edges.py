"""The corners of REST that clients do meet: odd addresses, odd bodies, what depends on what."""

import io
import json
from datetime import datetime, timedelta

import aiohttp
import pytest

from playground import Playground
from tests.playground.gateway import connect, identify
from tests.playground.people import Answer, Http, Json, Place

BOT = "123456789012345678"


def code(answer: Answer) -> tuple[int, int]:
    return answer.status, answer.body["code"]


async def said(http: Http, place: Place, content: str = "x", **more: object) -> Json:
    answer = await http.api("POST", f"/channels/{place.channel_id}/messages", {"content": content, **more})
    assert answer.status == 200, answer.body
    return answer.body


async def test_a_path_that_discord_lacks_is_404_a_wrong_method_405_and_the_log_shows_both(
    http: Http, place: Place
):
    assert code(await http.api("GET", "/voice/regions")) == (404, 0)
    assert code(await http.api("PUT", "/users/@me")) == (405, 0)
    assert code(await http.api("DELETE", f"/channels/{place.channel_id}/messages")) == (405, 0)
    shown = [(one["method"], one["path"], one["status"]) for one in await http.log()]
    assert ("GET", "/api/v10/voice/regions", 404) in shown
    assert ("PUT", "/api/v10/users/@me", 405) in shown


@pytest.mark.parametrize("emoji", ["✅✅", "x", "1", "→", "", "%F0%9F%98%80%F0%9F%98%80", "hello:1"])
async def test_what_is_not_one_emoji_is_unknown(http: Http, place: Place, emoji: str):
    path = f"/channels/{place.channel_id}/messages/{(await said(http, place))['id']}"
    answer = await http.api("PUT", f"{path}/reactions/{emoji or '%20'}/@me")
    assert code(answer) == (400, 10014)


@pytest.mark.parametrize("emoji", ["✅", "5️⃣", "5⃣", "👩‍💻", "👍🏽", "🇩🇪", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "❤", "ℹ️", "🧑🏿‍🚀"])
async def test_every_kind_of_emoji_can_be_pressed_encoded_or_not(http: Http, place: Place, emoji: str):
    message = await said(http, place)
    path = f"/channels/{place.channel_id}/messages/{message['id']}/reactions/{emoji}/@me"
    assert (await http.api("PUT", path)).status == 204
    one = (await http.api("GET", f"/channels/{place.channel_id}/messages/{message['id']}")).body
    assert [reaction["emoji"]["name"] for reaction in one["reactions"]] == [emoji]
    assert (await http.api("DELETE", path)).status == 204


async def test_a_reply_needs_the_history_and_a_message_that_somebody_wrote(http: Http, place: Place):
    message = await said(http, place)
    await http.api("PUT", f"/channels/{place.channel_id}/messages/pins/{message['id']}")
    line = (await http.messages(place.channel_id))[-1]
    assert line["type"] == 6
    reply = {"content": "y", "message_reference": {"message_id": line["id"]}}
    refused = await http.api("POST", f"/channels/{place.channel_id}/messages", reply)
    assert refused.body["errors"]["message_reference"]["_errors"][0]["code"] == (
        "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE"
    )
    await http.person("PATCH", f"/members/{place.guild_id}/{BOT}", {"permissions": str(1 << 10 | 1 << 11)})
    reply["message_reference"] = {"message_id": message["id"]}
    assert code(await http.api("POST", f"/channels/{place.channel_id}/messages", reply)) == (403, 160002)


async def test_a_reply_to_what_is_gone_is_sent_where_it_may_fail(http: Http, place: Place):
    gone, kept = await said(http, place), await said(http, place)
    await http.api("DELETE", f"/channels/{place.channel_id}/messages/{gone['id']}")
    about = {"message_id": gone["id"], "fail_if_not_exists": False}
    sent = await said(http, place, message_reference=about)
    assert (sent["type"], "message_reference" in sent) == (0, False)
    answer = await said(http, place, message_reference={"message_id": kept["id"]})
    await http.api("DELETE", f"/channels/{place.channel_id}/messages/{kept['id']}")
    found = (await http.api("GET", f"/channels/{place.channel_id}/messages/{answer['id']}")).body
    assert (found["type"], found["referenced_message"]) == (19, None)


async def test_a_message_of_components_v2_stays_one(http: Http, place: Place):
    path = f"/channels/{place.channel_id}/messages"
    text: Json = {"type": 10, "content": "a"}
    made = (await http.api("POST", path, {"flags": 1 << 15, "components": [text]})).body
    box: Json = {"type": 17, "components": [text]}
    edited = await http.api("PATCH", f"{path}/{made['id']}", {"components": [box]})
    assert (edited.status, edited.body["flags"] & 1 << 15) == (200, 1 << 15)
    assert edited.body["components"][0]["type"] == 17
    assert code(await http.api("PATCH", f"{path}/{made['id']}", {"content": "b"})) == (400, 50035)


async def test_a_post_that_may_not_be_said_makes_no_thread(http: Http, place: Place):
    forum = await http.person("POST", "/channels", {"guild_id": place.guild_id, "name": "f", "type": 15})
    await http.person("PATCH", f"/members/{place.guild_id}/{BOT}", {"permissions": str(1 << 10 | 1 << 11)})
    refused = {"name": "t", "message": {"embeds": [{"title": "x"}]}}
    assert code(await http.api("POST", f"/channels/{forum['id']}/threads", refused)) == (403, 50013)
    active = (await http.api("GET", f"/guilds/{place.guild_id}/threads/active")).body
    assert active["threads"] == []
    right = {"name": "t", "message": {"content": "x"}}
    assert (await http.api("POST", f"/channels/{forum['id']}/threads", right)).status == 201


async def test_tags_and_names_of_threads_and_channels_are_changed_as_they_are_made(http: Http, place: Place):
    forum = await http.person(
        "POST", "/channels",
        {"guild_id": place.guild_id, "name": "F", "type": 15, "available_tags": [{"name": "one"}]},
    )  # fmt: skip
    tag = forum["available_tags"][0]["id"]
    post = (
        await http.api("POST", f"/channels/{forum['id']}/threads", {"name": "t", "message": {"content": "x"}})
    ).body
    changed = await http.api("PATCH", f"/channels/{post['id']}", {"applied_tags": [tag]})
    assert changed.body["applied_tags"] == [tag]
    assert code(await http.api("PATCH", f"/channels/{post['id']}", {"applied_tags": ["1"]})) == (400, 50035)
    await http.person("PATCH", f"/members/{place.guild_id}/{BOT}", {"permissions": str(8)})
    renamed = await http.api("PATCH", f"/channels/{place.channel_id}", {"name": "Two Words"})
    assert renamed.body["name"] == "two-words"
    wrong_kind = await http.api("POST", f"/channels/{place.channel_id}/threads", {"name": "t", "type": "x"})
    assert code(wrong_kind) == (400, 50035)
    for parent in ("1", place.channel_id):
        moved = await http.api("PATCH", f"/channels/{place.channel_id}", {"parent_id": parent})
        assert moved.body["errors"]["parent_id"]["_errors"][0]["code"] == "CHANNEL_PARENT_INVALID"


async def test_a_channel_outlives_its_category(http: Http, place: Place):
    await http.person("PATCH", f"/members/{place.guild_id}/{BOT}", {"permissions": str(8)})
    new = f"/guilds/{place.guild_id}/channels"
    category = (await http.api("POST", new, {"name": "c", "type": 4})).body
    inside = (await http.api("POST", new, {"name": "in", "parent_id": category["id"]})).body
    assert inside["parent_id"] == category["id"]
    assert (await http.api("DELETE", f"/channels/{category['id']}")).status == 200
    assert (await http.api("GET", f"/channels/{inside['id']}")).body["parent_id"] is None


async def test_overwrites_are_for_channels_and_within_ones_own_rights(http: Http, place: Place):
    rights = 1 << 10 | 1 << 11 | 1 << 28 | 1 << 35 | 1 << 38
    await http.person("PATCH", f"/members/{place.guild_id}/{BOT}", {"permissions": str(rights)})
    path = f"/channels/{place.channel_id}/permissions/{place.guild_id}"
    assert (await http.api("PUT", path, {"type": 0, "deny": 1 << 11})).status == 204
    assert code(await http.api("PUT", path, {"type": 0, "allow": 1 << 13})) == (403, 50013)
    thread = (await http.api("POST", f"/channels/{place.channel_id}/threads", {"name": "t", "type": 11})).body
    on_thread = await http.api("PUT", f"/channels/{thread['id']}/permissions/{place.guild_id}", {"type": 0})
    assert code(on_thread) == (400, 50024)
    assert code(await http.api("DELETE", f"/channels/{place.channel_id}/permissions/1")) == (404, 10009)


async def test_members_are_listed_only_with_their_intent_switched_on(http: Http, place: Place):
    path = f"/guilds/{place.guild_id}/members?limit=1000"
    assert len((await http.api("GET", path)).body) > 3
    await http.person("PATCH", f"/bots/{BOT}", {"members": False})
    assert code(await http.api("GET", path)) == (403, 50001)


async def test_a_new_dm_is_no_event_for_a_bot(server: Playground, http: Http, place: Place):
    async with connect(server) as socket:
        await identify(socket)
        dm = (await http.api("POST", "/users/@me/channels", {"recipient_id": place.owner_id})).body
        assert (await http.api("POST", "/users/@me/channels", {"recipient_id": place.owner_id})).body == dm
        await http.api("POST", f"/channels/{dm['id']}/messages", {"content": "x"})
        while (frame := await socket.read())["t"] == "GUILD_CREATE":
            pass
        assert frame["t"] == "MESSAGE_CREATE"
    several = await http.api("POST", f"/channels/{dm['id']}/messages/bulk-delete", {"messages": ["1", "2"]})
    assert code(several) == (403, 50003)


async def posted_raw(http: Http, place: Place, body: bytes, kind: str) -> Answer:
    headers = {"Authorization": f"Bot {http.token}", "Content-Type": kind}
    url = f"{http.url}/api/v10/channels/{place.channel_id}/messages"
    async with http.session.post(url, data=body, headers=headers) as reply:
        return Answer(status=reply.status, body=await reply.json(), headers=reply.headers)


def multipart(*parts: tuple[str, bytes]) -> bytes:
    """Parts with what stands after `form-data; `."""
    lines = [
        line
        for about, data in parts
        for line in (b"--b", b"Content-Disposition: form-data; " + about.encode(), b"", data)
    ]
    return b"\r\n".join([*lines, b"--b--", b""])


async def test_multipart_without_a_boundary_or_an_end_is_a_400(http: Http, place: Place):
    assert code(await posted_raw(http, place, b"x", "multipart/form-data")) == (400, 50035)
    assert code(await posted_raw(http, place, b"--b\r\nnothing", "multipart/form-data; boundary=b")) == (
        400,
        50035,
    )
    cut = multipart(('name="files[0]"; filename="a"', b"x" * 1000))[:500]
    assert code(await posted_raw(http, place, cut, "multipart/form-data; boundary=b")) == (400, 50035)
    payload = multipart(('name="payload_json"', b"{no"))
    assert code(await posted_raw(http, place, payload, "multipart/form-data; boundary=b")) == (400, 50109)


async def test_multipart_without_payload_json_takes_plain_fields_and_files_in_the_order_of_their_numbers(
    http: Http, place: Place
):
    body = multipart(
        ('name="files[2]"; filename="same.txt"', b"2"),
        ('name="content"', "é".encode()),
        ('name="files[0]"; filename="same.txt"', b"0"),
        ('name="files[0]"', b"not a file"),
    )
    answer = await posted_raw(http, place, body, "multipart/form-data; boundary=b")
    assert answer.status == 200
    assert answer.body["content"] == "é"
    found = [(one["filename"], one["size"]) for one in answer.body["attachments"]]
    assert found == [("same.txt", 1), ("same.txt", 1)]
    for one, data in zip(answer.body["attachments"], (b"0", b"2"), strict=True):
        async with http.session.get(one["url"]) as reply:
            assert await reply.read() == data


async def test_a_request_over_25_mib_is_told_so(http: Http, place: Place):
    form = aiohttp.FormData()
    form.add_field("payload_json", json.dumps({"content": "x"}), content_type="application/json")
    for number in range(3):
        form.add_field(f"files[{number}]", io.BytesIO(bytes(9 << 20)), filename="big.bin")
    headers = {"Authorization": f"Bot {http.token}"}
    url = f"{http.url}/api/v10/channels/{place.channel_id}/messages"
    async with http.session.post(url, data=form, headers=headers) as reply:
        assert (reply.status, (await reply.json())["code"]) == (413, 40005)
    assert await http.messages(place.channel_id) == []


async def test_a_number_that_json_cannot_carry_on_is_refused(http: Http, place: Place):
    body = b'{"content":"x","embeds":[{"color":1e400}]}'
    assert code(await posted_raw(http, place, body, "application/json")) == (400, 50109)


async def test_names_are_more_than_space_and_times_are_times(http: Http, place: Place):
    path = f"/channels/{place.channel_id}"
    assert code(await http.api("POST", f"{path}/threads", {"name": "   ", "type": 11})) == (400, 50035)
    thread = (await http.api("POST", f"{path}/threads", {"name": " a  b ", "type": 11})).body
    assert thread["name"] == "a  b"
    await http.api("PATCH", f"/channels/{thread['id']}", {"archived": True})
    assert code(await http.api("GET", f"{path}/threads/archived/public?before=noon")) == (400, 50035)
    for before, count in (("2016-01-01T00:00:00.000Z", 0), ("2149-01-01T00:00:00%2B00:00", 1)):
        found = await http.api("GET", f"{path}/threads/archived/public?before={before}")
        assert len(found.body["threads"]) == count


async def test_members_of_a_thread_come_in_pages_where_they_come_whole(http: Http, place: Place):
    thread = (await http.api("POST", f"/channels/{place.channel_id}/threads", {"name": "t", "type": 11})).body
    path = f"/channels/{thread['id']}/thread-members"
    people = sorted([place.owner_id, place.people["sasha"], BOT], key=int)
    for user_id in people:
        await http.api("PUT", f"{path}/{user_id}")
    first = (await http.api("GET", f"{path}?with_member=true&limit=2")).body
    assert [(one["user_id"], one["member"]["user"]["id"]) for one in first] == [(p, p) for p in people[:2]]
    rest = (await http.api("GET", f"{path}?with_member=true&limit=2&after={people[1]}")).body
    assert [one["user_id"] for one in rest] == people[2:]
    await http.person("PATCH", f"/bots/{BOT}", {"members": False})
    assert code(await http.api("GET", path)) == (403, 50001)


async def test_a_member_that_is_timed_out_reads_and_says_nothing_until_it_ends(http: Http, place: Place):
    sasha = place.people["sasha"]
    path = f"/guilds/{place.guild_id}/members/{sasha}"
    said_at = datetime.fromisoformat((await said(http, place))["timestamp"])
    until = (said_at + timedelta(days=29)).isoformat()
    assert code(await http.api("PATCH", path, {"communication_disabled_until": until})) == (403, 50013)
    await http.person("PATCH", f"/members/{place.guild_id}/{BOT}", {"permissions": str(1 << 40 | 1 << 10)})
    assert code(await http.api("PATCH", path, {"communication_disabled_until": until})) == (400, 50035)
    mine = await http.api("GET", f"/users/@me/guilds/{place.guild_id}/member")
    now = datetime.fromisoformat(mine.body["joined_at"])
    soon = (now + timedelta(minutes=5)).isoformat()
    member = await http.api("PATCH", path, {"communication_disabled_until": soon})
    assert datetime.fromisoformat(member.body["communication_disabled_until"]) == now + timedelta(minutes=5)
    say = {"channel_id": place.channel_id, "user_id": sasha, "content": "x"}
    assert code(await http.ask("POST", "/playground/messages", say)) == (403, 50013)
    assert len(await http.messages(place.channel_id, sasha)) == 1
    await http.person("POST", "/clock", {"advance_s": 301})
    assert (await http.ask("POST", "/playground/messages", say)).status == 200


async def test_a_bot_hears_of_its_new_name(server: Playground, http: Http, place: Place):
    async with connect(server) as socket:
        await identify(socket)
        await http.api("PATCH", "/users/@me", {"username": "renamed"})
        assert (await socket.event("USER_UPDATE"))["username"] == "renamed"
