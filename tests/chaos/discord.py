"""The playground in a process of its own, without its pacing: `python -m tests.chaos.discord FOLDER`."""

import asyncio
import signal
import sys
from pathlib import Path

from playground import Playground


async def main(folder: Path) -> None:
    """Serve until SIGTERM; the address is the first line of the output."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with Playground(folder, 0, rate_limits=False) as playground:
        print(playground.url, flush=True)
        await ended.wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
