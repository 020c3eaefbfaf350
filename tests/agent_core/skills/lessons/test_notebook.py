"""What follows from the records of learning: credit, what is retired, and what is taken back."""

from agent_core.skills import Signature
from agent_core.skills.lessons import Came, Forgot, Learnt, Notebook, Stood, Undone, Viewed, hint
from agent_core.skills.lessons.notebook import MOST_ACTIVE
from agent_core.skills.lessons.records import FORMAT, STORED, Record
from agent_core.skills.selection import ANY
from agent_core.storage.chronicle import Written
from agent_core.values import FileRef

INDEX = Signature(kind="IndexError", shape="list index out of range")
TEXT = FileRef(sha256="a" * 64, size=1)


def fold(*records: Record) -> Notebook:
    notebook = Notebook()
    for number, record in enumerate(records, start=1):
        written: Written[Record] = Written(number=number, at=float(number), record=record, format=FORMAT)
        notebook.apply(STORED.validate_json(STORED.dump_json(written)))  # as it is read back
    return notebook


def learnt(lesson: str, task: str = "s1", retired: tuple[str, ...] = ()) -> Learnt:
    return Learnt(lesson=lesson, task=task, signature=INDEX, text=TEXT, retired=retired)


def outcome(number: int, *, shown: tuple[str, ...] = (), worked: bool) -> tuple[Viewed, Came]:
    task = f"t{number}"
    viewed = Viewed(task=task, key="1.1", signature=INDEX, shown=tuple(hint(one) for one in shown))
    return viewed, Came(task=task, worked=worked)


def test_a_lesson_that_tasks_fail_with_is_found_useless_and_one_that_helps_is_not():
    tasks: list[Record] = [learnt("bad"), learnt("good")]
    for number in range(20):
        tasks += outcome(3 * number, shown=("bad",), worked=False)
        tasks += outcome(3 * number + 1, shown=("good",), worked=True)
        tasks += outcome(3 * number + 2, worked=number % 2 == 0)
    assert fold(*tasks).useless() == ["bad"]


def test_an_outcome_that_is_corrected_is_booked_as_if_it_had_always_been_so():
    before = [learnt("a"), *outcome(1, shown=("a",), worked=True), *outcome(2, shown=("a",), worked=True)]
    corrected = fold(*before, Came(task="t1", worked=False))
    straight = fold(
        learnt("a"), *outcome(1, shown=("a",), worked=False), *outcome(2, shown=("a",), worked=True)
    )
    assert corrected.credit.worth(ANY, hint("a")) == straight.credit.worth(ANY, hint("a"))
    assert corrected.tasks["t1"].worked is False


def test_every_change_can_be_taken_back_and_back_again():
    records: list[Record] = [learnt("a"), Stood(lesson="a", standing="retired")]
    assert fold(*records).lessons["a"].standing == "retired"
    assert fold(*records, Undone(number=2)).lessons["a"].standing == "active"
    assert fold(*records, Undone(number=2), Undone(number=3)).lessons["a"].standing == "retired"
    assert not fold(*records, Undone(number=1)).lessons
    assert [one.undone for one in fold(*records, Undone(number=2)).changes()] == [False, True, False]


def test_what_was_forgotten_comes_back_by_no_undoing():
    records: list[Record] = [learnt("a"), Undone(number=1), Forgot(lessons=("a",)), Undone(number=2)]
    assert not fold(*records).lessons


def test_a_new_lesson_takes_the_place_of_the_least_worth_when_there_are_too_many():
    tasks: list[Record] = [learnt(f"l{number}") for number in range(MOST_ACTIVE)]
    for number in range(4):
        tasks += outcome(number, shown=("l7",), worked=False)
        tasks += outcome(number + 100, worked=True)
    assert fold(*tasks).crowded_out("new") == ("l7",)
    made = fold(*tasks, learnt("new", retired=("l7",)))
    assert made.lessons["l7"].standing == "retired"
    assert made.lessons["new"].standing == "active"


def test_what_a_session_and_those_below_it_taught_is_known():
    notebook = fold(learnt("a", "s1~2.1"), learnt("b", "s1"), learnt("c", "s12~1.1"))
    assert notebook.taught_by("s1") == ["a", "b"]
