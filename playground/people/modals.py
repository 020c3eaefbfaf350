"""The `data` of a submitted modal. Pure."""

from collections.abc import Mapping
from typing import Any, cast

from playground.actions.components import SELECTS, TEXT_INPUT, walk
from playground.people.asking import wrong
from playground.wire import Payload


def filled_in(modal: Payload, values: Mapping[str, Any]) -> Payload:
    """The modal's components with what the person entered, by custom_id. What does not fit is a 400."""
    known = {one["custom_id"] for one in walk(modal["components"]) if "custom_id" in one}
    unknown = set(values) - known
    if unknown:
        raise wrong(f"The modal has no field {sorted(unknown)[0]!r}.")
    return {
        "custom_id": modal["custom_id"],
        "components": [_filled(one, values) for one in modal["components"]],
        "resolved": {},
    }


def _filled(component: Payload, values: Mapping[str, Any]) -> Payload:
    shaped: Payload = {"type": component["type"], "id": component["id"]}
    if "custom_id" in component:
        shaped["custom_id"] = component["custom_id"]
    if component["type"] == TEXT_INPUT:
        shaped["value"] = _text(component, values.get(component["custom_id"]))
    elif component["type"] in SELECTS:
        chosen: Any = values.get(component["custom_id"]) or []
        several = cast("list[Any]", chosen) if isinstance(chosen, list) else [chosen]
        shaped["values"] = [str(one) for one in several]
    for key in ("component", "accessory"):
        if key in component:
            shaped[key] = _filled(component[key], values)
    if "components" in component:
        shaped["components"] = [_filled(one, values) for one in component["components"]]
    return shaped


def _text(component: Payload, value: object) -> str:
    text = component.get("value", "") if value is None else value
    if not isinstance(text, str):
        raise wrong(f"Field {component['custom_id']!r} must be a text.")
    least, most = component.get("min_length", 0), component.get("max_length", 4000)
    if not text and not component.get("required", True):
        return text
    if not text or not least <= len(text) <= most:
        raise wrong(f"Field {component['custom_id']!r} must have from {max(1, least)} to {most} characters.")
    return text
