"""Commits without what one member said. Pure: the same versions, kinds and ids, other texts.

In a session of their own, everything in words goes, for it all follows from their goal. In a session of
somebody else, their messages go, and wherever the agent's part quotes them: whole lines, and each word that
only they have used there.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, cast

from agent_core.events import Commit, PersonSpoke, SessionStarted, dump_commit, load_commit
from agent_core.memory import words

TOMBSTONE = "[forgotten]"
_TEXTS = frozenset(
    {
        "goal",
        "done_when",
        "text",
        "summary",
        "kept",
        "reason",
        "note",
        "question",
        "output",
        "code",
        "reminder",
        "title",
        "url",
    }
)
_LISTS = frozenset({"changed", "files", "removed", "addresses", "memories", "results"})
_NEVER = frozenset(
    """
    kind id sha256 message_id inbox_id thread_id channel_id action run_id name how status autonomy post
    purpose outcome model role type system tools error day host_day call about emoji tool tool_call_id
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
"""Keys whose values name something, and are never words."""
_EMPTY: Mapping[str, Any] = MappingProxyType({"arguments": {}, "raw": "{}", "full": None})
_SHORTEST_LINE = 6
_SHORTEST_WORD = 5
_TELLING_LINE = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What is taken out of a session."""

    commits: tuple[Commit, ...]
    quotes: frozenset[str] = frozenset()
    """Their lines and the words that were new with them; casefolded."""
    own: bool = False
    """The session was theirs."""
    files: frozenset[str] = frozenset()
    """sha256 of the files that go."""

    @property
    def telling(self) -> frozenset[str]:
        """The quotes by which a file is known to hold their words: long lines, and words like no others."""
        return frozenset(
            one for one in self.quotes if len(one) >= _TELLING_LINE or re.search(r"\w[\d_-]|\d\w", one)
        )


@dataclass(slots=True)
class _Quotes:
    found: set[str] = field(default_factory=set[str])
    pattern: re.Pattern[str] | None = None

    def add(self, text: str, used: set[str]) -> None:
        lines = {line.strip() for line in [text, *re.split(r"[\n.!?]+", text)]}
        self.found |= {line for line in lines if len(line) >= _SHORTEST_LINE}
        self.found |= {one for one in _words(text) if one not in used}
        ordered = sorted(self.found, key=len, reverse=True)
        self.pattern = (
            re.compile("|".join(re.escape(one) for one in ordered), re.IGNORECASE) if ordered else None
        )


def spoke_here(commits: Iterable[Commit], person_id: str) -> bool:
    """Whether the session holds anything that this member said."""
    for commit in commits:
        for event in commit.events:
            match event:
                case SessionStarted() if event.starter.id == person_id:
                    return True
                case PersonSpoke() if event.person.id == person_id:
                    return True
                case _:
                    person = getattr(event, "person", None)
                    if getattr(person, "id", None) == person_id and getattr(event, "reason", None):
                        return True
    return False


def erase(commits: Sequence[Commit], person_id: str, gone: frozenset[str] = frozenset()) -> Erased:
    """The session without the member. `gone`: files that are taken out besides."""
    started = commits[0].events[0] if commits else None
    if isinstance(started, SessionStarted) and started.starter.id == person_id:
        wiped = tuple(_load(_wiped(_dump(commit), person_id)) for commit in commits)
        quotes = _Quotes()
        for text in _said_by(commits, person_id):
            quotes.add(text, set())
        lines = frozenset(one.casefold() for one in quotes.found)
        return Erased(commits=wiped, files=files_of(commits), quotes=lines, own=True)
    return _quoted_out(commits, person_id, gone)


def files_of(commits: Iterable[Commit]) -> frozenset[str]:
    """sha256 of every file that these commits name."""
    return frozenset(sha256 for commit in commits for sha256 in shas_in(dump_commit(commit)))


def shas_in(data: bytes) -> set[str]:
    """sha256 of every file that a stored record names."""
    return {one.decode() for one in re.findall(rb'"sha256": ?"([0-9a-f]{64})"', data)}


def _said_by(commits: Iterable[Commit], person_id: str) -> Iterable[str]:
    for commit in commits:
        for event in commit.events:
            if isinstance(event, SessionStarted) and event.starter.id == person_id:
                yield event.goal
                yield event.done_when
            elif isinstance(event, PersonSpoke) and event.person.id == person_id:
                yield event.text


def _quoted_out(commits: Sequence[Commit], person_id: str, gone: frozenset[str]) -> Erased:
    theirs = _messages_of(commits, person_id)
    dumped = [_dump(commit) for commit in commits]
    events = [event for data in dumped for event in data["events"]]
    used = {word for event in events if _is_others(event, theirs) for word in _words(_said(event))}
    quotes, files = _Quotes(), set(gone)
    for event in events:
        if _is_theirs(event, theirs):
            quotes.add(_said(event), used)
            files |= {one["file"]["sha256"] for one in event.get("files", [])}
        elif event.get("person", {}).get("id") == person_id and event.get("reason"):
            quotes.add(event["reason"], used)
    out: list[Commit] = []
    for commit, data in zip(commits, dumped, strict=True):
        left = [_without(event, quotes, files, person_id, theirs) for event in data["events"]]
        out.append(_load({**data, "events": left}) if left != data["events"] else commit)
    return Erased(
        commits=tuple(out), quotes=frozenset(one.casefold() for one in quotes.found), files=frozenset(files)
    )


def _is_theirs(event: Mapping[str, Any], theirs: set[str]) -> bool:
    return event["kind"] in {"spoke", "words_changed"} and event["message_id"] in theirs


def _is_others(event: Mapping[str, Any], theirs: set[str]) -> bool:
    return event["kind"] == "started" or (
        event["kind"] in {"spoke", "words_changed"} and event["message_id"] not in theirs
    )


def _said(event: Mapping[str, Any]) -> str:
    return f"{event.get('goal') or ''} {event.get('text') or ''}".strip()


def _messages_of(commits: Iterable[Commit], person_id: str) -> set[str]:
    return {
        event.message_id
        for commit in commits
        for event in commit.events
        if isinstance(event, PersonSpoke) and event.person.id == person_id
    }


def _without(
    event: dict[str, Any], quotes: _Quotes, files: set[str], person_id: str, theirs: set[str]
) -> dict[str, Any]:
    if _is_others(event, theirs):
        return event  # what others said is theirs, whoever said it too
    if _is_theirs(event, theirs) or event.get("person", {}).get("id") == person_id:
        event = _wiped(event, person_id)
    return _replaced(event, quotes, files, person_id)


def _wiped(value: Any, person_id: str) -> Any:
    """Everything in words replaced; names, ids and numbers as they were."""
    if isinstance(value, list):
        return [_wiped(one, person_id) for one in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, Any]", value)
    if _is_person(fields, person_id):
        return {"id": person_id, "name": TOMBSTONE}
    return {key: _wiped_field(key, inner, person_id) for key, inner in fields.items()}


def _wiped_field(key: str, inner: Any, person_id: str) -> Any:
    match key:
        case "system" | "tools":
            return inner
        case "arguments" | "raw" | "full":
            return _EMPTY[key]
        case "message" if isinstance(inner, Mapping):
            return {"role": "assistant", "content": TOMBSTONE}
        case "problems":
            return dict.fromkeys(inner, TOMBSTONE)
        case "options":
            return [TOMBSTONE] * len(inner)
        case _ if key in _LISTS and isinstance(inner, list):
            return []
        case _ if key in _TEXTS and isinstance(inner, str):
            return TOMBSTONE if inner else inner
        case _:
            return _wiped(inner, person_id)


def _replaced(value: Any, quotes: _Quotes, files: set[str], person_id: str) -> Any:
    if isinstance(value, str):
        return quotes.pattern.sub(TOMBSTONE, value) if quotes.pattern else value
    if isinstance(value, list):
        kept = [one for one in cast("list[Any]", value) if _sha(one) not in files]
        return [_replaced(one, quotes, files, person_id) for one in kept]
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, Any]", value)
    if _is_person(fields, person_id):
        return {"id": person_id, "name": TOMBSTONE}
    return {key: _replaced_field(key, inner, quotes, files, person_id) for key, inner in fields.items()}


def _replaced_field(key: str, inner: Any, quotes: _Quotes, files: set[str], person_id: str) -> Any:
    if key in _NEVER:
        return inner
    return None if key == "full" and _sha(inner) in files else _replaced(inner, quotes, files, person_id)


def _is_person(fields: Mapping[str, Any], person_id: str) -> bool:
    return fields.get("id") == person_id and set(fields) == {"id", "name"}


def _sha(named: Any) -> str | None:
    """Of a file with its path."""
    if not isinstance(named, dict):
        return None
    file = cast("dict[str, Any]", named).get("file")
    return cast("dict[str, Any]", file).get("sha256") if isinstance(file, dict) else None


def _words(text: str) -> set[str]:
    found = {one.casefold() for one in re.findall(r"[\w-]+", text)}
    return {one for one in found if len(one) >= _SHORTEST_WORD and not words.is_small(one)}


def _dump(commit: Commit) -> Any:
    return json.loads(dump_commit(commit))


def _load(data: Any) -> Commit:
    return load_commit(json.dumps(data).encode())
