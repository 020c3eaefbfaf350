"""Chart: read the head of a CSV that somebody dropped, draw what its columns hold, hand over the picture."""

from __future__ import annotations

from collections.abc import Generator

from playground.demo.acts import hand_over, look, propose, python, write
from playground.demo.script import Scene, Script, ScriptEndedError, Turn, Wishes, wishes_of
from playground.demo.table import Table, read_head
from playground.demo.transcript import Past
from playground.demo.wire import Call

_SAMPLE = """\
month,tea,coffee
2026-01,120,310
2026-02,135,295
2026-03,150,280
2026-04,149,262
2026-05,171,240
2026-06,188,221
2026-07,193,214
2026-08,201,219
2026-09,185,248
2026-10,160,287
"""

_CODE = """\
import pandas as pd
import matplotlib.pyplot as plt

try:
    open({path!r}, encoding="utf-8-sig").read()
    encoding = "utf-8-sig"
except UnicodeDecodeError:
    encoding = "cp1252"  # what older spreadsheets write
table = pd.read_csv({path!r}, sep={separator!r}, encoding=encoding, encoding_errors="replace")
table.columns = [str(name).strip() for name in table.columns]
x, ys = {x}, {ys}
for y in ys:
    text = table[y].astype(str).str.replace({thousands!r}, "", regex=False)
    text = text.str.replace({decimal!r}, ".", regex=False)
    table[y] = pd.to_numeric(text.str.replace(r"[^0-9.eE+-]", "", regex=True), errors="coerce")
print(f"{{len(table)}} rows, columns: {{', '.join(table.columns)}}")
data = {shape}
ax = data.plot(kind={kind!r}, figsize=(9, 5), {options})
ax.set_title(", ".join(ys) + (f" by {{x}}" if x else ""))
ax.figure.tight_layout()
ax.figure.savefig("chart.png", dpi=130)
for y in ys:
    print(f"{{y}}: total {{table[y].sum():g}}, mean {{table[y].mean():.4g}}, highest {{table[y].max():g}}")
"""


def play(scene: Scene) -> Script:
    """Chart the newest CSV; made-up sales of a tea room where nobody dropped one."""
    plan = scene.set_plan(
        "See what is in inputs/", "Read the first lines", "Draw the chart", "Hand over the picture"
    )
    yield from look(scene, "I look whether somebody dropped a table.", plan)
    name = scene.file(".csv", ".tsv")
    path, sampled = (f"inputs/{name}", False) if name else ("sample.csv", True)
    table = yield from (_read(scene, path) if name else _sample(scene))
    summary = yield from _draw(scene, path, table)
    fresh = scene.file(".csv", ".tsv")
    if fresh and fresh != name:
        path, sampled = f"inputs/{fresh}", False
        table = yield from _read(scene, path)
        summary = yield from _draw(scene, path, table)
    for words in scene.news():
        if wishes_of([words]) != Wishes():
            summary = yield from _draw(scene, path, table)
    origin = "No CSV was dropped, so these are sample data that I made up. " if sampled else ""
    yield from hand_over(
        scene, f"{origin}The chart is ready. {summary}", ["chart.png"], f"The chart of {path}"
    )
    return f"{origin}Drew {path}. {summary}"


def _read(scene: Scene, path: str) -> Generator[Turn, Past, Table]:
    call = Call(name="read_file", arguments={"path": path})
    past = yield scene.turn(f"There is {path}. I read its first lines before I write any code.", call)
    table = read_head(past.last.text)
    if past.last.failed or table is None:
        raise ScriptEndedError(f"I cannot find a table in {path}: its first lines do not split into columns.")
    return table


def _sample(scene: Scene) -> Generator[Turn, Past, Table]:
    yield scene.turn(
        "Nobody dropped a CSV, so I make up sample data: ten months of a tea room. Drop one and I take that.",
        write("sample.csv", _SAMPLE),
    )
    table = read_head(_SAMPLE)
    if table is None:
        raise ScriptEndedError("My sample data are broken.")
    return table


def _draw(scene: Scene, path: str, table: Table) -> Generator[Turn, Past, str]:
    if not table.numbers:
        columns = ", ".join(table.columns)
        raise ScriptEndedError(f"{path} has no column of numbers to draw. Its columns are: {columns}.")
    scene.news()
    seen = f"The columns are {', '.join(table.columns)}; {', '.join(table.numbers[:3])} hold numbers."
    ran = yield from propose(
        scene,
        f"{seen} I draw them with pandas and matplotlib.",
        lambda attempt: python(_code(scene, path, table, by_position=attempt > 0)),
        scene.ticked(2),
    )
    return "; ".join(ran.output.splitlines()[:4])


def _code(scene: Scene, path: str, table: Table, *, by_position: bool) -> str:
    wishes = scene.wishes()
    named = [name for name in table.numbers if name.lower() in " ".join([scene.goal, *scene.words]).lower()]
    ys = tuple(named or table.numbers)[:3]
    labels = [name for name in (*table.dates, *table.columns) if name not in table.numbers]
    kind = {"histogram": "hist", "scatter": "line"}.get(wishes.kind or "", wishes.kind)
    kind = kind or ("line" if table.dates or not labels else "bar")
    x = next(iter(labels), None)
    if by_position or "\ufffd" in "".join(table.columns):  # do not trust the names in the head
        ys_code = f"[table.columns[i] for i in {[table.columns.index(y) for y in ys]}]"
        x_code = f"table.columns[{table.columns.index(x)}]" if x else "None"
    else:
        ys_code, x_code = repr(list(ys)), repr(x)
    options = {"pie": "subplots=False, y=ys[0], ", "hist": "bins=20, alpha=0.6, "}.get(kind, "")
    options += f"color={wishes.colour!r}, " if wishes.colour and kind != "pie" else ""
    return _CODE.format(
        path=path,
        separator=table.separator,
        decimal=table.decimal,
        thousands="." if table.decimal == "," else ",",
        x=x_code,
        ys=ys_code,
        shape=_shape(kind, x, dated=bool(table.dates)),
        kind=kind,
        options=options.strip().rstrip(","),
    )


def _shape(kind: str, x: str | None, *, dated: bool) -> str:
    if x is None or kind == "hist":
        return "table[ys]"
    if dated:
        return "table.groupby(x, sort=False)[ys].sum()"
    return "table.groupby(x, sort=False)[ys].sum().nlargest(15, ys[0])"
