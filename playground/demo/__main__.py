"""`python -m playground.demo [--port N]`: the demo model alone, until Ctrl-C."""

import argparse
import asyncio
import contextlib

from playground.demo.server import DemoModel


async def serve(port: int) -> None:
    """Serve until cancelled."""
    async with DemoModel(port=port) as demo:
        print(f"OPENAI_BASE_URL={demo.base_url} SMART_MODEL={demo.name}", flush=True)
        await asyncio.Event().wait()


def main() -> None:
    """Parse the arguments and serve; a taken port is one sentence."""
    parser = argparse.ArgumentParser(prog="python -m playground.demo", description="The demo model alone.")
    parser.add_argument("--port", type=int, default=8081)
    port = parser.parse_args().port
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve(port))
    except OSError as error:
        raise SystemExit(f"The demo model cannot listen on port {port}: {error.strerror}.") from error


if __name__ == "__main__":
    main()
