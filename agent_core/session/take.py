"""Turn one signal from the inbox into the events that it means for this state. Pure."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from agent_core.events import (
    Decided,
    DecisionWithdrawn,
    Event,
    How,
    Observed,
    Paused,
    PersonSpoke,
    ReactionChanged,
    Resumed,
    RuleOffered,
    SignalsTaken,
    StopRequested,
    ThreadBound,
    ToppedUp,
)
from agent_core.session.state import Pending, State
from agent_core.signals import (
    Edited,
    PauseAsked,
    Reacted,
    ResumeAsked,
    Said,
    Signal,
    StopAsked,
    ThreadOpened,
    Withdrawn,
)
from agent_core.values import NamedFile, Observation

ONCE, FIVE, ALWAYS, REJECT, STOP, MORE = "✅", "5️⃣", "🔁", "❌", "🛑", "💰"
DIGITS = ("1️⃣", "2️⃣", "3️⃣", "4️⃣", "5️⃣", "6️⃣", "7️⃣", "8️⃣", "9️⃣", "🔟")
"""The emoji of a question's options, in order."""

_ALLOWS: dict[str, How] = {ONCE: "once", FIVE: "five"}


def take(state: State, inbox_id: str, signal: Signal, later: Sequence[Signal]) -> tuple[Event, ...]:
    """The events of the oldest signal, given those that wait behind it."""
    return (*_events(state, signal, later), SignalsTaken(inbox_id=inbox_id))


def _events(state: State, signal: Signal, later: Sequence[Signal]) -> tuple[Event, ...]:
    match signal:
        case Said():
            return _said(state, signal, later)
        case Edited() | Withdrawn():
            return ()  # it changed a message that still waited; that was looked up by `later`
        case Reacted():
            return _reacted(state, signal)
        case ThreadOpened():
            if state.thread_id is not None:
                return ()
            return (ThreadBound(thread_id=signal.thread_id, upload_limit=signal.upload_limit),)
        case StopAsked():
            return () if state.stop else (StopRequested(person=signal.person),)
        case PauseAsked():
            return () if state.paused else (Paused(by=signal.by, reason=signal.reason),)
        case ResumeAsked():
            return (Resumed(person=signal.person),) if state.paused or state.failure else ()


def _said(state: State, said: Said, later: Sequence[Signal]) -> tuple[Event, ...]:
    if said.message_id in state.seen:
        return ()
    changes = [c for c in later if isinstance(c, Edited | Withdrawn) and c.message_id == said.message_id]
    if any(isinstance(change, Withdrawn) for change in changes):
        return ()
    edits = [change for change in changes if isinstance(change, Edited)]
    text = max(edits, key=lambda edit: edit.edited_at).text if edits else said.text
    spoke = PersonSpoke(
        message_id=said.message_id,
        person=said.person,
        text=text,
        files=_named_apart(state, said.files),
    )
    return (spoke, *_meant(state, said, text))


def _meant(state: State, said: Said, text: str) -> tuple[Event, ...]:
    """What words mean for an open question or proposal; a file alone never decides."""
    if not text.strip():
        return ()
    if said.interrupt:
        return tuple(_refused(pending, said.person.name) for pending in state.pending if not pending.started)
    if question := state.question:
        return (_answer(question, said.person.name, text),)
    undecided = next((p for p in state.pending if p.proposal and not p.started), None)
    if undecided and said.may_decide:
        return (Decided(action=undecided.key, person=said.person, how="reject", reason=text),)
    return ()


def _refused(pending: Pending, name: str) -> Observed:
    text = f"Not run: {name} interrupted the step and says something first."
    return Observed(action=pending.key, observation=Observation(text=text, is_error=True), refused=True)


