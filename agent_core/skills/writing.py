"""Checks written from a description by a call that never sees the source."""

import re
from collections.abc import Awaitable, Callable

from agent_core.context import aside
from agent_core.skills.cases import halved
from agent_core.skills.normal import interface
from agent_core.skills.values import MOST_SOURCE, Script
from agent_core.values import Message

Ask = Callable[[list[Message]], Awaitable[str]]
"""Messages -> the text of the reply. Raises ModelError and BudgetReachedError."""

SHARPENED = 2
"""How often a check that notices too little is written anew."""

_FENCE = re.compile(r"```[\w-]*\n(.*?)(?:\n```|\Z)", re.DOTALL)


async def written(ask: Ask, script: Script) -> str | None:
    """A check, in two halves; None where what came is no program."""
    return _program(await ask(aside("check", _told(script))))


async def sharpened(ask: Ask, script: Script, check: str, caught: int, mutants: int) -> str | None:
    """A check that notices more; None where what came is no program."""
    told = f"{_told(script)}\n\nYour check noticed {caught} of {mutants}:\n```python\n{check}\n```"
    return _program(await ask(aside("sharpen", told)))


def _told(script: Script) -> str:
    parameters = [f"- {one.name}: {one.description}" for one in script.parameters]
    offers = interface(script.source) or "(no functions: it is run as a program)"
    parts = [f"Name: {script.name}", f"Description: {script.description}"]
    parts += ["Parameters:\n" + "\n".join(parameters)] if parameters else []
    return "\n".join([*parts, f"What main.py offers:\n{offers}"])


def _program(reply: str) -> str | None:
    found = _FENCE.findall(reply)
    source = max(found, key=len) if found else reply
    if not source.strip() or len(source) > MOST_SOURCE:
        return None
    try:
        return halved(source)
    except SyntaxError:
        return None
