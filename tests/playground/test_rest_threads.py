"""Threads and channels over REST: rights, archives, locks, renames."""

from typing import Any

import pytest

from tests.playground.people import Answer, Http, Json, Place


def code(answer: Answer) -> tuple[int, int]:
    return answer.status, answer.body["code"]


async def make_thread(http: Http, place: Place, **body: Any) -> Json:
    message = await http.api("POST", f"/channels/{place.channel_id}/messages", {"content": "base"})
    path = f"/channels/{place.channel_id}/messages/{message.body['id']}/threads"
    answer = await http.api("POST", path, {"name": "a thread"} | body)
    assert answer.status == 201, answer.body
    return answer.body


async def test_a_thread_has_the_id_of_its_message(http: Http, place: Place):
    thread = await make_thread(http, place, auto_archive_duration=10080)
    message = (await http.api("GET", f"/channels/{place.channel_id}/messages/{thread['id']}")).body
    assert message["flags"] & 32
    assert message["thread"]["id"] == thread["id"]
    inside = (await http.api("GET", f"/channels/{thread['id']}/messages")).body
    assert [one["type"] for one in inside] == [21]
    again = await http.api(
        "POST", f"/channels/{place.channel_id}/messages/{thread['id']}/threads", {"name": "b"}
    )
    assert code(again) == (400, 160004)


@pytest.mark.parametrize(
    "body", [{"name": ""}, {"name": "x" * 101}, {"name": "x", "auto_archive_duration": 61}, {}]
)
async def test_a_thread_with_wrong_values_is_not_made(http: Http, place: Place, body: Json):
    message = await http.api("POST", f"/channels/{place.channel_id}/messages", {"content": "base"})
    path = f"/channels/{place.channel_id}/messages/{message.body['id']}/threads"
    assert code(await http.api("POST", path, body)) == (400, 50035)


async def test_an_archived_thread_takes_nothing_but_a_post(http: Http, place: Place):
    thread = await make_thread(http, place)
    messages = f"/channels/{thread['id']}/messages"
    posted = (await http.api("POST", messages, {"content": "x"})).body
    await http.api("PATCH", f"/channels/{thread['id']}", {"archived": True})
    frozen = [
        await http.api("PUT", f"{messages}/{posted['id']}/reactions/✅/@me"),
        await http.api("PATCH", f"{messages}/{posted['id']}", {"content": "y"}),
        await http.api("DELETE", f"{messages}/{posted['id']}"),
        await http.api("PUT", f"/channels/{thread['id']}/thread-members/@me"),
    ]
    assert [code(answer) for answer in frozen] == [(400, 50083)] * 4
    press = {"channel_id": thread["id"], "message_id": posted["id"], "user_id": place.owner_id, "emoji": "✅"}
    assert code(await http.ask("POST", "/playground/reactions", press)) == (400, 50083)
    assert (await http.api("POST", messages, {"content": "wake"})).status == 200
    metadata = (await http.api("GET", f"/channels/{thread['id']}")).body["thread_metadata"]
    assert not metadata["archived"]


async def test_a_locked_thread_is_for_who_manages_threads(http: Http, place: Place):
    thread = await make_thread(http, place)
    await http.api("PATCH", f"/channels/{thread['id']}", {"locked": True})
    say = {"channel_id": thread["id"], "user_id": place.people["sasha"], "content": "x"}
    assert code(await http.ask("POST", "/playground/messages", say)) == (400, 160005)
    await http.api("PATCH", f"/channels/{thread['id']}", {"archived": True})
    assert code(await http.ask("POST", "/playground/messages", say)) == (400, 50083)
    assert (await http.api("POST", f"/channels/{thread['id']}/messages", {"content": "x"})).status == 200


async def test_a_person_without_the_right_cannot_lock_or_archive(http: Http, place: Place):
    thread = await make_thread(http, place)
    sasha = {"user_id": place.people["sasha"]}
    path = f"/playground/channels/{thread['id']}"
    assert code(await http.ask("PATCH", path, sasha | {"archived": True})) == (403, 50013)
    assert code(await http.ask("PATCH", path, sasha | {"locked": True})) == (403, 50013)
    await http.person("PATCH", f"/channels/{thread['id']}", {"user_id": place.owner_id, "archived": True})
    await http.person("PATCH", f"/channels/{thread['id']}", sasha | {"archived": False})


