"""Run a role until somebody ends it: signals, logs, and the table of what each part is running on."""

import asyncio
import logging
import signal
import sys
from contextlib import AsyncExitStack

import structlog
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent_core.errors import StartError
from bot.app.outside import Outside
from bot.app.running import Running, running
from bot.settings import Role, Settings


def serve(settings: Settings, role: Role) -> int:
    """Run until Ctrl-C or SIGTERM; the exit code. What keeps it from starting is one sentence on stderr."""
    set_up_logs(settings)
    try:
        asyncio.run(_playground(settings) if role == "playground" else _serve(settings, role))
    except StartError as error:
        Console(stderr=True, soft_wrap=True).print(str(error), style="red", markup=False, highlight=False)
        return 1
    return 0


def set_up_logs(settings: Settings) -> None:
    """Lines for a terminal where there is one, else JSON, both on stderr."""
    level = logging.getLevelNamesMapping()[settings.log_level]
    plain = not sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info if plain else structlog.processors.StackInfoRenderer(),
            structlog.processors.JSONRenderer()
            if plain
            else structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=max(level, logging.WARNING), format="%(levelname)s %(name)s %(message)s")
    # What a library repeats by itself, or hands to us to tell, is no line of its own.
    quiet = {"docket": logging.WARNING, "docket.dependencies": logging.CRITICAL, "discord": logging.ERROR}
    for name, at_least in quiet.items():
        logging.getLogger(name).setLevel(at_least if level > logging.DEBUG else level)
    if level > logging.DEBUG:
        logging.getLogger("docket.worker").addFilter(in_one_line)


def in_one_line(record: logging.LogRecord) -> bool:
    """A log filter: what is only a warning, such as a Redis that is away for a moment, has no traceback."""
    if record.levelno <= logging.WARNING:
        record.exc_info = None
    return True


async def _serve(settings: Settings, role: Role) -> None:
    stop = _stop_event()
    async with running(settings, role) as up:
        show(up)
        waiting = [asyncio.create_task(one.wait()) for one in (stop, up.ended)]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        print("Ending: running work stops at its next step and goes on at the next start.", flush=True)


async def _playground(settings: Settings) -> None:
    stop = _stop_event()
    async with AsyncExitStack() as stack:
        outside = Outside(stack, settings.model_copy(update={"playground": True}))
        playground = await outside.playground()
        if playground is not None:
            print(f"The playground is at {playground.page_url}", flush=True)
            print(f"Bots join it with DISCORD_API_URL={playground.api_url}", flush=True)
        await stop.wait()


def _stop_event() -> asyncio.Event:
    """Set by the first Ctrl-C or SIGTERM; a second one ends the process at once."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def ask(number: signal.Signals) -> None:
        stop.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ask, number)
    return stop


def show(up: Running) -> None:
    """The address and, in a table, what each part is running on."""
    table = Table("Part", "Runs on", title="Goalkeeper", title_justify="left")
    for part in up.parts:
        table.add_row(part.name, Text(part.text, "yellow" if part.warns else ""))
    console = Console(soft_wrap=False)
    console.print(table)
    if up.page_url:
        print(f"Open {up.page_url} and type /goal followed by what you want.", flush=True)
