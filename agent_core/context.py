"""Turn the journal of a session into the messages of the next request. Pure: no clock, no I/O.

The prefix (system prompt, goal) never changes within a session, and later messages are only appended, so that
providers can cache what was sent before. Only where a session went in circles does the
context begin anew: after the prefix and people's words it then holds the last steps alone.
"""

from collections.abc import Iterable, Sequence

from agent_core.events import Observed, PersonSpoke, SessionStarted, Thought, Told
from agent_core.session import State
from agent_core.session.state import keyed
from agent_core.values import Message, NamedFile

NUDGE = "No tool was called, so nothing happened. Go on with a tool call, or end the goal with `finish`."


Item = PersonSpoke | Thought | Observed | Told
"""One entry of a session's history."""


def request(state: State) -> list[Message]:
    """The messages of the next request, oldest first."""
    messages = [_system(state.started), _goal(state.started)]
    calls: dict[str, str] = {}
    words: list[Message] = []
    for item in _kept(state.history):
        match item:
            case PersonSpoke():
                words.append(_words(item))
            case Observed():
                call = calls[item.action]
                messages.append({"role": "tool", "tool_call_id": call, "content": item.observation.text})
            case Told():
                messages += [*words, _told(item)]
                words = []
            case Thought():
                messages += words
                words = []
                messages.append(item.message)
                calls = {key: action.id for key, action in keyed(item.step, item.actions)}
                if not item.actions:
                    messages.append({"role": "user", "content": NUDGE})
    return messages + words


def _kept(history: Sequence[Item]) -> list[Item]:
    """What the request holds: all of it, or from the last fresh context on its steps and people's words."""
    told = [at for at, item in enumerate(history) if isinstance(item, Told)]
    if not told:
        return list(history)
    before, fresh = history[: told[-1]], history[told[-1]]
    keep = fresh.keep if isinstance(fresh, Told) else 0
    steps = [item.step for item in before if isinstance(item, Thought)][-keep:]
    kept = [item for item in before if isinstance(item, PersonSpoke) or _step(item) in steps]
    return [*kept, *history[told[-1] :]]


def _step(item: Item) -> int | None:
    match item:
        case Thought():
            return item.step
        case Observed():
            return int(item.action.partition(".")[0])
        case PersonSpoke() | Told():
            return None


def _told(told: Told) -> Message:
    parts = [f"The system says: {told.text}", told.reminder]
    return {"role": "user", "content": "\n\n".join(part for part in parts if part)}


def _system(started: SessionStarted) -> Message:
    return {"role": "system", "content": started.system}


def _goal(started: SessionStarted) -> Message:
    parts = [f"The goal, given by {started.starter.name}:", started.goal]
    if started.done_when:
        parts.append(f"It is done when: {started.done_when}")
    if started.files:
        parts.append(_files(started.files))
    return {"role": "user", "content": "\n\n".join(parts)}


def _words(spoke: PersonSpoke) -> Message:
    parts = [f"{spoke.person.name} writes in the thread:", spoke.text] if spoke.text.strip() else []
    if spoke.files:
        parts.append(_files(spoke.files))
    return {"role": "user", "content": "\n\n".join(parts)}


def _files(files: Iterable[NamedFile]) -> str:
    lines = [f"- {named.path} ({named.file.size:,} bytes)" for named in files]
    return "\n".join(["Files dropped into the workspace:", *lines])
