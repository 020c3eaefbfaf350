"""What sessions that explore or improve are told to do, and what they find among their inputs. Pure.

A goal counts as a person's word, so nothing that a script says stands in it: only names, which are made of
few letters, and kinds of errors. Sources and messages of errors are in files.
"""

import re

from agent_core.skills.frontier import Frontier
from agent_core.skills.library import Held
from agent_core.skills.signature import Signature
from agent_core.skills.targets import Target

_DOES = {
    "repair": "Repair",
    "modify": "Improve",
    "combine": "Combine",
}


def to_explore(topic: str, count: int, found: Frontier) -> str:
    """The goal of an exploration."""
    about = topic or "what this server's library lacks"
    rows = [f"Explore: {about}", "", f"Offer {count} scripts to the library, each by one `save_skill`."]
    if found.ideas:
        rows += ["", f"Ideas (drawn with seed {found.seed}); take them or better ones:"]
        rows += [f"{number}. {idea.text}" for number, idea in enumerate(found.ideas, 1)]
    if found.failed:
        rows += ["", "These failed before; write nothing like them again without knowing why:"]
        rows += [f"- `{one.card.script.name}`: {in_short(one.skill.filed.signature)}" for one in found.failed]
    return "\n".join(rows)


def to_improve(target: Target, error: Signature | None, seed: int | None) -> str:
    """The goal of an improvement. `seed`: of the draw that chose it; None: somebody named it."""
    names = " and ".join(f"`{one.card.script.name}`" for one in target.held)
    rows = [f"{_DOES[target.way]} {names}", ""]
    files = " and ".join(f"`inputs/{file_name(one)}`" for one in target.held)
    rows.append(f"Read {files} first: source, open cases of the check, and what went wrong.")
    match target.way:
        case "repair":
            rows.append(f"It fails: {in_short(error)}. Offer a repaired source under the same name.")
        case "modify":
            rows.append(
                "It works. Offer a source under the same name that is clearer, more general or faster, "
                "and as right."
            )
        case "combine":
            rows.append(
                "Both work. Offer one script under a new name that does together what neither does alone, "
                "with a check of its own."
            )
    if seed is not None:
        rows += ["", f"(Drawn with seed {seed}.)"]
    return "\n".join(rows)


def about(held: Held, check: str, error: Signature | None) -> str:
    """The file on a skill that whoever improves it reads. `check`: its open cases only."""
    script, skill = held.card.script, held.skill
    takes = "\n".join(f"- `{one.name}`: {one.description}" for one in script.parameters)
    rows = [f"# {script.name}", "", script.description]
    if takes:
        rows += ["", "## Parameters", "", takes]
    if script.dependencies:
        rows += ["", f"Needs {', '.join(script.dependencies)}."]
    used = f"{skill.worked} of {skill.runs} runs worked" if skill.runs else "not used so far"
    rows += ["", f"It stands among the {skill.shelf}; {used}; {skill.children} children."]
    if error is not None:
        rows += [
            "",
            "## What went wrong",
            "",
            _block(str(error), "text"),
            "",
            _block(skill.filed.why, "text"),
        ]
    rows += ["", "## main.py", "", _block(script.source, "python")]
    rows += ["", "## check.py, its open cases; as many are sealed", "", _block(check, "python"), ""]
    return "\n".join(rows)


def file_name(held: Held) -> str:
    """Of the file on a skill."""
    return f"{held.card.script.name}.md"


def in_short(signature: Signature | None) -> str:
    """An error without anything that a script could have said."""
    if signature is None:
        return "nobody knows how"
    kind = signature.kind if re.fullmatch(r"[A-Za-z]{1,40}", signature.kind) else "an error of its own"
    return f"{kind} ({signature.severity.words})"


def _block(text: str, language: str) -> str:
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"
