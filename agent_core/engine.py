"""The port to whatever runs turns: wake a session now, or at a time. The adapter is worker.py."""

from typing import Protocol

from agent_core.values import SessionRef


class Engine(Protocol):
    """Runs at most one turn of a session at a time, and at least one after each wake."""

    @property
    def draining(self) -> bool:
        """This process is about to end: a turn stops at its next boundary, and wakes its session."""
        ...

    async def wake(self, ref: SessionRef) -> None:
        """Run a turn soon; any number of wakes before it starts are one turn."""
        ...

    async def at(self, ref: SessionRef, when: float) -> None:
        """Run a turn at this time (Unix seconds); a later call replaces an earlier one."""
        ...

    async def report(self, ref: SessionRef, *, soon: bool = False) -> None:
        """Show what was committed: wake whoever projects the journal.

        `soon`: within a moment, together with what else is committed by then. That may be lost with this
        process, so a turn asks once more at its end.
        """
        ...
