"""What is shown against an error: what helped before, measured against tasks that did not see it."""

from random import Random

import pytest

from agent_core.skills import Credit, Signature, View, of_run
from agent_core.skills.selection import WITHHELD

INDEX = Signature(kind="IndexError", shape="list index out of range", place="f")
TYPE = Signature(kind="TypeError", shape="<text> object is not iterable", place="f")


def after(*tries: tuple[Signature, str, bool]) -> Credit:
    credit = Credit()
    for signature, hint, worked in tries:
        credit.book(signature, View(shown=(hint,)), worked=worked)
    return credit


def test_what_mended_an_error_comes_first_against_it_and_not_against_another():
    one, other = (
        [(INDEX, "shorter", True), (TYPE, "shorter", False)],
        [(TYPE, "list", True), (INDEX, "list", False)],
    )
    credit = after(*[*one, *other] * 5)
    assert credit.order(INDEX, ["list", "shorter"]) == ["shorter", "list"]
    assert credit.order(TYPE, ["shorter", "list"]) == ["list", "shorter"]


def test_what_was_never_seen_at_this_place_believes_what_is_known_of_the_kind():
    credit = after(*[(INDEX, "shorter", True), (INDEX, "longer", False)] * 5)
    elsewhere = Signature(kind="IndexError", shape="pop from empty list", place="g")
    assert credit.order(elsewhere, ["longer", "shorter"]) == ["shorter", "longer"]


def test_one_success_does_not_outweigh_a_long_record():
    often, never = (
        [(INDEX, "often", number % 10 != 0) for number in range(40)],
        [(INDEX, "never", False)] * 20,
    )
    credit = after(*often, *never, (INDEX, "once", True))
    assert credit.order(INDEX, ["once", "often"]) == ["often", "once"]


def test_a_random_share_of_tasks_does_not_see_what_it_would_and_the_same_seed_draws_the_same():
    credit, random = Credit(), Random(1)  # noqa: S311 - to repeat it
    views = [credit.choose(INDEX, ["a"], random) for _ in range(2000)]
    share = sum(view.withheld == ("a",) for view in views) / len(views)
    assert abs(share - WITHHELD) < 0.03
    assert all(view.shown + view.withheld == ("a",) for view in views)
    again = Random(1)  # noqa: S311 - to repeat it
    assert [credit.choose(INDEX, ["a"], again) for _ in range(2000)] == views


def test_what_does_harm_goes_out_of_view_and_what_helps_stays():
    random = Random(3)  # noqa: S311 - to repeat it
    credit = Credit()
    seen = {"harmful": 0, "helpful": 0}
    for task in range(400):
        view = credit.choose(INDEX, seen, random)
        chance = 0.5 + 0.3 * ("helpful" in view.shown) - 0.3 * ("harmful" in view.shown)
        credit.book(INDEX, view, worked=random.random() < chance)
        for hint in view.shown if task >= 100 else ():
            seen[hint] += 1
    assert seen["harmful"] < 0.1 * 300
    assert seen["helpful"] > 0.6 * 300
    assert credit.worth(INDEX, "helpful").uplift > 0.1 > credit.worth(INDEX, "harmful").uplift


def test_the_last_place_goes_to_what_could_be_worth_most():
    credit = Credit()
    for hint in ("good", "better"):
        for number in range(40):
            credit.book(INDEX, View(shown=(hint,)), worked=number % 4 != 0)
            credit.book(INDEX, View(withheld=(hint,)), worked=number % 4 == 0)
    for number in range(40):
        credit.book(
            INDEX, View(shown=("known",), withheld=("new",) if number < 1 else ()), worked=number % 2 == 0
        )
        credit.book(INDEX, View(withheld=("known",)), worked=number % 2 == 0)
    random = Random(0)  # noqa: S311 - to repeat it
    views = [credit.choose(INDEX, ["good", "better", "known", "new"], random, most=3) for _ in range(20)]
    assert all("new" in view.shown + view.withheld and "known" in view.left_out for view in views)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("expected 4, got 3", "off by -1"),
        ("expected [1, 2], got [2, 1]", "reversed"),
        ("expected [[1, 2]], got [[1, 3]]", "all items: the last: off by +1"),
        ("expected 'a, got b', got 'A, GOT B'", "only the case"),
        ("expected <object>, got 4", "expected <object>, got <number>"),
    ],
)
def test_a_check_that_says_what_it_expected_is_known_by_the_difference(text: str, shape: str):
    assert of_run(f"Traceback\nAssertionError: {text}\nexit code 1").shape == shape


def test_the_innermost_difference_is_a_level_of_its_own():
    deep = of_run("AssertionError: expected [1, 2], got [1, 3]")
    flat = of_run("AssertionError: expected 2, got 3")
    assert set(deep.levels) & set(flat.levels) == {(), ("WrongResult",), ("WrongResult", "off by +1")}
