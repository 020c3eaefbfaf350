"""When something is to happen, in people's words or cron's, and the moments that follow from it. Pure.

Daylight saving is cronsim's, which is Debian's: what falls into the hour that is skipped happens right after
it, and what falls into the hour that comes twice happens once.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from cronsim import CronSim, CronSimError

from agent_core.errors import RefusedError

LEAST_S = 300.0
"""Seconds between two moments of a recurring schedule, at least."""

_EXAMPLES = "`every monday 9:00`, `every day at 18:30`, `tomorrow 14:00`, `in 2 hours`, or cron: `0 9 * * 1`"
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_DAY = "|".join(f"{name}s?|{name[:3]}" for name in _DAYS)
_CLOCK = r"(?:at )?(?P<h>\d{1,2})(?:[:.](?P<m>\d{2}))?\s*(?P<half>am|pm)?(?: o'?clock)?"
_TIME = rf"(?:{_CLOCK}|(?:at )?(?P<word>noon|midnight))"
_UNITS = {"minute": 60, "hour": 3600, "day": 86400, "week": 7 * 86400}
_ORDINALS = {"first": 1, "second": 2, "third": 3, "last": 31}

_EVERY_SO = re.compile(r"(?:every|each) (?:(?P<n>\d{1,3}) )?(?P<unit>minute|hour)s?")
_EVERY_DAY = re.compile(
    rf"(?:(?:every|each) (?P<which>day|weekday|weekend|morning|evening)s?|daily)(?: {_TIME})?"
)
_EVERY_WEEK = re.compile(
    rf"(?:(?:every|each) |on )?(?P<days>(?:{_DAY})(?:(?:,? and |, ?| )(?:{_DAY}))*)(?: {_TIME})?"
)
_NTH = r"(?P<nth>first|second|third|last|\d{1,2}(?:st|nd|rd|th)?)"
_EVERY_MONTH = re.compile(
    rf"(?:(?:(?:on )?the )?{_NTH}(?: day)? of (?:the|every|each) month"
    rf"|(?:every month|monthly) on (?:the )?(?P<on>\d{{1,2}})(?:st|nd|rd|th)?)(?: {_TIME})?"
)
_IN = re.compile(r"in (?P<n>\d{1,4}|an?) (?P<unit>minute|hour|day|week)s?")
_NEAR = re.compile(rf"(?P<day>today|tomorrow)(?: {_TIME})?")
_NEXT = re.compile(rf"(?:next|this|on) (?P<day>{_DAY})(?: {_TIME})?")
_DATED = re.compile(
    r"(?:on )?(?:(?P<y>\d{4})-(?P<mo>\d{1,2})-(?P<d>\d{1,2})"
    r"|(?P<d2>\d{1,2})\.(?P<mo2>\d{1,2})\.(?P<y2>\d{4}))"
    rf"(?:[ t]{_TIME})?"
)
_ONLY_TIME = re.compile(_TIME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """Once, or again and again."""

    once: float | None = None
    """Unix seconds."""
    cron: str = ""


def understand(words: str, now: float, zone: tzinfo) -> Rhythm:
    """What somebody means. Raises RefusedError with examples, and where it is in the past or too often."""
    text = " ".join(words.lower().split()).strip(" .")
    here = datetime.fromtimestamp(now, zone)
    cron = _recurring(text)
    if cron is None and (once := _once(text, here)) is not None:
        if once.timestamp() <= now:
            raise RefusedError(f"{words!r} is over: it is {here:%Y-%m-%d %H:%M} here.")
        return Rhythm(once=once.timestamp())
    rhythm = Rhythm(cron=cron or text)
    try:
        first = following(rhythm, now, zone)
        second = None if first is None else following(rhythm, first, zone)
    except CronSimError as error:
        raise RefusedError(f"I do not understand {words!r}. Write it as {_EXAMPLES}.") from error
    if first is None:
        raise RefusedError(f"{words!r} never happens.")
    if second is not None and second - first < LEAST_S:
        raise RefusedError(f"{words!r} is too often: {LEAST_S / 60:.0f} minutes apart is the least.")
    return rhythm


def following(rhythm: Rhythm, after: float, zone: tzinfo) -> float | None:
    """The next moment after this one; None where there is none. Unix seconds."""
    if rhythm.once is not None:
        return rhythm.once if rhythm.once > after else None
    try:
        return next(CronSim(rhythm.cron, datetime.fromtimestamp(after, zone))).timestamp()
    except StopIteration:
        return None


def latest(rhythm: Rhythm, due: float, now: float, zone: tzinfo) -> tuple[float, int]:
    """Of the moments from `due` on that are over, the last; and how many came before it."""
    missed = 0
    moment = following(rhythm, due, zone)
    while moment is not None and moment <= now and missed < 10_000:
        due, missed = moment, missed + 1
        moment = following(rhythm, due, zone)
    return due, missed


def _recurring(text: str) -> str | None:
    if found := _EVERY_SO.fullmatch(text):
        return _so_often(int(found["n"] or 1), found["unit"])
    if found := _EVERY_DAY.fullmatch(text):
        days = {"weekday": "1-5", "weekend": "6,0"}.get(found["which"] or "", "*")
        at = _time(found, time(18) if found["which"] == "evening" else time(9))
        return f"{at.minute} {at.hour} * * {days}"
    if found := _EVERY_MONTH.fullmatch(text):
        nth = found["nth"] or found["on"]
        day = _ORDINALS.get(nth) or int(re.sub(r"\D", "", nth))
        at = _time(found, time(9))
        return f"{at.minute} {at.hour} {'L' if nth == 'last' else day} * *"
    if text.startswith(("every ", "each ")) and (found := _EVERY_WEEK.fullmatch(text)):
        days = sorted({_weekday(name) for name in re.findall(_DAY, found["days"])})
        at = _time(found, time(9))
        return f"{at.minute} {at.hour} * * {','.join(map(str, days))}"
    return None


def _so_often(count: int, unit: str) -> str:
    most = 60 if unit == "minute" else 24
    if not 0 < count <= most or most % count:
        raise RefusedError(f"Every {count} {unit}s does not come out even: use a number that divides {most}.")
    if unit == "minute":
        return f"*/{count} * * * *" if count < most else "0 * * * *"
    return f"0 */{count} * * *" if count < most else "0 0 * * *"


def _once(text: str, here: datetime) -> datetime | None:
    if found := _IN.fullmatch(text):
        count = int(found["n"]) if found["n"].isdecimal() else 1
        return (here.astimezone(UTC) + timedelta(seconds=count * _UNITS[found["unit"]])).astimezone(
            here.tzinfo
        )
    if found := _NEAR.fullmatch(text):
        day = here.date() + timedelta(days=found["day"] == "tomorrow")
        return _at(day, _time(found, time(9)), here)
    if found := _NEXT.fullmatch(text) or _EVERY_WEEK.fullmatch(text):
        names = re.findall(_DAY, found["day"] if "day" in found.groupdict() else found["days"])
        ahead = (_weekday(names[0]) - (here.isoweekday() % 7)) % 7
        moment = _at(here.date() + timedelta(days=ahead), _time(found, time(9)), here)
        return moment if moment > here else moment + timedelta(days=7)
    if found := _DATED.fullmatch(text):
        try:
            day = date(*(int(found[part] or found[f"{part}2"]) for part in ("y", "mo", "d")))
        except ValueError as error:
            raise RefusedError(f"There is no such day: {text!r}.") from error
        return _at(day, _time(found, time(9)), here)
    if found := _ONLY_TIME.fullmatch(text):
        moment = _at(here.date(), _time(found, time(9)), here)
        return moment if moment > here else _at(here.date() + timedelta(days=1), _time(found, time(9)), here)
    return None


def _at(day: date, at: time, here: datetime) -> datetime:
    """That time of that day; where it is skipped, as much later."""
    local = datetime.combine(day, at, here.tzinfo)
    return local.astimezone(UTC).astimezone(here.tzinfo)


def _time(found: re.Match[str], default: time) -> time:
    parts = found.groupdict()
    if parts["word"]:
        return time(12) if parts["word"] == "noon" else time(0)
    if parts["h"] is None:
        return default
    hour, minute = int(parts["h"]), int(parts["m"] or 0)
    if parts["half"]:
        if not 1 <= hour <= 12:
            raise RefusedError(f"{found[0]!r} is no time.")
        hour = hour % 12 + (12 if parts["half"] == "pm" else 0)
    if hour > 23 or minute > 59:
        raise RefusedError(f"{found[0]!r} is no time: hours go to 23, minutes to 59.")
    return time(hour, minute)


def _weekday(name: str) -> int:
    """As cron counts: Sunday is 0."""
    return next(number for number, day in enumerate(_DAYS) if day.startswith(name[:3]))
