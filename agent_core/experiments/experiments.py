"""The experiments of every server: written once each, by any number of processes."""

from collections import OrderedDict
from datetime import UTC, date, datetime

from agent_core.clock import Clock
from agent_core.errors import FencedError, StoreUnavailableError
from agent_core.experiments.records import Looked, Record, Registered, Written, dump, load
from agent_core.experiments.register import Experiment, Register
from agent_core.storage.chronicle import Chronicle

_MOST_TRIES = 50
_MOST_KEPT = 100


class Experiments:
    """The door to them."""

    def __init__(self, *, records: Chronicle, clock: Clock) -> None:
        self._records = records
        self._clock = clock
        self._kept: OrderedDict[str, Register] = OrderedDict()

    async def register_of(self, guild_id: str) -> Register:
        """The server's experiments as they are now. To be read only. Raises StoreUnavailableError."""
        register = self._kept.get(guild_id) or Register()
        for _, data in await self._records.read(guild_id, register.number):
            written = load(data)
            if written.number > register.number:  # another reader here may have been faster
                register.apply(written)
        self._kept[guild_id] = register
        self._kept.move_to_end(guild_id)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return register

    async def add(self, guild_id: str, registered: Registered) -> Experiment:
        """Register an experiment, once however often it is called with the same id. Raises RefusedError."""
        return (await self._write(guild_id, registered)).experiments[registered.id]

    async def look(self, guild_id: str, looked: Looked) -> Experiment:
        """Enter what came in since the last look, once. Raises RefusedError."""
        return (await self._write(guild_id, looked)).experiments[looked.experiment]

    def today(self) -> date:
        """The day now, UTC."""
        return datetime.fromtimestamp(self._clock.now(), UTC).date()

    async def _write(self, guild_id: str, record: Record) -> Register:
        for _ in range(_MOST_TRIES):
            register = await self.register_of(guild_id)
            if not register.allow(record):
                return register
            written = Written(number=register.number + 1, at=self._clock.now(), record=record)
            try:
                await self._records.append(guild_id, written.number, dump(written))
            except FencedError:
                continue  # somebody else wrote: look again whether this may still be
            return await self.register_of(guild_id)
        raise StoreUnavailableError("The experiments are written to by too many at once.")
