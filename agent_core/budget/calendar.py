"""On which day something counts: by the server's clock for member and server, in UTC for the host. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """The dates of one moment, and when each of them ends (Unix seconds)."""

    server: str
    """ISO date by the server's clock."""
    server_ends: float
    host: str
    """ISO date in UTC."""
    host_ends: float
    month_ends: float
    """The month of `host`."""


def zone(name: str) -> tzinfo:
    """The time zone of this IANA name; UTC where this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def days(now: float, time_zone: str) -> Days:
    """The dates at this moment (Unix seconds)."""
    here = zone(time_zone)
    local, world = datetime.fromtimestamp(now, here), datetime.fromtimestamp(now, UTC)
    first = world.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Days(
        server=local.date().isoformat(),
        server_ends=_end(local, here),
        host=world.date().isoformat(),
        host_ends=_end(world, UTC),
        month_ends=(first + timedelta(days=32)).replace(day=1).timestamp(),
    )


def _end(moment: datetime, here: tzinfo) -> float:
    """The first moment of the next date, on this clock."""
    after = moment.date() + timedelta(days=1)
    return datetime(after.year, after.month, after.day, tzinfo=here).timestamp()
