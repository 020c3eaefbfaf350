"""Files skills without end, to be killed in the middle: `python -m` with the address and the folder."""

import asyncio
import sys
from pathlib import Path

from agent_core.memory.values import ALL_CHANNELS
from agent_core.skills import Card, Judgement, Origin, Script
from agent_core.storage import Storage
from tests.libraries import library_of


async def main(url: str, folder: str, who: str) -> None:
    """One after the other, each undone every third time."""
    async with Storage.open(url, Path(folder)) as storage:
        library = library_of(storage)
        for number in range(10_000):
            source = f"def f():\n    return {who!r}, {number}\n"
            script = Script(name=f"f{who}{number}", description=f"Says {number}.", source=source)
            card = Card(script=script, origin=Origin())
            judged = Judgement(fault=None, text="Its check holds.")
            await library.file("10", card, f"# {number}", judged, channels=ALL_CHANNELS)
            if number % 3 == 0:
                await library.undo("10", (await library.history("10"))[-1].number)
            print(number, flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
