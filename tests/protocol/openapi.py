"""Discord's own description of its API as a judge of what went over the wire.

Known false alarms, each left out on purpose:

* ids as integers in requests: discord.py sends some so, and Discord takes them
* permission bits as strings in requests: documented so ("string of permission bits"), the file says integer
* no `code` in a 429: Discord's documentation shows it as optional, the file demands it
* `code` as a string inside `errors`: the file says integer, Discord sends names such as BASE_TYPE_MAX_LENGTH
* 5xx: in no operation of the file
* fields of requests that the file does not name: clients send more than is needed, and Discord ignores it
  (discord.py gives back all it knows of an attachment that stays, and tts in edits); in answers they count,
  but for `UNNAMED`
"""

import copy
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.exceptions import best_match  # pyright: ignore[reportUnknownVariableType]
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

Json = dict[str, Any]
ROOT = "/api/v10"
UNNAMED: Mapping[str, tuple[str, ...]] = {
    "CreatedThreadResponse": ("message",),  # "a channel, with a nested message object"
}
"""Schema -> fields of answers that Discord's documentation has and the file has not."""
_PERMISSIONS = frozenset({"default_member_permissions", "permissions", "allow", "deny"})
_EVENTS = {
    "MESSAGE_CREATE": "MessageResponse",
    "MESSAGE_UPDATE": "MessageResponse",
    "THREAD_CREATE": "ThreadResponse",
    "THREAD_UPDATE": "ThreadResponse",
    "CHANNEL_CREATE": "GuildChannelResponse",
    "CHANNEL_UPDATE": "GuildChannelResponse",
    "CHANNEL_DELETE": "GuildChannelResponse",
    "GUILD_MEMBER_ADD": "GuildMemberResponse",
    "GUILD_MEMBER_UPDATE": "GuildMemberResponse",
    "GUILD_CREATE": "GuildResponse",
    "GUILD_UPDATE": "GuildResponse",
}


_PARTS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "READY": (("user", "UserPIIResponse", ""),),
    "GUILD_CREATE": (
        ("channels", "GuildChannelResponse", ""),
        ("threads", "ThreadResponse", ""),
        ("members", "GuildMemberResponse", ""),
    ),
    "GUILD_MEMBERS_CHUNK": (("members", "GuildMemberResponse", ""),),
    "GUILD_MEMBER_REMOVE": (("user", "UserResponse", ""),),
    "GUILD_BAN_ADD": (("user", "UserResponse", ""),),
    "GUILD_BAN_REMOVE": (("user", "UserResponse", ""),),
    "GUILD_ROLE_CREATE": (("role", "GuildRoleResponse", ""),),
    "GUILD_ROLE_UPDATE": (("role", "GuildRoleResponse", ""),),
    "INTERACTION_CREATE": (("message", "MessageResponse", "MESSAGE_"), ("user", "UserResponse", "")),
    "MESSAGE_REACTION_ADD": (
        ("member", "GuildMemberResponse", ""),
        ("emoji", "MessageReactionEmojiResponse", ""),
    ),
    "MESSAGE_REACTION_REMOVE": (("emoji", "MessageReactionEmojiResponse", ""),),
    "THREAD_MEMBERS_UPDATE": (("added_members", "ThreadMemberResponse", "THREAD_MEMBERS_"),),
    "TYPING_START": (("member", "GuildMemberResponse", ""),),
}
"""Event -> the parts that a schema describes: key, schema, and the event whose additions it has too."""


