"""What each commit adds to the thread. Start reading rendering here: one line per event. Pure."""

from dataclasses import replace

from agent_core.below import CalledBack, Delegated, Rejoined, Relayed
from agent_core.events import (
    ActionStarted,
    CallReserved,
    CallSettled,
    Checked,
    Commit,
    Compacted,
    ContractFrozen,
    Decided,
    DecisionWithdrawn,
    Delivered,
    Ended,
    Event,
    Forked,
    Installed,
    LimitReached,
    Marked,
    Observed,
    Paused,
    PersonSpoke,
    PlanSet,
    Proposed,
    QuestionAsked,
    Reached,
    ReactionChanged,
    Recalled,
    Reminded,
    Resumed,
    Rewound,
    RuleOffered,
    SessionStarted,
    SignalsTaken,
    StopRequested,
    Thought,
    ThoughtFailed,
    ThreadBound,
    Told,
    ToppedUp,
    WordsChanged,
)
from agent_core.fence import unfenced
from agent_core.policy import risk_of
from agent_core.session import State, apply, fold
from agent_core.session.pending import keyed
from agent_core.storage import Asks
from agent_core.values import NANO, Risk, ServerRules, SessionRef
from bot.render import asking, notices
from bot.render.actions import show_action
from bot.render.block import Block
from bot.render.books import entry_of, evidence_of
from bot.render.closing import checks, closing, delivery, thread_name, to_judge
from bot.render.escape import code, line, prose
from bot.render.files import attachments
from bot.render.page import Asked, Page, Thread
from bot.render.page import note as _note
from bot.render.page import waited_for as _waited_for
from bot.render.paying import pay
from bot.render.post import Receipts, Rename, Showing
from bot.render.results import Result, show_result
from bot.render.step import show_step
from bot.render.words import counted

MOST_RESULTS = 4
"""Results of one step that have a message each; those after them share one."""

_LAST = Delivered | QuestionAsked | Proposed | Ended
"""Shown after the results that brought them about: a small one then shares its post."""


def begin(ref: SessionRef, commit: Commit) -> Thread:
    """A thread that shows nothing yet, from the first commit, which adds nothing to it."""
    state = fold(ref, [commit])
    if state is None:
        raise ValueError(ref)  # a commit was given
    return Thread(state=state)


def render(
    thread: Thread, commit: Commit, rules: ServerRules, base: State | None = None
) -> tuple[Showing, ...]:
    """What the next commit adds to the thread. Moves the thread on. `base`: the state that it rewinds to."""
    apply(thread.state, commit, base)
    page = Page(thread, commit.version)
    for event in sorted(commit.events, key=lambda event: isinstance(event, _LAST)):
        _show(page, event, commit, rules)
    if not thread.state.pending:
        page.flush()
    return tuple(page.showing)


def _show(page: Page, event: Event, commit: Commit, rules: ServerRules) -> None:  # noqa: C901, PLR0912
    match event:
        case SessionStarted() | SignalsTaken() | Forked():
            pass
        case ThreadBound():
            _bound(page)
        case Delegated() | Relayed() | CalledBack() | Rejoined():
            _below(page, event, commit, rules)
        case LimitReached() | ToppedUp() | CallReserved() | CallSettled():
            pay(page, event, commit, rules)
        case Thought():
            _thought(page, event, commit, rules)
        case Proposed():
            _proposed(page, event, rules)
        case Decided() | DecisionWithdrawn() | RuleOffered():
            _answered(page, event)
        case Observed():
            _observed(page, event, rules)
        case ActionStarted():
            _started(page, event, rules)
        case QuestionAsked():
            _question(page, event, rules)
        case Delivered():
            _delivered(page, event)
        case Told():
            page.post(f"🌀 **stuck** · the model is told: {prose(event.text, 600)}")
        case Compacted():
            _compacted(page, event, rules)
        case ThoughtFailed() | Paused() | Resumed():
            _interrupted(page, event, commit, rules)
        case Rewound() | Reminded():
            _looks_back(page, event, rules)
        case StopRequested():
            _close(page, f"🛑 stopped by **{line(event.person.name, 60)}**")
        case Ended():
            _ended(page, event)
        case PersonSpoke():
            _note(page, rules, f"heard **{line(event.person.name, 60)}**")
        case WordsChanged():
            _note(page, rules, f"waiting words were {'taken back' if event.text is None else 'edited'}")
        case ReactionChanged():
            _note(page, rules, notices.pressed(event))
        case PlanSet():
            _note(page, rules, f"the plan has {counted(len(event.items), 'line')}")
        case ContractFrozen():
            _note(page, rules, f"the contract is frozen with {counted(len(event.checks), 'check')}")
        case Marked() | Reached() | Installed() | Recalled():
            _from_outside(page, event, rules)
        case Checked():
            _checked(page, event, rules)


