"""Try the model out at the start: nothing waits for it for long, and nothing fails by it."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass

import structlog

from agent_core.budget import HostToll
from agent_core.clock import Clock
from agent_core.errors import StoreUnavailableError
from agent_core.model import Abilities, Model, most_tokens, probe
from agent_core.model.probe import MESSAGES
from agent_core.storage import Storage
from bot.app.outside import Outside
from bot.settings import Role, Settings

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

_FOR_THE_TABLE_S = 2.0
"""Seconds that the start waits for the answer; later it is a line of the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What it takes to try a model out on the host's account."""

    settings: Settings
    storage: Storage
    model: Model
    clock: Clock


async def probe_at_start(stack: AsyncExitStack, outside: Outside, trial: Trial, role: Role) -> None:
    """Say in one line what the model can do: as it was found within the last week, or by trying.

    A gateway alone only believes what a worker has found.
    """
    settings, storage, model = trial.settings, trial.storage, trial.model
    if settings.demo_model or not settings.model_probe or not outside.answers:
        return
    kept = await storage.facts.get(model.id)
    if kept and (known := Abilities.parse(kept)):
        model.believe(sees=known.sees, window=known.window)
        outside.tell("Model", known.line(), warns=not known.drives)
        return
    if role == "gateway":
        return
    trying = asyncio.create_task(_try(trial), name="probe")
    stack.push_async_callback(_end, trying)
    done, _ = await asyncio.wait({trying}, timeout=_FOR_THE_TABLE_S)
    if not done:
        outside.tell("Model", f"{model.name} is being tried out; the log says what it can do")
        trying.add_done_callback(_log)
    elif found := trying.result():
        outside.tell("Model", found.line(), warns=not found.drives)


async def _try(trial: Trial) -> Abilities | None:
    storage, model, caps = trial.storage, trial.model, trial.settings.caps
    toll = HostToll(model, storage.budgets, caps, trial.clock, prompt=most_tokens(list(MESSAGES)))
    try:
        found = await probe(model, toll=toll)
        await toll.close()
        if not found.failed:
            await storage.facts.put(model.id, found.as_json())
    except StoreUnavailableError as error:
        log.warning("the model could not be tried out", reason=str(error))
        return None
    return found


def _log(trying: asyncio.Task[Abilities | None]) -> None:
    if trying.cancelled() or not (found := trying.result()):
        return
    (log.info if found.drives else log.warning)("model", found=found.line())


async def _end(trying: asyncio.Task[Abilities | None]) -> None:
    trying.cancel()
    await asyncio.wait({trying})
