"""What can the model at this address do? Three small calls tell, and the server's list of models."""

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import JsonValue, TypeAdapter, ValidationError

from agent_core.errors import BudgetReachedError, ModelError
from agent_core.model.client import Model
from agent_core.model.reply import ModelReply
from agent_core.model.toll import Toll
from agent_core.values import Message

WITHIN_S = 45.0
"""Seconds of one call; a local server may have to load its model first."""
_RED = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAIAAAAlC+aJAAAATElEQVR42u3PQQ0AAAgEoNP+nTWCbzdo"
    "QE1+6wgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIHBZShQF/CY4YrwAAAABJRU5ErkJggg=="
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What was found out."""

    name: str
    calls: bool = False
    """It called a tool with the right arguments."""
    goes_on: bool = False
    """It took the result, and called the next tool with it."""
    streams: bool = False
    counts: bool = False
    """It reports the tokens that it used."""
    sees: bool | None = None
    """Pictures; None: they are taken, but it did not tell what was on one."""
    window: int | None = None
    """Tokens."""
    failed: str = ""
    """Why nothing could be found out."""
    error: str = ""
    """The kind of that error, as in errors.py."""

    @property
    def drives(self) -> bool:
        """It can work on a goal: call, look at what came back, call again."""
        return self.calls and self.goes_on

    def line(self) -> str:
        """All of it in one line."""
        if self.failed:
            return f"{self.name} could not be tried: {self.failed}"
        whether = (
            "can drive a goal" if self.drives else "can hardly drive a goal; pick one that calls tools well"
        )
        tools = "calls tools" if self.calls else "does not call tools"
        if self.calls and not self.goes_on:
            tools = "calls tools, but makes nothing of their results"
        sight = {True: "sees pictures", False: "takes no pictures", None: "told nothing of a picture"}[
            self.sees
        ]
        size = f"window {self.window:,}" if self.window else "window unknown"
        streams = "streams" if self.streams else "no streaming"
        counts = "reports usage" if self.counts else "reports no usage"
        return f"{self.name} {whether}: {tools}, {streams}, {counts}, {size}, {sight}"

    def as_json(self) -> str:
        """For keeping."""
        return _KEPT.dump_json(self).decode()

    @classmethod
    def parse(cls, text: str) -> "Abilities | None":
        """The inverse; None where an older version kept something else."""
        try:
            return _KEPT.validate_json(text)
        except ValidationError:
            return None


_KEPT = TypeAdapter(Abilities)


def _tool(name: str, description: str, arguments: dict[str, str]) -> Message:
    properties: dict[str, JsonValue] = {key: {"type": kind} for key, kind in arguments.items()}
    parameters: JsonValue = {"type": "object", "properties": properties, "required": list(arguments)}
    return {
        "type": "function",
        "function": {"name": name, "description": description, "parameters": parameters},
    }


_TOOLS = [
    _tool("add", "Add two whole numbers.", {"a": "integer", "b": "integer"}),
    _tool("report", "Report the sum.", {"total": "integer"}),
]
_COLOUR = [_tool("colour", "Name the colour of the picture.", {"name": "string"})]
_SUM: Message = {
    "role": "user",
    "content": "Call the tool `add` with a=17 and b=25. When its result is there, call `report` with it.",
}
_LOOK: Message = {
    "role": "user",
    "content": [
        {
            "type": "text",
            "text": "Call the tool `colour` with the colour of this picture, in one English word.",
        },
        {"type": "image_url", "image_url": {"url": _RED}},
    ],
}
MESSAGES: tuple[Message, ...] = (_SUM, _LOOK, *_TOOLS, *_COLOUR)
"""About all that one of the calls sends, for holding money."""


async def probe(model: Model, *, toll: Toll | None = None, within_s: float = WITHIN_S) -> Abilities:
    """Try it out. Never raises for what the server does; what it teaches the model stays with it."""
    messages = [_SUM]
    try:
        first = await model.complete(messages, _TOOLS, on_text=_unread, timeout_s=within_s, toll=toll)
    except ModelError as error:
        return Abilities(name=model.name, failed=str(error), error=error.kind)
    except BudgetReachedError as error:
        return Abilities(name=model.name, failed=str(error), error="budget")
    calls = _called(first, "add", lambda arguments: (arguments.get("a"), arguments.get("b")) == (17, 25))
    goes_on = False
    if calls:
        results: list[Message] = [
            {"role": "tool", "tool_call_id": action.id, "content": "42"} for action in first.actions
        ]
        then = await _asked(model, [*messages, first.message, *results], _TOOLS, toll, within_s)
        goes_on = _called(first, "report", _is_sum) or _called(then, "report", _is_sum)
    looked = await _asked(model, [_LOOK], _COLOUR, toll, within_s)
    red = _called(looked, "colour", lambda arguments: "red" in str(arguments.get("name")).lower())
    red = red or (looked is not None and "red" in looked.text.lower().split())
    return Abilities(
        name=model.name,
        calls=calls,
        goes_on=goes_on,
        streams=model.streams,
        counts=first.usage.prompt_tokens > 0,
        sees=model.sees and (red or None),
        window=model.window or await model.look_up_window(),
    )


async def _asked(
    model: Model, messages: list[Message], tools: list[Message], toll: Toll | None, within_s: float
) -> ModelReply | None:
    try:
        return await model.complete(messages, tools, on_text=_unread, timeout_s=within_s, toll=toll)
    except (ModelError, BudgetReachedError):
        return None  # an answer too: it cannot do this


def _called(reply: ModelReply | None, name: str, fits: Callable[[dict[str, JsonValue]], bool]) -> bool:
    return reply is not None and any(one.name == name and fits(one.arguments or {}) for one in reply.actions)


def _is_sum(arguments: dict[str, JsonValue]) -> bool:
    return str(arguments.get("total")) == "42"


def _unread(_text: str) -> None:
    """Nobody reads along."""
