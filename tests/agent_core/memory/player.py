"""A process with a Memory that does what it is told, one JSON line after another. Run by the tests."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from agent_core.errors import GoalkeeperError
from agent_core.memory import ALL_CHANNELS, Embedder, Memory


async def do(memory: Memory, order: dict[str, Any]) -> object:
    """What the order asks for."""
    guild, given = order["guild"], order.get("given", {})
    match order["do"]:
        case "remember":
            return await memory.remember(guild, **given)
        case "recall":
            channels = given.pop("channels", None)
            seen = ALL_CHANNELS if channels is None else set[str](channels)
            return [hit.text for hit in await memory.recall(guild, **given, channels=seen)]
        case "forget":
            return await memory.forget(guild, **given)
        case "export":
            return [one["text"] for one in await memory.export(guild)]
        case unknown:
            raise ValueError(unknown)


async def main(url: str, models: str) -> None:
    """Answer every line of the input, in its order."""
    loop = asyncio.get_running_loop()
    async with Embedder(cache=Path(models)) as embedder, Memory.open(url, embedder) as memory:
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            order = json.loads(line)
            try:
                answer: dict[str, object] = {"ok": await do(memory, order)}
            except GoalkeeperError as error:
                answer = {"error": str(error)}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
