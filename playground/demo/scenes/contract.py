"""Contract: a check first, red as it must be; then the work; then a mistake that the check finds."""

from __future__ import annotations

from playground.demo.acts import propose, write
from playground.demo.script import Scene, Script
from playground.demo.wire import Call

_CHECK = """\
from pathlib import Path

scope = {}
exec(compile(Path("roman.py").read_text(), "roman.py", "exec"), scope)
known = {1: "I", 4: "IV", 9: "IX", 14: "XIV", 40: "XL", 1994: "MCMXCIV", 2026: "MMXXVI"}
for number, numeral in known.items():
    got = scope["to_roman"](number)
    assert got == numeral, f"to_roman({number}) is {got}, but should be {numeral}"
"""

_BACK = """\
from pathlib import Path

scope = {}
exec(compile(Path("roman.py").read_text(), "roman.py", "exec"), scope)
values = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
for number in range(1, 4000):
    digits = [values[letter] for letter in scope["to_roman"](number)]
    total = sum(-d if d < max(digits[i:]) else d for i, d in enumerate(digits))
    assert total == number, f"to_roman({number}) reads back as {total}"
"""

_FIRST = '''\
"""Roman numerals."""

PAIRS = [(1000, "M"), (500, "D"), (100, "C"), (50, "L"), (10, "X"), (5, "V"), (1, "I")]


def to_roman(number: int) -> str:
    """The numeral of a number from 1 to 3999."""
    numeral = ""
    for value, letters in PAIRS:
        count, number = divmod(number, value)
        numeral += letters * count
    return numeral
'''

_OLD = 'PAIRS = [(1000, "M"), (500, "D"), (100, "C"), (50, "L"), (10, "X"), (5, "V"), (1, "I")]\n'
_NEW = """\
PAIRS = [
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"),
    (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
]
"""


def play(scene: Scene) -> Script:
    """Freeze the checks, hand in a first version that fails one, read which, repair, hand in again."""
    plan = scene.set_plan(
        "Say when it is done, as checks", "Write roman.py", "Hand it in", "Repair what a check finds"
    )
    checks = [{"name": "seven known numerals", "code": _CHECK}, {"name": "all 3999 read back", "code": _BACK}]

    def contract(attempt: int) -> Call:
        return Call(name="set_contract", arguments={"checks": checks[:1] if attempt else checks})

    yield from propose(
        scene, "Before I write anything I say when it is done: two checks, red as yet.", contract, plan
    )
    yield scene.turn(
        "The contract stands. Now the first version.", scene.ticked(1), write("roman.py", _FIRST)
    )
    hand_in = Call(name="finish", arguments={"summary": "roman.py is written.", "files": ["roman.py"]})
    past = yield scene.turn("I hand it in: the checks decide.", scene.ticked(2), hand_in)
    complaint = past.last.complaint
    if scene.has("edit_file"):
        repair = Call(name="edit_file", arguments={"path": "roman.py", "old": _OLD, "new": _NEW})
    else:
        repair = write("roman.py", _FIRST.replace(_OLD, _NEW))
    yield scene.turn(
        f"A check sent it back: {complaint[:300]}. Four is IV, not IIII: I left out the pairs that subtract.",
        scene.ticked(3),
        repair,
    )
    scene.plan = ()
    scene.pending.append("roman.py")
    return f"roman.py writes 1 to 3999 as Roman numerals. One version was sent back: {complaint[:200]}"
