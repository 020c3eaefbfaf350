"""Wikidata's entities in words: which names are still to be asked for, and what is said with them. Pure."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

from pydantic import JsonValue

from agent_core.errors import FetchFailedError
from agent_core.web.loose import as_text, at, listed, pairs, parsed, values

_MOST_CLAIMS = 300
_MOST_VALUES = 20
_NAMES_AT_ONCE = 50
"""What the endpoint answers without an account."""


def names_url(entity: str, scheme: str) -> str:
    """Where the names are of the first properties and values that an entity's JSON speaks of by number."""
    ids: dict[str, None] = {}
    for key, said in _claims(_entity(entity)):
        ids[key] = None
        ids |= dict.fromkeys(as_text(at(one, "id")) for one in said)
    asked = [one for one in ids if one.isalnum()][:_NAMES_AT_ONCE]
    query = {"action": "wbgetentities", "ids": "|".join(asked), "props": "labels", "format": "json"}
    return f"{scheme}://www.wikidata.org/w/api.php?{urlencode(query)}" if asked else ""


def said(parts: list[str]) -> tuple[str, list[str]]:
    """The entity's name, and its page line by line, from its JSON and that of the names, where it came.

    Raises:
        FetchFailedError: there is no entity in it.
    """
    entity = _entity(parts[0])
    if at(entity, "labels") is None and at(entity, "claims") is None:
        raise FetchFailedError("Wikidata has nothing at this address.")
    names: Mapping[str, str] = _names(parts[1]) if len(parts) > 1 else {}
    name = _in_a_language(at(entity, "labels"))
    lines = [f"# {name or as_text(at(entity, 'id'))}", _in_a_language(at(entity, "descriptions"))]
    for key, claims in _claims(entity):
        words = "; ".join(filter(None, (_value(one, names) for one in claims)))
        if words:
            lines.append(f"- {_named(key, names)}: {words}")
    return name, lines


def _entity(text: str) -> JsonValue:
    return next(iter(values(at(parsed(text), "entities"))), None)


def _claims(entity: JsonValue) -> Iterator[tuple[str, list[JsonValue]]]:
    for key, claims in pairs(at(entity, "claims"))[:_MOST_CLAIMS]:
        yield key, [at(one, "mainsnak", "datavalue", "value") for one in listed(claims)[:_MOST_VALUES]]


def _names(text: str) -> Mapping[str, str]:
    try:
        found = pairs(at(parsed(text), "entities"))
    except FetchFailedError:
        return {}  # the numbers have to do
    return {key: name for key, entity in found if (name := _in_a_language(at(entity, "labels")))}


def _named(key: str, names: Mapping[str, str]) -> str:
    return f"{names[key]} ({key})" if key in names else key


def _value(value: JsonValue, names: Mapping[str, str]) -> str:
    if key := as_text(at(value, "id")):
        return _named(key, names)
    for part in ("text", "time", "amount"):
        if words := as_text(at(value, part)):
            return words
    if at(value, "latitude") is not None:
        return f"{as_text(at(value, 'latitude'))}, {as_text(at(value, 'longitude'))}"
    return as_text(value)


def _in_a_language(texts: JsonValue) -> str:
    english = as_text(at(texts, "en", "value"))
    return english or next((words for entry in values(texts) if (words := as_text(at(entry, "value")))), "")
