"""`python -m bot mcp-pin`: show the host what each outside tool says of itself, keep what is agreed."""

import asyncio
import json
import sys
from pathlib import Path

from agent_core.errors import StartError, ToolError
from agent_core.tools.mcp import Described, described, pinned, read_servers
from bot.settings import Settings, variables


def pin(settings: Settings) -> int:
    """Ask on the terminal for each server; the exit code."""
    if settings.mcp_file is None:
        print("Set MCP_FILE to the file that lists the servers.", file=sys.stderr)
        return 1
    try:
        return asyncio.run(_pin(settings.mcp_file))
    except StartError as error:
        print(error, file=sys.stderr)
        return 1


async def _pin(path: Path) -> int:
    file = read_servers(path)
    pins: dict[str, dict[str, str]] = {}
    failed = 0
    for name, entry in sorted(file.servers.items()):
        try:
            found = await described(entry, variables(file.variables()))
        except ToolError as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed = 1
            continue
        fresh = [tool for tool in found if entry.pins.get(tool.name) != tool.pin]
        for tool in fresh:
            _show(name, entry.tools[tool.name], tool)
        if not fresh or await asyncio.to_thread(_agrees, name):
            pins[name] = {tool.name: tool.pin for tool in found}
    await asyncio.to_thread(pinned, path, pins)
    print(f"{sum(map(len, pins.values()))} tools are agreed to in {path}.")
    return failed


def _show(server: str, risk: str, tool: Described) -> None:
    print(f"\n{server}__{tool.name} ({risk})\n{tool.description}\n{json.dumps(tool.schema, indent=1)}")


def _agrees(server: str) -> bool:
    try:
        return input(f"\nLet goals use these tools of {server!r} as they are? [y/N] ").strip().lower() == "y"
    except EOFError:
        return False
