"""The Responses codec, stateless: nothing is stored, the server's own items go back as they came. Pure."""

from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from agent_core.model.codec import ITEMS_KEY, Codec
from agent_core.model.fold_responses import ResponsesFold
from agent_core.model.learned import Learned, without
from agent_core.model.parts import content_text
from agent_core.model.shapes import JsonObject, items, mapping, string
from agent_core.pictures import as_seen
from agent_core.values import Message

PATH = "/responses"
LEAST_OUTPUT = 16
"""The API takes no smaller limit."""


def encode(
    name: str,
    messages: Sequence[Message],
    tools: Sequence[Message],
    *,
    stream: bool,
    learned: Learned,
    max_output: int | None = None,
) -> JsonObject:
    """The least that a server must know. `strict` is off: it is on by default here, and rejects schemas."""
    body: JsonObject = {
        "model": name,
        "input": [item for message in messages for item in _items(message, learned)],
        "store": False,
        "include": ["reasoning.encrypted_content"],
    }
    if tools:
        body["tools"] = [_tool(mapping(tool.get("function")), learned) for tool in tools]
    if stream:
        body["stream"] = True
    if max_output is not None:
        body["max_output_tokens"] = max(max_output, LEAST_OUTPUT)
    return {key: value for key, value in body.items() if key not in learned.dropped}


def _tool(function: JsonObject, learned: Learned) -> JsonValue:
    tool: JsonObject = {"type": "function", **function}
    tool.setdefault("strict", False)
    return without(tool, learned.dropped)


def _items(message: Message, learned: Learned) -> Iterator[JsonObject]:
    match message.get("role"):
        case "tool":
            output = content_text(message.get("content"))
            yield {"type": "function_call_output", "call_id": message.get("tool_call_id"), "output": output}
        case "assistant":
            yield from _said(message)
        case "system" if learned.no_system:
            yield {"role": "user", "content": _content(message.get("content"), learned)}
        case role:
            yield {"role": role, "content": _content(message.get("content"), learned)}


def _said(message: Message) -> Iterator[JsonObject]:
    """The server's own items where they are known, else what the message shows."""
    kept = [mapping(item) for item in items(message.get(ITEMS_KEY))]
    if kept:
        yield from kept
        return
    text = content_text(message.get("content"))
    if text:
        yield {"role": "assistant", "content": text}
    for call in map(mapping, items(message.get("tool_calls"))):
        function = mapping(call.get("function"))
        yield {
            "type": "function_call",
            "call_id": call.get("id"),
            "name": string(function.get("name")),
            "arguments": string(function.get("arguments")) or "{}",
        }


def _content(content: JsonValue, learned: Learned) -> JsonValue:
    if learned.sees is False and isinstance(content, list):
        content = as_seen(content, blind=True)
    if not isinstance(content, list):
        return content_text(content)
    return [_part(mapping(part)) for part in content]


def _part(part: JsonObject) -> JsonObject:
    match part.get("type"):
        case "text":
            return {"type": "input_text", "text": part.get("text")}
        case "image_url":
            return {"type": "input_image", "image_url": mapping(part.get("image_url")).get("url")}
        case _:
            return part


RESPONSES = Codec(path=PATH, encode=encode, fold=ResponsesFold)
