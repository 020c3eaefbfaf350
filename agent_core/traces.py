"""What in a session comes from one member, and which other sessions may have it from there. Pure.

Words travel: from a goal into its sub-goals and back in their summaries, into the next goal of the same
thread, into a fork, and by the memory into any goal that recalls them. Sessions that are tied like this are
one family: what was said in one of them may be quoted in all.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agent_core.events import (
    Commit,
    Decided,
    Delegated,
    Event,
    Forked,
    Observed,
    PersonSpoke,
    Recalled,
    SessionStarted,
    ThreadBound,
    WordsChanged,
)
from agent_core.quotes import Shown, shown_in
from agent_core.signals import Edited, Said, Signal
from agent_core.values import NamedFile, SessionRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One session, as far as forgetting a member is concerned."""

    ref: SessionRef
    version: int
    own: bool
    """Its goal is theirs."""
    started_by: str
    """Id of who started it, or forked it."""
    theirs: tuple[str, ...]
    """What they said in it."""
    others: tuple[str, ...]
    """What other people said in it."""
    messages: frozenset[str]
    """Ids of their messages."""
    dropped: frozenset[str]
    """sha256 of the files that they brought."""
    shown: tuple[Shown, ...]
    """What the memory showed to it."""
    of_them: frozenset[str]
    """Ids of memories that were theirs, as the journal says; older journals do not."""
    kin: frozenset[str]
    """Ids of the sessions that it comes from, or started."""
    thread_id: str | None

    @property
    def touched(self) -> bool:
        """It holds words of theirs, whatever the memory knows."""
        return self.own or bool(self.theirs or self.dropped or self.of_them)


@dataclass(slots=True)
class _Found:
    theirs: list[str] = field(default_factory=list[str])
    others: list[str] = field(default_factory=list[str])
    messages: set[str] = field(default_factory=set[str])
    dropped: set[str] = field(default_factory=set[str])
    shown: list[Shown] = field(default_factory=list[Shown])
    of_them: set[str] = field(default_factory=set[str])
    kin: set[str] = field(default_factory=set[str])
    thread_id: str | None = None
    started_by: str = ""


def trace(
    ref: SessionRef, commits: Sequence[Commit], person_id: str, waiting: Iterable[tuple[str, Signal]] = ()
) -> Trace:
    """What this session has of the member. `waiting`: signals that it has not taken yet."""
    found = _Found()
    for commit in commits:
        for event in commit.events:
            _note(found, event, person_id)
    for _, signal in waiting:
        if isinstance(signal, Said):
            _note_words(found, signal, person_id)
        elif isinstance(signal, Edited) and signal.message_id in found.messages:
            found.theirs.append(signal.text)
    return Trace(
        ref=ref,
        version=commits[-1].version if commits else 0,
        own=is_own(commits, person_id),
        started_by=found.started_by,
        theirs=tuple(found.theirs),
        others=tuple(found.others),
        messages=frozenset(found.messages),
        dropped=frozenset(found.dropped),
        shown=tuple(dict.fromkeys(found.shown)),
        of_them=frozenset(found.of_them),
        kin=frozenset(found.kin),
        thread_id=found.thread_id,
    )


def is_own(commits: Sequence[Commit], person_id: str) -> bool:
    """Whether the session is the member's: all of it follows from their goal."""
    started = commits[0].events[0] if commits else None
    return isinstance(started, SessionStarted) and started.starter.id == person_id


def is_by(signal: Signal, person_id: str, messages: frozenset[str]) -> bool:
    """Whether a signal that waits holds words of the member; `messages`: ids of theirs."""
    if isinstance(signal, Said):
        return signal.person.id == person_id
    return isinstance(signal, Edited) and signal.message_id in messages


def _note(found: _Found, event: Event, person_id: str) -> None:
    match event:
        case SessionStarted():
            _note_goal(found, event, person_id)
        case ThreadBound():
            found.thread_id = event.thread_id
        case PersonSpoke():
            _note_words(found, event, person_id)
        case WordsChanged():
            said = found.theirs if event.message_id in found.messages else found.others
            said.append(event.text or "")
        case Decided() if event.person.id == person_id and event.reason:
            found.theirs.append(event.reason)
        case Delegated():
            found.kin.add(event.session)
        case Forked():
            found.started_by = event.starter.id
            found.kin.add(event.source)
        case Recalled():
            whose = zip(event.memories, event.authors, strict=False)
            found.of_them |= {one for one, author in whose if author == person_id}
            found.shown.extend(shown_in(event.text))
        case Observed():
            found.shown.extend(shown_in(event.observation.text))
        case _:
            return


def _note_goal(found: _Found, event: SessionStarted, person_id: str) -> None:
    found.started_by = event.starter.id
    mine = event.starter.id == person_id
    if mine:
        _note_files(found, event.files)
    if event.parent is not None:
        found.kin.add(event.parent.ref.id)  # its goal is an agent's words
    else:
        (found.theirs if mine else found.others).extend((event.goal, event.done_when))


def _note_words(found: _Found, event: PersonSpoke | Said, person_id: str) -> None:
    if event.person.id != person_id:
        found.others.append(event.text)
        return
    found.messages.add(event.message_id)
    found.theirs.append(event.text)
    _note_files(found, event.files)


def _note_files(found: _Found, files: Iterable[NamedFile]) -> None:
    """Their names are theirs too."""
    found.dropped |= {one.file.sha256 for one in files}
    found.theirs.extend(one.path.rpartition("/")[2] for one in files)


def families(traces: Iterable[Trace]) -> list[list[Trace]]:
    """The sessions that may have words of each other."""
    known = {one.ref.id: one for one in traces}
    of: dict[str, str] = {name: name for name in known}

    def root(name: str) -> str:
        while of[name] != name:
            of[name] = of[of[name]]
            name = of[name]
        return name

    for name, other in _ties(known):
        if other in known:
            of[root(name)] = root(other)
    grouped: dict[str, list[Trace]] = {}
    for name, one in known.items():
        grouped.setdefault(root(name), []).append(one)
    return list(grouped.values())


def _ties(known: Mapping[str, Trace]) -> Iterator[tuple[str, str]]:
    in_thread: dict[str, str] = {}
    for name, one in known.items():
        for other in one.kin:
            yield name, other
        if one.thread_id is not None:
            yield name, in_thread.setdefault(one.thread_id, name)
