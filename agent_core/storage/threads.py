"""Work in a thread that nobody may find half done."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def to_its_end(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do it in a thread, and to its end even where the caller is cancelled. Raises what the work raises."""
    doing = asyncio.ensure_future(asyncio.to_thread(work, *args, **kwargs))
    try:
        return await asyncio.shield(doing)
    finally:
        while not doing.done():
            with suppress(asyncio.CancelledError):  # cancelled twice: still not before it has ended
                await asyncio.wait({doing})
        doing.exception()  # looked at, so that nobody reports it as lost