async def test_two_renames_in_ten_minutes(http: Http, place: Place):
    thread = await make_thread(http, place)
    path = f"/channels/{thread['id']}"
    answers = [await http.api("PATCH", path, {"name": f"name {number}"}) for number in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[-1].body["retry_after"] > 500
    await http.person("POST", "/clock", {"advance_s": 601})
    assert (await http.api("PATCH", path, {"name": "name 3"})).status == 200


async def test_threads_are_archived_when_nobody_writes(http: Http, place: Place):
    thread = await make_thread(http, place, auto_archive_duration=60)
    await http.person("POST", "/clock", {"advance_s": 3601})
    archived = (await http.api("GET", f"/channels/{place.channel_id}/threads/archived/public")).body
    active = (await http.api("GET", f"/guilds/{place.guild_id}/threads/active")).body
    assert [one["id"] for one in archived["threads"]] == [thread["id"]]
    assert active["threads"] == []


async def test_members_of_threads(http: Http, place: Place):
    thread = await make_thread(http, place)
    members = f"/channels/{thread['id']}/thread-members"
    assert (await http.api("PUT", f"{members}/{place.owner_id}")).status == 204
    listed = (await http.api("GET", f"{members}?with_member=true")).body
    assert {one["user_id"] for one in listed} == {"123456789012345678", place.owner_id}
    assert (await http.api("DELETE", f"{members}/{place.owner_id}")).status == 204
    assert code(await http.api("GET", f"{members}/{place.owner_id}")) == (404, 10007)


async def test_a_private_thread_is_seen_by_its_members_only(http: Http, place: Place):
    change: Json = {"permissions": str((1 << 53) - 1 & ~(1 << 3))}
    await http.person("PATCH", f"/members/{place.guild_id}/123456789012345678", change)
    path = f"/channels/{place.channel_id}/threads"
    made = await http.api("POST", path, {"name": "secret", "type": 12, "invitable": False})
    assert made.status == 201
    say = {"channel_id": made.body["id"], "user_id": place.people["sasha"], "content": "x"}
    assert code(await http.ask("POST", "/playground/messages", say)) == (403, 50001)
    await http.api("PUT", f"/channels/{made.body['id']}/thread-members/{place.people['sasha']}")
    await http.person("POST", "/messages", say)


async def test_a_forum_post_is_a_thread_with_its_first_message(http: Http, place: Place):
    made = await http.person(
        "POST",
        "/channels",
        {"guild_id": place.guild_id, "name": "Ideas", "type": 15, "available_tags": [{"name": "new"}]},
    )
    tag = made["available_tags"][0]["id"]
    body = {"name": "an idea", "message": {"content": "what if"}, "applied_tags": [tag]}
    post = await http.api("POST", f"/channels/{made['id']}/threads", body)
    assert post.status == 201
    assert post.body["message"]["id"] == post.body["id"]
    assert post.body["applied_tags"] == [tag]
    assert code(await http.api("POST", f"/channels/{made['id']}/messages", {"content": "x"})) == (400, 50008)


async def test_channels_are_made_changed_hidden_and_deleted(http: Http, place: Place):
    refused = await http.api("POST", f"/guilds/{place.guild_id}/channels", {"name": "x"})
    assert code(refused) == (403, 50013)
    made = await http.person("POST", "/channels", {"guild_id": place.guild_id, "name": "Secret Room"})
    assert made["name"] == "secret-room"
    overwrites = [{"id": place.guild_id, "type": 0, "deny": str(1 << 10), "allow": "0"}]
    await http.person(
        "PATCH", f"/channels/{made['id']}", {"user_id": place.owner_id, "permission_overwrites": overwrites}
    )
    say = {"channel_id": made["id"], "user_id": place.people["sasha"], "content": "x"}
    assert code(await http.ask("POST", "/playground/messages", say)) == (403, 50001)
    await http.person("DELETE", f"/channels/{made['id']}?user_id={place.owner_id}")
    assert code(await http.api("GET", f"/channels/{made['id']}")) == (404, 10003)


async def test_a_direct_message(http: Http, place: Place):
    opened = (await http.api("POST", "/users/@me/channels", {"recipient_id": place.owner_id})).body
    assert [user["id"] for user in opened["recipients"]] == [place.owner_id]
    same = await http.person("POST", "/dms", {"user_id": place.owner_id, "bot_id": "123456789012345678"})
    assert same["id"] == opened["id"]
    await http.api("POST", f"/channels/{opened['id']}/messages", {"content": "psst"})
    seen = await http.messages(opened["id"], place.owner_id)
    assert [one["content"] for one in seen] == ["psst"]
    stranger = await http.ask(
        "GET", f"/playground/channels/{opened['id']}/messages?user_id={place.people['sasha']}"
    )
    assert code(stranger) == (403, 50001)
