"""Clean: tidy up a text file, say what changed, hand over the clean one."""

from __future__ import annotations

from playground.demo.acts import hand_over, look, propose, python, write
from playground.demo.script import Scene, Script
from playground.demo.wire import Call

_SAMPLE = """\
  Guest list   for the garden party
Ada  Lovelace\t
Grace Hopper
Ada Lovelace



alan   turing
Grace Hopper

Katherine Johnson  \t
"""

_CODE = """\
import re
import unicodedata
from pathlib import Path

text = Path({path!r}).read_bytes().decode("utf-8-sig", errors="replace")
lines = text.splitlines()
clean, seen = [], set()
doubles = blanks = spaces = 0
for line in lines:
    tidy = re.sub(r"\\s+", " ", unicodedata.normalize("NFC", line)).strip()
    spaces += tidy != line
    if not tidy:
        blanks += 1
        if clean and clean[-1]:
            clean.append("")
        continue
    key = tidy{fold}
    if key in seen:
        doubles += 1
        continue
    seen.add(key)
    clean.append(tidy)
while clean and not clean[-1]:
    clean.pop()
Path("clean.txt").write_text("\\n".join(clean) + "\\n", encoding="utf-8")
print(f"{{len(lines)}} lines in, {{len(clean)}} lines out")
print(f"removed {{doubles}} duplicate lines")
print(f"tidied the spaces of {{spaces}} lines; {{blanks}} were blank")
"""


def play(scene: Scene) -> Script:
    """Spaces, blank lines and duplicates of the newest text file; a guest list where nobody dropped one."""
    plan = scene.set_plan("See what is in inputs/", "Read it", "Clean it", "Hand over the clean text")
    yield from look(scene, "I look whether somebody dropped a text.", plan)
    name = scene.file(".txt", ".md", ".log", ".csv")
    path = f"inputs/{name}" if name else "sample.txt"
    if name:
        past = yield scene.turn(
            f"There is {path}. I read how it begins.", Call(name="read_file", arguments={"path": path})
        )
        seen = f"{len(past.last.text.splitlines())} lines so far."
    else:
        yield scene.turn(
            "Nobody dropped a text, so I make up a sample: an untidy guest list.", write(path, _SAMPLE)
        )
        seen = "The sample is there."

    def code(attempt: int) -> str:
        return _CODE.format(path=path, fold="" if attempt else ".casefold()")

    ran = yield from propose(
        scene,
        f"{seen} I tidy the spaces, join blank lines, and drop duplicate lines.",
        lambda n: python(code(n)),
        scene.ticked(2),
    )
    numbers = "; ".join(ran.output.splitlines()[:3])
    origin = "" if name else "No text was dropped, so this is a sample that I made up. "
    yield from hand_over(scene, f"{numbers}.", ["clean.txt"], f"{path}, cleaned")
    return f"{origin}Cleaned {path}: {numbers}."
