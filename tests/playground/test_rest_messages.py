"""Messages and reactions over REST: Discord's limits with Discord's codes."""

import base64
import io
from typing import Any

import aiohttp
import pytest

from tests.playground.people import Answer, Http, Json, Place


async def post(http: Http, place: Place, **body: Any) -> Answer:
    return await http.api("POST", f"/channels/{place.channel_id}/messages", body)


def code(answer: Answer) -> tuple[int, int]:
    return answer.status, answer.body["code"]


async def upload(http: Http, path: str, payload: str, *files: tuple[str, bytes]) -> Answer:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("payload_json", payload, content_type="application/json")
    for index, (name, data) in enumerate(files):
        form.add_field(
            f"files[{index}]", io.BytesIO(data), filename=name, content_type="application/octet-stream"
        )
    headers = {"Authorization": f"Bot {http.token}"}
    async with http.session.post(f"{http.url}/api/v10{path}", data=form, headers=headers) as reply:
        return Answer(status=reply.status, body=await reply.json(), headers=reply.headers)


WRONG: list[tuple[Json, str]] = [
    ({"content": "x" * 2001}, "content"),
    ({"content": 7}, "content"),
    ({"embeds": [{"title": "x" * 257}]}, "embeds"),
    ({"embeds": [{"description": "x" * 4097}]}, "embeds"),
    ({"embeds": [{"description": "x" * 3001}, {"description": "y" * 3000}]}, "embeds"),
    ({"embeds": [{"title": "x"}] * 11}, "embeds"),
    ({"embeds": [{"fields": [{"name": "a", "value": ""}]}]}, "embeds"),
    ({"content": "x", "message_reference": {"message_id": "1"}}, "message_reference"),
    ({"content": "x", "components": [{"type": 1, "components": []}]}, "components"),
    ({"content": "x", "components": [{"type": 2, "style": 1, "custom_id": "a"}]}, "components"),
    ({"content": "x", "nonce": "n" * 26}, "nonce"),
    ({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}, "allowed_mentions"),
]


@pytest.mark.parametrize(("body", "field"), WRONG)
async def test_a_wrong_field_is_named(http: Http, place: Place, body: Json, field: str):
    answer = await post(http, place, **body)
    assert code(answer) == (400, 50035)
    assert list(answer.body["errors"]) == [field]


async def test_nothing_cannot_be_said(http: Http, place: Place):
    assert code(await post(http, place, content="  \n ")) == (400, 50006)


async def test_two_thousand_characters_can_be_said(http: Http, place: Place):
    assert (await post(http, place, content="🎉" * 2000)).status == 200


async def test_files_come_back_byte_for_byte(http: Http, place: Place):
    path = f"/channels/{place.channel_id}/messages"
    payload = '{"content":"","attachments":[{"id":0,"filename":"a b.txt","description":"what"}]}'
    whole = bytes(range(256)) * 4
    posted = await upload(http, path, payload, ("a b.txt", whole), ("空.csv", b""))
    assert posted.status == 200
    first, second = posted.body["attachments"]
    assert (first["filename"], first["description"], first["size"]) == ("a b.txt", "what", 1024)
    assert (second["filename"], second["size"]) == ("空.csv", 0)
    async with http.session.get(first["url"]) as reply:
        assert await reply.read() == whole


async def test_a_file_name_that_is_no_utf_8_is_repaired(http: Http, place: Place):
    about = b'Content-Disposition: form-data; name="files[0]"; filename="caf\xe9.txt"'
    head = b"\r\n".join([b"--b", about, b"", b"x", b"--b--", b""])
    headers = {"Authorization": f"Bot {http.token}", "Content-Type": "multipart/form-data; boundary=b"}
    url = f"{http.url}/api/v10/channels/{place.channel_id}/messages"
    async with http.session.post(url, data=head, headers=headers) as reply:
        assert reply.status == 200
        assert (await reply.json())["attachments"][0]["filename"] == "caf\ufffd.txt"


