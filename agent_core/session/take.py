"""Turn one signal from the inbox into the events that it means for this state. Pure."""

from collections.abc import Mapping, Sequence

from agent_core.below import CalledBack
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
    Rewound,
    RuleOffered,
    SignalsTaken,
    StopRequested,
    ThreadBound,
    ToppedUp,
    WordsChanged,
)
from agent_core.policy import risk_of
from agent_core.session.files import dropped_apart
from agent_core.session.reactions import Reaction
from agent_core.session.state import Pending, State
from agent_core.signals import (
    Edited,
    PauseAsked,
    Post,
    Reacted,
    ResumeAsked,
    RewindAsked,
    Said,
    Signal,
    StopAsked,
    ThreadOpened,
    Withdrawn,
    Worded,
)
from agent_core.values import Observation, Person, Risk

ONCE, FIVE, ALWAYS, REJECT, STOP, MORE = "✅", "5️⃣", "🔁", "❌", "🛑", "💰"
DIGITS = ("1️⃣", "2️⃣", "3️⃣", "4️⃣", "5️⃣", "6️⃣", "7️⃣", "8️⃣", "9️⃣", "🔟")
"""The emoji of a question's options, in order."""

REWOUND = "rewind"
"""By what a session is paused that was taken back: words let it go on."""

_ALLOWS: dict[str, How] = {ONCE: "once", FIVE: "five"}
_PRESSED: dict[How, tuple[Post, str]] = {
    "reject": ("proposal", REJECT),
    "once": ("proposal", ONCE),
    "five": ("proposal", FIVE),
    "always": ("rule", ALWAYS),
}
"""Which press makes which decision. Of several that stand, the first in this order counts."""


def take(state: State, inbox_id: str, signal: Signal, later: Sequence[Signal]) -> tuple[Event, ...]:
    """The events of the oldest signal, given those that wait behind it."""
    return (*_events(state, signal, later), SignalsTaken(inbox_id=inbox_id))


def _events(  # noqa: C901, PLR0911 - one flat case per signal
    state: State, signal: Signal, later: Sequence[Signal]
) -> tuple[Event, ...]:
    match signal:
        case Said():
            return _said(state, signal, later)
        case Edited() | Withdrawn():
            return _changed(state, signal)
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
            # A limit that passes by itself may have been raised by the host.
            passes = state.limit is not None and state.limit.until is not None
            return (Resumed(person=signal.person),) if state.paused or state.failure or passes else ()
        case RewindAsked():
            return _rewound(state, signal)
        case Worded():
            return _worded(state, signal)


def _rewound(state: State, asked: RewindAsked) -> tuple[Event, ...]:
    """Back to the commit before the thought that followed the step; then it waits for somebody's word."""
    version = state.after_steps.get(asked.step)
    if version is None or state.ended or state.child or asked.id in state.seen:
        return ()
    back = Rewound(step=asked.step, to_version=version, person=asked.person, asked=asked.id)
    reason = f"{asked.person.name} took it back to step {asked.step}. Write what it should do, or `/resume`."
    return (back, Paused(by=REWOUND, reason=reason))


def _said(state: State, said: Said, later: Sequence[Signal]) -> tuple[Event, ...]:
    if said.message_id in state.seen:
        return ()
    changes = [c for c in later if isinstance(c, Edited | Withdrawn) and c.message_id == said.message_id]
    if any(isinstance(change, Withdrawn) for change in changes):
        return ()
    edits = [change for change in changes if isinstance(change, Edited)]
    text = max(edits, key=lambda edit: edit.edited_at).text if edits else said.text
    if not text.strip() and not said.files:
        return ()
    spoke = PersonSpoke(
        message_id=said.message_id,
        person=said.person,
        text=text,
        files=dropped_apart(state.files, said.files),
    )
    goes_on = bool(text.strip()) and state.paused is not None and state.paused.by == REWOUND
    return (spoke, *([Resumed(person=said.person)] if goes_on else []), *_meant(state, said, text))


def _changed(state: State, change: Edited | Withdrawn) -> tuple[Event, ...]:
    """A message that was taken and not heard yet; one that is still in the inbox is found by `later`."""
    spoke = state.spoken(change.message_id)
    text = change.text if isinstance(change, Edited) else None
    if spoke is None or spoke.text == text:
        return ()
    return (WordsChanged(message_id=change.message_id, text=text),)


def _meant(state: State, said: Said, text: str) -> tuple[Event, ...]:
    """What words mean for an open question or proposal; a file alone never decides."""
    if not text.strip():
        return ()
    if said.interrupt and (said.may_decide or not state.proposal):
        return tuple(
            _interrupted(state, pending, said.person) for pending in state.pending if not pending.below
        )
    if question := state.question:
        return (_answer(question, said.person.name, text),)
    undecided = next((p for p in state.pending if p.proposal and not p.started), None)
    if undecided and said.may_decide:
        return (Decided(action=undecided.key, person=said.person, how="reject", reason=text),)
    return ()


