"""What a session does now: one thing, named from its state alone. Pure: the time is an argument."""

from dataclasses import dataclass

from agent_core.events import (
    Event,
    LimitReached,
    Observed,
    Paused,
    Proposed,
    QuestionAsked,
    Reminded,
    Thought,
    Told,
)
from agent_core.policy import Verdict, judge, risk_of
from agent_core.session.below import stands_still
from agent_core.session.lead import Lead
from agent_core.session.pending import asked_for
from agent_core.session.state import Pending, State
from agent_core.stuck import FRESH_STEPS, MOST_TOLD, TRIM, noticed, steps_done
from agent_core.values import Observation, Risk, Status, nano

NOT_AHEAD = Lead()
LISTENED_AGAIN_S = 2.0
"""Seconds until it is looked again whether somebody brings what people say."""
UNHEARD_END_S = 60.0
"""Seconds that an end waits at most for somebody who brings what people say."""
REMIND_S = (3600.0, 12 * 3600.0, 3 * 86400.0)
"""Seconds after it was asked until somebody is reminded of a proposal, a question or a budget stop."""

REASON_WAIT_S = 10.0
"""After a bare ❌ a person has this long to say why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeSignals:
    """Turn the oldest signal of the inbox into events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Think:
    """Ask the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Propose:
    """Show the action to people and wait for their word."""

    proposed: Proposed


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Run the action."""

    pending: Pending
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Attend:
    """Look after the session that does the action: begin it, tell it what is new, take what it has done."""

    pending: Pending


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckContract:
    """Run the contract's checks before the session may finish."""

    pending: Pending


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Nothing to do outside: only write down what follows from the state."""

    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Nothing to do before a signal, or before this time (Unix seconds)."""

    until: float | None = None
    for_thread: bool = False
    """Until the thread shows more of what was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The session is over."""

    status: Status
    finish: Pending | None = None
    """The action that ended it, where the model did."""


Next = TakeSignals | Think | Propose | Act | Attend | CheckContract | Record | Wait | End


def next_for(state: State, *, now: float, fresh: bool, lead: Lead = NOT_AHEAD, heard: bool = True) -> Next:
    """Name the one thing to do.

    `fresh`: a signal waits in the inbox. `lead`: how far the session is ahead of its thread. `heard`: what
    people do now, and did while nobody listened, comes into the inbox.
    """
    if state.ended:
        return Wait()
    if fresh:
        return TakeSignals()
    child = state.child
    if child and (state.stop or state.paused or child.called_back):
        return Attend(pending=child)
    if state.stop or stands_still(state, now):
        return End(status=Status.STOPPED)
    if state.paused or state.thread_id is None:
        return Wait()
    return _reminder(state, now) or _next(state, now, lead, heard=heard)


def _next(state: State, now: float, lead: Lead, *, heard: bool) -> Next:
    if state.limit and (state.limit.until is None or now < state.limit.until):
        return Wait(until=state.limit.until)
    if lead.too_far(now):
        return Wait(for_thread=True)
    if not heard and must_hear(state, now):
        return Wait(until=now + LISTENED_AGAIN_S)  # a no that nobody has brought yet may be there
    if state.pending:
        return _next_action(state, state.pending[0], now)
    return _next_thought(state, now)


def _reminder(state: State, now: float) -> Next | None:
    """What waits for a person is brought to mind now and then; None where nothing waits."""
    if not (state.proposal or state.question or (state.limit and state.limit.until is None)):
        return None
    if state.reminded >= len(REMIND_S):
        return Wait()
    passed = sum(now >= state.asked_at + after_s for after_s in REMIND_S)
    if passed <= state.reminded:
        return Wait(until=state.asked_at + REMIND_S[state.reminded])
    return Record(events=(Reminded(number=passed),))  # one for all that were missed


def must_hear(state: State, now: float) -> bool:
    """Whether what would be done now rests on a person's yes, or ends it and words might come too late.

    Before an end nobody waits long.
    """
    if not state.pending:
        return False
    first = state.pending[0]
    if first.action.name == "finish" and now - state.at < UNHEARD_END_S:
        return True
    return not first.started and first.decision is not None and first.decision.how != "reject"


def _next_thought(state: State, now: float) -> Next:
    if reached := limit_reached(state):
        return Record(events=(reached,))
    if circles := noticed(steps_done(state.history, state.on_new_way), state.overflows):
        return Record(events=(_break(state, circles),))
    if state.failure and state.failure.retry_at is not None and now < state.failure.retry_at:
        return Wait(until=state.failure.retry_at)
    return Think()


def _break(state: State, circles: str) -> Told | Paused:
    """Tell the model that it goes in circles; where that has not helped, ask people."""
    if state.told >= MOST_TOLD:
        reason = f"The model was told {MOST_TOLD} times that it is stuck, and is again. {circles}"
        return Paused(by="bot", reason=f"{reason} Steer it, then `/resume`.")
    again = state.told > 0 and state.overflows > 0  # as many steps as before would not fit either
    keep = 1 if again else FRESH_STEPS
    trim = TRIM if state.overflows else 0
    return Told(text=f"{circles} Try another way.", keep=keep, reminder=reminder(state), trim=trim)


