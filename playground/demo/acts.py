"""What scripts are made of: proposals that survive a no and an error, a look at the inputs, a delivery."""

from __future__ import annotations

from collections.abc import Callable, Generator

from playground.demo.script import Scene, ScriptEndedError, Turn
from playground.demo.transcript import Past, Result, listed_names
from playground.demo.wire import Call

Act = Callable[[int], Call]
"""Makes a call: 0 is the first way of doing it, 1 another one."""
_LISTING = (
    "from pathlib import Path\n"
    "for path in sorted(Path('inputs').glob('*')):\n"
    "    print(f'inputs/{path.name}')\n"
)
_MOST_TRIES = 8


def python(code: str) -> Call:
    """A call that runs a script."""
    return Call(name="run_python", arguments={"code": code})


def write(path: str, content: str) -> Call:
    """A call that writes a file."""
    return Call(name="write_file", arguments={"path": path, "content": content})


def propose(
    scene: Scene, thought: str | Callable[[], str], make: Act, *also: Call | None, patient: bool = True
) -> Generator[Turn, Past, Result]:
    """Ask for one action, and for another one after a no or an error.

    Two rejections, or two errors, end the script politely. Where somebody breaks in, a patient proposal
    starts again with what was said; another one gives the interrupted result back.
    """
    lead, note, way = "", "", 0
    refusals = failures = 0
    for attempt in range(_MOST_TRIES):
        said = thought if isinstance(thought, str) else thought()
        past = yield scene.turn(lead + said, *(() if attempt else also), _noted(make(way), note))
        result = past.last
        if result.interrupted and patient:
            lead = "You broke in, so I start that again. "
            continue
        if result.rejected:
            refusals, way = refusals + 1, 1
            note = " ".join((result.reason or " ".join(past.words)).split())[:200]
            lead = _after_rejection(scene, past)
        elif result.failed and not result.interrupted:
            failures, way = failures + 1, 1
            lead = f"That did not work: `{result.complaint[:200]}`. I take another way. "
        else:
            return result
        _give_up(refusals, failures, note or "-", result)
    raise ScriptEndedError("I could not find a way that works and that you agree with.")


def _give_up(refusals: int, failures: int, note: str, result: Result) -> None:
    if refusals == 2:
        raise ScriptEndedError(
            f"You said no twice, so I stop here without running it. The last reason: {note}"
        )
    if failures == 2:
        raise ScriptEndedError(f"I could not do it. The last error: {result.complaint[:300]}")


def _after_rejection(scene: Scene, past: Past) -> str:
    """The reason counts as people's words, once: it may have come as a message too."""
    reason = past.last.reason
    if not reason or reason in past.words:
        said = "You rejected that, so I propose something else. "
    else:
        scene.words.append(reason)
        said = f"You rejected that: “{reason}”. I take it into account and propose something else. "
    scene.news()
    return said


def _noted(call: Call, note: str) -> Call:
    """The same call with the person's reason as the first line of its code, so that they see it was heard."""
    code = call.arguments.get("code")
    if not note or not isinstance(code, str):
        return call
    return Call(name=call.name, arguments={**call.arguments, "code": f"# Changed after: {note}\n{code}"})


def look(scene: Scene, thought: str, *also: Call | None) -> Generator[Turn, Past, None]:
    """See what people dropped into `inputs/`."""
    call = (
        Call(name="list_files", arguments={"path": "inputs"}) if scene.has("list_files") else python(_LISTING)
    )
    past = yield scene.turn(thought, *also, call)
    if past.last.failed or past.last.rejected:
        return
    scene.see(listed_names(past.last.output, (".csv", ".tsv", ".txt", ".md", ".log", ".json")))


def hand_over(scene: Scene, thought: str, paths: list[str], note: str) -> Generator[Turn, Past, None]:
    """Deliver files, or leave them for `finish` where there is no such tool."""
    if not scene.has("deliver"):
        scene.pending.extend(paths)
        return
    call = Call(name="deliver", arguments={"paths": paths, "note": note})
    past = yield scene.turn(thought, scene.ticked(len(scene.plan)) if scene.plan else None, call)
    if past.last.failed or past.last.rejected:
        raise ScriptEndedError(
            f"The files are made, but could not be handed over: {past.last.complaint[:300]}"
        )