_ADDED = {
    "THREAD_MEMBERS_": frozenset({"presence"}),
    "MESSAGE_": frozenset({"guild_id", "member"}),
    "THREAD_": frozenset({"newly_created"}),
    "GUILD_MEMBER_": frozenset({"guild_id"}),
    "GUILD_CREATE": frozenset(
        {
            "joined_at", "large", "unavailable", "member_count", "members", "channels", "threads",
            "presences", "voice_states", "stage_instances", "guild_scheduled_events", "soundboard_sounds",
        }
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Operation:
    pattern: re.Pattern[str]
    method: str
    pointer: str
    body: Json | None
    responses: Mapping[str, Any]


class DiscordOpenApi:
    """The file, ready to judge. Loading takes a moment: share one."""

    def __init__(self, path: Path) -> None:
        document = json.loads(path.read_text("utf-8"))
        _allow_names_as_codes(document)
        self._asks = _registry(_as_clients_send(document))
        self._answers = _registry(_without_unknown_fields(document))
        self._operations = _operations(document)

    def check_exchanges(self, log: Iterable[Json]) -> list[str]:
        """What is wrong with the exchanges of GET /playground/log; empty when all is well."""
        return [problem for exchange in log for problem in self._check(exchange)]

    def check_event(self, name: str, data: Json) -> list[str]:
        """What is wrong with the payload of a gateway event, by the schema of what it carries."""
        wholes = [(_EVENTS[name], _without_event_fields(name, data))] if name in _EVENTS else []
        parts = [
            (schema, _without_event_fields(like, one))
            for place, schema, like in _PARTS.get(name, ())
            for one in _several(data.get(place))
        ]
        return [
            f"event {name}: {problem}"
            for schema, value in wholes + parts
            for problem in self._judge(self._answers, f"/components/schemas/{schema}", value)
        ]

    def _check(self, exchange: Json) -> list[str]:
        method, path = exchange["method"].lower(), exchange["path"].partition("?")[0].removeprefix(ROOT)
        title = f"#{exchange['seq']} {exchange['method']} {path} {exchange['status']}"
        if exchange["status"] >= 500:
            return []
        operation = next(
            (o for o in self._operations if o.method == method and o.pattern.fullmatch(path)), None
        )
        if operation is None:
            return [] if exchange["status"] in {404, 405} else [f"{title}: no such operation"]
        problems = [] if exchange["status"] >= 400 else self._check_request(operation, exchange)
        return [f"{title}: {one}" for one in problems + self._check_answer(operation, exchange)]

    def _check_request(self, operation: _Operation, exchange: Json) -> list[str]:
        """A request that was refused may be wrong; one that was taken must be right."""
        schema = (operation.body or {}).get("content", {}).get("application/json", {}).get("schema")
        if exchange["request"] is None or schema is None:
            return []
        pointer = f"{operation.pointer}/requestBody/content/application~1json/schema"
        branches: list[Json] = schema.get("anyOf") or schema.get("oneOf") or []
        for index, branch in enumerate(branches):
            if self._is_of_type(branch, exchange["request"]):
                key = "anyOf" if "anyOf" in schema else "oneOf"
                return self._judge(self._asks, f"{pointer}/{key}/{index}", exchange["request"], "request")
        return self._judge(self._asks, pointer, exchange["request"], "request")

    def _is_of_type(self, branch: Json, body: Any) -> bool:
        """Whether a union's branch is the one that `type` picks, as in an interaction's callback."""
        if "$ref" not in branch or not isinstance(body, dict) or "data" not in body:
            return False
        given: Json = {"type": cast("Json", body).get("type")}
        kind: Json = {"properties": {"type": {"$ref": f"urn:api#{branch['$ref'][1:]}/properties/type"}}}
        validator: Any = Draft202012Validator(kind, registry=self._answers)
        return bool(validator.is_valid(given))

    def _check_answer(self, operation: _Operation, exchange: Json) -> list[str]:
        status = str(exchange["status"])
        key = status if status in operation.responses else f"{status[0]}XX"
        if key not in operation.responses:
            return [f"status {status} is not described"]
        response = operation.responses[key]
        pointer = f"{operation.pointer}/responses/{key}"
        if "$ref" in response:
            pointer = response["$ref"][1:]
            response = self._answers.contents("urn:api")
            for part in pointer.strip("/").split("/"):
                response = response[part]
        if "application/json" not in response.get("content", {}):
            return [] if exchange["response"] is None else ["a body where none is described"]
        body = exchange["response"]
        if status == "429" and isinstance(body, dict):
            body = {"code": 0} | cast("Json", body)
        return self._judge(self._answers, f"{pointer}/content/application~1json/schema", body, "answer")

    def _judge(
        self, registry: "Registry[Any]", pointer: str, instance: Any, what: str = "payload"
    ) -> list[str]:
        validator: Any = Draft202012Validator({"$ref": f"urn:api#{pointer}"}, registry=registry)
        return [f"{what} {_told(error)}" for error in validator.iter_errors(instance)]


def _several(value: object) -> list[Json]:
    if isinstance(value, list):
        return cast("list[Json]", value)
    return [] if value is None else [cast("Json", value)]


def _without_event_fields(name: str, data: Json) -> Json:
    """Without what only the gateway adds to the object that REST answers."""
    added = next((fields for prefix, fields in _ADDED.items() if name.startswith(prefix)), frozenset[str]())
    kept = {key: value for key, value in data.items() if key not in added}
    if "mentions" in kept:
        kept["mentions"] = [
            {key: value for key, value in user.items() if key != "member"} for user in kept["mentions"]
        ]
    return kept


def _told(error: ValidationError) -> str:
    deepest = cast("ValidationError", best_match([error]))
    path = cast("Iterable[str | int]", deepest.absolute_path)
    place = "/".join(str(part) for part in path)
    return f"at {place or 'top'}: {deepest.message[-300:]}"


def _registry(document: Json) -> "Registry[Any]":
    resource = Resource.from_contents(document, default_specification=DRAFT202012)
    return Registry[Any]().with_resource("urn:api", resource)


def _operations(document: Json) -> list[_Operation]:
    found: list[tuple[int, _Operation]] = []
    for path, methods in document["paths"].items():
        pattern = re.sub(r"\\\{\w+\\\}", r"[^/]+", re.escape(path))
        escaped = path.replace("~", "~0").replace("/", "~1")
        for method, operation in methods.items():
            if method == "parameters":
                continue
            one = _Operation(
                pattern=re.compile(pattern),
                method=method,
                pointer=f"/paths/{escaped}/{method}",
                body=operation.get("requestBody"),
                responses=operation["responses"],
            )
            found.append((path.count("{"), one))
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def _without_unknown_fields(document: Json) -> Json:
    """Nearly all object schemas allow unknown keys, so a misspelt optional field would pass."""
    strict = copy.deepcopy(document)
    schemas = strict["components"]["schemas"]
    inside_all_of = {
        part["$ref"].rpartition("/")[2]
        for schema in schemas.values()
        for part in schema.get("allOf", [])
        if "$ref" in part
    }
    for name, schema in schemas.items():
        if "properties" in schema and name not in inside_all_of:
            schema.setdefault("unevaluatedProperties", False)
            for field in UNNAMED.get(name, ()):
                schema["properties"].setdefault(field, True)
    return strict


def _as_clients_send(document: Json) -> Json:
    relaxed = copy.deepcopy(document)
    strict = relaxed["components"]["schemas"]["SnowflakeType"]
    relaxed["components"]["schemas"]["SnowflakeType"] = {"anyOf": [strict, {"type": "integer"}]}
    for schema in relaxed["components"]["schemas"].values():
        for name in _PERMISSIONS & schema.get("properties", {}).keys():
            bits = schema["properties"][name]
            schema["properties"][name] = {"anyOf": [bits, {"type": "string", "pattern": "^[0-9]+$"}]}
    return relaxed


def _allow_names_as_codes(document: Json) -> None:
    inner = document["components"]["schemas"]["InnerErrors"]["properties"]["_errors"]
    inner["items"] = {
        "type": "object",
        "properties": {"code": {"type": ["string", "integer"]}, "message": {"type": "string"}},
        "required": ["code", "message"],
    }
