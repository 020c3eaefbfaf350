"""A goal that begins by itself: what, when, for whom, and how it has gone."""

from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from agent_core.schedule.phrases import Rhythm, following, latest
from agent_core.values import Autonomy, Person

MOST_FAILURES = 3
"""Failures in a row after which a schedule pauses."""

MOST = 50
"""Schedules of one server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One schedule as it stands."""

    id: str
    guild_id: str
    channel_id: str
    by: Person
    words: str
    """When, as it was written."""
    rhythm: Rhythm
    zone: str
    """An IANA name."""
    goal: str
    autonomy: Autonomy | None = None
    budget_usd: float | None = None
    done_when: str = ""
    template: str = ""
    check: str = ""
    """A Python script that decides: the goal begins where it prints something; an error is a failure."""
    next: float | None = None
    """Unix seconds; None: nothing comes any more."""
    paused: str = ""
    """Why it stands still; empty: it does not."""
    failures: int = 0
    last: float | None = None
    last_session: str = ""
    revision: int = 0

    def session_at(self, due: float) -> str:
        """The id of the session that this moment starts, always the same."""
        return f"{self.id}-{int(due)}"

    def missed(self, now: float) -> tuple[float, int]:
        """The moment to catch up with, and how many before it are left out."""
        due = self.next if self.next is not None else now
        return latest(self.rhythm, due, now, ZoneInfo(self.zone))

    def moved_on(self, now: float, **changed: object) -> "Plan":
        """After a moment that has come, whatever came of it."""
        upcoming = following(self.rhythm, now, ZoneInfo(self.zone))
        return replace(self, next=upcoming, **changed)  # pyright: ignore[reportArgumentType]


_adapter: TypeAdapter[Plan] = TypeAdapter(Plan)


def dump(plan: Plan) -> bytes:
    """The schedule as JSON."""
    return _adapter.dump_json(plan)


def load(data: bytes) -> Plan:
    """The inverse of `dump`. Raises pydantic.ValidationError."""
    return _adapter.validate_json(data)
