"""What a tool is, and the box of tools that one session may use."""

from collections.abc import Awaitable, Callable, Iterable, Set
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from agent_core.errors import ToolError
from agent_core.events import Event
from agent_core.policy import risk_of
from agent_core.session import State
from agent_core.tools import schema
from agent_core.values import Action, Message, NamedFile, Observation, Risk

MOST_PROBLEM = 2000

ArgumentsT = TypeVar("ArgumentsT", bound="ToolArguments")


class ToolArguments(BaseModel):
    """The arguments of a tool are its schema: unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def told(cls) -> dict[str, JsonValue]:
        """The schema as the model is told of it."""
        return schema.told(cls.model_json_schema())


@dataclass(frozen=True, slots=True, kw_only=True)
class SubGoal:
    """What a sub-session is to do in an action's place."""

    role: str
    goal: str
    done_when: str = ""
    files: tuple[NamedFile, ...] = ()
    """Given to it besides the files of the workspace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a tool did: the text for the model, and what else the journal should hold."""

    text: str
    is_error: bool = False
    changed: tuple[NamedFile, ...] = ()
    removed: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    shown: tuple[NamedFile, ...] = ()
    """Pictures for the model to see."""
    fenced: bool = False
    """Text of strangers in it stands between the session's fences already."""
    sub: SubGoal | None = None
    """A session of its own does it, and what that has done is observed; nothing else of this counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool(Generic[ArgumentsT]):
    """A name, a schema, and a function. The risk belongs to the name (see policy.RISKS)."""

    name: str
    description: str
    args: type[ArgumentsT]
    run: Callable[[ArgumentsT, State], Awaitable[Outcome]]
    """Raises ToolError where it cannot do what was asked."""

    @property
    def risk(self) -> Risk:
        """What it can do at worst."""
        return risk_of(self.name)

    def schema(self) -> Message:
        """The tool as the model is told of it."""
        parameters: JsonValue = self.args.told()
        function: Message = {"name": self.name, "description": self.description, "parameters": parameters}
        return {"type": "function", "function": function}

    def parse(self, action: Action) -> ArgumentsT:
        """The arguments of this call. Raises ToolError naming what is wrong with them."""
        if action.arguments is None:
            shown = action.raw[:200]
            raise ToolError(f"The arguments of {self.name!r} are no JSON object. You sent: {shown}")
        try:
            return self.args.model_validate(action.arguments)
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(str(part) for part in one['loc']) or 'arguments'}: {one['msg']}"
                for one in error.errors(include_url=False, include_context=False, include_input=False)
            )
            raise ToolError(f"Wrong arguments for {self.name!r}: {problems}.") from error

    async def act(self, action: Action, state: State) -> Outcome:
        """Run the call. Raises ToolError."""
        return await self.run(self.parse(action), state)


AnyTool = Tool[Any]


class Toolbox:
    """The tools that one session may use, by name."""

    def __init__(self, tools: Iterable[AnyTool]) -> None:
        self._tools = {tool.name: tool for tool in sorted(tools, key=lambda tool: tool.name)}

    def schemas(self, names: Set[str] | None = None) -> tuple[Message, ...]:
        """All tools, or those of these names, as the model is told of them; their order never changes."""
        return tuple(tool.schema() for name, tool in self._tools.items() if names is None or name in names)

    def problem(self, action: Action, offered: Set[str] | None = None) -> str | None:
        """Why this call cannot be run as it was sent, cut to size; None where it can.

        `offered`: the tools that this session may use; None: all.
        """
        try:
            self._find(action, offered).parse(action)
        except ToolError as error:
            return str(error)[:MOST_PROBLEM]
        return None

    def only(self, wanted: Callable[[str], bool], own: Iterable[AnyTool] = ()) -> "Toolbox":
        """A box with those of the tools whose names are wanted, and some of its own."""
        return Toolbox([*(tool for name, tool in self._tools.items() if wanted(name)), *own])

    async def act(self, action: Action, state: State) -> Outcome:
        """Run the call; what the model did wrong comes back as an outcome that is an error."""
        try:
            return await self._find(action).act(action, state)
        except ToolError as error:
            return Outcome(text=str(error), is_error=True)

    def _find(self, action: Action, offered: Set[str] | None = None) -> AnyTool:
        names = [name for name in self._tools if offered is None or name in offered]
        if action.name in names:
            return self._tools[action.name]
        raise ToolError(f"There is no tool {action.name!r}. Use one of: {', '.join(names)}.")


def observe(outcome: Outcome, text: str, full: NamedFile | None) -> Observation:
    """The outcome as the journal keeps it, with the text already cut to size."""
    changed = (*outcome.changed, full) if full else outcome.changed
    return Observation(
        text=text,
        is_error=outcome.is_error,
        changed=changed,
        removed=outcome.removed,
        full=full,
        shown=outcome.shown,
    )