async def test_files_over_the_limits_are_refused(http: Http, place: Place):
    path = f"/channels/{place.channel_id}/messages"
    most = b"x" * (10 * 1024 * 1024)
    assert (await upload(http, path, "{}", ("most.bin", most))).status == 200
    assert code(await upload(http, path, "{}", ("over.bin", most + b"x"))) == (413, 40005)
    too_many = [(f"{number}.txt", b"x") for number in range(11)]
    assert code(await upload(http, path, "{}", *too_many)) == (400, 50035)
    assert code(await upload(http, path, "{}", *[(f"{n}", most) for n in range(3)])) == (413, 40005)


async def test_a_boosted_server_takes_larger_files(http: Http, place: Place):
    path = f"/channels/{place.channel_id}/messages"
    large = b"x" * (10 * 1024 * 1024 + 1)
    assert code(await upload(http, path, "{}", ("large", large))) == (413, 40005)
    await http.person("PATCH", f"/guilds/{place.guild_id}", {"premium_tier": 2})
    assert (await upload(http, path, "{}", ("large", large))).body["attachments"][0]["size"] == len(large)


async def test_a_link_expires_and_cannot_be_forged(http: Http, place: Place):
    path = f"/channels/{place.channel_id}/messages"
    posted = (await upload(http, path, "{}", ("a.txt", b"x"))).body
    url = posted["attachments"][0]["url"].removeprefix(http.url)
    assert (await http.ask("GET", url)).status == 200
    assert (await http.ask("GET", url.replace("hm=", "hm=0"))).status == 403
    assert (await http.ask("GET", url.partition("?")[0])).status == 403
    await http.person("POST", "/clock", {"advance_s": 25 * 3600})
    assert (await http.ask("GET", url)).status == 404
    fresh = (await http.api("GET", f"{path}/{posted['id']}")).body["attachments"][0]["url"]
    assert (await http.ask("GET", fresh.removeprefix(http.url))).status == 200
    await http.api("DELETE", f"{path}/{posted['id']}")
    assert (await http.ask("GET", fresh.removeprefix(http.url))).status == 404


async def test_a_nonce_is_remembered_for_minutes_only(http: Http, place: Place):
    said: Json = {"content": "once", "nonce": "abc", "enforce_nonce": True}
    first = await post(http, place, **said)
    second = await post(http, place, **said)
    assert first.body["id"] == second.body["id"]
    assert first.body["nonce"] == "abc"
    elsewhere = await http.api("POST", f"/channels/{place.channels['general']}/messages", said)
    assert elsewhere.body["id"] == first.body["id"]
    await http.person("POST", "/clock", {"advance_s": 301})
    assert (await post(http, place, **said)).body["id"] != first.body["id"]
    assert (await post(http, place, content="once", nonce="abc")).body["id"] != first.body["id"]


async def test_history_goes_both_ways(http: Http, place: Place):
    ids = [(await post(http, place, content=str(number))).body["id"] for number in range(10)]

    async def page(query: str) -> list[str]:
        answer = await http.api("GET", f"/channels/{place.channel_id}/messages?{query}")
        return [message["content"] for message in answer.body]

    assert await page("limit=3") == ["9", "8", "7"]
    assert await page(f"limit=3&before={ids[5]}") == ["4", "3", "2"]
    assert await page(f"limit=3&after={ids[5]}") == ["8", "7", "6"]
    assert await page(f"limit=3&around={ids[5]}") == ["6", "5", "4"]
    assert code(await http.api("GET", f"/channels/{place.channel_id}/messages?limit=101")) == (400, 50035)


