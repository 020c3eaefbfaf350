"""Short ways to ask a hostile server."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from agent_core.errors import ModelError
from agent_core.model import Model, ModelReply
from agent_core.model.receive import Patience
from tests.agent_core.model.hostile import Asked, Hostile, Reply, hostile

KEY = "sk-test-0123456789abcdef0123"
HELLO: list[dict[str, Any]] = [{"role": "user", "content": "hello"}]


def tool(name: str, **properties: Any) -> dict[str, Any]:
    """A tool in the Chat Completions shape."""
    parameters = {"type": "object", "properties": properties}
    return {"type": "function", "function": {"name": name, "description": name, "parameters": parameters}}


TOOLS = [
    tool("run_python", code={"type": "string"}),
    tool("list_files"),
    tool("search", query={"type": "string"}),
]


@asynccontextmanager
async def asking(
    *replies: Reply | Callable[[Asked], Reply], **settings: Any
) -> AsyncGenerator[tuple[Model, Hostile]]:
    """A model whose server gives these replies."""
    settings = {"name": "scripted", "api_key": KEY, "_backoff_s": 0.001, **settings}
    async with hostile(*replies) as server, Model(base_url=server.url, **settings) as model:
        yield model, server


async def ask(
    *replies: Reply | Callable[[Asked], Reply], on_text: Callable[[str], Any] | None = None, **settings: Any
) -> ModelReply:
    """One call, plain unless `on_text` is given."""
    messages, tools = settings.pop("messages", HELLO), settings.pop("tools", TOOLS)
    timeout_s = settings.pop("timeout_s", 20)
    async with asking(*replies, **settings) as (model, _):
        return await model.complete(messages, tools, on_text=on_text, timeout_s=timeout_s)


async def streamed(
    *replies: Reply | Callable[[Asked], Reply], **settings: Any
) -> tuple[ModelReply, list[str]]:
    """One streamed call, with the pieces of text that were told."""
    told: list[str] = []
    return await ask(*replies, on_text=told.append, **settings), told


async def failing(*replies: Reply | Callable[[Asked], Reply], **settings: Any) -> ModelError:
    """The error that a plain call raises; no error is a failure of the test."""
    try:
        reply = await ask(*replies, **settings)
    except ModelError as error:
        return error
    raise AssertionError(f"a reply came: {reply}")


QUICK = Patience(first_s=0.15, idle_s=0.15)
