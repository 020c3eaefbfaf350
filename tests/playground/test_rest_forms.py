"""What Discord calls an invalid form: every wrong field by its place and code."""

from typing import Any

import pytest

from playground import Playground
from tests.playground.gateway import asking_in_background, connect, identify
from tests.playground.people import Answer, Http, Json, Place


def flat(errors: Json, path: str = "") -> dict[str, list[str]]:
    """Dotted place -> codes."""
    found: dict[str, list[str]] = {}
    for key, inner in errors.items():
        if key == "_errors":
            found[path] = [one["code"] for one in inner]
        else:
            found |= flat(inner, f"{path}.{key}" if path else key)
    return found


def wrong_fields(answer: Answer) -> dict[str, list[str]]:
    assert (answer.status, answer.body["code"]) == (400, 50035), answer.body
    return flat(answer.body["errors"])


async def post(http: Http, place: Place, **body: Any) -> Answer:
    return await http.api("POST", f"/channels/{place.channel_id}/messages", body)


def row(*parts: Json) -> list[Json]:
    return [{"type": 1, "components": list(parts)}]


BUTTON: Json = {"type": 2, "style": 1, "label": "a", "custom_id": "a"}
OPTION: Json = {"label": "a", "value": "a"}
SELECT: Json = {"type": 3, "custom_id": "a", "options": [OPTION]}
SCHEME = "URL_TYPE_INVALID_SCHEME"
V2 = 1 << 15
SHOWN: Json = {"type": 10, "content": "a"}
IN_ROW = "components.0.components.0"
MESSAGES: list[tuple[Json, str, str]] = [
    ({"embeds": [{}]}, "embeds.0.description", "BASE_TYPE_REQUIRED"),
    ({"embeds": [{"color": 1}]}, "embeds.0.description", "BASE_TYPE_REQUIRED"),
    ({"embeds": [{"title": "a", "url": "ftp://a"}]}, "embeds.0.url", SCHEME),
    ({"embeds": [{"title": "a", "image": {"url": "nowhere"}}]}, "embeds.0.image.url", SCHEME),
    ({"embeds": [{"title": "a", "image": {"url": "http://"}}]}, "embeds.0.image.url", "URL_TYPE_INVALID_URL"),
    ({"embeds": [{"author": {"name": "a", "icon_url": ""}}]}, "embeds.0.author.icon_url", SCHEME),
    ({"embeds": [{"title": "a", "timestamp": "today"}]}, "embeds.0.timestamp", "DATE_TIME_TYPE_PARSE"),
    ({"content": "a", "attachments": [{"id": 0, "filename": "a.txt"}]}, "attachments.0",
     "ATTACHMENT_NOT_FOUND"),
    ({"content": "a", "components": row({**BUTTON, "style": 5, "url": "javascript:1"})}, "", ""),
    ({"content": "a", "components": row({"type": 2, "style": 1, "custom_id": "a"})}, IN_ROW, ""),
    ({"content": "a", "components": row({**BUTTON, "url": "https://a"})}, IN_ROW, ""),
    ({"content": "a", "components": row({**BUTTON, "emoji": {"name": "no"}})}, f"{IN_ROW}.emoji.name",
     "BUTTON_COMPONENT_INVALID_EMOJI"),
    ({"content": "a", "components": row({"type": 4, "custom_id": "a", "style": 1, "label": "a"})},
     f"{IN_ROW}.type", "UNION_TYPE_CHOICES"),
    ({"content": "a", "components": row({"type": 1, "components": [BUTTON]})}, f"{IN_ROW}.type",
     "UNION_TYPE_CHOICES"),
    ({"content": "a", "components": row({"style": 1, "custom_id": "a"})}, f"{IN_ROW}.type", ""),
    ({"content": "a", "components": row({**SELECT, "options": [OPTION, OPTION]})},
     f"{IN_ROW}.options.1", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED"),
    ({"content": "a", "components": row({**SELECT, "min_values": 2})}, "", ""),
    ({"content": "a", "components": row({**SELECT, "min_values": 2, "max_values": 1})}, "", ""),
    ({"content": "a", "components": row({**SELECT, "options": [{**OPTION, "emoji": 7}]})},
     f"{IN_ROW}.options.0.emoji", ""),
    ({"content": "a", "components": row({**BUTTON, "disabled": "yes"})}, f"{IN_ROW}.disabled", ""),
    ({"content": "a", "components": row(*[BUTTON | {"custom_id": str(n)} for n in range(6)])}, "", ""),
    ({"content": "a", "components": row(BUTTON, SELECT | {"custom_id": "b"})}, "", ""),
    ({"flags": V2, "components": [{"type": 9, "components": [SHOWN]}]}, "", ""),
    ({"flags": V2, "components": [{"type": 12, "items": []}]}, "components.0.items", ""),
    ({"flags": V2, "components": [{"type": 17, "components": [{"type": 17, "components": [SHOWN]}]}]},
     "components.0.components.0.type", "UNION_TYPE_CHOICES"),
    ({"flags": V2, "components": [SHOWN | {"id": 1}, {"type": 14, "id": 1}]}, "", ""),
    ({"content": "a", "message_reference": {"message_id": "abc"}}, "message_reference.message_id",
     "NUMBER_TYPE_COERCE"),
    ({"content": "a", "allowed_mentions": {"parse": ["nobody"]}}, "allowed_mentions.parse.0",
     "BASE_TYPE_CHOICES"),
    ({"content": "a", "allowed_mentions": {"parse": [7]}}, "allowed_mentions.parse.0", ""),
    ({"content": "a", "allowed_mentions": {"users": ["1"] * 101}}, "allowed_mentions.users", ""),
]  # fmt: skip


@pytest.mark.parametrize(("body", "field", "code"), MESSAGES)
async def test_a_wrong_message_names_the_place_and_the_code(
    http: Http, place: Place, body: Json, field: str, code: str
):
    found = wrong_fields(await post(http, place, **body))
    assert not field or field in found, found
    assert not code or code in found[field]


TEXT: Json = {"type": 3, "name": "o", "description": "d"}
WHOLE: Json = TEXT | {"type": 4}
INNER: Json = {"type": 1, "name": "s", "description": "d"}
A: Json = {"name": "a", "description": "d"}
COMMANDS: list[tuple[Json, str]] = [
    (A | {"name": "Upper"}, "name"),
    (A | {"name": "two words"}, "name"),
    ({"name": "a"}, "description"),
    (A | {"description": ""}, "description"),
    (A | {"description": "d" * 101}, "description"),
    (A | {"type": 2}, "description"),
    (A | {"default_member_permissions": "abc"}, "default_member_permissions"),
    (A | {"options": [{"name": "o", "description": "d"}]}, "options.0.type"),
    (A | {"options": [TEXT, TEXT]}, "options"),
    (A | {"options": [TEXT, TEXT | {"name": "p", "required": True}]}, "options"),
    (A | {"options": [TEXT | {"name": f"o{n}"} for n in range(26)]}, "options"),
    (A | {"options": [TEXT | {"choices": [{"name": "x", "value": 7}]}]}, "options.0.choices.0.value"),
    (A | {"options": [TEXT | {"choices": [{"name": "x", "value": "y" * 101}]}]}, "options.0.choices.0.value"),
    (A | {"options": [TEXT | {"choices": [{"name": "x"}]}]}, "options.0.choices.0.value"),
    (A | {"options": [WHOLE | {"choices": [{"name": "x", "value": "y"}]}]}, "options.0.choices.0.value"),
    (A | {"options": [WHOLE | {"choices": [{"name": "x", "value": 1 << 53}]}]}, "options.0.choices.0.value"),
    (A | {"options": [WHOLE | {"min_value": "x"}]}, "options.0.min_value"),
    (A | {"options": [TEXT | {"min_length": -1}]}, "options.0.min_length"),
    (A | {"options": [TEXT | {"max_length": 6001}]}, "options.0.max_length"),
    (A | {"options": [TEXT | {"autocomplete": True, "choices": [{"name": "x", "value": "y"}]}]}, "options.0"),
    (A | {"options": [TEXT, INNER]}, "options"),
    (A | {"options": [INNER | {"options": [INNER]}]}, "options.0.options.0.type"),
    (A | {"options": [INNER | {"type": 2, "options": [TEXT]}]}, "options.0.options.0.type"),
    (A | {"contexts": [7]}, "contexts.0"),
    (A | {"name_localizations": {"de": "UPPER"}}, "name_localizations.de"),
    (A | {"name_localizations": {"xx": "b"}}, "name_localizations"),
]


@pytest.mark.parametrize(("body", "field"), COMMANDS)
async def test_a_wrong_command_names_the_place(http: Http, place: Place, body: Json, field: str):
    path = "/applications/123456789012345678/commands"
    found = wrong_fields(await http.api("POST", path, body))
    assert field in found, found
    in_bulk = wrong_fields(await http.api("PUT", path, [{"name": "right", "description": "d"}, body]))
    assert f"1.{field}" in in_bulk, in_bulk
    assert (await http.api("GET", path)).body == []


async def test_a_change_of_a_command_is_read_as_strictly_as_a_new_one(http: Http, place: Place):
    path = "/applications/123456789012345678/commands"
    one = (await http.api("POST", path, {"name": "one", "description": "d"})).body
    other = (await http.api("POST", path, {"name": "two", "description": "d"})).body
    assert wrong_fields(await http.api("PATCH", f"{path}/{one['id']}", {"name": "Not A Name"})) == {
        "name": ["APPLICATION_COMMAND_INVALID_NAME"]
    }
    assert wrong_fields(await http.api("PATCH", f"{path}/{one['id']}", {"name": "two"}))
    changed = (await http.api("PATCH", f"{path}/{one['id']}", {"description": "new"})).body
    assert (changed["id"], changed["description"]) == (one["id"], "new")
    assert changed["version"] != one["version"]
    assert (await http.api("GET", f"{path}/{other['id']}")).body["name"] == "two"


@pytest.mark.parametrize(
    ("method", "path", "field"),
    [
        ("GET", "/channels/abc", "channel_id"),
        ("GET", "/channels/{channel}/messages/x1", "message_id"),
        ("GET", "/guilds/nowhere", "guild_id"),
        ("GET", "/users/you", "user_id"),
        ("DELETE", "/channels/{channel}/messages/1/reactions/%E2%9C%85/him", "user_id"),
        ("GET", "/applications/123456789012345678/commands/first", "command_id"),
        ("GET", "/channels/{channel}/messages?before=abc", "before"),
        ("GET", "/channels/{channel}/messages?limit=101", "limit"),
        ("GET", "/channels/{channel}/messages?limit=0", "limit"),
        ("GET", "/guilds/{guild}/members?limit=1001", "limit"),
        ("GET", "/guilds/{guild}/members/search", "query"),
    ],
)
async def test_a_wrong_address_names_its_part(http: Http, place: Place, method: str, path: str, field: str):
    where = path.format(channel=place.channel_id, guild=place.guild_id)
    assert list(wrong_fields(await http.api(method, where))) == [field]


ANSWERS: list[tuple[Json, str]] = [
    ({"type": 4, "data": {"content": "x" * 2001}}, "data.content"),
    ({"type": 4, "data": {"embeds": [{"image": {"url": "x"}}]}}, "data.embeds.0.image.url"),
    ({"type": 4, "data": {"content": "x", "attachments": [{"id": 0}]}}, "data.attachments.0"),
    ({"type": 9, "data": {"custom_id": "m", "title": "t" * 46, "components": []}}, "data.title"),
    ({"type": 9}, "data.custom_id"),
    ({"type": 8, "data": {"choices": []}}, "type"),
    ({"type": 7, "data": {"content": "x"}}, "type"),
    ({"data": {"content": "x"}}, "type"),
]


async def test_a_wrong_answer_to_an_interaction_names_its_place_and_leaves_it_open(
    server: Playground, http: Http, place: Place
):
    await http.api("POST", "/applications/123456789012345678/commands", {"name": "ask", "description": "d"})
    async with connect(server) as socket:
        await identify(socket)
        asking = http.session.post(f"{http.url}/playground/commands", json=place.by_owner(name="ask"))
        async with asking_in_background(asking):
            interaction = await socket.event("INTERACTION_CREATE")
            path = f"/api/v10/interactions/{interaction['id']}/{interaction['token']}/callback"
            for answer, field in ANSWERS:
                found = wrong_fields(await http.ask("POST", path, answer))
                assert field in found, (answer, found)
            assert (await http.ask("POST", path, {"type": 4, "data": {"content": "x"}})).status == 204
