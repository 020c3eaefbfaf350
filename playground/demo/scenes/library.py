"""The library: scripts that are invented and filed, right ones and wrong ones, and the repair of those."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playground.demo.script import Scene, Script
from playground.demo.transcript import Result
from playground.demo.wire import Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One script of the demo, with its check; where it is wrong, with its repair."""

    name: str
    description: str
    source: str
    check: str
    parameters: tuple[tuple[str, str], ...]
    why: str
    mend: tuple[str, str] | None = None
    """What to change, old and new."""
    cause: str = ""


_SAMPLES = (
    Sample(
        name="split-money",
        description=(
            "Splits an amount in cents over people so that no cent is lost: a list of shares that sum to the "
            "amount, the larger ones first. ValueError for fewer than one person."
        ),
        source=(
            "def main(cents, people):\n"
            "    if people < 1:\n"
            '        raise ValueError("there must be somebody")\n'
            "    share, rest = divmod(cents, people)\n"
            "    return [share + 1] * rest + [share] * (people - rest)\n"
        ),
        check=(
            "from main import main\n"
            "assert main(10, 3) == [4, 3, 3]\n"
            "assert main(11, 3) == [4, 4, 3]\n"
            "assert main(9, 3) == [3, 3, 3]\n"
            "assert main(0, 2) == [0, 0]\n"
            "assert main(5, 1) == [5]\n"
            "assert main(2, 4) == [1, 1, 0, 0]\n"
            "assert _raises(0)\n"
            "assert _raises(-1)\n"
        ),
        parameters=(("cents", "the amount, an integer"), ("people", "how many share it")),
        why="Money that loses a cent is the classic mistake, so this is worth having right.",
    ),
    Sample(
        name="median",
        description="The median of a list of numbers; of an even count the mean of the middle two.",
        source=("def main(values):\n    ordered = sorted(values)\n    return ordered[len(ordered) // 2]\n"),
        check=(
            "from main import main\n"
            "assert main([3, 1, 2]) == 2\n"
            "assert main([9]) == 9\n"
            "assert main([4, 1, 3, 2]) == 2.5, 'an even count'\n"
            "assert main([10, 2]) == 6, 'an even count'\n"
            "assert main([5, 1, 9, 7, 3]) == 5\n"
            "assert main([1, 1, 8, 8]) == 4.5\n"
        ),
        parameters=(("values", "a list of numbers, not empty"),),
        why="A median is needed everywhere; I write it down the short way.",
        mend=(
            "    return ordered[len(ordered) // 2]\n",
            "    middle = len(ordered) // 2\n"
            "    if len(ordered) % 2:\n"
            "        return ordered[middle]\n"
            "    return (ordered[middle - 1] + ordered[middle]) / 2\n",
        ),
        cause="it forgets that an even count has two middle values",
    ),
    Sample(
        name="group-totals",
        description=(
            "Sums the key `amount` of rows by their key `group`: a dictionary, sorted by group. A row "
            "without an amount counts as 0."
        ),
        source=(
            "def main(rows):\n"
            "    totals = {}\n"
            "    for row in rows:\n"
            '        totals[row["group"]] = totals.get(row["group"], 0) + row["amount"]\n'
            "    return dict(sorted(totals.items()))\n"
        ),
        check=(
            "from main import main\n"
            "assert main([]) == {}\n"
            'assert main([{"group": "b"}]) == {"b": 0}\n'
            'assert main([{"group": "b", "amount": 2}, {"group": "a", "amount": 1}]) == {"a": 1, "b": 2}\n'
            'assert main([{"group": "a"}, {"group": "a", "amount": 5}]) == {"a": 5}\n'
            'assert main([{"group": "x", "amount": 3}, {"group": "x", "amount": 4}]) == {"x": 7}\n'
            'assert list(main([{"group": "z", "amount": 1}, {"group": "c", "amount": 1}])) == ["c", "z"]\n'
        ),
        parameters=(("rows", "a list of objects with `group` and `amount`"),),
        why="Rows with gaps are common, so the sum over groups should bear them.",
        mend=('row["amount"]', 'row.get("amount", 0)'),
        cause="a row may come without an amount, and the script takes it for granted",
    ),
)
_HELPER = (
    "\n\ndef _raises(people):\n"
    "    try:\n        main(7, people)\n    except ValueError:\n        return True\n"
    "    return False\n\n"
)


def task(text: str) -> bool:
    """Whether this is a session that works on the library."""
    return _is_exploring(text) or bool(_wanted(text))


def play(scene: Scene) -> Script:
    """Explore or improve, whichever is asked for."""
    return (yield from _explore(scene) if _is_exploring(scene.goal) else _improve(scene))


def _is_exploring(text: str) -> bool:
    return text.startswith("Explore: ")


def _wanted(text: str) -> list[str]:
    first = text.partition("\n")[0]
    return re.findall(r"`([a-z0-9_-]+)`", first) if re.match(r"(Repair|Improve|Combine) `", first) else []


def _explore(scene: Scene) -> Script:
    found = re.search(r"^Offer (\d+) scripts", scene.goal, re.MULTILINE)
    count = min(int(found[1]) if found else len(_SAMPLES), len(_SAMPLES))
    right = 0
    for sample in _SAMPLES[:count]:
        past = yield scene.turn(sample.why, _save(sample, sample.source))
        right += _proven(past.last)
    told = f"{right} of {count} scripts proved right; the others are among the failures, with their errors."
    more = " That is all my script knows." if found and int(found[1]) > count else ""
    return f"{told}{more} `/improve` takes the failures up."


def _improve(scene: Scene) -> Script:
    names = _wanted(scene.goal)
    sample = next((one for one in _SAMPLES if one.name in names), None)
    path = f"inputs/{names[0]}.md"
    yield scene.turn(
        "First I read what it does and how it failed.", Call(name="read_file", arguments={"path": path})
    )
    if sample is None or sample.mend is None:
        return f"My script knows no better way to do what {', '.join(names)} does."
    mended = sample.source.replace(*sample.mend)
    past = yield scene.turn(
        f"The cause: {sample.cause}. I mend that and nothing else.", _save(sample, mended)
    )
    if _proven(past.last):
        return f"`{sample.name}`: {sample.cause}. The repaired one joined as its child; the old one stays."
    return f"The repair of `{sample.name}` was not taken: {past.last.complaint[:300]}"


def _save(sample: Sample, source: str) -> Call:
    head, _, rest = sample.check.partition("\n")
    check = f"{head}{_HELPER}{rest}" if "_raises(" in sample.check else sample.check
    return Call(
        name="save_skill",
        arguments={
            "name": sample.name,
            "description": sample.description,
            "source": source,
            "check": check,
            "parameters": [{"name": name, "description": about} for name, about in sample.parameters],
        },
    )


def _proven(result: Result) -> bool:
    return result.text.startswith(("Saved as", "It is in the library already"))
