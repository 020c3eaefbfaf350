"""The pictures of sessions as their models are shown them. The newest are kept in memory, ready to send."""

import asyncio
from collections.abc import Callable

from agent_core import context
from agent_core.context import Pictures
from agent_core.pictures import LARGEST_FILE, MOST_SHOWN, Picture, is_picture, read_picture
from agent_core.session import State
from agent_core.storage import BlobStore
from agent_core.values import FileRef, NamedFile

MOST_KEPT = 64
"""Pictures; each has about 200 KB."""
_TOKENS, _SHARE = 1_500, 0.25
"""Of a picture, about; and of the window that all pictures together may fill."""


class Gallery:
    """Reads them from the blob store, one at a time. One for a process."""

    def __init__(
        self,
        blobs: BlobStore,
        *,
        sees: Callable[[], bool | None] = lambda: None,
        window: Callable[[], int | None] = lambda: None,
    ) -> None:
        """`sees`: whether the model can see pictures; None: nobody knows yet, so it is tried.

        `window`: the model's, in tokens, as far as it is known.
        """
        self._blobs = blobs
        self._sees = sees
        self._window = window
        self._kept: dict[tuple[str, str], Picture | None] = {}
        self._busy = asyncio.Lock()

    @property
    def blind(self) -> bool:
        """The model is known to see no pictures."""
        return self._sees() is False

    async def shown(self, state: State) -> Pictures:
        """Those of the session's next request, the oldest first. Raises StoreUnavailableError."""
        found: dict[str, str | None] = {}
        for named in context.pictured(state):
            if len(found) >= self._most():
                break
            if named.file.sha256 not in found and (picture := await self.read(state.ref.guild_id, named)):
                found[named.file.sha256] = None if self.blind else picture.url
        return found

    async def read(self, guild_id: str, named: NamedFile) -> Picture | None:
        """The picture that this file is; None where it is none. Raises StoreUnavailableError."""
        if not is_picture(named.path) or named.file.size > LARGEST_FILE:
            return None
        key = (guild_id, named.file.sha256)
        async with self._busy:
            if key not in self._kept:
                self._kept[key] = await self._load(guild_id, named.file)
            picture = self._kept[key] = self._kept.pop(key)  # the newest is last
            if len(self._kept) > MOST_KEPT:
                del self._kept[next(iter(self._kept))]
        return picture

    async def _load(self, guild_id: str, file: FileRef) -> Picture | None:
        if await self._blobs.find(guild_id, file.sha256) is None:
            return None  # forgotten, or lost: its session goes on without it
        data = await self._blobs.read(guild_id, file.sha256)
        return await asyncio.to_thread(read_picture, data)

    def _most(self) -> int:
        window = self._window()
        return min(MOST_SHOWN, max(1, int(window * _SHARE / _TOKENS))) if window else MOST_SHOWN
