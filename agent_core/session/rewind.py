"""Back to an earlier step, and on from it: what returns, and what stays as it is. Pure.

Every commit is folded in through `apply`: of those that rewind, the state before is not enough.
"""

from collections.abc import Iterable
from dataclasses import fields, replace

from agent_core.errors import UnreadableJournalError
from agent_core.events import Commit, Forked, Observed, Rewound, SessionStarted
from agent_core.session.pending import keyed
from agent_core.session.spending import Spending
from agent_core.session.state import State
from agent_core.values import Observation, SessionRef

_STAYS = frozenset(
    {"ref", "epoch", "version", "started_at", "at", "thread_id", "upload_limit", "inbox_id", "seen", "step"}
    | {"spending", "tail", "limits", "active_s", "children", "stop", "ended", "paused"}
)
"""What a rewind does not take back: the places, the clock, the money, the numbers of steps."""


def rewinds(commit: Commit) -> Rewound | None:
    """The rewind in this commit."""
    return next((event for event in commit.events if isinstance(event, Rewound)), None)


def fold(ref: SessionRef, commits: Iterable[Commit]) -> State | None:
    """The state after these commits, the first of which starts the session; None where there are none.

    Raises UnreadableJournalError where one rewinds to what comes after it.
    """
    every: list[Commit] = []
    state: State | None = None
    for commit in commits:
        state = start(ref, commit) if state is None else state
        every.append(commit)
        back = rewinds(commit)
        if back and not 0 < back.to_version < commit.version:
            raise UnreadableJournalError(f"Version {commit.version} of {ref} rewinds to {back.to_version}.")
        apply(state, commit, fold(ref, every[: back.to_version]) if back else None)
    return state


def start(ref: SessionRef, commit: Commit) -> State:
    """The state before the first commit. Raises TypeError where that does not start the session."""
    started = commit.events[0]
    if not isinstance(started, SessionStarted):
        message = f"{ref}: the journal does not begin with the session's start"
        raise TypeError(message)
    return State(ref=ref, started=started)


def apply(state: State, commit: Commit, base: State | None = None) -> None:
    """Fold one commit in. `base`: the state that it rewinds to, where it does.

    Raises ValueError where a version is missing, or the base of a rewind.
    """
    if back := rewinds(commit):
        if base is None or base.version != back.to_version:
            raise ValueError(f"{state.ref}: version {commit.version} rewinds to {back.to_version}")
        _go_back(state, base, back)
    for event in commit.events:
        if isinstance(event, Forked):
            _fork(state, event, commit.at)
    state.apply(commit)


def _go_back(state: State, base: State, back: Rewound) -> None:
    always, five_left = state.always & base.always, min(state.five_left, base.five_left)
    for field in fields(State):
        if field.name not in _STAYS:
            setattr(state, field.name, getattr(base, field.name))
    state.always, state.five_left = always, five_left  # of what was allowed since, nothing stands
    state.after_steps = {step: version for step, version in base.after_steps.items() if step <= back.step}
    state.see(back.asked)
    _settle(state)


def _fork(state: State, forked: Forked, at: float) -> None:
    state.started = replace(
        state.started, starter=forked.starter, channel_id=forked.channel_id, limits=forked.limits
    )
    state.started_at, state.thread_id, state.inbox_id, state.seen = at, None, "0-0", []
    state.spending, state.limits, state.active_s = Spending(), forked.limits, 0.0
    state.always, state.five_left, state.first_run_allowed = set(), 0, False
    state.paused, state.stop, state.ended, state.forked = None, None, None, forked
    _settle(state)


def _settle(state: State) -> None:
    """Nothing waits, nothing has gone wrong yet, and every call of the model has its answer."""
    if thought := state.last_thought:
        done = {item.action for item in state.history if isinstance(item, Observed)}
        left = Observation(text="Not run: the goal was taken up again from here.", is_error=True)
        state.history += [
            Observed(action=key, observation=left, refused=True)
            for key, _ in keyed(thought.step, thought.actions)
            if key not in done
        ]
    state.pending, state.reactions, state.limit = [], {}, None
    state.start_anew(told=0)
