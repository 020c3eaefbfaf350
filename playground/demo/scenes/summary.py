"""Summary: count the words of a text, find its weightiest sentences, hand over a page about it."""

from __future__ import annotations

from playground.demo.acts import hand_over, look, propose, python, write
from playground.demo.script import Scene, Script
from playground.demo.wire import Call

_SAMPLE = """\
Tea is the most widely drunk prepared drink in the world. It began in the borderlands of China,
India and Myanmar, where the leaves were first chewed as a medicine. Traders carried tea along the
rivers and over the mountains, and every place that took it up made it its own. In Japan tea became
a ceremony; in England it became an hour of the day. The plant itself is modest. It is an evergreen
bush that likes rain and hills, and its young leaves are picked by hand. What the leaves turn into
depends on what is done next: steamed they stay green, bruised and left in the air they become
black. Rivers of tea have paid for ships, started a revolution, and kept many a student awake.
"""

_CODE = """\
import re
from collections import Counter
from pathlib import Path

text = Path({path!r}).read_bytes().decode("utf-8-sig", errors="replace")
words = re.findall(r"[^\\W\\d_]+", text.lower())
common = Counter(word for word in words if len(word) > 3)
sentences = [" ".join(s.split()) for s in re.split(r"(?<=[.!?])\\s+", text) if s.strip()]
def weight(sentence):
    own = re.findall(r"[^\\W\\d_]+", sentence.lower())
    return sum(common[word] for word in own) / (len(own) + 4)
best = sorted(sorted(range(len(sentences)), key=lambda i: -weight(sentences[i]))[:{count}])
lines = ["# Summary of " + {path!r}, "", *("- " + sentences[i][:400] for i in best), "", "## Figures", ""]
lines.append(f"{{len(words)}} words, {{len(set(words))}} different, {{len(sentences)}} sentences")
lines.append("Most frequent: " + ", ".join(f"{{word}} ({{n}})" for word, n in common.most_common(8)))
Path("summary.md").write_text("\\n".join(lines) + "\\n", encoding="utf-8")
print(lines[-2])
print(lines[-1])
print("Weightiest sentence:", max(sentences, key=weight)[:300] if sentences else "none")
"""


def play(scene: Scene) -> Script:
    """Extract, never invent: the sentences are the text's own."""
    plan = scene.set_plan("Find the text", "Count and weigh", "Hand over the page")
    yield from look(scene, "I look for the text.", plan)
    name = scene.file(".txt", ".md", ".log")
    path = f"inputs/{name}" if name else "sample.txt"
    if name:
        yield scene.turn(f"I read how {path} begins.", Call(name="read_file", arguments={"path": path}))
    else:
        yield scene.turn("Nobody dropped a text, so I take a sample about tea.", write(path, _SAMPLE))

    def code(attempt: int) -> str:
        return _CODE.format(path=path, count=scene.wishes().number(1 if attempt else 3, low=1, high=20))

    ran = yield from propose(
        scene,
        "I count its words and pick its weightiest sentences by code.",
        lambda n: python(code(n)),
        scene.ticked(1),
    )
    yield from hand_over(scene, "The page is written.", ["summary.md"], f"Summary of {path}")
    origin = "" if name else "No text was dropped, so this is my sample about tea. "
    return origin + "\n".join(ran.output.splitlines()[:3])
