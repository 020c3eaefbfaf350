"""How far a session is ahead of its thread: what it has done and nobody can see yet. Pure."""

from dataclasses import dataclass, field

from agent_core.events import CallReserved, CallSettled, Commit, SignalsTaken
from agent_core.outside import Installed, Marked, Reached

MOST_AHEAD = 20
"""Events. Past it the session waits for its thread: people are to follow, and to stop what they see."""
LONGEST_AHEAD_S = 300.0
"""The same in seconds since the oldest commit that is not shown."""

_REMEMBERED = 2 * MOST_AHEAD
_UNSEEN = (SignalsTaken, CallReserved, CallSettled, Marked, Reached, Installed)
"""Events that no thread shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """What is not shown yet."""

    events: int = 0
    since: float | None = None
    """Unix seconds of the oldest of them."""

    def too_far(self, now: float) -> bool:
        """Whether the session has to wait for its thread."""
        late = self.since is not None and now - self.since > LONGEST_AHEAD_S
        return self.events >= MOST_AHEAD or late


@dataclass(slots=True, kw_only=True)
class Tail:
    """The last commits that a thread shows: version, time, number of events."""

    commits: list[tuple[int, float, int]] = field(default_factory=list[tuple[int, float, int]])

    def apply(self, commit: Commit) -> None:
        """Note one more."""
        if seen := sum(not isinstance(event, _UNSEEN) for event in commit.events):
            self.commits.append((commit.version, commit.at, seen))
            del self.commits[:-_REMEMBERED]

    def lead(self, shown: int) -> Lead:
        """What came after the version that the thread shows."""
        ahead = [(at, events) for version, at, events in self.commits if version > shown]
        return Lead(events=sum(events for _, events in ahead), since=ahead[0][0] if ahead else None)
