"""What a server has taught about one model: parameters it rejects, and what it wants otherwise."""

import re
from dataclasses import dataclass, field
from hashlib import blake2b

from pydantic import JsonValue

from agent_core.model.charges import Charges
from agent_core.model.parts import is_opaque
from agent_core.model.reply import Failure
from agent_core.model.shapes import JsonObject, items, mapping
from agent_core.model.window import named_window
from agent_core.model.wording import plain

_NEEDED = frozenset({"model", "messages", "tools", "input"})
_SCHEMA_WORDS = frozenset(
    {
        "additionalProperties",
        "$schema",
        "title",
        "default",
        "examples",
        "format",
        "pattern",
        "strict",
        "multipleOf",
    }
    | {"minLength", "maxLength", "minItems", "maxItems", "uniqueItems"}
    | {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
)
_REFUSAL = re.compile(
    r"unsupported|not supported|n't support|does not support|unknown|unrecogni[sz]ed|unexpected|extra"
    r"|not permitted|not allowed|invalid|no such|cannot find|must not|not accept|only .{0,40}supported"
    r"|reject|verified"
)
_WANTED = re.compile(
    r"missing|must be (?:passed|provided|included|present)|required|passed back|pass back|should be"
)
CHAT_OUTPUT_KEYS = ("max_tokens", "max_completion_tokens")
"""What the limit on the output is called in Chat Completions: the first that is not dropped."""
_OUTPUT_KEYS = frozenset({*CHAT_OUTPUT_KEYS, "max_output_tokens"})
_OUTPUT = re.compile(r"max_tokens|max_completion_tokens|max_output_tokens|in the completion|output tokens")
_RESPONSES = re.compile(r"/responses\b|responses api")
_SYSTEM = re.compile(
    r"['\"`]?system['\"`]?[^.]{0,40}(?:role|message|not support|unsupported)|role[^.]{0,60}['\"`]system['\"`]"
)
_IMAGE = r"(?:images?|pictures?|vision|multi-?modal|图片|图像)"
_NO_PICTURES = re.compile(
    rf"\b{_IMAGE}[^.]{{0,80}}(?:support|allow|enabl|accept|permit|available|invalid)"
    rf"|(?:support|allow|accept|handle|process|permit)\w*[^.]{{0,60}}{_IMAGE}"
    rf"|not [^.]{{0,20}}(?:vision|multi-?modal)|text-only|only (?:supports? )?text|required for image"
    r"|mmproj|image_url|input_image|图片|图像"
)
_TEXT_ALONE = re.compile(
    r"content[^.]{0,60}(?:string|str\b|text)|(?:valid|expected|a) (?:string|str\b)"
    r"|invalid type: (?:seq|arr|map)|type in content|content\W{0,4}(?:part )?type"
)
"""Servers that know no content but text."""

_MOST_SOUND = 4096


class Sound:
    """The newest argument texts that were found to be JSON objects, by their hash."""

    def __init__(self) -> None:
        self._hashes: dict[bytes, None] = {}

    def knows(self, text: str) -> bool:
        """It was added before."""
        return _digest(text) in self._hashes

    def add(self, text: str) -> None:
        """Remember it; the oldest is forgotten."""
        self._hashes[_digest(text)] = None
        if len(self._hashes) > _MOST_SOUND:
            del self._hashes[next(iter(self._hashes))]


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


@dataclass(slots=True, kw_only=True)
class Learned:
    """Grows while the process lives; each lesson is learnt at most once."""

    dropped: set[str] = field(default_factory=set[str])
    """Keys left out of the request: of its top level, of tool schemas, of assistant messages."""
    no_system: bool = False
    """The system role goes as user."""
    fill_reasoning: bool = False
    """Assistant messages without `reasoning_content` get an empty one (DeepSeek's thinking mode)."""
    fill_content: bool = False
    """A content of null goes as an empty string."""
    no_effort: bool = False
    """`reasoning_effort="none"` is sent."""
    responses: bool = False
    """The server demands the Responses API."""
    charges: Charges = field(default_factory=Charges)
    """What the server says that it charges."""
    proved: bool = False
    """The Responses API has given a reply."""
    sound: Sound = field(default_factory=Sound)
    """Arguments of past calls that need no further look."""
    sees: bool | None = None
    """Pictures: False once the server has refused them, True once it has taken them."""
    window: int | None = None
    """Tokens, as the server named them where a request did not fit."""

    def learn(self, failure: Failure, body: JsonObject) -> bool:
        """Take a lesson from a rejected request; false where it teaches nothing new."""
        if failure.kind == "overflow":
            return self._output_limit(failure.wording, body) or self._too_large(failure, body)
        if self._pictures(failure, body):
            return True
        if failure.kind not in ("bad_request", "config") or failure.status not in (None, 400, 404, 405, 422):
            return False
        text = plain(failure.wording)
        for lesson in (self._reasoning, self._role, self._content, self._parameter):
            if lesson(text, failure.wording, body):
                return True
        return False

    def _output_limit(self, wording: str, body: JsonObject) -> bool:
        """Some servers count the limit on the output against the window, and call that an overflow."""
        if _OUTPUT_KEYS.isdisjoint(body) or not _OUTPUT.search(wording.lower()):
            return False
        self.dropped |= _OUTPUT_KEYS
        return True

    def overflowed(self, failure: Failure) -> None:
        """Remember the window that the rejection names."""
        if failure.kind == "overflow" and (window := named_window(f"{failure.text} {failure.wording}")):
            self.window = window

    def demands_responses(self, failure: Failure) -> bool:
        """The rejection names the Responses API. Its address stands in the text as a path, or as a link."""
        return failure.status in (400, 404) and bool(_RESPONSES.search(failure.wording.lower()))

    def _pictures(self, failure: Failure, body: JsonObject) -> bool:
        """The server takes no pictures, or this model does not; some say so with a status of 500 or 404."""
        if self.sees is False or failure.kind not in ("bad_request", "config", "transient"):
            return False
        text = plain(failure.wording)
        refused = _NO_PICTURES.search(text) or (failure.kind != "transient" and _TEXT_ALONE.search(text))
        if not refused or not shows_pictures(body):
            return False
        self.sees = False
        return True

    def _too_large(self, failure: Failure, body: JsonObject) -> bool:
        """Something on the way takes only so many bytes, and most of them are pictures."""
        if failure.status != 413 or self.sees is False or not shows_pictures(body):
            return False
        self.sees = False
        return True

    def _reasoning(self, text: str, _wording: str, body: JsonObject) -> bool:
        if self.fill_reasoning or "reasoning_content" not in text or not _WANTED.search(text):
            return False
        lacking = any(
            message.get("role") == "assistant" and "reasoning_content" not in message
            for message in map(mapping, items(body.get("messages")))
        )
        self.fill_reasoning = lacking and not re.search(r"not permitted|unsupported|extra|unexpected", text)
        return self.fill_reasoning

    def _role(self, text: str, _wording: str, body: JsonObject) -> bool:
        has_system = any(mapping(message).get("role") == "system" for message in items(body.get("messages")))
        if self.no_system or not has_system or not _SYSTEM.search(text) or not _REFUSAL.search(text):
            return False
        self.no_system = True
        return True

    def _content(self, text: str, _wording: str, body: JsonObject) -> bool:
        messages = [mapping(message) for message in items(body.get("messages"))]
        has_null = any("content" in message and message["content"] is None for message in messages)
        if (
            self.fill_content
            or not has_null
            or not re.search(r"\bcontent\b.*(?:null|none|string|required|missing)", text)
        ):
            return False
        self.fill_content = True
        return True

    def _parameter(self, _text: str, wording: str, body: JsonObject) -> bool:
        present = _parameters(body) - self.dropped
        named = {key for key in present if _names(wording, key)}
        if not named or (not _REFUSAL.search(wording.lower()) and len(named) > 1):
            return False
        self.dropped |= {max(named, key=len)} if "strict" in named or len(named) > 1 else named
        return True


def _names(wording: str, key: str) -> bool:
    """The words name this key; one that is a common word too (title, format) only in quotes or in a path."""
    before = r"['\"`.\[]" if key in _SCHEMA_WORDS and key.isalpha() and key.islower() else r"(?<![\w$])"
    return bool(re.search(rf"{before}{re.escape(key)}(?![\w$])", wording))


def _parameters(body: JsonObject) -> set[str]:
    """Every key of a request that can be left out."""
    found = {key for key in body if key not in _NEEDED}
    tools = items(body.get("tools"))
    found |= {word for word in _SCHEMA_WORDS if any(_holds(tool, word) for tool in tools)}
    for message in map(mapping, items(body.get("messages"))):
        found |= {key for key in message if is_opaque(key)}
    return found


def _holds(value: JsonValue, key: str) -> bool:
    if isinstance(value, dict):
        return key in value or any(_holds(item, key) for item in value.values())
    return any(_holds(item, key) for item in items(value))


def without(value: JsonValue, keys: set[str]) -> JsonValue:
    """A JSON schema without the given keywords. What `properties` holds are names, not keywords."""
    if isinstance(value, list):
        return [without(item, keys) for item in value]
    if not isinstance(value, dict):
        return value
    out: JsonObject = {}
    for key, item in value.items():
        if key == "properties" and isinstance(item, dict):
            out[key] = {name: without(schema, keys) for name, schema in item.items()}
        elif key not in keys:
            out[key] = without(item, keys)
    return out


def shows_pictures(body: JsonObject) -> bool:
    """Whether a request of either protocol holds a picture."""
    messages = [*items(body.get("messages")), *items(body.get("input"))]
    parts = (part for message in messages for part in items(mapping(message).get("content")))
    return any(mapping(part).get("type") in ("image_url", "input_image") for part in parts)
