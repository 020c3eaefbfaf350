"""Chunks of Chat Completions, streamed or whole, of any vendor -> one draft. Pure."""

from pydantic import JsonValue

from agent_core.model.calls import CallFold
from agent_core.model.failures import broken, excerpt, from_event, not_a_server
from agent_core.model.parts import PartsFold, content_text, join_parts
from agent_core.model.reply import BrokenReplyError, Draft
from agent_core.model.said import error_of
from agent_core.model.shapes import JsonObject, dump, items, mapping, mended, string
from agent_core.model.sse import StreamEvent
from agent_core.model.text import ThoughtFilter
from agent_core.model.usage import find_usage, read_cost, read_usage
from agent_core.values import Usage


class ChatFold:
    """Feed it the events of one answer, take the draft at the end."""

    def __init__(self, names: frozenset[str]) -> None:
        self._text = ThoughtFilter()
        self._contents: list[JsonValue] = []
        self._refusal: list[str] = []
        self._calls = CallFold(names)
        self._parts = PartsFold()
        self._usage: Usage | None = None
        self._cost: float | None = None
        self._finish = ""
        self._done = False
        self._chunks = 0
        self._choices = 0
        self._filled = False
        self._streamed = False

    @property
    def finished(self) -> bool:
        """The server has given its reason for ending, or its closing mark: the reply is whole."""
        return bool(self._finish) or self._done

    @property
    def bill(self) -> tuple[Usage | None, float | None]:
        """The tokens, and the US$ that the server itself charges, as far as it has said."""
        return self._usage, self._cost

    @property
    def began(self) -> bool:
        """Something of a reply has come."""
        return bool(self._choices)

    def feed(self, event: StreamEvent) -> str:
        """Take one event of a stream; answers the visible text that it adds."""
        if event.done:
            self._done = True
            return ""
        if event.unreadable:
            if not self.finished:
                raise BrokenReplyError(broken("a piece of its stream was no JSON"))
            return ""
        return self._object(event.data, name=event.name, damaged=event.damaged)

    def whole(self, body: JsonValue, *, damaged: bool = False) -> str:
        """Take a whole reply that came as one JSON document; answers its visible text."""
        text = self._object(body, damaged=damaged)
        if not self._choices:
            raise BrokenReplyError(not_a_server(f"its answer holds no choices: {excerpt(dump(body))[:200]}"))
        self._done = True
        return text

    def end(self) -> str:
        """The stream is over; answers the visible text that was held back."""
        return self._text.end()

    def draft(self, *, cut: bool = False) -> Draft:
        """What came, after `end`. Raises BrokenReplyError where nothing did."""
        if not self._choices:
            if self._chunks:
                raise BrokenReplyError(not_a_server("its stream holds no choices"))
            raise BrokenReplyError(broken("its stream ended before anything came"))
        return Draft(
            text=self._text.visible,
            thought=self._text.thought,
            refusal="".join(self._refusal),
            calls=self._calls.calls(),
            finish=self._finish,
            ended=self.finished,
            cut=cut,
            usage=self._usage,
            cost_usd=self._cost,
            content=mended(self._content()),
            extras=mapping(mended(self._parts.joined())),
        )

    def _object(self, data: JsonValue, *, name: str = "", damaged: bool = False) -> str:
        if isinstance(data, list):
            return "".join(
                self._object(part, name=name, damaged=damaged) for part in data if isinstance(part, dict)
            )
        if not isinstance(data, dict):
            return ""
        error = error_of(data, name)
        if error is not None and not self._finish:
            raise BrokenReplyError(from_event(error))
        self._chunks += 1
        self._count(data)
        texts = [self._choice(mapping(choice), damaged=damaged) for choice in items(data.get("choices"))]
        return "".join(texts)

    def _count(self, data: JsonObject) -> None:
        source = find_usage(data)
        self._usage = read_usage(source) or self._usage
        cost = read_cost(source)
        self._cost = cost if cost is not None else self._cost
        if self._filled and source and not data.get("choices"):
            self._done = True  # the chunk with the bill is the last one

    def _choice(self, choice: JsonObject, *, damaged: bool) -> str:
        self._choices += 1
        finish = string(choice.get("finish_reason")).strip().lower()
        if finish and not (self._finish == "tool_calls" and finish == "stop"):
            self._finish = finish
        delta = mapping(choice.get("delta"))
        if delta:
            self._streamed = self._streamed or any(
                delta.get(key) for key in ("content", "tool_calls", "refusal")
            )
            return self._message(delta, whole=False, damaged=damaged)
        message = mapping(choice.get("message"))
        if message and not self._streamed:  # some servers repeat the whole message after its deltas
            return self._message(message, whole=True, damaged=damaged)
        return self._take(choice.get("text"))

    def _message(self, message: JsonObject, *, whole: bool, damaged: bool) -> str:
        self._parts.feed(message)
        calls = items(message.get("tool_calls"))
        legacy = message.get("function_call")
        if isinstance(legacy, dict):
            called: JsonObject = {"function": legacy}
            calls = [*calls, called]
        if calls:
            if damaged:
                raise BrokenReplyError(broken("a tool call in its stream was no UTF-8"))
            self._filled = True
            self._calls.feed(calls, whole=whole)
        refusal = string(message.get("refusal"))
        if refusal:
            self._filled = True
            self._refusal.append(refusal)
        return self._take(message.get("content"))

    def _take(self, content: JsonValue) -> str:
        if content is None or content == "":
            return ""
        self._filled = True
        self._contents.append(content)
        return self._text.feed(content_text(content))

    def _content(self) -> JsonValue:
        """The content to send back: a string, unless the server sent parts that are no text (thoughts)."""
        flat: list[JsonValue] = []
        for content in self._contents:
            flat.extend(content if isinstance(content, list) else [content])
        if all(isinstance(part, str) or string(mapping(part).get("type")) in ("", "text") for part in flat):
            return "".join(content_text(part) for part in flat) or None
        return join_parts(flat)
