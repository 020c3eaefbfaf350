"""The arguments of a tool as the model is told of them: every word of it is paid for in every session. Pure.

What only our own check of the arguments needs is left out: who breaks it reads what was wrong.
"""

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

_UNTOLD = frozenset(
    {"$defs", "title", "default", "additionalProperties"}
    | {
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
    }
)


def told(schema: Mapping[str, Any]) -> Schema:
    """The schema that pydantic makes of a class of arguments, with nothing in it but what tells something."""
    return _told(schema, schema.get("$defs", {}))


def _told(schema: Mapping[str, Any], others: Mapping[str, Any]) -> Schema:
    variants = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    if len(variants) == 1:  # what may be left out may be null too
        schema = {**variants[0], **{key: value for key, value in schema.items() if key != "anyOf"}}
    if name := schema.get("$ref"):
        inner = others[name.rpartition("/")[2]]
        schema = {**inner, **{key: value for key, value in schema.items() if key != "$ref"}}
    out: Schema = {}
    for key, value in schema.items():
        if key in _UNTOLD:
            continue
        if key == "properties":
            out[key] = {name: _told(one, others) for name, one in value.items()}
        elif key == "items":
            out[key] = _told(value, others)
        elif key != "description" or "properties" not in schema:  # that of a class is its docstring
            out[key] = value
    return out
