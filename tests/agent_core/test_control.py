"""The door: what is refused there, and what it does to words that could not be kept."""

import math

import pytest

from agent_core.control import SMALL_WINDOW, Order, Prefix
from agent_core.errors import RefusedError
from agent_core.signals import Edited, Said
from agent_core.values import FileRef, NamedFile, Person, SessionRef, Source, Status
from tests.agent_core.office import ANN, Office

REF = SessionRef("10", "77")


def order(goal: str = "do it", budget_usd: float | None = None, files: tuple[NamedFile, ...] = ()) -> Order:
    return Order(ref=REF, goal=goal, starter=ANN, channel_id="30", budget_usd=budget_usd, files=files)


@pytest.mark.parametrize(
    ("window", "tools"), [(None, 2), (SMALL_WINDOW + 1, 2), (SMALL_WINDOW, 1), (4_096, 1)]
)
def test_a_small_window_gets_the_small_prefix(window: int | None, tools: int):
    small = Prefix(model="m", system="short", tools=({"name": "a"},))
    prefix = Prefix(
        model="m", system="long", tools=({"name": "a"}, {"name": "b"}), small=small, window=lambda: window
    )
    assert len(prefix.fitting().tools) == tools


@pytest.mark.parametrize("budget", [math.nan, math.inf, -1.0])
async def test_a_budget_that_is_no_amount_is_refused(office: Office, budget: float):
    with pytest.raises(RefusedError, match="budget"):
        await office.control.start(order(budget_usd=budget))
    assert await office.control.live("10") == []


async def test_words_with_lone_surrogates_are_kept_as_far_as_they_can_be(office: Office):
    await office.control.start(order(goal="a \ud800 b 😀"))
    assert (await office.control.read(REF)).goal == "a \ufffd b 😀"
    nobody_takes_it = SessionRef("10", "78")
    person = Person(id="1", name="\udfff")
    said = Said(message_id="1", person=person, text="c \udc00")
    await office.control.signal(nobody_takes_it, said)
    await office.control.signal(nobody_takes_it, Edited(message_id="1", edited_at=1.0, text="d \ud83d\ude00"))
    found = await office.control.storage.inbox.fresh(nobody_takes_it, "0-0")
    assert [getattr(signal, "text", "") for _, signal in found] == ["c \ufffd", "d 😀"]


async def test_two_files_of_one_name_and_one_that_points_elsewhere_all_lie_in_inputs(office: Office):
    files = [NamedFile(path=p, file=FileRef(sha256=s, size=1)) for p, s in (("inputs/a", "1"), ("../a", "2"))]
    await office.control.start(order(files=tuple(files)))
    assert set((await office.control.read(REF)).inputs) == {"inputs/a", "inputs/a (2)"}


async def test_nothing_starts_while_all_is_halted_and_no_name_is_left_of_it(office: Office):
    await office.control.halt("10", ANN)
    with pytest.raises(RefusedError, match="/resume all"):
        await office.control.start(order())
    assert await office.control.live("10") == []
    await office.control.unhalt("10")
    await office.control.start(order())
    assert await office.control.live("10") == [REF]


async def test_a_halt_ends_every_live_session(office: Office):
    refs = [await office.start() for _ in range(3)]
    assert await office.control.halt("10", ANN) == 3
    for ref in refs:
        await office.until(ref, Status.STOPPED)


async def test_a_goal_that_goes_on_in_an_old_thread_keeps_its_marks(office: Office):
    file = await office.control.storage.blobs.put_bytes("10", b"x")
    ref = await office.start(files=(NamedFile(path="inputs/x", file=file),))
    office.model.will("", ("finish", {"summary": "done"}))
    ended = await office.until(ref, Status.FINISHED)
    ended.marks.mark((Source(number=1, url="http://a.example/"),), (), ())
    later = Order(ref=SessionRef("10", "99"), goal="more", starter=ANN, channel_id="30", after=ended)
    await office.control.start(later)
    state = await office.control.read(SessionRef("10", "99"))
    assert state.marks.places == ("http://a.example/",)
    assert state.marks.private == ["inputs/x"]