def _bound(page: Page) -> None:
    if forked := page.thread.state.forked:
        page.post(notices.forked(forked))


def _looks_back(page: Page, event: Rewound | Reminded, rules: ServerRules) -> None:
    if isinstance(event, Rewound):
        _rewound(page, event)
    else:
        _reminded(page, event, rules)


def _rewound(page: Page, event: Rewound) -> None:
    page.thread.held, page.thread.above = [], None
    _close(page, "-# ⏪ taken back")
    page.post(notices.rewound(event))


def _checked(page: Page, event: Checked, rules: ServerRules) -> None:
    if rules.verbosity == "full":
        page.post(checks(event.results))


def _from_outside(page: Page, event: Marked | Reached | Installed | Recalled, rules: ServerRules) -> None:
    """The marks are on the card; the audit is for who wants to see everything."""
    match event:
        case Marked():
            pass
        case Reached():
            _note(page, rules, f"{line(event.outcome, 40)} {code(event.url, 200)} · {event.size:,} bytes")
        case Installed():
            names = ", ".join(f"{one.name} {one.version}" for one in event.packages)
            _note(page, rules, f"installed {line(names, 400)}")
        case Recalled():
            _note(page, rules, f"looked into the memory: {counted(len(event.memories), 'hit')}")


def _below(
    page: Page,
    event: Delegated | Relayed | CalledBack | Rejoined,
    commit: Commit,
    rules: ServerRules,
) -> None:
    """A sub-session: that it begins and has ended; what it asks for is proposed here as any other action."""
    match event:
        case Relayed():
            page.thread.asked.pop(event.action, None)
            _note(page, rules, notices.relayed(event))
        case CalledBack():
            _close(page, f"-# **{line(event.person.name, 60)}** interrupts it")
        case Delegated() if rules.verbosity != "quiet":
            page.post(notices.delegated(event))
        case Rejoined() if rules.verbosity != "quiet":
            settled = next((one for one in commit.events if isinstance(one, CallSettled)), None)
            page.post(notices.rejoined(event, settled.nano / NANO if settled else 0.0))
        case _:
            pass


def _thought(page: Page, event: Thought, commit: Commit, rules: ServerRules) -> None:
    thread = page.thread
    thread.actions = dict(keyed(event.step, event.actions))
    thread.results, thread.step_post = 0, None
    thread.asked, thread.settled = {}, set()
    if event.heard:
        page.showing.append(Receipts(message_ids=event.heard))
    if event.read:
        page.post(notices.CUT_IN_SILENCE.format(event.read))
    if rules.verbosity == "quiet":
        return
    block = show_step(event)
    if any(isinstance(other, Proposed) for other in commit.events):
        thread.above = block  # the step's message is the proposal
        return
    thread.step_post = page.post(block.text, files=block.files).key


def _compacted(page: Page, event: Compacted, rules: ServerRules) -> None:
    text = f"🗜️ steps 1 to {event.through} are summarised: {event.before:,} → {event.after:,} tokens a request"
    if event.forced:
        page.post(f"{text}\n-# the request did not fit the model's window")
    else:
        _note(page, rules, text)


def _proposed(page: Page, event: Proposed, rules: ServerRules) -> None:
    thread = page.thread
    action = event.asks_for or thread.actions[event.action]
    above, thread.above = thread.above, None
    is_step = above is not None
    if event.judges:
        if above is not None:
            thread.step_post = page.post(above.text, files=above.files).key
        above, files = to_judge(thread.state, action)
        thread.handed |= set(files)
    elif event.asks_for:
        above = show_action(event.action, event.asks_for, room=1200)
    elif above is None:
        above = _reminder(thread, event.action)
    above = Block(text=above.text, files=(*above.files, *attachments(evidence_of(thread.state, action))))
    thread.asked[event.action] = page.ask(
        asking.proposal(thread.state, event, action),
        asking.legend(event, rules),
        above=above,
        asks=Asks(post="proposal", about=event.action),
        reactions=asking.proposal_reactions(event),
        mention=_waited_for(page, rules),
        reply_to=thread.step_post,
    )
    if is_step:
        thread.step_post = thread.asked[event.action].draft.key


