"""Commits without what one member said. Pure: the same versions, kinds and ids, other texts.

In a session of their own, everything in words goes, for it all follows from their goal. In a session of
somebody else, their messages go and their memories that it was shown, and wherever the agent's part quotes
them: whole lines, and each word that only they have used there.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

from agent_core.events import Commit, Observed, Recalled, dump_commit, load_commit
from agent_core.quotes import Quotes
from agent_core.traces import is_own
from agent_core.values import TOMBSTONE

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
        "before",
    }
)
_LISTS = frozenset(
    {"changed", "files", "shown", "removed", "addresses", "memories", "authors", "results", "kept"}
)
_NEVER = frozenset(
    """
    kind id sha256 message_id inbox_id thread_id channel_id action run_id name how status autonomy post
    purpose outcome model role type system tools error day host_day call about emoji tool tool_call_id
    memories authors
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
"""Keys whose values name something, and are never words."""
_EMPTY: Mapping[str, Any] = MappingProxyType({"arguments": {}, "raw": "{}", "full": None})
_WORDS = frozenset({"raw", "arguments", "checks", "results"})
"""Keys under which even what names something was thought of by the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """What is taken out of the sessions of one family."""

    person_id: str
    quotes: Quotes
    messages: frozenset[str]
    """Ids of their messages."""
    files: frozenset[str]
    """sha256 of files that go."""
    after_own: bool
    """A goal of theirs is among them: how that ended goes from those that came after it."""


def erase(commits: Sequence[Commit], gone: Gone) -> tuple[Commit, ...]:
    """The session without the member."""
    if is_own(commits, gone.person_id):
        return tuple(_load(_wiped(_dump(commit), gone.person_id)) for commit in commits)
    out: list[Commit] = []
    for commit in commits:
        data = _dump(commit)
        left = [_without(event, gone) for event in data["events"]]
        if shows_cut(commit, gone.quotes.memories):
            left = [_wiped(one, gone.person_id) if one["kind"] == "observed" else one for one in left]
        out.append(_load({**data, "events": left}) if left != data["events"] else commit)
    return tuple(out)


def shows_cut(commit: Commit, memories: frozenset[str]) -> frozenset[str]:
    """sha256 of the whole output of a look-up that showed some of these memories, and was cut."""
    if not any(isinstance(one, Recalled) and memories & set(one.memories) for one in commit.events):
        return frozenset()
    full = [one.observation.full for one in commit.events if isinstance(one, Observed)]
    return frozenset(one.file.sha256 for one in full if one is not None)


def files_of(commits: Iterable[Commit]) -> frozenset[str]:
    """sha256 of every file that these commits name."""
    return frozenset(sha256 for commit in commits for sha256 in shas_in(dump_commit(commit)))


def shas_in(data: bytes) -> set[str]:
    """sha256 of every file that a stored record names."""
    return {one.decode() for one in re.findall(rb'"sha256": ?"([0-9a-f]{64})"', data)}


def _without(event: dict[str, Any], gone: Gone) -> dict[str, Any]:
    kind = event["kind"]
    if kind in {"spoke", "words_changed"}:
        return _wiped(event, gone.person_id) if event["message_id"] in gone.messages else event
    if kind == "started" and event["parent"] is None:  # what others said is theirs, whoever said it too
        after = {key: _replaced_field(key, event[key], gone) for key in ("before", "kept")}
        return {**event, **after, **({"before": TOMBSTONE} if gone.after_own and event["before"] else {})}
    if kind == "recalled":
        event = _not_shown(event, gone.quotes.memories)
    if event.get("person", {}).get("id") == gone.person_id:
        event = _wiped(event, gone.person_id)
    return _replaced(event, gone)


def _not_shown(event: dict[str, Any], memories: frozenset[str]) -> dict[str, Any]:
    kept = [at for at, one in enumerate(event["memories"]) if one not in memories]
    authors = event["authors"]
    return {
        **event,
        "memories": [event["memories"][at] for at in kept],
        "authors": [authors[at] for at in kept] if authors else [],
    }


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


def _replaced(value: Any, gone: Gone) -> Any:
    if isinstance(value, str):
        return gone.quotes.out_of(value)
    if isinstance(value, list):
        kept = [one for one in cast("list[Any]", value) if _sha(one) not in gone.files]
        return [_replaced(one, gone) for one in kept]
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, Any]", value)
    if _is_person(fields, gone.person_id):
        return {"id": gone.person_id, "name": TOMBSTONE}
    return {key: _replaced_field(key, inner, gone) for key, inner in fields.items()}


def _replaced_field(key: str, inner: Any, gone: Gone) -> Any:
    if key in _NEVER:
        return inner
    if key == "full" and _sha(inner) in gone.files:
        return None
    if key in _WORDS:
        return _scrubbed(inner, gone.quotes)
    return _replaced(inner, gone)


def _scrubbed(value: Any, quotes: Quotes) -> Any:
    """The same under every key; a string that is JSON is read, since its escapes hide lines and letters."""
    if isinstance(value, list):
        return [_scrubbed(one, quotes) for one in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {key: _scrubbed(one, quotes) for key, one in cast("dict[str, Any]", value).items()}
    if not isinstance(value, str):
        return value
    try:
        inner = json.loads(value)
    except ValueError:
        return quotes.out_of(value)
    if not isinstance(inner, dict | list):
        return quotes.out_of(value)
    left = _scrubbed(inner, quotes)
    return value if left == inner else json.dumps(left, ensure_ascii=False)


def _is_person(fields: Mapping[str, Any], person_id: str) -> bool:
    return fields.get("id") == person_id and set(fields) == {"id", "name"}


def _sha(named: Any) -> str | None:
    """Of a file with its path."""
    if not isinstance(named, dict):
        return None
    file = cast("dict[str, Any]", named).get("file")
    return cast("dict[str, Any]", file).get("sha256") if isinstance(file, dict) else None


def _dump(commit: Commit) -> Any:
    return json.loads(dump_commit(commit))


def _load(data: Any) -> Commit:
    return load_commit(json.dumps(data).encode())
