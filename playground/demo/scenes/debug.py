"""Debug: a script that fails with an exception, and its repair from the traceback."""

from __future__ import annotations

import re
from collections.abc import Generator

from playground.demo.acts import hand_over, python, write
from playground.demo.script import Scene, Script, ScriptEndedError, Turn
from playground.demo.transcript import Past, Result
from playground.demo.wire import Call

_ORDERS = """\
[
  {"id": 1, "customer": "Ada", "items": [{"name": "tea", "price": 4.5, "count": 3}]},
  {"id": 2, "customer": "Grace", "items": [{"name": "cake", "price": 12.0}]},
  {"id": 3, "customer": "Alan", "items": []}
]
"""

_LINE = '        total += item["price"] * item["count"]\n'
_MENDED = '        total += item["price"] * item.get("count", 1)  # without a count it is one piece\n'
_AVERAGE = "    print(f\"  on average {total / len(order['items']):.2f} an item\")\n"
_MENDED_AVERAGE = (
    "    if order['items']:  # an order may be empty\n"
    "        print(f\"  on average {total / len(order['items']):.2f} an item\")\n"
)

_SCRIPT = (
    "import json\n\n"
    "grand_total = 0.0\n"
    'for order in json.load(open("orders.json")):\n'
    "    total = 0.0\n"
    '    for item in order["items"]:\n'
    f"{_LINE}"
    "    print(f\"{order['customer']}: {total:.2f}\")\n"
    f"{_AVERAGE}"
    "    grand_total += total\n"
    'print(f"all orders: {grand_total:.2f}")\n'
    'open("totals.txt", "w").write(f"{grand_total:.2f}\\n")\n'
)

_RUN = 'import runpy\n\nrunpy.run_path("totals.py", run_name="__main__")\n'
_RUN_COPY = """\
import os
import runpy
import shutil
import tempfile

with tempfile.TemporaryDirectory() as folder:
    for name in ("orders.json", "totals.py"):
        shutil.copy(name, folder)
    os.chdir(folder)
    runpy.run_path("totals.py", run_name="__main__")
"""
_MENDS = {"KeyError": (_LINE, _MENDED), "ZeroDivisionError": (_AVERAGE, _MENDED_AVERAGE)}
"""The exception that a traceback ends with -> the lines to change, old and new."""


def play(scene: Scene) -> Script:
    """Write, run, read the traceback, mend what it names, until the script runs through."""
    source = _SCRIPT
    plan = scene.set_plan("Write totals.py", "Run it", "Repair what fails", "Hand it over")
    yield scene.turn(
        "I write a script that adds up the orders, and three orders to try it on.",
        plan,
        write("orders.json", _ORDERS),
        write("totals.py", source),
    )
    thought = "Now I run it."
    repaired: list[str] = []
    run = _RUN
    for _ in range(8):
        past = yield scene.turn(thought, scene.ticked(2 if repaired else 1), python(run))
        result = past.last
        if result.interrupted:
            thought = "You broke in. I run it again."
            continue
        if result.rejected:
            if run != _RUN:
                raise ScriptEndedError(
                    f"You said no twice, so I stop here without running it. {result.reason}"
                )
            run = _RUN_COPY
            why = f": “{result.reason}”" if result.reason else ""
            thought = f"You rejected that{why}. I run a copy of it in a folder of its own instead."
            continue
        if not result.failed:
            return (yield from _success(scene, repaired, result, copied=run != _RUN))
        complaint = result.complaint
        mend = _MENDS.get(complaint.split(":")[0].strip())
        if mend is None:
            return f"The script fails with `{complaint}`, and my script knows no repair for that."
        source = source.replace(*mend)
        yield scene.turn(_diagnosis(result), _edit(scene, mend, source))
        repaired.append(complaint)
        thought = "Repaired. I run it again."
    return f"Repaired {'; '.join(repaired)}, but the script still does not run through."


def _success(
    scene: Scene, repaired: list[str], result: Result, *, copied: bool
) -> Generator[Turn, Past, str]:
    files = ["totals.py"] if copied else ["totals.py", "totals.txt"]
    yield from hand_over(scene, "It runs through now.", files, "The repaired script")
    last = (result.output.splitlines() or ["no output"])[-1]
    return f"totals.py works: {last}. Repaired on the way: {'; '.join(repaired) or 'nothing'}."


def _diagnosis(result: Result) -> str:
    where = re.findall(r'File "[^"]*totals\.py", line (\d+)', result.output)
    place = f", raised in line {where[-1]} of totals.py" if where else ""
    return f"The traceback ends with `{result.complaint}`{place}. {_why(result.complaint)}"


def _why(complaint: str) -> str:
    if complaint.startswith("KeyError"):
        return (
            f"An item may come without the key {complaint.partition(':')[2].strip()}: then it is one piece."
        )
    return "An order may have no items: then there is no average to print."


def _edit(scene: Scene, mend: tuple[str, str], source: str) -> Call:
    if not scene.has("edit_file"):
        return write("totals.py", source)
    old, new = mend
    return Call(name="edit_file", arguments={"path": "totals.py", "old": old, "new": new})
