"""A draft -> the reply, or the reason why it is none. Pure but for the minting of ids."""

import re
import secrets
import string as alphabet
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pydantic import JsonValue

from agent_core.model import wording as words
from agent_core.model.calls import MAX_CALLS
from agent_core.model.codec import ITEMS_KEY
from agent_core.model.failures import broken
from agent_core.model.repair import call_in_text, refused_name
from agent_core.model.reply import Call, Draft, Failure, ModelReply
from agent_core.model.shapes import (
    JsonObject,
    dump,
    items,
    load_strict,
    mapping,
    mend_surrogates,
    mended,
    string,
)
from agent_core.values import Action, Arguments, Message, Usage

_ID = re.compile(r"[!-~]{1,64}")
_ID_SIGNS = alphabet.ascii_letters + alphabet.digits
_PARALLEL = "multi_tool_use.parallel"
Price = Callable[[Usage | None, float | None], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the request offered: it decides what counts as a call."""

    names: frozenset[str]
    """The tools."""
    used_ids: frozenset[str] = frozenset()
    """Call ids that stand in the conversation already."""


def conclude(draft: Draft, offer: Offer, price: Price) -> ModelReply | Failure:
    """Judge a draft: valid calls decide, not the server's label.

    Nothing runs under a refusal, a filter or an error.
    """
    if draft.refusal or (draft.finish == "refusal" and draft.text.strip()):
        return _spoken(draft, draft.text + draft.refusal, "refusal", price)
    if draft.finish in words.FINISH_FILTERED:
        if not draft.text.strip():
            return Failure(kind="filtered", text=f"finish_reason {draft.finish}")
        return _spoken(draft, draft.text, "content_filter", price)
    if draft.finish in words.FINISH_FAILED:
        return broken(f"the reply ended with finish_reason {draft.finish!r}")
    calls = _expanded(draft.calls, offer.names)
    whole = all(arguments_of(call.raw) is not None for call in calls)
    if not draft.ended and not (calls and whole and all(call.raw.strip() for call in calls)):
        return broken("its stream ended in the middle of the reply")
    if not whole and (draft.cut or not draft.finish):
        return broken("its stream ended in the middle of a call")
    if draft.finish in words.FINISH_OVERFLOW and not (calls and whole):
        return Failure(kind="overflow", text=f"finish_reason {draft.finish}")
    return _reply(draft, calls, offer, price)


def arguments_of(raw: str) -> Arguments | None:
    """The arguments as an object; None where they are no valid JSON object.

    Nothing at all, `null` and `[]` are what servers send for a call without arguments.
    """
    if not raw.strip():
        return {}
    try:
        value = load_strict(raw)
        if isinstance(value, str):
            value = load_strict(value) if value.strip() else {}
    except ValueError:
        return None
    if value is None or value == []:
        return {}
    return mapping(mended(value)) if isinstance(value, dict) else None


def tool_names(tools: Iterable[Message]) -> frozenset[str]:
    """The names of the offered tools."""
    named = (string(mapping(tool.get("function")).get("name")) or string(tool.get("name")) for tool in tools)
    return frozenset(name for name in named if name)


def used_ids(messages: Iterable[Message]) -> frozenset[str]:
    """Every call id in a conversation."""
    return frozenset(
        string(mapping(call).get("id")) for message in messages for call in items(message.get("tool_calls"))
    )


def refused_call(generation: str, said: str, offer: Offer) -> ModelReply:
    """A call that its own server refused: an action without arguments, or text where it holds no call."""
    name = refused_name(generation, said, offer.names)
    if name is None:
        message: Message = {"role": "assistant", "content": generation}
        return ModelReply(text=generation, finish_reason="stop", message=message)
    name = _clean_name(name, offer.names)
    action = Action(id=_fresh_id(offer.used_ids), name=name, arguments=None, raw=generation)
    return ModelReply(
        text="",
        actions=(action,),
        finish_reason="tool_calls",
        message={"role": "assistant", "content": None, "tool_calls": [_message_call(action, {})]},
    )


def _expanded(calls: tuple[Call, ...], names: frozenset[str]) -> list[Call]:
    """Calls under their offered names; a wrapper around parallel calls gives way to what it holds."""
    out: list[Call] = []
    for call in calls:
        inner = _unwrapped(call) if call.name.endswith(_PARALLEL) and call.name not in names else None
        out.extend(inner or [call])
    return [
        Call(id=call.id, name=_clean_name(call.name, names), raw=call.raw, extras=call.extras)
        for call in out[:MAX_CALLS]
    ]


def _unwrapped(call: Call) -> list[Call]:
    uses = [mapping(use) for use in items((arguments_of(call.raw) or {}).get("tool_uses"))]
    return [
        Call(name=string(use.get("recipient_name")), raw=dump(use.get("parameters", {})))
        for use in uses
        if use
    ]


def _clean_name(name: str, names: frozenset[str]) -> str:
    """The offered name behind a decorated one ("functions.run", "run<|channel|>commentary")."""
    if name in names:
        return name
    bare = name.split("<|", 1)[0].strip().strip("\"'`")
    for candidate in (bare, bare.rsplit(".", 1)[-1], bare.rsplit(":", 1)[0].rsplit(".", 1)[-1]):
        if candidate in names:
            return candidate
    return mend_surrogates(name)[:200] or "unknown"


def _fresh_id(taken: Iterable[str]) -> str:
    """Nine letters and digits: the only form that every vendor takes (Mistral takes no other)."""
    known = frozenset(taken)
    for _ in range(100):
        minted = "".join(secrets.choice(_ID_SIGNS) for _ in range(9))
        if minted not in known:
            return minted
    raise AssertionError("a hundred random ids were all taken")


def _reply(draft: Draft, calls: list[Call], offer: Offer, price: Price) -> ModelReply:
    cut = draft.finish in words.FINISH_LENGTH
    if not calls:
        written = call_in_text(draft.text, offer.names, mend=not cut)
        if written is None:
            return _spoken(draft, draft.text, "length" if cut else "stop", price)
        calls = [Call(name=written.name, raw=dump(written.arguments))]
        draft = Draft(
            thought=draft.thought, finish=draft.finish, usage=draft.usage, cost_usd=draft.cost_usd,
            content=draft.thought or None, extras=draft.extras,
        )  # fmt: skip
    taken = set(offer.used_ids)
    actions: list[Action] = []
    for call in calls:
        id_ = call.id if _ID.fullmatch(call.id) and call.id not in taken else _fresh_id(taken)
        taken.add(id_)
        raw = mend_surrogates(call.raw)
        arguments = None if cut and not raw.strip() else arguments_of(raw)
        actions.append(Action(id=id_, name=call.name, arguments=arguments, raw=raw))
    told: list[JsonValue] = [
        _message_call(action, call.extras) for action, call in zip(actions, calls, strict=True)
    ]
    extras = _fitting(draft.extras, [action.id for action in actions])
    message: Message = {"role": "assistant", "content": draft.content, **extras, "tool_calls": told}
    return ModelReply(
        text=draft.text,
        actions=tuple(actions),
        usage=draft.usage or Usage(),
        cost_usd=price(draft.usage, draft.cost_usd),
        finish_reason="length" if cut else "tool_calls",
        message=message,
    )


def _message_call(action: Action, extras: JsonObject) -> JsonObject:
    function: JsonObject = {"name": action.name, "arguments": action.raw or "{}"}
    return {"id": action.id, "type": "function", "function": function, **mapping(mended(extras))}


def _spoken(draft: Draft, text: str, finish: str, price: Price) -> ModelReply:
    content = draft.content if draft.content and not draft.refusal else text
    return ModelReply(
        text=text,
        usage=draft.usage or Usage(),
        cost_usd=price(draft.usage, draft.cost_usd),
        finish_reason=finish,
        message={"role": "assistant", "content": content, **_fitting(draft.extras, [])},
    )


def _fitting(extras: JsonObject, ids: list[str]) -> JsonObject:
    """The opaque parts, without output items whose calls are not the actions: results would not pair."""
    called = [
        item.get("call_id")
        for item in map(mapping, items(extras.get(ITEMS_KEY)))
        if item.get("type") == "function_call"
    ]
    return extras if called == ids else {key: value for key, value in extras.items() if key != ITEMS_KEY}