async def test_edits_keep_what_they_do_not_name(http: Http, place: Place):
    posted = (await post(http, place, content="a", embeds=[{"title": "t"}])).body
    path = f"/channels/{place.channel_id}/messages/{posted['id']}"
    edited = (await http.api("PATCH", path, {"content": "b"})).body
    assert edited["content"] == "b"
    assert edited["embeds"][0]["title"] == "t"
    assert edited["edited_timestamp"] is not None
    hidden = (await http.api("PATCH", path, {"flags": 4})).body
    assert (hidden["embeds"], hidden["flags"]) == ([], 4)
    assert code(await http.api("PATCH", path, {"content": "", "embeds": []})) == (400, 50006)


async def test_edits_of_messages_older_than_an_hour_are_limited(http: Http, place: Place):
    posted = (await post(http, place, content="a")).body
    path = f"/channels/{place.channel_id}/messages/{posted['id']}"
    await http.person("POST", "/clock", {"advance_s": 3601})
    answers = [await http.api("PATCH", path, {"content": str(number)}) for number in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].body["code"] == 30046
    assert "Via" in answers[-1].headers


async def test_what_is_not_there_and_what_is_not_ones_own(http: Http, place: Place):
    messages = f"/channels/{place.channel_id}/messages"
    say = {"channel_id": place.channel_id, "user_id": place.owner_id, "content": "mine"}
    mine = (await http.person("POST", "/messages", say))["id"]
    assert code(await http.api("GET", "/channels/1")) == (404, 10003)
    assert code(await http.api("GET", f"{messages}/1")) == (404, 10008)
    assert code(await http.api("PATCH", f"{messages}/{mine}", {"content": "x"})) == (403, 50005)
    assert code(await http.api("GET", "/guilds/1")) == (404, 10004)
    assert code(await http.api("GET", "/nothing/here")) == (404, 0)
    assert code(await http.ask("GET", "/api/v10/users/@me")) == (401, 0)
    assert (await http.api("DELETE", f"{messages}/{mine}")).status == 204


async def test_mentions_count_only_where_they_are_allowed(http: Http, place: Place):
    text = f"<@{place.owner_id}> @everyone `<@{place.people['sasha']}>`"
    loud = (await post(http, place, content=text)).body
    quiet = (await post(http, place, content=text, allowed_mentions={"parse": []})).body
    assert [user["id"] for user in loud["mentions"]] == [place.owner_id]
    assert loud["mention_everyone"]
    assert (quiet["mentions"], quiet["mention_everyone"]) == ([], False)
    said = {"channel_id": place.channel_id, "user_id": place.owner_id, "content": "q"}
    asked = await http.person("POST", "/messages", said)
    reference = {"message_id": asked["id"]}
    pings = (await post(http, place, content="a", message_reference=reference)).body
    silent = (
        await post(http, place, content="a", message_reference=reference, allowed_mentions={"parse": []})
    ).body
    assert [user["id"] for user in pings["mentions"]] == [place.owner_id]
    assert silent["mentions"] == []
    assert silent["referenced_message"]["content"] == "q"


async def test_reactions_and_their_limits(http: Http, place: Place):
    posted = (await post(http, place, content="x")).body
    path = f"/channels/{place.channel_id}/messages/{posted['id']}/reactions"
    emojis = [chr(0x1F600 + number) for number in range(20)]
    for emoji in emojis:
        assert (await http.api("PUT", f"{path}/{emoji}/@me")).status == 204
    assert code(await http.api("PUT", f"{path}/✅/@me")) == (400, 30010)
    assert code(await http.api("PUT", f"{path}/abc/@me")) == (400, 10014)
    press = {"channel_id": place.channel_id, "message_id": posted["id"], "user_id": place.owner_id}
    await http.person("POST", "/reactions", press | {"emoji": emojis[0]})
    pressed = await http.api("GET", f"{path}/{emojis[0]}")
    assert {user["id"] for user in pressed.body} == {place.owner_id, "123456789012345678"}
    assert (await http.api("DELETE", f"{path}/{emojis[0]}/{place.owner_id}")).status == 204
    assert (await http.api("DELETE", f"{path}/{emojis[1]}")).status == 204
    assert (await http.api("DELETE", f"{path}/{emojis[0]}/@me")).status == 204
    left = (await http.api("GET", f"/channels/{place.channel_id}/messages/{posted['id']}")).body["reactions"]
    assert [one["emoji"]["name"] for one in left] == emojis[2:]
    assert (await http.api("DELETE", path)).status == 204


