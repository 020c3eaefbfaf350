"""How a server's learning is shown."""

import csv
import io

from agent_core.skills import Card, Filed, Held, Origin, Ran, Script, Severity, Shelves, Signature
from agent_core.storage.chronicle import Written
from agent_core.values import FileRef
from bot.render.learning import (
    error_chart,
    helped,
    lineage,
    outcome_chart,
    rate_chart,
    report,
    table,
    wilson,
)

FILE = FileRef(sha256="0" * 64, size=1)
WRONG = Signature(kind="WrongResult", severity=Severity.WRONG_RESULT)
FORMULA = Signature(kind="=cmd", severity=Severity.CRASH)
PNG = b"\x89PNG"


def library() -> tuple[Shelves, list[Held]]:
    shelves = Shelves()
    made = [("old", WRONG, ()), ("odd", FORMULA, ()), ("child", None, ("old",))]
    records: list[Filed | Ran] = [
        Filed(
            skill=name,
            key=name,
            shelf="failures" if error else "successes",
            card=FILE,
            check=FILE,
            signature=error,
            parents=parents,
        )
        for name, error, parents in made
    ]
    records += [Ran(skill="child", id=str(number)) for number in range(4)]
    for number, record in enumerate(records, 1):
        shelves.apply(Written(number=number, at=number * 86_400.0, record=record, format=1))
    held = [
        Held(
            skill=skill,
            card=Card(script=Script(name=skill.id, description="d", source="s"), origin=Origin()),
        )
        for skill in shelves.skills.values()
    ]
    return shelves, held


def test_a_report_has_a_row_for_each_script_and_its_errors():
    shelves, held = library()
    told = report(held, shelves, what="Explored")
    assert "Explored: 3 scripts** · 1 among the successes · 2 among the failures" in told
    assert "❌ old · WrongResult (wrong result)" in told
    assert "1 time · wrong result" in told
    assert "nothing new" in report([], shelves, what="Explored")


def test_the_table_holds_no_formula():
    _, held = library()
    rows = list(csv.DictReader(io.StringIO(table(held).decode())))
    assert [row["name"] for row in rows] == ["old", "odd", "child"]
    assert rows[1]["error"] == "'=cmd"
    assert rows[2]["parents"] == "old"


def test_the_lineage_is_a_tree_that_ends():
    _, held = library()
    assert [row.strip().split(" (")[0] for row in lineage(held)] == ["- ❌ old", "- ✅ child"]


def test_what_helped_says_how_sure_that_is():
    shelves, _ = library()
    ((skill, low, high),) = helped(shelves.skills.values())
    assert (skill.id, skill.worked) == ("child", 4)
    assert 0.5 < low < 0.52  # 4 of 4: Wilson's interval begins at 0.51
    assert high == 1.0
    assert wilson(0, 10)[0] == 0.0


def test_the_pictures_are_pictures():
    shelves, held = library()
    for picture in (outcome_chart(held), rate_chart(shelves), error_chart(shelves)):
        assert picture.startswith(PNG)