def _named_apart(state: State, files: Sequence[NamedFile]) -> tuple[NamedFile, ...]:
    """The files under names that no other file has: nothing that somebody dropped is ever replaced."""
    taken = dict(state.files)
    named: list[NamedFile] = []
    for dropped in files:
        path, number = PurePosixPath(dropped.path), 2
        while taken.get(str(path), dropped.file).sha256 != dropped.file.sha256:
            original = PurePosixPath(dropped.path)
            path = original.with_name(f"{original.stem} ({number}){original.suffix}")
            number += 1
        taken[str(path)] = dropped.file
        named.append(NamedFile(path=str(path), file=dropped.file))
    return tuple(named)


def _reacted(state: State, press: Reacted) -> tuple[Event, ...]:
    key = (press.post, press.about, press.emoji, press.person.id)
    if (key in state.reactions) == press.present:
        return ()
    changed = ReactionChanged(
        post=press.post,
        about=press.about,
        person=press.person,
        emoji=press.emoji,
        present=press.present,
    )
    return (changed, *_pressed(state, press))


def _pressed(state: State, press: Reacted) -> tuple[Event, ...]:
    if press.emoji == STOP and press.present:
        return () if state.stop else (StopRequested(person=press.person),)
    if press.post == "budget":
        granted = press.present and press.emoji == MORE and press.about == str(state.limit_version)
        if not granted or state.limit is None:
            return ()
        return (ToppedUp(person=press.person, by=state.started.limits),)
    pending = state.find(press.about)
    if pending is None or pending.started:
        return ()
    match press.post:
        case "question":
            return _chose(pending, press)
        case "rule":
            return _confirmed(pending, press)
        case "proposal":
            return _decided(state, pending, press)


def _chose(pending: Pending, press: Reacted) -> tuple[Event, ...]:
    if pending.question is None or not press.present or press.emoji not in DIGITS:
        return ()
    options = pending.question.options
    index = DIGITS.index(press.emoji)
    return (_answer(pending, press.person.name, options[index]),) if index < len(options) else ()


def _answer(question: Pending, name: str, text: str) -> Observed:
    return Observed(action=question.key, observation=Observation(text=f"{name} answers: {text}"))


def _confirmed(pending: Pending, press: Reacted) -> tuple[Event, ...]:
    shown = press.person.id in pending.offered
    if not (shown and press.present and press.emoji == ALWAYS) or pending.decision is not None:
        return ()
    return (Decided(action=pending.key, person=press.person, how="always"),)


def _decided(state: State, pending: Pending, press: Reacted) -> tuple[Event, ...]:
    if pending.proposal is None:
        return ()
    if not press.present:
        return _taken_back(state, pending, press)
    match press.emoji:
        case "❌":
            return (Decided(action=pending.key, person=press.person, how="reject"),)
        case "✅" | "5️⃣" if pending.decision is None:
            return (Decided(action=pending.key, person=press.person, how=_ALLOWS[press.emoji]),)
        case "🔁" if pending.decision is None and pending.proposal.rule:
            rule = pending.proposal.rule
            if press.person.id in pending.offered:
                return ()
            return (RuleOffered(action=pending.key, person=press.person, rule=rule),)
        case _:
            return ()  # any other emoji is only an emoji


def _taken_back(state: State, pending: Pending, press: Reacted) -> tuple[Event, ...]:
    """A removed reaction withdraws the decision that it made; presses of others that still stand count."""
    decision = pending.decision
    made_by = {"once": ONCE, "five": FIVE, "reject": REJECT}
    if decision is None or decision.person.id != press.person.id:
        return ()
    if made_by.get(decision.how) != press.emoji or decision.reason:
        return ()
    withdrawn = DecisionWithdrawn(action=pending.key, person=press.person)
    still: list[tuple[How, str]] = [("reject", REJECT), ("once", ONCE), ("five", FIVE)]
    for how, emoji in still:
        for (post, about, pressed, person_id), person in state.reactions.items():
            mine = person_id == press.person.id and pressed == press.emoji
            if (post, about, pressed) == ("proposal", pending.key, emoji) and not mine:
                return (withdrawn, Decided(action=pending.key, person=person, how=how))
    return (withdrawn,)
