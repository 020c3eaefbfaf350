"""What a session that worked on the library hands over at its end: a table, a picture, the errors."""

import asyncio

from agent_core.events import Delivered, Event
from agent_core.memory.values import ALL_CHANNELS
from agent_core.session import State
from agent_core.skills import Library
from agent_core.storage.blobs import BlobStore
from agent_core.values import NamedFile
from bot.render.learning import outcome_chart, report, table

_TITLES = {"explore": "Explored", "improve": "Improved"}


class Parting:
    """Makes the reports."""

    def __init__(self, library: Library, blobs: BlobStore) -> None:
        self._library = library
        self._blobs = blobs

    async def of(self, state: State) -> tuple[Event, ...]:
        """The report of this session; nothing for one that works on a goal. Raises StoreUnavailableError."""
        title = _TITLES.get(state.started.role)
        if title is None or state.started.parent is not None:
            return ()
        guild_id = state.ref.guild_id
        everything = await self._library.held(guild_id, channels=ALL_CHANNELS, archived=None)
        made = [one for one in everything if one.card.origin.session == state.ref.id]
        shelves = await self._library.shelves(guild_id)
        files: list[NamedFile] = []
        if made:
            for name, data in (
                ("scripts.csv", table(made)),
                ("scripts.png", await asyncio.to_thread(outcome_chart, made)),
            ):
                files.append(NamedFile(path=name, file=await self._blobs.put_bytes(guild_id, data)))
        return (Delivered(files=tuple(files), note=report(made, shelves, what=title)),)
