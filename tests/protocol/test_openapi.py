"""The judge itself: it finds what is wrong, and only that."""

from typing import Any

from tests.protocol.openapi import DiscordOpenApi

Json = dict[str, Any]
USER: Json = {
    "id": "1", "username": "a", "avatar": None, "discriminator": "0", "public_flags": 0, "flags": 0,
    "global_name": None, "primary_guild": None,
}  # fmt: skip


def exchange(method: str, path: str, status: int, response: object, request: object = None) -> Json:
    return {
        "seq": 1,
        "method": method,
        "path": f"/api/v10{path}",
        "status": status,
        "request": request,
        "response": response,
    }


def test_a_right_answer_passes_and_a_missing_key_is_named(discord_openapi: DiscordOpenApi):
    broken = {key: value for key, value in USER.items() if key != "username"}
    assert discord_openapi.check_exchanges([exchange("GET", "/users/1", 200, USER)]) == []
    problems = discord_openapi.check_exchanges([exchange("GET", "/users/1", 200, broken)])
    assert len(problems) == 1
    assert "username" in problems[0]


def test_a_status_and_a_path_that_discord_does_not_have_are_named(discord_openapi: DiscordOpenApi):
    log = [exchange("GET", "/users/1", 201, USER), exchange("GET", "/nowhere", 200, {})]
    problems = discord_openapi.check_exchanges(log)
    assert [problem.rpartition(": ")[2] for problem in problems] == [
        "status 201 is not described",
        "no such operation",
    ]


def test_a_wrong_request_that_was_taken_is_named_and_one_that_was_refused_is_not(
    discord_openapi: DiscordOpenApi,
):
    error = {
        "message": "Invalid Form Body",
        "code": 50035,
        "errors": {"name": {"_errors": [{"code": "X", "message": "y"}]}},
    }
    taken = exchange("PUT", "/channels/1/permissions/2", 204, None, {"type": "nonsense"})
    refused = exchange("PUT", "/channels/1/permissions/2", 400, error, {"type": "nonsense"})
    assert len(discord_openapi.check_exchanges([taken])) == 1
    assert discord_openapi.check_exchanges([refused]) == []


def test_a_callback_is_judged_by_the_branch_of_its_type(discord_openapi: DiscordOpenApi):
    path = "/interactions/1/t/callback"
    right = exchange("POST", path, 204, None, {"type": 4, "data": {"content": "x"}})
    wrong = exchange("POST", path, 204, None, {"type": 4, "data": {"content": 7}})
    assert discord_openapi.check_exchanges([right]) == []
    assert "at data/content" in discord_openapi.check_exchanges([wrong])[0]


def test_a_misspelt_field_is_named(discord_openapi: DiscordOpenApi):
    path = "/users/1"
    assert (
        "globalname"
        in discord_openapi.check_exchanges([exchange("GET", path, 200, USER | {"globalname": "A"})])[0]
    )


def test_ids_as_numbers_pass_in_requests_only(discord_openapi: DiscordOpenApi):
    request = {"recipient_id": 7}
    channel = {"id": "1", "type": 1, "flags": 0, "recipients": [USER]}
    assert (
        discord_openapi.check_exchanges([exchange("POST", "/users/@me/channels", 200, channel, request)])
        == []
    )
    assert discord_openapi.check_exchanges([exchange("GET", "/users/1", 200, USER | {"id": 1})]) != []


def test_an_event_is_judged_by_the_schema_of_what_it_carries(discord_openapi: DiscordOpenApi):
    assert discord_openapi.check_event("TYPING_START", {}) == []
    assert discord_openapi.check_event("MESSAGE_CREATE", {"id": "1"}) != []
    assert discord_openapi.check_event("GUILD_ROLE_CREATE", {"guild_id": "1", "role": {"id": "1"}}) != []
    assert discord_openapi.check_event("GUILD_MEMBERS_CHUNK", {"members": [{"nick": 7}]}) != []
    assert discord_openapi.check_event("INTERACTION_CREATE", {"user": USER}) == []
