"""The experiments of every server: written once each, by any number of processes."""

from datetime import timedelta

from agent_core.clock import Clock
from agent_core.errors import RefusedError
from agent_core.experiments.records import FORMAT, STORED, Looked, Record, Registered
from agent_core.experiments.register import Experiment, Register
from agent_core.storage.chronicle import Chronicle, Records


class Experiments:
    """The door to them."""

    def __init__(self, *, records: Chronicle, clock: Clock) -> None:
        self._clock = clock
        self._records = Records(records, clock, begin=Register, stored=STORED, format=FORMAT)

    async def register_of(self, guild_id: str) -> Register:
        """The server's experiments as they are now. To be read only. Raises StoreUnavailableError."""
        return await self._records.of(guild_id)

    async def add(self, guild_id: str, registered: Registered) -> Experiment:
        """Register an experiment, once however often it is called with the same id. Raises RefusedError."""
        return (await self._write(guild_id, registered)).experiments[registered.id]

    async def look(self, guild_id: str, looked: Looked) -> Experiment:
        """Enter what came in since the last look, once. Raises RefusedError."""
        tomorrow = self._clock.today() + timedelta(days=1)  # it is a day later already in the east
        if looked.day > tomorrow:
            raise RefusedError(f"{looked.day} is still to come: enter what has been counted.")
        return (await self._write(guild_id, looked)).experiments[looked.experiment]

    async def _write(self, guild_id: str, record: Record) -> Register:
        return await self._records.write(guild_id, lambda there: record if there.allow(record) else None)
