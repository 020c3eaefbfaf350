"""A real MCP server for tests, on its own streams: `server.py KIND FOLDER`."""

import os
import sys
import time
from pathlib import Path

kind, folder = sys.argv[1], Path(sys.argv[2])
if kind == "hangs":
    time.sleep(600)

from mcp.server import MCPServer  # noqa: E402 - the one that hangs loads nothing

server = MCPServer("test")
described = folder / "description"


def find(word: str) -> str:
    if kind == "floods":
        return "x" * 30_000_000
    if kind == "dies":
        os._exit(3)
    if kind == "says":
        return (folder / "said").read_text()
    known = sorted(name for name in os.environ if "KEY" in name or "TOKEN" in name)  # noqa: TID251
    seen = ",".join(known)
    return f"found {word}; it knows {seen}; see https://wiki.example/{word}"


server.add_tool(find, description=described.read_text())


def post(word: str) -> str:
    (folder / "posted").write_text(word)
    return (folder / "said").read_text()


server.add_tool(post, description="Post a word.")
server.add_tool(find, name="other", description="not listed")
server.run("stdio")
