"""Debug: a script that fails with an exception, and its repair from the traceback."""

from __future__ import annotations

import re

from playground.demo.script import Scene, Script, hand_over, propose, python, write
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
    for _ in range(4):
        past = yield scene.turn(thought, scene.ticked(2 if repaired else 1), python(_RUN))
        result = past.last
        if result.rejected:
            result = yield from propose(
                scene, "I only want to see whether the script runs.", lambda _: python(_RUN)
            )
        if not result.failed:
            yield from hand_over(
                scene, "It runs through now.", ["totals.py", "totals.txt"], "The repaired script"
            )
            last = (result.output.splitlines() or ["no output"])[-1]
            return f"totals.py works: {last}. Repaired on the way: {'; '.join(repaired) or 'nothing'}."
        complaint = result.complaint
        where = re.findall(r'File "[^"]*totals\.py", line (\d+)', result.output)
        mend = _MENDS.get(complaint.split(":")[0].strip())
        if mend is None:
            return f"The script fails with `{complaint}`, and my script knows no repair for that."
        source = source.replace(*mend)
        thought = f"The traceback ends with `{complaint}`"
        thought += f", raised in line {where[-1]} of totals.py." if where else "."
        yield scene.turn(f"{thought} {_why(complaint)}", _edit(scene, mend, source))
        repaired.append(complaint)
        thought = "Repaired. I run it again."
    return f"Repaired {'; '.join(repaired)}, but the script still does not run through."


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
