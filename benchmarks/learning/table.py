"""Every mutant with every edit of the author, really run once in a sandbox: what each run came to."""

import ast
import asyncio
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent_core.skills.signature import Signature, of_run
from benchmarks.learning.edits import EDITS, apply
from benchmarks.learning.programs import Program
from sandbox import Limits, Pool, Sandbox

PLACES = 3
"""How many places of a program each kind of edit is tried at."""

_RUNNER = """
import json, signal, sys, traceback

def late(*_):
    raise TimeoutError("too long")

signal.signal(signal.SIGVTALRM, late)
work = json.load(open("work.json"))
answers = []
for source in work["sources"]:
    outcomes = []
    for inputs in work["inputs"]:
        if outcomes and outcomes[-1][0] == "time":
            outcomes.append(["time", ""])
            continue
        scope = {}
        try:
            try:
                signal.setitimer(signal.ITIMER_VIRTUAL, 0.02)
                exec(compile(source, "main.py", "exec"), scope)
                got = repr(scope["f"](*eval(inputs)))
            finally:
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            outcomes.append(["value", got[:2000]])
        except TimeoutError:
            outcomes.append(["time", ""])
        except BaseException as error:
            outcomes.append(["error", "".join(traceback.format_exception(error))[-1500:]])
    answers.append(outcomes)
json.dump(answers, open("answers.json", "w"))
"""


@dataclass(slots=True, kw_only=True)
class Mutant:
    """A broken program: what its open cases show, and what each edit makes of it."""

    program: str
    signature: Signature
    edits: dict[str, list[tuple[bool, bool]]] = field(default_factory=dict[str, list[tuple[bool, bool]]])
    """Kind -> for each place: all open cases hold, all cases hold."""

    @property
    def repairable(self) -> bool:
        """Some single edit makes every case hold."""
        return any(whole for places in self.edits.values() for _, whole in places)


async def build(programs: Sequence[Program]) -> list[Mutant]:
    """All mutants that an open case shows to be broken and that one edit can repair."""
    mutants: list[Mutant] = []
    async with Pool(warm=False) as pool:
        for program in programs:
            mutants += await _of_program(program, pool)
    return [mutant for mutant in mutants if mutant.repairable]


async def _of_program(program: Program, pool: Pool) -> list[Mutant]:
    right = ast.unparse(ast.parse(program.source)) + "\n"
    broken = list(dict.fromkeys(text for edit in EDITS if edit.breaks for text in apply(right, edit, PLACES)))
    repairs = {text: {edit.kind: list(apply(text, edit, PLACES)) for edit in EDITS} for text in broken}
    every = [
        right,
        *broken,
        *(one for kinds in repairs.values() for places in kinds.values() for one in places),
    ]
    outcomes = await _run(list(dict.fromkeys(every)), program, pool)
    truth = outcomes[right]
    opened = range(0, len(truth), 2)  # every second case is sealed: its result is never shown to the author
    mutants: list[Mutant] = []
    for text in broken:
        wrong = [at for at in opened if outcomes[text][at] != truth[at]]
        if not wrong:
            continue
        mutant = Mutant(program=program.name, signature=_signature(truth[wrong[0]], outcomes[text][wrong[0]]))
        for kind, places in repairs[text].items():
            mutant.edits[kind] = [
                (all(outcomes[one][at] == truth[at] for at in opened), outcomes[one] == truth)
                for one in places
            ]
        mutants.append(mutant)
    return mutants


async def _run(sources: list[str], program: Program, pool: Pool) -> dict[str, list[list[str]]]:
    with tempfile.TemporaryDirectory() as folder:
        work = {"sources": sources, "inputs": [repr(one) for one in program.inputs]}
        await asyncio.to_thread(Path(folder, "work.json").write_text, json.dumps(work))
        async with Sandbox(Path(folder), Limits(timeout_s=600.0), pool) as box:
            result = await box.run_python(_RUNNER)
        if result.exit_code:
            raise RuntimeError(result.stderr[-2000:])
        answers = json.loads(await asyncio.to_thread(Path(folder, "answers.json").read_text))
    return dict(zip(sources, answers, strict=True))


def _signature(expected: list[str], got: list[str]) -> Signature:
    """Of what a check says that meets this, read as the product reads it."""
    match got[0]:
        case "value":
            return of_run(f"AssertionError: expected {expected[1]}, got {got[1]}")
        case "time":
            return of_run("", "time")
        case _:
            return of_run(got[1])
