"""The lessons of one server and what they are worth, folded from what was written down. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from agent_core.errors import RefusedError
from agent_core.skills.lessons.records import (
    Came,
    Change,
    Forgot,
    Learnt,
    Record,
    Reviewed,
    Standing,
    Stood,
    Tried,
    Viewed,
)
from agent_core.skills.selection import ANY, Credit, View
from agent_core.skills.signature import Signature
from agent_core.skills.undoing import Undone, undone_in
from agent_core.storage.chronicle import Written
from agent_core.values import FileRef

MOST_ACTIVE = 200
"""Lessons of a server that may be shown; the worst are retired for a new one."""

SEEN_ENOUGH = 6.0
"""Tasks that have to have seen a lesson before it can be called useless."""


@dataclass(slots=True, kw_only=True)
class Known:
    """One lesson as it stands now. To be read only."""

    id: str
    task: str
    signature: Signature
    text: FileRef
    at: float
    """When it was learnt; Unix seconds."""
    standing: Standing = "active"


@dataclass(slots=True, kw_only=True)
class Task:
    """One piece of code that was asked for."""

    views: dict[str, Viewed] = field(default_factory=dict[str, Viewed])
    tries: dict[str, Tried] = field(default_factory=dict[str, Tried])
    worked: bool | None = None
    """None: it is not known yet how it came out."""

    @property
    def last(self) -> Tried | None:
        """The newest try."""
        return next(reversed(self.tries.values()), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """One change, as somebody reads it who may want to undo it."""

    number: int
    at: float
    record: Change
    undone: bool = False


class Notebook:
    """What follows from the records. To be read only."""

    def __init__(self) -> None:
        self.number = 0
        self._past: list[Written[Record]] = []
        self._begin()

    def _begin(self) -> None:
        self.lessons: dict[str, Known] = {}
        self.tasks: dict[str, Task] = {}
        self.credit = Credit()

    def apply(self, written: Written[Record]) -> None:
        """Take in the next record. Raises ValueError where the numbering has a gap."""
        if written.number != self.number + 1:
            raise ValueError(f"Record {self.number + 1} of the lessons is missing.")
        self.number = written.number
        self._past.append(written)
        record = written.record
        changes = isinstance(record, Came) and self._task(record.task).worked is not None
        if isinstance(record, Undone) or changes:
            self._replay()  # what was booked before has to be booked otherwise
        else:
            self._take(written, {})

    def changes(self) -> list[Noted]:
        """Every change, oldest first."""
        undone = undone_in(self._past)
        return [
            Noted(number=one.number, at=one.at, record=one.record, undone=one.number in undone)
            for one in self._past
            if isinstance(one.record, Came | Learnt | Reviewed | Stood | Undone)
        ]

    def against(self, signature: Signature) -> list[str]:
        """The lessons of errors of this kind that may be shown, the most alike first."""
        levels = signature.levels
        alike = {
            one.id: len(set(one.signature.levels) & set(levels))
            for one in self.lessons.values()
            if one.standing == "active" and one.signature.kind == signature.kind
        }
        return sorted(alike, key=lambda lesson: -alike[lesson])

    def met(self, signature: Signature) -> bool:
        """Whether an error of this kind and shape was ever tried at before."""
        return any(
            one.signature is not None
            and (one.signature.kind, one.signature.shape) == (signature.kind, signature.shape)
            for task in self.tasks.values()
            for one in task.tries.values()
        )

    def taught_by(self, task: str) -> list[str]:
        """The lessons that this task, or one below it, left behind."""
        return [
            one.id for one in self.lessons.values() if one.task == task or one.task.startswith(f"{task}~")
        ]

    def useless(self) -> list[str]:
        """Active lessons that enough tasks have seen, and that can hardly be worth anything."""
        found: list[str] = []
        for lesson in self.lessons.values():
            worth = self.credit.worth(ANY, hint(lesson.id))
            if lesson.standing == "active" and worth.shown >= SEEN_ENOUGH and worth.upper <= 0:
                found.append(lesson.id)
        return found

    def crowded_out(self, newcomer: str) -> tuple[str, ...]:
        """Who has to make room for one more: the least worth, of equals the oldest."""
        there = [one for one in self.lessons.values() if one.standing == "active" and one.id != newcomer]
        there.sort(key=lambda one: (self.credit.worth(ANY, hint(one.id)).upper, one.at))
        return tuple(one.id for one in there[: max(0, len(there) + 1 - MOST_ACTIVE)])

    def allow(self, record: Record) -> bool:
        """Whether this may be written now; False where it says nothing new. Raises RefusedError."""
        match record:
            case Viewed():
                return record.key not in self._task(record.task).views
            case Tried():
                return record.key not in self._task(record.task).tries
            case Came():
                return self._task(record.task).worked is not record.worked
            case Learnt():
                return record.lesson not in self.lessons
            case Reviewed():
                return record.lesson in self.lessons
            case Stood():
                if record.lesson not in self.lessons:
                    raise RefusedError(f"There is no lesson {record.lesson[:40]!r} any more.")
                return self.lessons[record.lesson].standing != record.standing
            case Undone():
                return self._allow_undoing(record)
            case Forgot():
                return any(one in self.lessons for one in record.lessons) or any(
                    one in self.tasks for one in record.tasks
                )

    def _allow_undoing(self, record: Undone) -> bool:
        change = next((one for one in self.changes() if one.number == record.number), None)
        if change is None:
            raise RefusedError(f"There is no change {record.number} of the lessons.")
        return not change.undone

    def _replay(self) -> None:
        """Fold all anew, each task with how it is known to have come out in the end."""
        undone = undone_in(self._past)
        counted = [one for one in self._past if one.number not in undone]
        ends = {one.record.task: one.record.worked for one in counted if isinstance(one.record, Came)}
        self._begin()
        for one in counted:
            self._take(one, ends)

    def _take(self, written: Written[Record], ends: dict[str, bool]) -> None:
        match written.record:
            case Viewed() as viewed:
                self._own(viewed.task).views.setdefault(viewed.key, viewed)
            case Tried() as tried:
                self._own(tried.task).tries.setdefault(tried.key, tried)
            case Came() as came:
                self._book(came, ends.get(came.task, came.worked))
            case Learnt() as learnt:
                self._learn(learnt, written.at)
            case Reviewed() as reviewed:
                self._review(reviewed)
            case Stood() as stood:
                self._stand((stood.lesson,), stood.standing)
            case Forgot() as forgot:
                self._forget(forgot)
            case Undone():
                pass  # looked at by the replay

    def _book(self, came: Came, worked: bool) -> None:
        task = self._own(came.task)
        if task.worked is not None:
            return
        task.worked = worked
        for one in task.views.values():
            view = View(shown=one.shown, withheld=one.withheld, left_out=one.left_out)
            self.credit.book(one.signature, view, worked=worked)

    def _learn(self, learnt: Learnt, at: float) -> None:
        self._stand(learnt.retired, "retired")
        self.lessons[learnt.lesson] = Known(
            id=learnt.lesson,
            task=learnt.task,
            signature=learnt.signature,
            text=learnt.text,
            at=at,
            standing=learnt.standing,
        )

    def _review(self, reviewed: Reviewed) -> None:
        if (known := self.lessons.get(reviewed.lesson)) is None:
            return
        known.text = reviewed.text
        if not reviewed.holds and known.standing == "active":
            known.standing = "stale"
        elif reviewed.holds and known.standing == "stale":
            known.standing = "active"

    def _stand(self, lessons: Iterable[str], standing: Standing) -> None:
        for lesson in lessons:
            if known := self.lessons.get(lesson):
                known.standing = standing

    def _forget(self, forgot: Forgot) -> None:
        for lesson in forgot.lessons:
            self.lessons.pop(lesson, None)
        for task in forgot.tasks:
            self.tasks.pop(task, None)

    def _task(self, task: str) -> Task:
        return self.tasks.get(task) or Task()

    def _own(self, task: str) -> Task:
        return self.tasks.setdefault(task, Task())


def hint(lesson: str) -> str:
    """The name of a lesson among all that a task may see."""
    return f"lesson:{lesson}"


def skill_hint(skill: str) -> str:
    """The name of a skill among all that a task may see."""
    return f"skill:{skill}"


def with_view(viewed: Viewed, view: View) -> Viewed:
    """The record of what is seen there."""
    return replace(viewed, shown=view.shown, withheld=view.withheld, left_out=view.left_out)
