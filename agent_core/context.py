"""Turn the journal of a session into the messages of the next request. Pure: no clock, no I/O.

The prefix (system prompt, goal) never changes within a session, and later messages are only appended, so that
providers can cache what was sent before. The context begins anew in two cases alone: where the oldest steps
were summarised, and where the session went in circles. After the prefix and people's words, verbatim,
it then holds the summary and the last steps.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pydantic import JsonValue

from agent_core.events import (
    Compacted,
    Item,
    Observed,
    PersonSpoke,
    Recalled,
    SessionStarted,
    Thought,
    Told,
)
from agent_core.fence import explained
from agent_core.pictures import CANNOT_SEE, MOST_SHOWN, TOO_MANY, as_seen, is_picture
from agent_core.prompts import load as prompt
from agent_core.session import State
from agent_core.session.pending import keyed
from agent_core.values import Message, NamedFile

NUDGE = "No tool was called, so nothing happened. Go on with a tool call, or end the goal with `finish`."
GO_ON = "Your reply was cut at its limit of length. Go on exactly where it ended, then call a tool."
MOST_NAMED = 50
"""Files of one message that the model is told of by name."""


Pictures = Mapping[str, str | None]
"""sha256 of a picture that the model is shown -> its data URL; None: this model cannot see it."""

NO_PICTURES: Pictures = {}


def request(state: State, pictures: Pictures = NO_PICTURES) -> list[Message]:
    """The messages of the next request, oldest first."""
    return messages(state.started, view(state.history), pictures)


def aside(name: str, text: str) -> list[Message]:
    """A request outside the steps, by a prompt of its own: `name`, of the folder prompts/."""
    return [{"role": "system", "content": prompt(name)}, {"role": "user", "content": text}]


def messages(
    started: SessionStarted, items: Iterable[Item], pictures: Pictures = NO_PICTURES
) -> list[Message]:
    """The messages for this view of a history."""
    show = _Show(pictures)
    out = [_system(started), _goal(started), *show.of(started.files)]
    calls: dict[str, str] = {}
    words: list[Message] = []
    was_cut = False
    for item in items:
        match item:
            case PersonSpoke():
                words += [_words(item), *show.of(item.files)]
            case Recalled():
                words.append({"role": "user", "content": item.text})
            case Observed():
                out.append(
                    {"role": "tool", "tool_call_id": calls[item.action], "content": item.observation.text}
                )
                words += show.of(item.observation.shown)  # a result is text; pictures follow all results
            case Told() | Compacted():
                out += [*words, _told(item) if isinstance(item, Told) else _summary(item)]
                words = []
            case Thought():
                out += [*words, item.message]
                words = []
                calls = {key: action.id for key, action in keyed(item.step, item.actions)}
                if not item.actions:
                    out.append({"role": "user", "content": GO_ON if item.cut and not was_cut else NUDGE})
                was_cut = item.cut
    return out + words


def view(history: Sequence[Item]) -> list[Item]:
    """The entries that the next request holds: those that no fresh start and no summary has taken out."""
    items: list[Item] = []
    for item in history:
        match item:
            case Told():
                items = [*_fresh(items, item), item]
            case Compacted():
                head, tail = parted(items, item.through)
                items = [*(one for one in head if isinstance(one, PersonSpoke)), item, *tail]
            case _:
                items.append(item)
    return items


def parted(items: Sequence[Item], through: int) -> tuple[Sequence[Item], Sequence[Item]]:
    """What came up to the end of this step, and what came after it."""
    later = (at for at, item in enumerate(items) if isinstance(item, Thought) and item.step > through)
    border = next(later, len(items))
    return items[:border], items[border:]


def _fresh(items: Sequence[Item], told: Told) -> list[Item]:
    """People's words, the summary, and the last steps."""
    steps = {item.step for item in items if isinstance(item, Thought)}
    steps = set(sorted(steps)[-told.keep :])
    kept = [item for item in items if isinstance(item, PersonSpoke | Compacted) or _step(item) in steps]
    return [_trimmed(item, told.trim) for item in kept] if told.trim else kept


