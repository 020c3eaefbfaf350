"""Tools of outside servers (MCP) that the host lists in a file: pinned, bounded, and believed in nothing.

Each call speaks to its server anew, in a task of its own with one deadline: a server that hangs, dies or
floods costs that call. A tool whose description or schema is not the one that the host agreed to is off.
"""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    ValidationError,
    model_validator,
)

from agent_core.errors import StartError, ToolError
from agent_core.fence import cleaned
from agent_core.links import links_in
from agent_core.session import State
from agent_core.tools.base import AnyTool, Outcome, Tool, ToolArguments
from agent_core.tools.outside import told
from agent_core.values import Source

MOST_TEXT = 200_000
"""Characters of one result."""
MOST_DESCRIPTION = 300
_END_WITHIN_S = 5.0
_FOLD = TypeVar("_FOLD")

_Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,29}$")]


class ServerEntry(BaseModel):
    """One server of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: list[str] = Field(default_factory=list[str])
    """A program and its arguments, spoken to over its streams."""
    url: str = ""
    """Or an address."""
    env: list[str] = Field(default_factory=list[str])
    """Names of the host's variables that the program gets; no others."""
    headers: dict[str, str] = Field(default_factory=dict[str, str])
    """Header -> name of the host's variable with its value, for an address."""
    tools: dict[str, Literal["safe", "reach"]]
    """The tools that may be used; what is not here is not there."""
    timeout_s: float = Field(default=30.0, gt=0, le=600)
    pins: dict[str, str] = Field(default_factory=dict[str, str])
    """Tool -> what the host agreed to; written by `python -m bot mcp-pin`."""

    @model_validator(mode="after")
    def _one_way(self) -> "ServerEntry":
        if bool(self.command) == bool(self.url):
            raise ValueError("give either command or url")
        return self


class ServersFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    servers: dict[_Name, ServerEntry]

    def variables(self) -> set[str]:
        """Every variable of the host that some server gets."""
        entries = self.servers.values()
        return {name for one in entries for name in (*one.env, *one.headers.values())}


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A tool as its server describes it."""

    name: str
    description: str
    schema: dict[str, JsonValue]

    @property
    def pin(self) -> str:
        """Changes whenever anything of it does."""
        words = json.dumps([self.name, self.description, self.schema], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What can be used, and what the host should know."""

    tools: list[AnyTool] = field(default_factory=list[AnyTool])
    safe: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_servers(path: Path) -> ServersFile:
    """The host's file. Raises StartError where it cannot be used."""
    try:
        return ServersFile.model_validate_json(path.read_bytes())
    except OSError as error:
        raise StartError(f"MCP_FILE {str(path)!r} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise StartError(f"MCP_FILE {str(path)!r} is wrong at {where}: {first['msg']}.") from error


async def open_servers(file: ServersFile, variables: Mapping[str, str]) -> Opened:
    """The pinned tools of all servers, sorted by name; a server that does not answer has none."""
    tools: list[AnyTool] = []
    safe: list[str] = []
    notes: list[str] = []
    for name, entry in sorted(file.servers.items()):
        try:
            found = await described(entry, variables)
        except ToolError as error:
            notes.append(f"{name}: {error}")
            continue
        for tool_name, risk in sorted(entry.tools.items()):
            one = next((tool for tool in found if tool.name == tool_name), None)
            if one is None:
                notes.append(f"{name}: it has no tool {tool_name!r}")
            elif entry.pins.get(tool_name) != one.pin:
                why = "its description has changed" if tool_name in entry.pins else "nobody agreed to it yet"
                notes.append(f"{name}: {tool_name} is off, {why}; look at it with: python -m bot mcp-pin")
            else:
                tools.append(_tool(name, entry, one, variables))
                safe += [f"{name}__{tool_name}"] if risk == "safe" else []
    return Opened(tools=tools, safe=tuple(safe), notes=tuple(notes))


async def described(entry: ServerEntry, variables: Mapping[str, str]) -> list[Described]:
    """The server's tools of the host's list. Raises ToolError where it does not answer in time."""

    async def look(client: Any) -> list[Described]:
        return await _listed(client, entry)

    return await _spoken(entry, variables, look)


def pinned(path: Path, pins: Mapping[str, Mapping[str, str]]) -> None:
    """Write what the host agrees to into the file; all else of it stays."""
    data: dict[str, Any] = json.loads(path.read_bytes())
    for server, found in pins.items():
        data["servers"][server]["pins"] = dict(found)
    new = path.with_name(f"{path.name}.new")
    new.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    new.replace(path)


def _tool(server: str, entry: ServerEntry, one: Described, variables: Mapping[str, str]) -> AnyTool:
    async def run(args: ToolArguments, state: State) -> Outcome:
        given = args.model_dump()

        async def call(client: Any) -> tuple[str, bool]:
            if not any(tool.pin == one.pin for tool in await _listed(client, entry)):
                raise ToolError(
                    f"{server} has changed its tool {one.name!r}: it is off until the host agrees."
                )
            result = await client.call_tool(one.name, given)
            return _text(result.content), bool(result.is_error)

        text, is_error = await _spoken(entry, variables, call)
        url = f"mcp:{server}"
        source = Source(number=state.marks.number_of(url), url=url, title=one.name, how="mcp")
        head = f"Source {source.number}:"
        outcome = told(state, head, text, sources=[source], addresses=links_in(text))
        return replace(outcome, is_error=is_error)

    description = " ".join(cleaned(one.description).split())[:MOST_DESCRIPTION]
    return Tool(name=f"{server}__{one.name}", description=description, args=_arguments(one), run=run)


def _arguments(one: Described) -> type[ToolArguments]:
    """Arguments that carry the server's own schema; the server judges them."""

    class Given(ToolArguments):
        model_config = ConfigDict(extra="allow", frozen=True)

        @classmethod
        def told(cls) -> dict[str, JsonValue]:
            return {key: _without_titles(value) for key, value in one.schema.items() if key != "title"}

    return Given


def _without_titles(value: JsonValue) -> JsonValue:
    """Titles repeat the names: they cost tokens and tell nothing. An argument may be called so."""
    if isinstance(value, list):
        return [_without_titles(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _without_titles(inner)
        for key, inner in value.items()
        if key != "title" or not isinstance(inner, str)
    }


async def _listed(client: Any, entry: ServerEntry) -> list[Described]:
    found = await client.list_tools()
    return [
        Described(name=tool.name, description=tool.description or "", schema=tool.input_schema)
        for tool in found.tools
        if tool.name in entry.tools
    ]


async def _spoken(
    entry: ServerEntry, variables: Mapping[str, str], what: Callable[[Any], Awaitable[_FOLD]]
) -> _FOLD:
    """Connect, do it, disconnect; all within the server's time. Raises ToolError for every failure of it."""

    async def talk() -> _FOLD:
        async with _client(entry, variables) as client:
            return await what(client)

    # a task of its own: whatever the library's scopes do on a cancel, the caller goes on
    talking = asyncio.ensure_future(talk())
    try:
        done, _ = await asyncio.wait({talking}, timeout=entry.timeout_s)
    finally:
        if not talking.done():
            talking.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.wait({talking}, timeout=_END_WITHIN_S)
    if not done:
        raise ToolError(f"The server did not answer within {entry.timeout_s:g} s.")
    if talking.cancelled():
        raise ToolError("The server has gone away.")
    if error := talking.exception():
        raise ToolError(f"The server failed: {_said(error)}") from error
    return talking.result()


def _client(entry: ServerEntry, variables: Mapping[str, str]) -> Any:
    """A client that answers no question of the server: no sampling, no roots, no elicitation."""
    try:
        import httpx2
        from mcp import Client, StdioServerParameters
        from mcp.client.streamable_http import streamable_http_client
    except ImportError as error:
        raise ToolError("MCP is not installed; type: pip install 'goalkeeper[mcp]'") from error
    if entry.command:
        given = {name: variables[name] for name in entry.env if name in variables}
        program, *words = entry.command
        return Client(StdioServerParameters(command=program, args=words, env=given))
    headers = {name: variables[value] for name, value in entry.headers.items() if value in variables}
    if not headers:
        return Client(entry.url)
    http = httpx2.AsyncClient(headers=headers, timeout=entry.timeout_s)
    return Client(streamable_http_client(entry.url, http_client=http))


def _text(content: Sequence[Any]) -> str:
    parts = [str(part.text) if hasattr(part, "text") else f"[{part.type}, not shown]" for part in content]
    text = "\n".join(parts)
    left = len(text) - MOST_TEXT
    return text if left <= 0 else f"{text[:MOST_TEXT]}\n[... {left:,} characters more were dropped ...]"


def _said(error: BaseException) -> str:
    """The innermost error of a group, in one line."""
    inner: BaseException | None = error
    while (found := _first(inner)) is not None:
        inner = found
    return str(inner) if isinstance(inner, ToolError) else f"{type(inner).__name__}: {inner}"[:300]


def _first(error: BaseException | None) -> BaseException | None:
    several: tuple[BaseException, ...] = getattr(error, "exceptions", ())
    return next(iter(several), None) if isinstance(error, BaseExceptionGroup) else None
