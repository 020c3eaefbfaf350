"""The copies that this process has of servers' memories: loaded once, brought up to date before each use."""

import asyncio
import gc
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from agent_core.errors import StoreUnavailableError
from agent_core.memory.shelf import Shelf
from agent_core.memory.store import NOTHING, PAGE, Base, News, Page, Slot, Store
from agent_core.storage.threads import to_its_end

WITHIN_S = 17.0
"""Seconds that one use may wait and last."""
_MOST_KEPT = 200_000
"""Memories in all copies; past it the copy that was used longest ago goes."""
_INLINE = 4
_ATTEMPTS = 3


class Place:
    """One server's copy, and who uses it now."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.shelf: Shelf | None = None
        self.loading: asyncio.Task[Shelf] | None = None
        self.tokens: frozenset[str] = frozenset()
        """Of the changes that the last look brought."""


class Places:
    """The copies of all servers."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._places: OrderedDict[str, Place] = OrderedDict()

    async def aclose(self) -> None:
        """End what is still being loaded."""
        tasks = {place.loading for place in self._places.values() if place.loading is not None}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    @asynccontextmanager
    async def using(self, guild_id: str) -> AsyncGenerator[Place]:
        """The server's copy as of now, for one user at a time. Raises StoreUnavailableError in time."""
        place = self._places.setdefault(guild_id, Place())
        self._places.move_to_end(guild_id)
        if place.shelf is None:  # that may take long; where Redis is away, one of its pages fails in time
            loaded = await self._load(guild_id, place)
            place.shelf = loaded if place.shelf is None else place.shelf
        try:
            async with asyncio.timeout(WITHIN_S), place.lock:
                await self.refresh(guild_id, place)
                yield place
        except TimeoutError as error:
            raise StoreUnavailableError(
                "The memory does not answer in time. Try again in a minute."
            ) from error
        finally:
            self._make_room(guild_id)

    async def refresh(self, guild_id: str, place: Place) -> Shelf:
        """Bring the copy up to date. The lock is held."""
        place.tokens = frozenset()
        for _ in range(_ATTEMPTS):
            if place.shelf is None:
                place.shelf = await self._load(guild_id, place)
            shelf = place.shelf
            news = await self._store.news(guild_id, shelf.incarnation, shelf.revision)
            place.tokens |= news.tokens
            if news.anew or (not news.base.incarnation and shelf.incarnation):
                place.shelf = None
                continue
            await apply(shelf, news)
            return shelf
        raise StoreUnavailableError("The memories of this server change too fast just now.")

    def drop(self, guild_id: str) -> None:
        """Forget the copy."""
        if place := self._places.get(guild_id):
            place.shelf = None

    async def _load(self, guild_id: str, place: Place) -> Shelf:
        """Read everything, in a task of its own: whoever gives up waiting does not undo the work."""
        if place.loading is None:
            place.loading = asyncio.create_task(self._read(guild_id), name=f"load memories of {guild_id}")
        loading = place.loading
        try:
            return await asyncio.shield(loading)
        finally:
            if loading.done():
                place.loading = None

    async def _read(self, guild_id: str) -> Shelf:
        base, size = await self._store.base(guild_id)
        shelf = empty_shelf(base)
        for start in range(0, size, PAGE):
            page = await self._store.page(guild_id, start, base.dim)
            await to_its_end(_put_page, shelf, page)
        return shelf

    def _make_room(self, used: str) -> None:
        kept = sum(len(place.shelf) for place in self._places.values() if place.shelf)
        for guild_id, place in list(self._places.items()):
            if kept <= _MOST_KEPT:
                return
            if guild_id != used and place.shelf and not place.lock.locked():
                kept -= len(place.shelf)
                del self._places[guild_id]


async def apply(shelf: Shelf, news: News) -> None:
    """Bring what has changed into a copy."""
    if news.base.incarnation and not shelf.incarnation:
        shelf.incarnation = news.base.incarnation
    if len(news.slots) <= _INLINE:
        _put_all(shelf, news.slots)
    else:
        await to_its_end(_put_all, shelf, news.slots)
    shelf.revision = news.base.revision


def _put_page(shelf: Shelf, page: Page) -> None:
    collects = gc.isenabled()
    gc.disable()  # what is made here stays, and to go through all of it again and again takes a quarter more
    try:
        _put_all(shelf, page.slots())
    finally:
        if collects:
            gc.enable()


def _put_all(shelf: Shelf, slots: list[Slot] | tuple[Slot, ...]) -> None:
    for one in slots:
        if one.record is None:
            shelf.drop(one.slot)
        else:
            shelf.put(one.slot, one.record, one.row)


def empty_shelf(base: Base) -> Shelf:
    """A copy in which nothing lies yet."""
    return Shelf(incarnation=base.incarnation, revision=base.revision, model_id=base.model_id, dim=base.dim)


def base_of(shelf: Shelf) -> Base:
    """What a change of this copy is made against."""
    if not shelf.incarnation:
        return NOTHING
    return Base(
        incarnation=shelf.incarnation,
        revision=shelf.revision,
        model_id=shelf.model_id,
        dim=shelf.rows.dim,
    )
