"""Convert: CSV to JSON or JSON to CSV, read back to prove that nothing was lost."""

from __future__ import annotations

from playground.demo.acts import hand_over, look, propose, python, write
from playground.demo.script import Scene, Script

_SAMPLE = """\
planet,moons,day_hours
Earth,1,24
Mars,2,24.6
Jupiter,95,9.9
Saturn,146,10.7
"""

_TO_JSON = """\
import json
import pandas as pd

table = pd.read_csv({path!r}, sep=None, engine="python", encoding="utf-8-sig"{options})
records = json.loads(table.to_json(orient="records"))
with open({out!r}, "w", encoding="utf-8") as out:
    json.dump(records, out, ensure_ascii=False, indent=2)
again = json.load(open({out!r}, encoding="utf-8"))
print(f"{{len(again)}} records with the keys {{', '.join(map(str, table.columns))}}")
assert again == records and len(again) == len(table)
print("read back: equal")
"""

_TO_CSV = """\
import json
import pandas as pd

data = json.load(open({path!r}, encoding="utf-8-sig"))
if isinstance(data, dict):
    lists = [value for value in data.values() if isinstance(value, list)]
    data = lists[0] if lists else [data]
table = pd.json_normalize(data{options})
table.to_csv({out!r}, index=False)
again = pd.read_csv({out!r})
print(f"{{len(again)}} rows with the columns {{', '.join(map(str, table.columns))}}")
assert len(again) == len(table) and list(again.columns) == [str(name) for name in table.columns]
print("read back: same rows and columns")
"""


def play(scene: Scene) -> Script:
    """The direction follows from the file; a table of planets where nobody dropped one."""
    plan = scene.set_plan("Find the file", "Convert it", "Read the result back", "Hand it over")
    yield from look(scene, "I look for a CSV or JSON file.", plan)
    name = scene.file(".csv", ".tsv", ".json")
    path = f"inputs/{name}" if name else "planets.csv"
    if not name:
        yield scene.turn("Nobody dropped one, so I convert a sample: four planets.", write(path, _SAMPLE))
    backward = path.lower().endswith(".json")
    stem = path.rpartition("/")[2].rpartition(".")[0]
    out = f"{stem}.csv" if backward else f"{stem}.json"

    def code(attempt: int) -> str:
        options = (", max_level=1" if backward else ", dtype=str") if attempt else ""
        return (_TO_CSV if backward else _TO_JSON).format(path=path, out=out, options=options)

    ran = yield from propose(
        scene, f"I convert {path} to {out}, and read it back.", lambda n: python(code(n)), scene.ticked(1)
    )
    result = "; ".join(ran.output.splitlines()[:2])
    yield from hand_over(scene, f"{result}.", [out], f"{path} as {out}")
    return f"Converted {path} to {out}: {result}."
