"""The skills of one server, folded from their history. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from agent_core.errors import RefusedError
from agent_core.skills.records import Filed, Forgot, Ran, Record, Stood
from agent_core.skills.signature import Severity, Signature
from agent_core.skills.undoing import Undone, undone_in
from agent_core.skills.values import Shelf
from agent_core.storage.chronicle import Written

MOST_ACTIVE = 200
"""Of a server, on each shelf; the rest is archived."""
_USUAL_RUNS = 2.0
"""So many runs does a skill's passed check count for."""
_SLOW_S = 60.0


@dataclass(slots=True, kw_only=True)
class Skill:
    """One script as it stands now. To be read only."""

    id: str
    filed: Filed
    """Its newest filing."""
    at: float
    """When it was first filed; Unix seconds."""
    quarantined: bool = False
    archived: bool = False
    runs: int = 0
    worked: int = 0
    used_at: float = 0.0
    children: int = 0

    @property
    def shelf(self) -> Shelf:
        """Where it stands."""
        return self.filed.shelf

    @property
    def proven(self) -> bool:
        """Its check held."""
        return self.filed.shelf == "successes"

    @property
    def usable(self) -> bool:
        """A goal may run it."""
        return self.proven and not self.quarantined and not self.archived

    @property
    def score(self) -> float:
        """The share of runs that work, its passed check among them, less what it costs in time."""
        works = (self.worked + _USUAL_RUNS * self.proven) / (self.runs + _USUAL_RUNS)
        return works - 0.1 * min(self.filed.duration_s / _SLOW_S, 1.0)


@dataclass(slots=True, kw_only=True)
class Seen:
    """How often an error was met."""

    signature: Signature
    first: float
    last: float
    count: int = 0
    skills: set[str] = field(default_factory=set[str])

    @property
    def weight(self) -> int:
        """Frequency times severity, which says what to mend first."""
        return self.count * int(self.signature.severity)


@dataclass(slots=True, kw_only=True)
class Change:
    """One entry of the history that somebody may want to undo."""

    number: int
    at: float
    record: Filed | Stood | Undone
    undone: bool = False


