"""Entrepreneur: read the books, propose one experiment, draw what the server is worth, report."""

from __future__ import annotations

from datetime import date, timedelta

from playground.demo.acts import hand_over, look, propose, python
from playground.demo.script import Scene, Script
from playground.demo.wire import Call

_CODE = """\
import csv
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import matplotlib.pyplot as plt

path = Path("inputs/books.csv")
rows = list(csv.DictReader(path.open(encoding="utf-8"))) if path.is_file() else []
worth, flows = defaultdict(Decimal), defaultdict(Decimal)
for row in rows:
    root, amount = row["account"].split(":")[0], Decimal(row["amount"])
    if root in ("assets", "liabilities"):
        worth[row["date"]] += amount
    else:
        flows[row["account"]] += amount
days, total, line = sorted(worth), Decimal(0), []
for day in days:
    total += worth[day]
    line.append(float(total))
figure, ax = plt.subplots(figsize=(9, 4.5))
ax.step(days or ["today"], line or [0.0], where="post", marker="o")
ax.set_title("Net worth by the books, evidenced and claimed together")
figure.autofmt_xdate()
figure.tight_layout()
figure.savefig("chart.png", dpi=130)
names = {"income": "came in", "expenses": "went out"}
parts = ["# Report", "", f"{len(rows)} lines in the books; all assets less all liabilities: {total:.2f}.", ""]
for account, amount in sorted(flows.items()):
    shown = -amount if account.startswith("income") else amount
    parts.append(f"- {account}: {shown:.2f} {names[account.split(':')[0]]}")
experiments = Path("inputs/experiments.md")
told = experiments.read_text(encoding="utf-8") if experiments.is_file() else "none"
parts += ["", "## Experiments", "", told]
Path("report.md").write_text("\\n".join(parts) + "\\n", encoding="utf-8")
print(f"net worth {total:.2f} from {len(rows)} lines, {len(flows)} accounts of income and expenses")
"""

_DAYS = 30


def play(scene: Scene) -> Script:
    """Ask for one experiment, then report by the books as they are."""
    plan = scene.set_plan("Read the books", "Propose one experiment", "Draw and report", "Hand over")
    yield from look(scene, "I look whether the books are there.", plan)
    names = [name for name in ("books.csv", "experiments.md") if scene.file(name)]
    if names:
        read = [Call(name="read_file", arguments={"path": f"inputs/{name}"}) for name in names]
        yield scene.turn("I read them before I propose anything.", *read)
    said = "I have read the books and what was tried" if names else "There are no books here yet"
    note = ""
    if scene.has("register_experiment"):
        thought = (
            f"{said}. One experiment comes next: a post that names the price first. Expected value: 0.3"
            " times 20 more sign-ups, at no cost. You decide."
        )
        result = yield from propose(scene, thought, lambda _: _experiment(), scene.ticked(1))
        note = f" {result.output.strip().splitlines()[0]}" if result.output.strip() else ""
    ran = yield from propose(
        scene, "Now the chart and the report, from the books alone.", lambda _: python(_CODE), scene.ticked(2)
    )
    summary = next(iter(ran.output.strip().splitlines()), "")
    yield from hand_over(
        scene, f"The report is ready: {summary}.{note}", ["chart.png", "report.md"], "Chart and report"
    )
    return f"Read the books and reported: {summary}.{note} Nothing was booked: no new evidence was there."


def _experiment() -> Call:
    stop = date.today() + timedelta(days=_DAYS)  # noqa: DTZ011 - a day of people's calendar
    arguments: dict[str, object] = {
        "hypothesis": "An invitation that names the price first gets more sign-ups per reader than today's.",
        "metric": "sign-ups per reader of the invitation",
        "cost_cap": "10",
        "stop_date": stop.isoformat(),
        "probability": 0.3,
    }
    return Call(name="register_experiment", arguments=arguments)
