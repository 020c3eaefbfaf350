"""Do something while listening to the inbox: a stop, or a message that begins with "!", ends it at once."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from agent_core.errors import GoalkeeperError
from agent_core.session import State
from agent_core.session.take import STOP
from agent_core.signals import Reacted, RewindAsked, Said, Signal, StopAsked
from agent_core.storage import Inbox

T = TypeVar("T")

LISTEN_S = 20.0
"""Seconds of one look at the inbox; it says nothing of how fast a signal is seen."""


QUICK_S = 0.02
"""Seconds that nobody listens at first."""


class InterruptionError(GoalkeeperError):
    """A person ended the work; the text says who."""


async def interruptible(work: Coroutine[Any, Any, T], inbox: Inbox, state: State) -> T:
    """The result of the work. Raises InterruptionError, after cancelling it, where a person said so."""
    working = asyncio.create_task(work)
    await _begun(working)
    if working.done():
        return working.result()
    listening = asyncio.create_task(_interruption(inbox, state))
    try:
        await asyncio.wait({working, listening}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise InterruptionError(f"Interrupted by {listening.result()}.")
    finally:
        await _end(working)
        await _end(listening)


async def _begun(working: asyncio.Task[Any]) -> None:
    """Give the work a moment: what is over by then need not be listened for."""
    try:
        await asyncio.wait({working}, timeout=QUICK_S)
    except asyncio.CancelledError:
        await _end(working)
        raise


async def _end(task: asyncio.Task[Any]) -> None:
    """Cancel the task and see it gone; its own error, if any, was either raised above or came too late."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()


async def _interruption(inbox: Inbox, state: State) -> str:
    """The name of whoever interrupts, once somebody does."""
    after, who = state.inbox_id, None
    while who is None:
        for inbox_id, signal in await inbox.wait(state.ref, after, LISTEN_S):
            after, who = inbox_id, who or _interrupts(signal)
    return who


def _interrupts(signal: Signal) -> str | None:
    match signal:
        case StopAsked() | RewindAsked() | Said(interrupt=True):
            return signal.person.name
        case Reacted(present=True) if signal.emoji == STOP:
            return signal.person.name
        case _:
            return None  # everything else waits for the next boundary