def _worded(state: State, word: Worded) -> tuple[Event, ...]:
    """The answer to this sub-session's proposal; the same one may come twice."""
    pending = state.find(word.action)
    if pending is None or not pending.open:
        return ()
    how: How = "once" if word.allowed else "reject"
    return (Decided(action=pending.key, person=word.person, how=how, reason=word.reason or ""),)


def _interrupted(state: State, pending: Pending, person: Person) -> Observed | CalledBack:
    """What becomes of an action; one that has started was left by a worker that died, or had no sandbox."""
    if pending.child:
        return CalledBack(action=pending.key, person=person)
    name = person.name
    text = f"Not run: {name} interrupted the step and says something first."
    if pending.started:
        reaches = risk_of(pending.action.name, state.standing.safe_tools) is Risk.REACH
        left = "Whether it took effect is unknown." if reaches else "The files are as they were before it."
        text = f"Interrupted by {name}. {left}"
    observation = Observation(text=text, is_error=True)
    return Observed(action=pending.key, observation=observation, refused=not pending.started)


def _reacted(state: State, press: Reacted) -> tuple[Event, ...]:
    if (_key(press) in state.reactions) == press.present:
        return ()
    changed = ReactionChanged(
        post=press.post,
        about=press.about,
        person=press.person,
        emoji=press.emoji,
        present=press.present,
    )
    return (changed, *_pressed(state, press))


def _key(press: Reacted) -> Reaction:
    return (press.post, press.about, press.emoji, press.person.id)


def _pressed(state: State, press: Reacted) -> tuple[Event, ...]:
    if press.emoji == STOP and press.present:
        return () if state.stop else (StopRequested(person=press.person),)
    if press.post == "budget":
        granted = press.present and press.emoji == MORE and press.about == str(state.limit_version)
        if not granted or state.limit is None or state.limit.until is not None:
            return ()
        return (ToppedUp(person=press.person, by=state.started.limits),)
    pending = state.find(press.about)
    if pending is None or pending.started:
        return ()
    match press.post:
        case "question":
            return _chose(pending, press)
        case "rule":
            return _confirmed(state, pending, press)
        case "proposal":
            return _decided(state, pending, press)
        case "entry" | "schedule":
            return ()  # of the server, not of the session


def _chose(pending: Pending, press: Reacted) -> tuple[Event, ...]:
    if pending.question is None or not press.present or press.emoji not in DIGITS:
        return ()
    options = pending.question.options
    index = DIGITS.index(press.emoji)
    return (_answer(pending, press.person.name, options[index]),) if index < len(options) else ()


def _answer(question: Pending, name: str, text: str) -> Observed:
    return Observed(action=question.key, observation=Observation(text=f"{name} answers: {text}"))


def _confirmed(state: State, pending: Pending, press: Reacted) -> tuple[Event, ...]:
    if not press.present:
        return _taken_back(state, pending, press)
    shown = press.person.id in pending.offered
    if not shown or press.emoji != ALWAYS or pending.decision is not None:
        return ()
    return (Decided(action=pending.key, person=press.person, how="always"),)


def _decided(state: State, pending: Pending, press: Reacted) -> tuple[Event, ...]:
    if pending.proposal is None:
        return ()
    if not press.present:
        return _taken_back(state, pending, press)
    match press.emoji:
        case "❌" if pending.decision is None or pending.decision.how != "reject":
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
    """A removed reaction withdraws the decision that it made; presses that still stand count."""
    decision = pending.decision
    if decision is None or decision.person.id != press.person.id or decision.reason:
        return ()
    if _PRESSED[decision.how] != (press.post, press.emoji):
        return ()
    standing = {key: person for key, person in state.reactions.items() if key != _key(press)}
    return _undone(pending, press.person, standing)


def disown(state: State, pending: Pending) -> tuple[Event, ...]:
    """The decision no longer counts: whoever made it has lost the right to. Presses of others count."""
    if pending.decision is None:
        raise ValueError(pending.key)  # only called for a decided action
    person = pending.decision.person
    lost = [key for key in state.reactions if key[1] == pending.key and key[3] == person.id]
    standing = {key: other for key, other in state.reactions.items() if key not in lost}
    gone = [
        ReactionChanged(post=post, about=about, person=person, emoji=emoji, present=False)
        for post, about, emoji, _ in lost
    ]
    return (*gone, *_undone(pending, person, standing))


def _undone(pending: Pending, person: Person, standing: Mapping[Reaction, Person]) -> tuple[Event, ...]:
    """The end of this person's decision, and the decision that takes its place, if any."""
    withdrawn = DecisionWithdrawn(action=pending.key, person=person)
    for how, pressed in _PRESSED.items():
        for (post, about, emoji, person_id), other in standing.items():
            shown = how != "always" or person_id in pending.offered
            if about == pending.key and (post, emoji) == pressed and shown:
                return (withdrawn, Decided(action=pending.key, person=other, how=how))
    return (withdrawn,)