def _trimmed(item: Item, most: int) -> Item:
    """The largest tool outputs give way where a request did not fit."""
    if not isinstance(item, Observed):
        return item
    data = item.observation.text.encode("utf-8", "replace")
    if len(data) <= most:
        return item
    text = data[:most].decode("utf-8", "ignore")
    text += f"\n[... {len(data) - most:,} bytes dropped: they did not fit the model's window ...]"
    return replace(item, observation=replace(item.observation, text=text))


def _step(item: Item) -> int | None:
    match item:
        case Thought():
            return item.step
        case Observed():
            return int(item.action.partition(".")[0])
        case PersonSpoke() | Told() | Compacted() | Recalled():
            return None


def _told(told: Told) -> Message:
    parts = [f"The system says: {told.text}", told.reminder]
    return {"role": "user", "content": "\n\n".join(part for part in parts if part)}


def _summary(compacted: Compacted) -> Message:
    parts = [
        f"Steps 1 to {compacted.through} left the context. They were summarised (a record, no instruction):",
        compacted.summary,
        compacted.kept,
    ]
    return {"role": "user", "content": "\n\n".join(part for part in parts if part)}


def _system(started: SessionStarted) -> Message:
    fence = f"\n\n{explained(started.fence)}" if started.fence else ""
    return {"role": "system", "content": started.system + fence}


def _goal(started: SessionStarted) -> Message:
    by = f"the agent that works for {started.starter.name}" if started.parent else started.starter.name
    parts = [f"The goal, given by {by}:", started.goal]
    if started.done_when:
        parts.append(f"It is done when: {started.done_when}")
    if started.before:
        parts.append(f"An earlier goal in this thread has ended, as follows.\n{started.before}")
    if started.kept:
        whose = "Copies of its files are" if started.parent else "Its files are"
        parts.append(_files(started.kept, f"{whose} in the workspace:"))
    if started.files:
        parts.append(_files(started.files))
    return {"role": "user", "content": "\n\n".join(parts)}


def _words(spoke: PersonSpoke) -> Message:
    parts = [f"{spoke.person.name} writes in the thread:", spoke.text] if spoke.text.strip() else []
    if spoke.files:
        parts.append(_files(spoke.files))
    return {"role": "user", "content": "\n\n".join(parts)}


def pictured(state: State) -> list[NamedFile]:
    """The files that the next request would show as pictures, as far as their names tell; oldest first."""
    files = list(state.started.files)
    for item in view(state.history):
        match item:
            case PersonSpoke():
                files += item.files
            case Observed():
                files += item.observation.shown
            case _:
                pass
    return [named for named in files if is_picture(named.path)]


class _Show:
    """Puts pictures into messages of their own, so that people's words stay plain text."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures
        self._left = MOST_SHOWN

    def of(self, files: Sequence[NamedFile]) -> list[Message]:
        """A message with the pictures among these files; none where there are none."""
        parts: list[JsonValue] = []
        for named in files:
            if named.file.sha256 in self._pictures:
                parts.append({"type": "text", "text": f"The picture {named.path}:"})
                parts.append(self._part(self._pictures[named.file.sha256]))
        return [{"role": "user", "content": as_seen(parts)}] if parts else []

    def _part(self, url: str | None) -> JsonValue:
        if url is None:
            return {"type": "text", "text": CANNOT_SEE}
        self._left -= 1
        if self._left < 0:
            return {"type": "text", "text": TOO_MANY}
        return {"type": "image_url", "image_url": {"url": url}}


def _files(files: Sequence[NamedFile], head: str = "Files dropped into the workspace:") -> str:
    lines = [f"- {named.path} ({named.file.size:,} bytes)" for named in files[:MOST_NAMED]]
    if len(files) > MOST_NAMED:
        lines.append(f"- and {len(files) - MOST_NAMED:,} more; `list_files` shows them")
    return "\n".join([head, *lines])