class Shelves:
    """What follows from the history. To be read only."""

    def __init__(self) -> None:
        self.number = 0
        self._past: list[Written[Record]] = []
        self._begin()

    def _begin(self) -> None:
        self.skills: dict[str, Skill] = {}
        self.errors: dict[Signature, Seen] = {}
        self.tried: list[tuple[float, bool]] = []
        """When a script was tried, by a filing or a run, and whether it worked."""
        self._ran: set[str] = set()

    def apply(self, written: Written[Record]) -> None:
        """Take in the next record. Raises ValueError where the numbering has a gap."""
        if written.number != self.number + 1:
            raise ValueError(f"Record {self.number + 1} of the skills is missing.")
        self.number = written.number
        self._past.append(written)
        if isinstance(written.record, Undone):
            self._replay()
        else:
            self._take(written)

    def changes(self) -> list[Change]:
        """The history, oldest first, without mere runs."""
        undone = undone_in(self._past)
        return [
            Change(number=one.number, at=one.at, record=one.record, undone=one.number in undone)
            for one in self._past
            if isinstance(one.record, Filed | Stood | Undone)
        ]

    def of_shelf(self, shelf: Shelf, *, archived: bool = False) -> list[Skill]:
        """Those that stand there, the newest filing last."""
        return [one for one in self.skills.values() if one.shelf == shelf and one.archived == archived]

    def errors_of(self, skill: str) -> list[Seen]:
        """What went wrong with it."""
        return [seen for seen in self.errors.values() if skill in seen.skills]

    def crowded_out(self, shelf: Shelf, newcomer: str) -> tuple[str, ...]:
        """Who has to make room for one more on this shelf: the worst, of equals the longest unused."""
        there = [one for one in self.of_shelf(shelf) if one.id != newcomer]
        there.sort(key=lambda one: (one.score, max(one.used_at, one.at)))
        return tuple(one.id for one in there[: max(0, len(there) + 1 - MOST_ACTIVE)])

    def allow(self, record: Record) -> bool:
        """Whether this may be written now; False where it says nothing new. Raises RefusedError."""
        match record:
            case Filed():
                return True  # whoever files has looked
            case Ran():
                return record.skill in self.skills and record.id not in self._ran
            case Stood():
                return self._allow_standing(record)
            case Undone():
                return self._allow_undoing(record)
            case Forgot():
                return any(skill in self.skills for skill in record.skills)

    def _allow_standing(self, record: Stood) -> bool:
        there = self.skills.get(record.skill)
        if there is None:
            raise RefusedError(f"There is no skill {record.skill!r} any more.")
        match record.standing:
            case "released":
                return there.quarantined
            case "quarantined":
                return not there.quarantined
            case "archived":
                return not there.archived
            case "active":
                return there.archived

    def _allow_undoing(self, record: Undone) -> bool:
        change = next((one for one in self.changes() if one.number == record.number), None)
        if change is None:
            raise RefusedError(f"There is no change {record.number} here. `/skills history` shows them.")
        if isinstance(change.record, Filed | Stood) and change.record.skill in self._forgotten(change.number):
            raise RefusedError("That was forgotten for good.")
        return not change.undone

    def _forgotten(self, since: int) -> set[str]:
        """What was forgotten after this number."""
        later = [one.record for one in self._past if one.number > since]
        return {skill for one in later if isinstance(one, Forgot) for skill in one.skills}

    def _replay(self) -> None:
        self._begin()
        undone = undone_in(self._past)
        for one in self._past:
            if one.number not in undone:
                self._take(one)

    def _take(self, written: Written[Record]) -> None:
        match written.record:
            case Filed() as filed:
                self._file(filed, written.at)
            case Ran() as ran:
                self._run(ran, written.at)
            case Stood() as stood:
                self._stand(stood)
            case Forgot() as forgot:
                self._forget(forgot.skills)
            case Undone():
                pass  # looked at before

    def _file(self, filed: Filed, at: float) -> None:
        there = self.skills.pop(filed.skill, None)
        skill = there or Skill(id=filed.skill, filed=filed, at=at)
        if there is None:
            for parent in filed.parents:
                if parent in self.skills:
                    self.skills[parent].children += 1
        skill.filed, skill.quarantined, skill.archived = filed, filed.quarantined, False
        self.skills[filed.skill] = skill
        self._make_room(filed.archived)
        self.tried.append((at, filed.signature is None))
        if filed.signature is not None:
            self._see(filed.skill, filed.signature, at)

    def _run(self, ran: Ran, at: float) -> None:
        self._ran.add(ran.id)
        if (skill := self.skills.get(ran.skill)) is None:
            return
        skill.used_at = at
        # what the machine or the network did is never the script's fault
        skill.runs += ran.signature is None or ran.signature.severity is not Severity.ENVIRONMENT
        self.tried.append((at, ran.signature is None))
        if ran.signature is None:
            skill.worked += 1
        else:
            self._see(ran.skill, ran.signature, at)

    def _stand(self, stood: Stood) -> None:
        if (skill := self.skills.get(stood.skill)) is None:
            return
        match stood.standing:
            case "released":
                skill.quarantined = False
            case "quarantined":
                skill.quarantined = True
            case "archived":
                skill.archived = True
            case "active":
                skill.archived = False
        self._make_room(stood.archived)

    def _make_room(self, archived: Iterable[str]) -> None:
        for skill in archived:
            if skill in self.skills:
                self.skills[skill].archived = True

    def _see(self, skill: str, signature: Signature, at: float) -> None:
        seen = self.errors.setdefault(signature, Seen(signature=signature, first=at, last=at))
        seen.count += 1
        seen.last = at
        seen.skills.add(skill)

    def _forget(self, skills: Iterable[str]) -> None:
        for skill in skills:
            self.skills.pop(skill, None)
        for signature, seen in list(self.errors.items()):
            seen.skills.difference_update(skills)
            if not seen.skills:
                del self.errors[signature]
