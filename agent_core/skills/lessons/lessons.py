"""The lessons of every server: what was in view when code was written, how that came out, what it taught.

Each call names its server. Whoever reads says which channels they may read, as with memories.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from agent_core.clock import Clock
from agent_core.errors import StoreUnavailableError
from agent_core.memory import words
from agent_core.memory.values import Channels
from agent_core.skills.checking import Checker
from agent_core.skills.lessons.notebook import Notebook, Noted, Task, with_view
from agent_core.skills.lessons.records import (
    FORMAT,
    STORED,
    Came,
    Forgot,
    Learnt,
    Record,
    Reviewed,
    Standing,
    Stood,
    Tried,
    Undone,
    Viewed,
)
from agent_core.skills.lessons.text import TEXT, Lesson
from agent_core.skills.lessons.versions import PYTHON, Versions
from agent_core.skills.signature import Severity, Signature, of_run
from agent_core.skills.values import Origin
from agent_core.storage.blobs import BlobStore
from agent_core.storage.chronicle import Chronicle, Records
from agent_core.values import FileRef

MOST_LIKE = 5
"""Lessons of other tasks that are looked at for one that is like them."""
LIKE = 0.2
"""The share of words that two tasks have to have in common."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Code that was run against a case."""

    task: str
    key: str
    source: str
    case: str
    signature: Signature | None
    """How it failed; None: it did not."""