def _reminder(thread: Thread, key: str) -> Block:
    """The action of a proposal that comes after its step's message, where it is not right above."""
    shown = show_action(key, thread.actions[key], room=1200)
    if thread.step_post is None:
        return shown
    if thread.last_post != thread.step_post:
        return Block(text=shown.text)  # its files are with the step
    return Block(text=shown.text.split("\n", 1)[0] if len(thread.actions) > 1 else "")


def _question(page: Page, event: QuestionAsked, rules: ServerRules) -> None:
    above, core = asking.question(event)
    page.thread.asked[event.action] = page.ask(
        core,
        asking.how_to_answer(event),
        above=above,
        asks=Asks(post="question", about=event.action),
        reactions=asking.question_reactions(event),
        mention=_waited_for(page, rules),
    )


def _answered(page: Page, event: Decided | DecisionWithdrawn | RuleOffered) -> None:
    asked, settled = page.thread.asked.get(event.action), page.thread.settled
    if asked is None:
        return
    match event:
        case Decided():
            settled.add(event.action)
            pending = page.thread.state.find(event.action)
            page.change(asked.answered(asking.decided(event, pending.proposal if pending else None)))
        case DecisionWithdrawn():
            settled.discard(event.action)
            page.change(asked.reopened(f"-# ↩️ **{line(event.person.name, 60)}** took it back: open again"))
        case RuleOffered():
            about = Asks(post="rule", about=event.action)
            page.post(asking.rule(event), asks=about, reactions=(asking.ALWAYS,), reply_to=asked.draft.key)


def _observed(page: Page, event: Observed, rules: ServerRules) -> None:
    thread = page.thread
    action = thread.actions.get(event.action)
    asked = thread.asked.pop(event.action, None)
    if action is None or (asked is not None and _was_the_answer(page, event, asked)):
        return
    if rules.verbosity == "quiet":
        return
    text = unfenced(event.observation.text, thread.state.started.fence)
    observation = replace(event.observation, text=text)
    result = Result(key=event.action, name=action.name, observation=observation, refused=event.refused)
    shareable = result.small and (event.refused or risk_of(action.name) is Risk.SAFE)
    if shareable or thread.results >= MOST_RESULTS:
        thread.held.append(result)
        return
    thread.results += 1
    block = show_result(result, room=page.room)
    page.post(block.text, files=block.files, asks=entry_of(thread.state, result))


def _was_the_answer(page: Page, event: Observed, asked: Asked) -> bool:
    """Whether the observation only says how the post was answered: it is then shown there."""
    if asked.draft.asks is not None and asked.draft.asks.post == "question":
        page.change(asked.answered(f"💬 {line(event.observation.text, 240)}"))
        return True
    if event.refused and event.action not in page.thread.settled:
        page.change(asked.answered(f"-# {line(event.observation.text, 240)}"))
    return event.refused


def _delivered(page: Page, event: Delivered) -> None:
    block = delivery(event)
    page.post(block.text, files=block.files)
    page.thread.handed |= set(event.files)


def _started(page: Page, event: ActionStarted, rules: ServerRules) -> None:
    action = page.thread.actions.get(event.action)
    if action is None:
        return
    standing = " on a standing yes" if event.uses_five else ""
    _note(page, rules, f"▶ {code(action.name, 60)} runs{standing}")


def _reminded(page: Page, event: Reminded, rules: ServerRules) -> None:
    if open_posts := page.thread.open_posts:
        person = _waited_for(page, rules)
        page.post(notices.reminded(event, person), mention=person, reply_to=open_posts[-1].draft.key)


def _interrupted(
    page: Page, event: ThoughtFailed | Paused | Resumed, commit: Commit, rules: ServerRules
) -> None:
    match event:
        case ThoughtFailed() if event.retry_at is not None:
            _note(page, rules, f"the model gave no reply, it is asked again: {line(event.text, 300)}")
        case ThoughtFailed():
            if not any(isinstance(other, Paused) for other in commit.events):
                page.post(notices.stands_still(event.text))
        case Paused():
            page.post(notices.stands_still(event.reason))
        case Resumed():
            page.post(f"▶️ **{line(event.person.name, 60)}** lets it go on")


def _ended(page: Page, event: Ended) -> None:
    page.flush()
    _close(page, "-# the session has ended")
    block = closing(page.thread.state, event, page.thread.handed)
    page.post(block.text, files=block.files)
    page.showing.append(Rename(name=thread_name(page.thread.state, event)))


def _close(page: Page, text: str) -> None:
    """Nothing that was open waits any longer."""
    thread = page.thread
    for asked in thread.open_posts:
        page.change(asked.answered(text))
    thread.asked, thread.budget = {}, None