async def test_only_the_first_of_an_emoji_needs_the_permission(http: Http, place: Place):
    posted = (await post(http, place, content="x")).body
    await http.api("PUT", f"/channels/{place.channel_id}/messages/{posted['id']}/reactions/✅/@me")
    press = {"channel_id": place.channel_id, "message_id": posted["id"], "user_id": place.people["guest"]}
    await http.person("POST", "/reactions", press | {"emoji": "✅"})
    refused = await http.ask("POST", "/playground/reactions", press | {"emoji": "❌"})
    assert code(refused) == (403, 50013)


async def test_bulk_delete_and_pins(http: Http, place: Place):
    messages = f"/channels/{place.channel_id}/messages"
    ids = [(await post(http, place, content=str(number))).body["id"] for number in range(3)]
    assert (await http.api("PUT", f"{messages}/pins/{ids[2]}")).status == 204
    pins = (await http.api("GET", f"{messages}/pins")).body
    assert [item["message"]["id"] for item in pins["items"]] == [ids[2]]
    assert code(await http.api("POST", f"{messages}/bulk-delete", {"messages": ids[:1]})) == (400, 50016)
    assert (await http.api("POST", f"{messages}/bulk-delete", {"messages": ids[:2]})).status == 204
    left = (await http.api("GET", messages)).body
    assert [(message["type"], message["content"]) for message in left] == [(6, ""), (0, "2")]


@pytest.mark.parametrize("raw", ["{", "[1]", '{"content": "\\ud800"}', '{"content": NaN}', '"x"'])
async def test_a_body_that_is_none_is_a_400(http: Http, place: Place, raw: str):
    headers = {"Authorization": f"Bot {http.token}", "Content-Type": "application/json"}
    url = f"{http.url}/api/v10/channels/{place.channel_id}/messages"
    async with http.session.post(url, data=raw, headers=headers) as reply:
        assert reply.status == 400
        assert reply.headers["Content-Type"] == "application/json"


async def test_the_log_shows_both_sides_and_no_token(http: Http, place: Place):
    await upload(http, f"/channels/{place.channel_id}/messages", '{"content":"hi"}', ("a.txt", b"x"))
    last = (await http.log())[-1]
    assert (last["method"], last["status"], last["request"]) == ("POST", 200, {"content": "hi"})
    assert last["response"]["content"] == "hi"
    assert last["files"][0]["name"] == "a.txt"
    assert http.token not in str(last)
    assert await http.person("GET", f"/log?after={last['seq']}") == []


async def test_a_person_posts_files_and_replies(http: Http, place: Place):
    encoded = base64.b64encode(b"1,2").decode()
    said: Json = {"channel_id": place.channel_id, "user_id": place.owner_id, "content": ""}
    first = await http.person("POST", "/messages", said | {"files": [{"name": "a.csv", "base64": encoded}]})
    reply = await http.person("POST", "/messages", said | {"content": "re", "reply_to": first["id"]})
    assert first["attachments"][0]["filename"] == "a.csv"
    assert reply["message_reference"]["message_id"] == first["id"]
    edited = await http.person(
        "PATCH", f"/messages/{place.channel_id}/{reply['id']}", {"user_id": place.owner_id, "content": "new"}
    )
    assert edited["content"] == "new"
    path = f"/messages/{place.channel_id}/{reply['id']}"
    refused = await http.ask("DELETE", f"/playground{path}?user_id={place.people['sasha']}")
    assert code(refused) == (403, 50013)
    await http.person("DELETE", f"{path}?user_id={place.owner_id}")
    assert [one["id"] for one in await http.messages(place.channel_id)] == [first["id"]]
