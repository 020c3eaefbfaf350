"""The Chat Completions codec: messages and tools -> the body of a request. Pure."""

import re
from collections.abc import Sequence

from pydantic import JsonValue

from agent_core.model.codec import ITEMS_KEY, Codec
from agent_core.model.fold import ChatFold
from agent_core.model.learned import CHAT_OUTPUT_KEYS, Learned, without
from agent_core.model.parts import is_opaque
from agent_core.model.shapes import JsonObject, items, load_strict, mapping, string
from agent_core.pictures import as_seen
from agent_core.values import Message

PATH = "/chat/completions"
_BAD_NAME = re.compile(r"[^\w-]", re.ASCII)


def encode(
    name: str,
    messages: Sequence[Message],
    tools: Sequence[Message],
    *,
    stream: bool,
    learned: Learned,
    max_output: int | None = None,
) -> JsonObject:
    """The least that a server must know: each further parameter breaks some server."""
    body: JsonObject = {"model": name}
    if tools:  # before the messages: what two requests have in common then stands first in their bytes too
        body["tools"] = [_tool(tool, learned) for tool in tools]
    body["messages"] = [_message(message, learned) for message in messages]
    if stream and "stream" not in learned.dropped:
        body["stream"] = True
        if "stream_options" not in learned.dropped:
            body["stream_options"] = {"include_usage": True}
    limit = next((key for key in CHAT_OUTPUT_KEYS if key not in learned.dropped), None)
    if max_output is not None and limit:
        body[limit] = max_output
    if learned.no_effort and "reasoning_effort" not in learned.dropped:
        body["reasoning_effort"] = "none"
    return body


def _tool(tool: Message, learned: Learned) -> JsonValue:
    return without(tool, learned.dropped) if learned.dropped else tool


def _message(message: Message, learned: Learned) -> JsonObject:
    out = {
        key: value
        for key, value in message.items()
        if key != ITEMS_KEY and not (key in learned.dropped and is_opaque(key))
    }
    role = out.get("role")
    if learned.sees is False and isinstance(content := out.get("content"), list):
        out["content"] = as_seen(content, blind=True)
    if role == "system" and learned.no_system:
        out["role"] = "user"
    if out.get("content", "") is None and learned.fill_content:
        out["content"] = ""
    if role != "assistant":
        return out
    if learned.fill_reasoning:
        out.setdefault("reasoning_content", "")
    if out.get("tool_calls"):
        out["tool_calls"] = [_call(mapping(call), learned) for call in items(out["tool_calls"])]
    return out


def _call(call: JsonObject, learned: Learned) -> JsonObject:
    """A call as servers take it back: broken arguments and impossible names would be a 400."""
    function = mapping(call.get("function"))
    name = _BAD_NAME.sub("_", string(function.get("name")))[:64] or "unknown"
    return {
        **call,
        "function": {**function, "name": name, "arguments": _arguments(function.get("arguments"), learned)},
    }


def _arguments(raw: JsonValue, learned: Learned) -> str:
    """The arguments, where they are an object. Parsed once: every request sends all calls of the past."""
    text = string(raw)
    if not learned.sound.knows(text):
        try:
            if not isinstance(load_strict(text), dict):
                return "{}"
        except ValueError:
            return "{}"
        learned.sound.add(text)
    return text


CHAT = Codec(path=PATH, encode=encode, fold=ChatFold)
