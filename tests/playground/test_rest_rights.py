"""Each permission that a bot can lack is missed by its own refusal."""

import base64
from typing import Any

import pytest

from playground.permissions import ALL, Permission
from tests.playground.people import Answer, Http, Place

BOT_ID = "123456789012345678"


class Deeds:
    """What needs a permission, each as one request on a prepared channel."""

    def __init__(self, http: Http, place: Place, message_id: str, thread_id: str) -> None:
        self._http, self._place = http, place
        self._channel = f"/channels/{place.channel_id}"
        self._message = f"{self._channel}/messages/{message_id}"
        self._thread = f"/channels/{thread_id}"

    async def view_channel(self) -> Answer:
        return await self._http.api("GET", self._channel)

    async def send_messages(self) -> Answer:
        return await self._http.api("POST", f"{self._channel}/messages", {"content": "x"})

    async def embed_links(self) -> Answer:
        return await self._http.api("POST", f"{self._channel}/messages", {"embeds": [{"title": "x"}]})

    async def attach_files(self) -> Answer:
        boundary = "b"
        lines = [
            f"--{boundary}",
            'Content-Disposition: form-data; name="files[0]"; filename="a"',
            "",
            "x",
            f"--{boundary}--",
        ]
        headers = {
            "Authorization": f"Bot {self._http.token}",
            "Content-Type": f"multipart/form-data; boundary={boundary}",
        }
        url = f"{self._http.url}/api/v10{self._channel}/messages"
        async with self._http.session.post(url, data="\r\n".join([*lines, ""]), headers=headers) as reply:
            return Answer(status=reply.status, body=await reply.json(), headers=reply.headers)

    async def add_reactions(self) -> Answer:
        return await self._http.api("PUT", f"{self._message}/reactions/🎉/@me")

    async def read_message_history(self) -> Answer:
        return await self._http.api("GET", self._message)

    async def manage_messages(self) -> Answer:
        return await self._http.api("DELETE", self._message)

    async def pin_messages(self) -> Answer:
        path = self._message.replace("/messages/", "/messages/pins/")
        return await self._http.api("PUT", path)

    async def create_public_threads(self) -> Answer:
        return await self._http.api("POST", f"{self._message}/threads", {"name": "t"})

    async def create_private_threads(self) -> Answer:
        return await self._http.api("POST", f"{self._channel}/threads", {"name": "t", "type": 12})

    async def send_messages_in_threads(self) -> Answer:
        return await self._http.api("POST", f"{self._thread}/messages", {"content": "x"})

    async def manage_threads(self) -> Answer:
        return await self._http.api("PATCH", self._thread, {"locked": True})

    async def manage_channels(self) -> Answer:
        return await self._http.api("PATCH", self._channel, {"topic": "x"})

    async def manage_roles(self) -> Answer:
        return await self._http.api("POST", f"/guilds/{self._place.guild_id}/roles", {"name": "x"})

    async def manage_guild(self) -> Answer:
        return await self._http.api("PATCH", f"/guilds/{self._place.guild_id}", {"name": "xx"})

    async def kick_members(self) -> Answer:
        kim = self._place.people["kim"]
        return await self._http.api("DELETE", f"/guilds/{self._place.guild_id}/members/{kim}")

    async def ban_members(self) -> Answer:
        kim = self._place.people["kim"]
        return await self._http.api("PUT", f"/guilds/{self._place.guild_id}/bans/{kim}", {})

    async def manage_nicknames(self) -> Answer:
        kim = self._place.people["kim"]
        return await self._http.api("PATCH", f"/guilds/{self._place.guild_id}/members/{kim}", {"nick": "x"})


DEEDS = sorted(name for name in vars(Deeds) if not name.startswith("_"))


async def prepared(http: Http, place: Place) -> Deeds:
    say = {"channel_id": place.channel_id, "user_id": place.owner_id}
    said = await http.person("POST", "/messages", say | {"content": "x"})
    other = await http.person("POST", "/messages", say | {"content": "y"})
    thread = await http.api(
        "POST", f"/channels/{place.channel_id}/messages/{other['id']}/threads", {"name": "t"}
    )
    return Deeds(http, place, said["id"], thread.body["id"])


async def rights(http: Http, place: Place, permissions: int) -> None:
    change: dict[str, Any] = {"permissions": str(permissions)}
    await http.person("PATCH", f"/members/{place.guild_id}/{BOT_ID}", change)


@pytest.mark.parametrize("name", DEEDS)
async def test_without_its_permission_a_deed_is_refused_and_with_it_done(http: Http, place: Place, name: str):
    deeds = await prepared(http, place)
    without = ALL & ~Permission.ADMINISTRATOR & ~Permission[name.upper()]
    await rights(http, place, without)
    refused = await getattr(deeds, name)()
    assert refused.status == 403
    assert refused.body["code"] == (50001 if name == "view_channel" else 50013)
    await rights(http, place, without | Permission[name.upper()])
    assert (await getattr(deeds, name)()).status < 300


async def test_a_person_without_the_right_cannot_call_a_command(http: Http, place: Place):
    commands = [
        {"name": "open", "description": "d"},
        {"name": "closed", "description": "d", "default_member_permissions": str(1 << 5)},
    ]
    await http.api("PUT", f"/applications/{BOT_ID}/commands", commands)
    guest = await http.ask(
        "POST", "/playground/commands", place.by_owner(name="open", user_id=place.people["guest"])
    )
    sasha = await http.ask(
        "POST", "/playground/commands", place.by_owner(name="closed", user_id=place.people["sasha"])
    )
    assert [(one.status, one.body["code"]) for one in (guest, sasha)] == [(403, 50013)] * 2


async def test_history_without_its_permission_is_empty(http: Http, place: Place):
    await prepared(http, place)
    await rights(http, place, ALL & ~Permission.ADMINISTRATOR & ~Permission.READ_MESSAGE_HISTORY)
    assert (await http.api("GET", f"/channels/{place.channel_id}/messages")).body == []


async def test_files_of_a_person_need_their_permission_too(http: Http, place: Place):
    change = {"permissions": str(1 << 10 | 1 << 11)}
    await http.person("PATCH", f"/members/{place.guild_id}/{place.people['sasha']}", change)
    say = {"channel_id": place.channel_id, "user_id": place.people["sasha"], "content": "x"}
    await http.person("POST", "/messages", say)
    files = [{"name": "a", "base64": base64.b64encode(b"x").decode()}]
    refused = await http.ask("POST", "/playground/messages", say | {"files": files})
    assert (refused.status, refused.body["code"]) == (403, 50013)