def reminder(state: State) -> str:
    """What was agreed in steps that the fresh context may no longer hold."""
    plan = [f"[{'x' if item.done else ' '}] {item.text}" for item in state.plan]
    checks = [f"- {check.name}" for check in state.contract or ()]
    parts = ["Your plan:", *plan] if plan else []
    parts += ["The contract that has to hold:", *checks] if checks else []
    return "\n".join(parts)


def limit_reached(state: State) -> LimitReached | None:
    """The limit that the next step would pass, if any."""
    limits = state.limits
    if state.step >= limits.steps:
        return LimitReached(what="steps", text=f"{state.step} steps are done, as many as were granted.")
    if state.usage.total_tokens >= limits.tokens:
        return LimitReached(what="tokens", text=f"{state.usage.total_tokens:,} tokens are used.")
    if state.spending.total > 0 and state.spending.total >= nano(limits.usd):
        return LimitReached(what="usd", text=f"${state.cost_usd:.2f} of ${limits.usd:.2f} is spent.")
    if state.active_s >= limits.hours * 3600:
        return LimitReached(what="hours", text=f"It has worked for {limits.hours:g} hours.")
    return None


def _next_action(state: State, pending: Pending, now: float) -> Next:
    if pending.problem:
        return Record(events=(_refuse(pending, pending.problem),))
    decision = pending.decision
    if decision and decision.how == "reject":
        if decision.reason is None and now < pending.decided_at + REASON_WAIT_S:
            return Wait(until=pending.decided_at + REASON_WAIT_S)
        if not pending.below:
            return Record(events=_reject(state, pending))
    if pending.open:
        return Wait()
    if child := state.child:
        return Attend(pending=child)
    if pending.action.name == "finish":
        return _next_finish(state, pending)
    if pending.action.name == "ask":
        return _next_ask(pending)
    return _next_run(state, pending)


def _next_run(state: State, pending: Pending) -> Next:
    if pending.started and risk_of(pending.action.name, state.standing.safe_tools) is Risk.REACH:
        text = "Interrupted: the bot stopped while this ran. Whether it took effect is unknown."
        return Record(events=(_observe(pending, text),))
    verdict = judge(pending.action, state.standing)
    if pending.started or pending.decision or verdict.verdict == "allow":
        return Act(pending=pending, verdict=verdict)
    return Propose(proposed=_propose(pending.key, verdict))


def first_proposal(state: State, thought: Thought) -> Proposed | None:
    """What the first action of this thought would ask: thought and proposal are one commit, and one post."""
    first = next(iter(asked_for(thought)), None)
    if first is None or first.problem:
        return None
    verdict = judge(first.action, state.standing)
    return _propose(first.key, verdict) if verdict.verdict == "ask" else None


def _propose(key: str, verdict: Verdict) -> Proposed:
    return Proposed(action=key, why=verdict.why, rule=verdict.rule, plan_card=verdict.plan_card)


def _next_ask(pending: Pending) -> Next:
    if pending.question:
        return Wait()
    arguments = pending.action.arguments or {}
    options = arguments.get("options")
    asked = QuestionAsked(
        action=pending.key,
        question=str(arguments.get("question", "")),
        options=tuple(str(option) for option in options) if isinstance(options, list) else (),
    )
    return Record(events=(asked,))


def _next_finish(state: State, pending: Pending) -> Next:
    if state.unheard:
        text = "Not finished: somebody has written in the meantime. Read it, then go on or finish again."
        return Record(events=(_refuse(pending, text),))
    if not state.contract:
        return End(status=Status.FINISHED, finish=pending)
    if pending.results is None:
        return CheckContract(pending=pending)
    judged = tuple(check.name for check in state.contract if not check.code.strip())
    if judged and not pending.decision:
        why = "the contract leaves this to a person: " + "; ".join(judged)
        return Propose(proposed=Proposed(action=pending.key, why=why, rule="", judges=judged))
    return End(status=Status.FINISHED, finish=pending)


def _reject(state: State, rejected: Pending) -> tuple[Event, ...]:
    """What the model asked for after a rejected action stood on it: none of it runs."""
    decision = rejected.decision
    if decision is None:
        raise ValueError(rejected.key)  # only called for a rejected action
    why = f": {decision.reason}" if decision.reason else ", without a reason."
    events: list[Event] = [_refuse(rejected, f"Rejected by {decision.person.name}{why}")]
    events += [
        _refuse(pending, "Not run: an action before it in this step was rejected.")
        for pending in state.pending
        if pending is not rejected
    ]
    return tuple(events)


def _refuse(pending: Pending, text: str) -> Observed:
    return Observed(action=pending.key, observation=Observation(text=text, is_error=True), refused=True)


def _observe(pending: Pending, text: str) -> Observed:
    return Observed(action=pending.key, observation=Observation(text=text, is_error=True))
