"""What people mean by a time, and the moments that follow, in and out of daylight saving."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.errors import RefusedError
from agent_core.schedule import Plan, Plans, Rhythm, following, understand
from agent_core.schedule.phrases import latest
from agent_core.storage import Storage
from agent_core.values import Person

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 25, 8, 0, tzinfo=BERLIN).timestamp()


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("every Monday 9:00", "2026-11-30 09:00"),
        ("every day at 18:30", "2026-11-25 18:30"),
        ("every weekday 8am", "2026-11-26 08:00"),
        ("every 15 minutes", "2026-11-25 08:15"),
        ("every 2 hours", "2026-11-25 10:00"),
        ("first of the month 9:00", "2026-12-01 09:00"),
        ("the 3rd of every month at noon", "2026-12-03 12:00"),
        ("last day of the month 23:00", "2026-11-30 23:00"),
        ("every tuesday, friday at 10:15", "2026-11-27 10:15"),
        ("Every Monday and Thursday 9", "2026-11-26 09:00"),
        ("tomorrow 14:00", "2026-11-26 14:00"),
        ("in 2 hours", "2026-11-25 10:00"),
        ("next friday at 7pm", "2026-11-27 19:00"),
        ("18:30", "2026-11-25 18:30"),
        ("7:00", "2026-11-26 07:00"),
        ("2026-12-24 10:00", "2026-12-24 10:00"),
        ("24.12.2026 10:00", "2026-12-24 10:00"),
        ("0 9 * * 1", "2026-11-30 09:00"),
    ],
)
def test_words_are_understood(words: str, first: str):
    moment = following(understand(words, NOW, BERLIN), NOW, BERLIN)
    assert moment is not None
    assert f"{datetime.fromtimestamp(moment, BERLIN):%Y-%m-%d %H:%M}" == first


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("yesterday", "I do not understand"),
        ("sometimes", "I do not understand"),
        ("every minute", "too often"),
        ("* * * * *", "too often"),
        ("every 7 minutes", "does not come out even"),
        ("2020-01-01", "is over"),
        ("today 7:00", "is over"),
        ("2026-02-30 9:00", "no such day"),
        ("every day at 25:00", "is no time"),
        ("tomorrow at 13pm", "is no time"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(words: str, why: str):
    with pytest.raises(RefusedError, match=why):
        understand(words, NOW, BERLIN)


@given(st.text(max_size=60))
def test_any_words_are_a_time_or_a_clear_no(words: str):
    try:
        rhythm = understand(words, NOW, BERLIN)
    except RefusedError:
        return
    assert following(rhythm, NOW, BERLIN) is not None


def moments(cron: str, start: str, count: int) -> list[str]:
    found: list[str] = []
    after = datetime.fromisoformat(start).replace(tzinfo=BERLIN).timestamp()
    for _ in range(count):
        moment = following(Rhythm(cron=cron), after, BERLIN)
        assert moment is not None
        after = moment
        found.append(f"{datetime.fromtimestamp(moment, BERLIN):%m-%d %H:%M}")
    return found


def test_a_skipped_hour_happens_once_and_a_doubled_one_once():
    assert moments("30 2 * * *", "2026-03-28 12:00", 2) == ["03-29 03:00", "03-30 02:30"]
    assert moments("30 2 * * *", "2026-10-24 12:00", 2) == ["10-25 02:30", "10-26 02:30"]


def test_of_what_was_missed_only_the_last_counts():
    due = datetime(2026, 11, 20, 9, 0, tzinfo=UTC).timestamp()
    now = datetime(2026, 11, 25, 10, 0, tzinfo=UTC).timestamp()
    last, missed = latest(Rhythm(cron="0 9 * * *"), due, now, UTC)
    assert (datetime.fromtimestamp(last, UTC).day, missed) == (25, 5)


async def test_of_two_who_move_a_schedule_on_one_loses_and_nothing_is_forgotten(storage: Storage):
    plans = Plans(storage.calendar)
    plan = Plan(
        id="5", guild_id="10", channel_id="30", by=Person(id="1", name="Ann"), words="daily",
        rhythm=Rhythm(cron="0 9 * * *"), zone="UTC", goal="x", next=100.0,
    )  # fmt: skip
    assert await plans.add(plan) == await plans.add(plan)
    assert [one.id for one in await plans.due(100.0)] == ["5"]
    moved = plan.moved_on(100.0)
    assert await plans.change(plan, moved)
    assert not await plans.change(plan, moved)
    assert await plans.due(100.0) == []
    assert await plans.next_due() == moved.next
    (now,) = await plans.of("10")
    await plans.change(now, now.moved_on(100.0, paused="why"))
    assert await plans.next_due() is None
    await plans.remove(now)
    assert await plans.of("10") == []
