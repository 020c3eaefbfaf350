"""May a script join the successes? Only if a check that it could not reach says so, and is worth its name."""

import ast
import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from agent_core.skills.checking import Cases, Checker, Verdict
from agent_core.skills.mutants import mutants
from agent_core.skills.signature import Severity, Signature, of_run

AGREE = 3
"""So many runs have to come to the same verdict."""
CATCHES = 0.8
"""The share of mutants that a check has to notice."""
_FEW = 3
_AT_LEAST = 0.5
"""Of all mutants, before any is let off because it cannot be told from the script: that the script runs for
itself, and a hostile one could lie there."""
_AT_ONCE = 4

_PATIENCE_S = 2.0
_PATIENCE = 4.0
"""A mutant that takes so many times as long as the script, and that many seconds, never ends."""

Fault = Literal["fails", "flaky", "green on a stub", "weak check", "no script", "no check"]
"""`fails` and `no script` are the script's; the others say that the check is worth nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the gate found."""

    fault: Fault | None
    """None: it may join the successes."""
    text: str
    """In words, without anything of a sealed case."""
    signature: Signature | None = None
    """Of the failure, where there was one."""
    caught: int = 0
    mutants: int = 0
    """Without those that nothing told from the script."""
    output: str = ""
    """What the open cases printed."""
    duration_s: float = 0.0
    """Of the open cases."""

    @property
    def passed(self) -> bool:
        """It may join the successes."""
        return self.fault is None


class Gate:
    """Judges scripts."""

    def __init__(self, checker: Checker) -> None:
        self._checker = checker

    async def judge(self, check: str, source: str) -> Judgement:
        """Run the check as often as it takes. Raises SandboxRefusedError where there is no box."""
        try:
            changed = await asyncio.to_thread(mutants, source)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            signature = Signature(kind=type(error).__name__, shape=str(error)[:80])
            return Judgement(fault="no script", text=f"It is no Python: {error}", signature=signature)
        if (broken := _broken(check)) is not None:
            return Judgement(fault="no check", text=f"The check is no Python: {broken}")
        first = await self.open_and_sealed(check, source)
        if not first.passed:
            return first
        stub = await self._checker.run(check, "")
        if stub.holds:
            return Judgement(
                fault="green on a stub",
                text="The check passes on an empty script too, so it shows nothing.",
                output=first.output,
            )
        again = await self._all([(check, source, None)] * (AGREE - 1))
        if not all(verdict.holds for verdict in again):
            return Judgement(
                fault="flaky", text=f"The check came out differently in {AGREE} runs.", output=first.output
            )
        patience_s = _PATIENCE_S + _PATIENCE * max(verdict.duration_s for verdict in again)
        verdicts = await self._all([(check, one, None) for one in changed], patience_s)
        missed = [one for one, verdict in zip(changed, verdicts, strict=True) if verdict.holds]
        caught = len(changed) - len(missed)
        counted = len(changed)
        if not _sharp(caught, counted) and caught >= _AT_LEAST * counted:
            counted = caught + sum(await self._checker.told_apart(check, source, missed))
        fault: Fault | None = None if _sharp(caught, counted) else "weak check"
        return Judgement(
            fault=fault,
            text=f"The check holds, and notices {caught} of {counted} simple mistakes.",
            caught=caught,
            mutants=counted,
            output=first.output,
            duration_s=first.duration_s,
        )

    async def open_and_sealed(self, check: str, source: str) -> Judgement:
        """Only whether the cases hold, the sealed ones too; of those only the kind of error is told."""
        opened = await self._checker.run(check, source, "open")
        if not opened.holds:
            return _failed(opened, "open")
        sealed = await self._checker.run(check, source, "sealed")
        return (
            _failed(sealed, "sealed")
            if not sealed.holds
            else Judgement(
                fault=None, text="Its check holds.", output=opened.output, duration_s=opened.duration_s
            )
        )

    async def _all(
        self, runs: Sequence[tuple[str, str, Cases | None]], timeout_s: float | None = None
    ) -> list[Verdict]:
        """Several runs, a few at once, in order."""
        limit = asyncio.Semaphore(_AT_ONCE)

        async def one(run: tuple[str, str, Cases | None]) -> Verdict:
            async with limit:
                return await self._checker.run(*run, timeout_s=timeout_s)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(run)) for run in runs]
        return [task.result() for task in tasks]


def _sharp(caught: int, mutants: int) -> bool:
    """Whether a check notices enough. Of a few mutants one may be missed."""
    return caught >= CATCHES * mutants or (mutants >= _FEW and mutants - caught <= 1)


def _broken(check: str) -> str | None:
    try:
        ast.parse(check)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return str(error)[:200]
    return None


def _failed(verdict: Verdict, cases: Cases) -> Judgement:
    signature = of_run(verdict.output, verdict.stopped_by)
    if signature.kind == "ImportError" and "from 'main'" in verdict.output:
        # no package is missing: the script does not offer what it should
        signature = replace(signature, severity=Severity.CRASH)
    if signature.kind == "ScriptEndedError":
        signature = replace(signature, place="")  # that is ours
    if cases == "sealed":
        text = f"A sealed case fails: {signature.kind}."
        return Judgement(
            fault="fails", text=text, signature=Signature(kind=signature.kind, severity=signature.severity)
        )
    return Judgement(
        fault="fails", text=f"An open case fails: {signature}", signature=signature, output=verdict.output
    )
