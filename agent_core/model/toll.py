"""What a caller may be told of each request that goes to a server, so that it can hold money for it first."""

from dataclasses import dataclass
from typing import Protocol

from agent_core.values import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What is known of the cost of one request, now that it is over."""

    usage: Usage | None = None
    """None: the server did not say, or the reply was lost."""
    charged_usd: float | None = None
    """The server's own figure."""
    may_cost: bool = True
    """False: it was refused, or never reached the server."""


class Toll(Protocol):
    """Stands before each HTTP request of a call: its repeats are requests that a server may bill too."""

    async def before(self) -> int | None:
        """Called before a request is made; the most output tokens that it may have, None for no limit.

        What it raises ends the call.
        """
        ...

    def after(self, bill: Bill) -> None:
        """Called once for each `before` that returned, also where the call is cancelled."""
        ...


class NoToll:
    """Holds nothing, limits nothing."""

    async def before(self) -> int | None:
        """No limit."""
        return None

    def after(self, bill: Bill) -> None:
        """Nobody counts."""
