"""What a session has spent, folded from its journal. Whole nano-dollars, so that sums are exact."""

from dataclasses import dataclass, field

from agent_core.events import CallReserved, CallSettled, Thought
from agent_core.values import NANO, Usage, nano


@dataclass(slots=True, kw_only=True)
class Spending:
    """The session's own books. A request without a bill stands in them at its reservation."""

    settled: int = 0
    """Nano-dollars of requests that are over, lost ones at their reservation."""
    usage: Usage = field(default_factory=Usage)
    """Tokens that servers have billed."""
    lost: int = 0
    """How many requests are in `settled` at their reservation."""
    lost_nano: int = 0
    given: int = 0
    """The part of `settled` that sub-sessions have spent; it stands in their books too."""
    calls: int = 0
    """Requests that were billed or lost."""
    open: dict[str, CallReserved] = field(default_factory=dict[str, CallReserved])
    """Requests that are under way, or were when a worker died."""
    recent: list[CallSettled] = field(default_factory=list[CallSettled])
    """Settled by the newest commit that settled any: maybe not in the books of others yet."""
    recent_version: int = 0
    measured: tuple[int, int] | None = None
    """Of the last billed thought: what its prompt was taken for by its bytes, and its true tokens."""

    @property
    def held(self) -> int:
        """Nano-dollars that requests under way may still cost."""
        return sum(reserved.nano for reserved in self.open.values())

    @property
    def held_tokens(self) -> int:
        """Tokens that requests under way may still take."""
        return sum(reserved.tokens for reserved in self.open.values())

    @property
    def total(self) -> int:
        """Nano-dollars, spent and held."""
        return self.settled + self.held

    @property
    def own(self) -> int:
        """Nano-dollars of the session's own requests that are over."""
        return self.settled - self.given

    @property
    def usd(self) -> float:
        """US$ spent, for showing."""
        return self.settled / NANO

    def think(self, thought: Thought) -> None:
        """A thought whose cost stands in itself."""
        if not thought.metered:
            self.usage += thought.usage
            self.settled += nano(thought.cost_usd or 0.0)

    def take(self, event: CallReserved | CallSettled, version: int) -> None:
        """Fold in an event of the commit of this version."""
        match event:
            case CallReserved():
                self.open[event.call] = event
            case CallSettled():
                self._settle(event, version)

    def _settle(self, settled: CallSettled, version: int) -> None:
        """A request is over. What an earlier commit has settled is in all books by now."""
        if version != self.recent_version:
            self.recent, self.recent_version = [], version
        self.recent.append(settled)
        reserved = self.open.pop(settled.call, None)
        self.settled += settled.nano
        self.given += 0 if settled.day else settled.nano
        self.usage += settled.usage
        self.calls += settled.outcome != "unsent"
        if settled.outcome == "lost":
            self.lost += 1
            self.lost_nano += settled.nano
        if reserved and settled.usage.prompt_tokens > 0 and settled.purpose == "think":
            self.measured = (reserved.estimate, settled.usage.prompt_tokens)
