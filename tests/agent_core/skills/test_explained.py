"""A check says what it expected and what it got, without a word of its author's."""

from agent_core.skills import Checker, of_run
from agent_core.skills.explained import explained

SOURCE = "def add(a, b):\n    return a + b + 1\n"


async def test_a_wrong_result_is_known_by_how_it_differs(checker: Checker):
    for check in ("assert add(1, 2) == 3", "assert 3 == add(1, 2)"):
        verdict = await checker.run(f"from main import add\n{check}\n", SOURCE)
        assert not verdict.holds
        assert "expected 3, got 4" in verdict.output
        assert of_run(verdict.output).shape == "off by +1"


def test_each_side_is_worked_out_once_and_other_assertions_stay_as_they_are():
    calls: list[int] = []

    def f(number: int) -> int:
        calls.append(number)
        return number

    made = explained("assert f(1) == 1\nassert f(2) > 1, 'small'\nassert f(3)\n")
    exec(made, {"f": f})  # noqa: S102 - our own three lines
    assert calls == [1, 2, 3]
    for kept in ("assert f(3)\n", "assert f(1) == 2, 'own words'\n", "no python ("):
        assert explained(kept) == kept
