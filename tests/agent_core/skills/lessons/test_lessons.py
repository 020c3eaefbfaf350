"""Lessons: a case that failed and its repair, really run, kept for each server by itself."""

from collections.abc import Callable

import pytest

from agent_core.clock import Clock
from agent_core.memory.values import ALL_CHANNELS
from agent_core.skills import Checker, Origin, Signature, of_run
from agent_core.skills.lessons import Attempt, Lessons, Versions, hint
from agent_core.storage import Storage
from sandbox import Pool

GUILD, OTHER = "10", "20"
CASE = "from main import last\nassert last([1, 2]) == 2\n"
BROKEN = "def last(items):\n    return items[len(items)]\n"
RIGHT = "def last(items):\n    return items[-1]\n"
INDEX = Signature(kind="IndexError", shape="list index out of range", place="last")
HERE = Origin(how="code", channel_id="7", session="s1", person="1", model="m1")

Open = Callable[..., Lessons]


@pytest.fixture
def lessons_of(storage: Storage, checker: Checker, pool: Pool) -> Open:
    def made(model: str = "m1", versions: Versions | None = None) -> Lessons:
        return Lessons(
            records=storage.lessons,
            blobs=storage.blobs,
            clock=Clock(),
            checker=checker,
            versions=versions or Versions(pool),
            model=model,
        )

    return made


def attempt(key: str, source: str, signature: Signature | None = None, case: str = CASE) -> Attempt:
    return Attempt(task="s1~1.1", key=key, source=source, case=case, signature=signature)


async def teach(lessons: Lessons, origin: Origin = HERE, case: str = CASE) -> None:
    await lessons.tried(GUILD, attempt("1.1", BROKEN, INDEX), "the last item of a list", origin)
    await lessons.tried(GUILD, attempt("2.1", RIGHT, case=case), "the last item of a list", origin)


async def test_a_repair_is_a_lesson_against_errors_of_its_kind_and_for_tasks_like_its_own(lessons_of: Open):
    lessons = lessons_of()
    await teach(lessons)
    found = await lessons.against(GUILD, INDEX, channels=ALL_CHANNELS)
    (lesson,) = found.values()
    assert "-    return items[len(items)]" in lesson.shown()
    assert "+    return items[-1]" in lesson.shown()
    assert await lessons.like(GUILD, "return the last item of the list", channels=ALL_CHANNELS) == found
    assert not await lessons.like(GUILD, "draw a chart of prices", channels=ALL_CHANNELS)
    assert not await lessons.against(GUILD, Signature(kind="KeyError"), channels=ALL_CHANNELS)


async def test_another_server_and_another_channel_see_nothing_of_it(lessons_of: Open):
    lessons = lessons_of()
    await teach(lessons)
    assert not await lessons.against(OTHER, INDEX, channels=ALL_CHANNELS)
    assert not await lessons.against(GUILD, INDEX, channels={"8"})
    assert await lessons.against(GUILD, INDEX, channels={"7"})


async def test_what_a_tainted_session_learnt_is_not_shown_until_somebody_releases_it(lessons_of: Open):
    lessons = lessons_of()
    await teach(lessons, Origin(how="code", session="s1", model="m1", tainted=True))
    (known,) = (await lessons.notebook(GUILD)).lessons.values()
    assert known.standing == "quarantined"
    assert not await lessons.against(GUILD, INDEX, channels=ALL_CHANNELS)
    await lessons.stand(GUILD, known.id, "active", by="1")
    assert await lessons.against(GUILD, INDEX, channels=ALL_CHANNELS)


async def test_making_another_case_hold_teaches_only_if_the_one_that_failed_holds_too(lessons_of: Open):
    lessons = lessons_of()
    await lessons.tried(GUILD, attempt("1.1", BROKEN, INDEX), "x", HERE)
    easy = "from main import last\nassert last([]) is None\n"
    dodge = "def last(items):\n    return None\n"
    await lessons.tried(GUILD, attempt("2.1", dodge, case=easy), "x", HERE)
    assert not (await lessons.notebook(GUILD)).lessons


async def test_a_fault_of_the_machine_teaches_nothing(lessons_of: Open):
    lessons = lessons_of()
    missing = of_run("Traceback\nModuleNotFoundError: No module named 'nope'")
    await lessons.tried(GUILD, attempt("1.1", "import nope\n", missing), "x", HERE)
    await lessons.tried(GUILD, attempt("2.1", RIGHT), "x", HERE)
    assert not (await lessons.notebook(GUILD)).lessons


async def test_a_task_that_asks_again_sees_the_same_and_is_booked_once(lessons_of: Open):
    lessons = lessons_of()
    hints = [hint(name) for name in ("a", "b", "c")]
    views = {await lessons.view(GUILD, f"t{number}", "1.1", INDEX, hints) for number in range(30)}
    assert len({view.withheld for view in views}) > 1
    again = {
        await lessons_of().view(GUILD, f"t{number}", "1.1", INDEX, [*hints, "d"]) for number in range(30)
    }
    assert again == views
    await lessons.came(GUILD, "t0", worked=True)
    worth = (await lessons.notebook(GUILD)).credit.tasks.tried("")
    await lessons.came(GUILD, "t0", worked=True)
    assert (await lessons.notebook(GUILD)).credit.tasks.tried("") == worth == 1.0


async def test_another_model_is_shown_a_lesson_once_its_case_has_been_run_again(lessons_of: Open):
    await teach(lessons_of())
    newer = lessons_of(model="m2")
    assert not await newer.against(GUILD, INDEX, channels=ALL_CHANNELS)
    assert await newer.review(GUILD, 10) == 0
    assert await newer.against(GUILD, INDEX, channels=ALL_CHANNELS)


async def test_a_lesson_whose_repair_holds_no_longer_is_stale_and_never_shown(lessons_of: Open):
    lessons = lessons_of()
    case = "from main import parts\nassert parts('a') == 1\n"
    before = "import json\ndef parts(text):\n    return len(json.loads(text))\n"
    failed = Signature(kind="JSONDecodeError", shape="Expecting value")
    first = Attempt(task="s2", key="1.1", source=before, case=case, signature=failed)
    # a repair of days in which there was such a function
    after = "def parts(text):\n    return unheard_of(text)\n"
    await lessons.tried(GUILD, first, "x", HERE)
    second = Attempt(task="s2", key="2.1", source=after, case=case, signature=None)
    await lessons.tried(GUILD, second, "x", HERE)
    assert await lessons.against(GUILD, failed, channels=ALL_CHANNELS)
    changed = lessons_of(model="m2")
    assert await changed.review(GUILD, 10) == 1
    assert not await changed.against(GUILD, failed, channels=ALL_CHANNELS)
    (known,) = (await changed.notebook(GUILD)).lessons.values()
    assert known.standing == "stale"


async def test_forgetting_a_member_takes_the_lessons_of_their_goals_and_those_that_quote_them(
    lessons_of: Open, storage: Storage
):
    lessons = lessons_of()
    await teach(lessons)
    (known,) = (await lessons.notebook(GUILD)).lessons.values()
    assert await lessons.forget(GUILD, person="2", quotes=["nothing of that"]) == 0
    assert await lessons.forget(GUILD, person="2", quotes=["items[-1]"], sessions=["s1"]) == 1
    notebook = await lessons.notebook(GUILD)
    assert not notebook.lessons
    assert not notebook.tasks
    assert await storage.blobs.find(GUILD, known.text.sha256) is None