class Lessons:
    """The door to them."""

    def __init__(
        self,
        *,
        records: Chronicle,
        blobs: BlobStore,
        clock: Clock,
        checker: Checker,
        versions: Versions,
        model: str,
    ) -> None:
        """`model`: who writes code now. A lesson of another one is run again before it is shown."""
        self._records = Records(records, clock, begin=Notebook, stored=STORED, format=FORMAT)
        self._blobs = blobs
        self._checker = checker
        self._versions = versions
        self._model = model

    async def notebook(self, guild_id: str) -> Notebook:
        """Everything as it is now. To be read only. Raises StoreUnavailableError."""
        return await self._records.of(guild_id)

    async def history(self, guild_id: str) -> list[Noted]:
        """Every change, oldest first."""
        return (await self.notebook(guild_id)).changes()

    async def view(
        self, guild_id: str, task: str, key: str, signature: Signature, hints: Sequence[str]
    ) -> Viewed:
        """What the task sees of these at this point of its way: the same, however often it asks.

        What is withheld is drawn from the task's id and the point, so that a replay agrees.
        """
        viewed = Viewed(task=task, key=key, signature=signature)

        def due(notebook: Notebook) -> Record | None:
            if not notebook.allow(viewed):
                return None
            random = Random(f"{task}:{key}")  # noqa: S311 - to repeat it
            return with_view(viewed, notebook.credit.choose(signature, hints, random))

        notebook = await self._records.write(guild_id, due)
        return notebook.tasks[task].views[key]

    async def tried(self, guild_id: str, attempt: Attempt, asked: str, origin: Origin) -> Task:
        """Note a try, once; one that succeeds after one that failed leaves a lesson. The task until now.

        `asked`: what was asked for, in words. Raises SandboxRefusedError.
        """
        tried = Tried(
            task=attempt.task,
            key=attempt.key,
            source=await self._put(guild_id, attempt.source),
            case=await self._put(guild_id, attempt.case),
            signature=attempt.signature,
        )
        task = (await self._write(guild_id, tried)).tasks[attempt.task]
        if attempt.signature is None and (failed := _failed_before(task, attempt.key)) is not None:
            await self._learn(guild_id, failed, attempt, asked, origin)
        return task

    async def came(self, guild_id: str, task: str, *, worked: bool) -> None:
        """Book how a task came out; what proves useless is retired. Nothing where it never ran code."""
        notebook = await self.notebook(guild_id)
        if task not in notebook.tasks:
            return
        notebook = await self._write(guild_id, Came(task=task, worked=worked))
        for lesson in notebook.useless():
            await self.stand(guild_id, lesson, "retired")

    async def stand(self, guild_id: str, lesson: str, standing: Standing, *, by: str = "") -> None:
        """Change how a lesson stands. Raises RefusedError."""
        await self._write(guild_id, Stood(lesson=lesson, standing=standing, by=by))

    async def undo(self, guild_id: str, number: int, *, by: str = "") -> None:
        """Take a change back, or back again. Raises RefusedError."""
        await self._write(guild_id, Undone(number=number, by=by))

    async def against(self, guild_id: str, signature: Signature, *, channels: Channels) -> dict[str, Lesson]:
        """The lessons of errors like this, by id, the most alike first."""
        return await self._held(guild_id, (await self.notebook(guild_id)).against(signature), channels)

    async def like(self, guild_id: str, task: str, *, channels: Channels) -> dict[str, Lesson]:
        """The lessons of tasks whose words are like these, by id, the most alike first."""
        notebook = await self.notebook(guild_id)
        active = [one.id for one in notebook.lessons.values() if one.standing == "active"]
        held = await self._held(guild_id, active, channels)
        likeness = {name: _likeness(task, lesson.task) for name, lesson in held.items()}
        best = sorted((name for name in held if likeness[name] >= LIKE), key=lambda name: -likeness[name])
        return {name: held[name] for name in best[:MOST_LIKE]}

    async def review(self, guild_id: str, most: int) -> int:
        """Run again up to so many lessons whose packages or model have changed; how many no longer hold.

        Raises SandboxRefusedError.
        """
        now, stale = await self._versions.now(), 0
        for known in list((await self.notebook(guild_id)).lessons.values()):
            lesson = await self._text(guild_id, known.text) if known.standing != "retired" else None
            if lesson is None or self._is_of_now(lesson, now):
                continue
            if most <= 0:
                break
            most -= 1
            stale += not await self.again(guild_id, known.id)
        return stale

    async def again(self, guild_id: str, lesson_id: str) -> bool:
        """Run the lesson's case again: whether it still fails before and holds after. Raises RefusedError."""
        notebook = await self.notebook(guild_id)
        notebook.allow(Stood(lesson=lesson_id, standing="active"))
        lesson = await self._text(guild_id, notebook.lessons[lesson_id].text)
        if lesson is None:
            return False
        holds = await self._shows(lesson)
        fresh = replace(
            lesson,
            versions=_relevant(lesson, await self._versions.now()),
            origin=replace(lesson.origin, model=self._model),
        )
        text = await self._blobs.put_bytes(guild_id, TEXT.dump_json(fresh))
        await self._write(guild_id, Reviewed(lesson=lesson_id, text=text, holds=holds))
        return holds

    async def forget(
        self, guild_id: str, *, person: str, sessions: Collection[str] = (), quotes: Iterable[str] = ()
    ) -> int:
        """Remove for good what came from this member's sessions, and what quotes them; how many lessons.

        `quotes`: pieces of text in lower case. Raises StoreUnavailableError; then do it again.
        """
        notebook, wanted = await self.notebook(guild_id), [quote for quote in quotes if quote]
        gone = [
            known
            for known in notebook.lessons.values()
            if await self._is_of(guild_id, known.text, person, wanted)
        ]
        own = {session.partition("~")[0] for session in sessions}
        tasks = {name: task for name, task in notebook.tasks.items() if name.partition("~")[0] in own}
        if not gone and not tasks:
            return 0
        blobs = {known.text.sha256 for known in gone}
        for task in tasks.values():
            blobs |= {sha for one in task.tries.values() for sha in (one.source.sha256, one.case.sha256)}
        await self._write(guild_id, Forgot(lessons=tuple(one.id for one in gone), tasks=tuple(tasks)))
        await self._blobs.remove(guild_id, sorted(blobs), 0.0)
        return len(gone)

    async def _learn(
        self, guild_id: str, failed: Tried, attempt: Attempt, asked: str, origin: Origin
    ) -> None:
        signature = failed.signature
        before, case = await self._source(guild_id, failed.source), await self._source(guild_id, failed.case)
        if signature is None or before is None or case is None or before == attempt.source:
            return
        lesson = Lesson(
            task=asked[:1000],
            signature=signature,
            before=before,
            after=attempt.source,
            case=case,
            origin=origin,
        )
        if attempt.case != case and not await self._shows(lesson):
            return  # another case was made to hold: nothing is known of the one that failed
        lesson = replace(lesson, versions=_relevant(lesson, await self._versions.now()))
        text = await self._blobs.put_bytes(guild_id, TEXT.dump_json(lesson))
        learnt = Learnt(
            lesson=lesson.id,
            task=attempt.task,
            signature=signature,
            text=text,
            standing="quarantined" if origin.tainted else "active",
        )

        def due(notebook: Notebook) -> Record | None:
            if not notebook.allow(learnt):
                return None
            return replace(learnt, retired=notebook.crowded_out(lesson.id))

        await self._records.write(guild_id, due)

    async def _shows(self, lesson: Lesson) -> bool:
        before = await self._checker.run(lesson.case, lesson.before)
        if before.holds or of_run(before.output, before.stopped_by).kind != lesson.signature.kind:
            return False
        return (await self._checker.run(lesson.case, lesson.after)).holds

    async def _held(self, guild_id: str, names: Iterable[str], channels: Channels) -> dict[str, Lesson]:
        notebook, now = await self.notebook(guild_id), await self._versions.now()
        held: dict[str, Lesson] = {}
        for name in names:
            lesson = await self._text(guild_id, notebook.lessons[name].text)
            if lesson and lesson.origin.may_be_read(channels) and self._is_of_now(lesson, now):
                held[name] = lesson
        return held

    def _is_of_now(self, lesson: Lesson, now: Mapping[str, str]) -> bool:
        """It was last run with the packages and the model that there are."""
        return lesson.origin.model == self._model and lesson.versions == _relevant(lesson, now)

    async def _is_of(self, guild_id: str, text: FileRef, person: str, quotes: Sequence[str]) -> bool:
        lesson = await self._text(guild_id, text)
        if lesson is None:
            return True  # its words are gone already
        told = "\n".join((lesson.task, lesson.before, lesson.after, lesson.case)).casefold()
        return lesson.origin.person == person or any(quote in told for quote in quotes)

    async def _write(self, guild_id: str, record: Record) -> Notebook:
        return await self._records.write(guild_id, lambda there: record if there.allow(record) else None)

    async def _put(self, guild_id: str, source: str) -> FileRef:
        return await self._blobs.put_bytes(guild_id, source.encode("utf-8", "replace"))

    async def _text(self, guild_id: str, file: FileRef) -> Lesson | None:
        data = await self._read(guild_id, file)
        return None if data is None else TEXT.validate_json(data)

    async def _source(self, guild_id: str, file: FileRef) -> str | None:
        data = await self._read(guild_id, file)
        return None if data is None else data.decode("utf-8", "replace")

    async def _read(self, guild_id: str, file: FileRef) -> bytes | None:
        """None where it has been forgotten."""
        try:
            return await self._blobs.read(guild_id, file.sha256)
        except StoreUnavailableError:
            return None


def _failed_before(task: Task, key: str) -> Tried | None:
    """The last try before this one, where it failed by a fault of the code."""
    before: Tried | None = None
    for name, one in task.tries.items():
        if name == key:
            break
        before = one
    if before is None or before.signature is None or before.signature.severity is Severity.ENVIRONMENT:
        return None
    return before


def _relevant(lesson: Lesson, now: Mapping[str, str]) -> dict[str, str]:
    return {name: now[name] for name in (PYTHON, *sorted(lesson.imported())) if name in now}


def _likeness(one: str, other: str) -> float:
    ours, theirs = set(words.terms(one)[0]), set(words.terms(other)[0])
    return len(ours & theirs) / len(ours | theirs) if ours and theirs else 0.0
