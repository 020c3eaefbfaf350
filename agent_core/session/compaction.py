"""What a session knows of its context: the window that it learnt, and whether compactions still gain."""

from dataclasses import dataclass

from agent_core.events import Compacted, Thought

LEAST_GAIN = 0.3
"""A compaction that gains less of the context than this is a poor one."""

MOST_POOR = 2
"""After so many poor ones in a row none is tried any more."""


@dataclass(slots=True, kw_only=True)
class Room:
    """Folded from the journal."""

    poor: int = 0
    """Compactions in a row that gained too little."""
    tried: bool = False
    """The request that did not fit was compacted already; doing it again would change nothing."""
    window: int | None = None
    """Tokens that the model's server really read, where it cut a longer request in silence."""

    @property
    def worth_it(self) -> bool:
        """A compaction may still gain something."""
        return self.poor < MOST_POOR

    def compacted(self, event: Compacted) -> None:
        """Fold in a compaction."""
        gained = event.before - event.after
        self.poor = self.poor + 1 if gained < LEAST_GAIN * event.before else 0
        self.tried = True

    def thought(self, event: Thought) -> None:
        """Fold in a thought: the request fitted, or was cut to this size."""
        self.tried = False
        if event.read:
            self.window = event.read
