"""Events of the Responses API, or a whole response, -> one draft. Pure."""

from pydantic import JsonValue

from agent_core.model.calls import CallFold
from agent_core.model.codec import ITEMS_KEY
from agent_core.model.failures import broken, excerpt, from_event, not_a_server
from agent_core.model.parts import content_text
from agent_core.model.reply import BrokenReplyError, Call, Draft
from agent_core.model.said import error_of
from agent_core.model.shapes import JsonObject, dump, items, mapping, mended, string
from agent_core.model.sse import StreamEvent
from agent_core.model.text import ThoughtFilter
from agent_core.model.usage import read_cost, read_usage
from agent_core.values import Usage

_ENDS = {"response.completed": "completed", "response.incomplete": "incomplete", "response.failed": "failed"}
_REASONS = {
    "incomplete": "length",
    "max_output_tokens": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
}


class ResponsesFold:
    """Feed it the events of one answer, take the draft at the end.

    The response that comes with the last event counts; where it brings no output, the items that were done;
    where there are none, the pieces.
    """

    def __init__(self, names: frozenset[str]) -> None:
        self._text = ThoughtFilter()
        self._told = False
        self._pieces: list[str] = []
        self._refusal: list[str] = []
        self._calls = CallFold(names)
        self._done: list[JsonObject] = []
        self._response: JsonObject = {}
        self._status = ""
        self._events = 0

    @property
    def finished(self) -> bool:
        """The response has ended, as the server says."""
        return bool(self._status)

    @property
    def bill(self) -> tuple[Usage | None, float | None]:
        """The tokens, and the US$ that the server itself charges, as far as it has said."""
        usage = mapping(self._response.get("usage"))
        return read_usage(usage), read_cost(usage)

    @property
    def began(self) -> bool:
        """Something of a reply has come."""
        return bool(self._pieces or self._done)

    def feed(self, event: StreamEvent) -> str:
        """Take one event of a stream; answers the visible text that it adds."""
        if event.done or (event.unreadable and self.finished):
            return ""
        if event.unreadable or event.damaged:
            raise BrokenReplyError(broken("a piece of its stream was no JSON"))
        data = mapping(event.data)
        kind = string(data.get("type")) or event.name
        if kind in _ENDS:
            return self._end_of(mapping(data.get("response")), _ENDS[kind])
        error = error_of(data, event.name)
        if error is not None and not self.finished:
            raise BrokenReplyError(from_event(error))
        self._events += kind.startswith("response.")
        return self._piece(kind, data)

    def whole(self, body: JsonValue, *, damaged: bool = False) -> str:
        """Take a whole response; answers its visible text."""
        response = mapping(body)
        error = error_of(response)
        if error is not None:
            raise BrokenReplyError(from_event(error))
        if damaged:
            raise BrokenReplyError(broken("its answer was no UTF-8"))
        if "output" not in response:
            raise BrokenReplyError(not_a_server(f"its answer holds no output: {excerpt(dump(body))[:200]}"))
        return self._end_of(response, string(response.get("status")) or "completed")

    def end(self) -> str:
        """The stream is over; answers the visible text that was held back."""
        return self._text.end()

    def draft(self, *, cut: bool = False) -> Draft:
        """What came, after `end`. Raises BrokenReplyError where nothing did."""
        if not self.finished and not self._events:
            raise BrokenReplyError(broken("its stream ended before anything came"))
        output = self._output()
        usage, cost = self.bill
        calls = tuple(_call(item) for item in output if item.get("type") == "function_call")
        content = "".join(_item_text(item, "output_text") for item in output) or "".join(self._pieces)
        return Draft(
            text=self._text.visible,
            thought=self._text.thought,
            refusal="".join(_item_text(item, "refusal") for item in output) or "".join(self._refusal),
            calls=calls or self._calls.calls(),
            finish=self._finish(),
            ended=self.finished,
            cut=cut,
            usage=usage,
            cost_usd=cost,
            content=mended(content or None),
            extras={ITEMS_KEY: mended([item for item in output if _is_kept(item)])} if output else {},
        )

    def _piece(self, kind: str, data: JsonObject) -> str:
        match kind:
            case "response.output_text.delta":
                return self._tell(string(data.get("delta")))
            case "response.refusal.delta":
                self._refusal.append(string(data.get("delta")))
            case "response.output_item.added":
                item = mapping(data.get("item"))
                if item.get("type") == "function_call":
                    self._argue(data, item, "")
            case "response.function_call_arguments.delta":
                self._argue(data, {}, string(data.get("delta")))
            case "response.output_item.done":
                self._done.append(mapping(data.get("item")))
            case _:
                pass
        return ""

    def _tell(self, piece: str) -> str:
        self._told = True
        self._pieces.append(piece)
        return self._text.feed(piece)

    def _argue(self, data: JsonObject, item: JsonObject, arguments: str) -> None:
        function: JsonObject = {"name": item.get("name"), "arguments": arguments}
        call: JsonObject = {
            "index": data.get("output_index"),
            "id": item.get("call_id"),
            "function": function,
        }
        self._calls.feed([call])

    def _end_of(self, response: JsonObject, status: str) -> str:
        self._response = response
        self._status = status
        error = response.get("error")
        if status == "failed" or error:
            said: JsonObject = {"error": error}
            raise BrokenReplyError(from_event(said) if error else broken("the response failed"))
        if self._told:
            return ""
        return self._tell("".join(_item_text(item, "output_text") for item in self._output()))

    def _output(self) -> list[JsonObject]:
        return [mapping(item) for item in items(self._response.get("output"))] or self._done

    def _finish(self) -> str:
        if self._status == "completed":
            return "stop"
        reason = string(mapping(self._response.get("incomplete_details")).get("reason")).lower()
        return _REASONS.get(reason, reason or self._status)


def _item_text(item: JsonObject, kind: str) -> str:
    """The text of a message item, or its refusal."""
    if item.get("type") != "message":
        return ""
    parts = [mapping(part) for part in items(item.get("content"))]
    return "".join(content_text({**part}) for part in parts if part.get("type") == kind)


def _call(item: JsonObject) -> Call:
    arguments = item.get("arguments")
    raw = arguments if isinstance(arguments, str) else "" if arguments is None else dump(arguments)
    return Call(
        id=string(item.get("call_id")) or string(item.get("id")), name=string(item.get("name")), raw=raw
    )


def _is_kept(item: JsonObject) -> bool:
    """Reasoning without its encrypted content cannot be found again by a server that stored nothing."""
    return item.get("type") != "reasoning" or bool(item.get("encrypted_content"))
