"""A journal into the state of its session."""

from collections.abc import Iterable

from agent_core.events import Commit, SessionStarted
from agent_core.session.state import State
from agent_core.values import SessionRef


def fold(ref: SessionRef, commits: Iterable[Commit]) -> State | None:
    """The state after these commits, the first of which starts the session; None where there are none."""
    state: State | None = None
    for commit in commits:
        if state is None:
            started = commit.events[0]
            if not isinstance(started, SessionStarted):
                message = f"{ref}: the journal does not begin with the session's start"
                raise TypeError(message)
            state = State(ref=ref, started=started)
        state.apply(commit)
    return state
