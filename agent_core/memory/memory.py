"""The door: remember, recall, forget, export. Each call names its server, none asks a language model."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex

import numpy as np
import structlog
from numpy.typing import NDArray

from agent_core.errors import SecretRefusedError, StoreUnavailableError
from agent_core.memory import planning
from agent_core.memory.changes import Changes, shelf_of
from agent_core.memory.embedder import Embedder, Embeds
from agent_core.memory.given import check, clean, known_kinds, open_channels
from agent_core.memory.neighbours import before, in_context, record_of
from agent_core.memory.places import Place, Places, base_of
from agent_core.memory.planning import Match, Plan
from agent_core.memory.ranking import Parts
from agent_core.memory.rows import pack
from agent_core.memory.search import Found, search
from agent_core.memory.shelf import Shelf
from agent_core.memory.store import Store
from agent_core.memory.values import (
    Channels,
    Kind,
    Recall,
    Record,
    Seen,
    Source,
    exported,
    text_key,
)
from agent_core.storage import keys
from agent_core.storage.redis import connected
from agent_core.storage.threads import to_its_end

MOST_HITS = 200
_ALL_PARTS = Parts()
_LONGEST_QUERY = 4000
_EMBEDDED_AT_ONCE = 64
_EXPORTS = Path("data") / "models"

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """What a server has stored."""

    memories: int
    by_kind: dict[str, int]
    authors: int
    tainted: int
    redis_bytes: int
    model_id: str


class Memory:
    """The memories of all servers. Made by `Memory.open`."""

    def __init__(
        self, store: Store, embedder: Embeds, cap: int | None, at_hand: Callable[[], bool] | None
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._cap = cap
        self._at_hand = at_hand
        self._places = Places(store)
        self._changes = Changes(store, self._places)
        self._mending: dict[str, asyncio.Task[None]] = {}

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        redis_url: str,
        embedder: Embeds | None = None,
        cap: int | None = None,
        *,
        at_hand: Callable[[], bool] | None = None,
    ) -> AsyncGenerator["Memory"]:
        """Connect; nothing is loaded before it is needed. `cap`: the most memories of one server.

        `embedder=None` loads the default model. `at_hand` says whether the model is loaded: until then nobody
        waits for it, words alone find, and what is stored gets its vector later; None: everybody waits.
        Raises StartError where the address is none.
        """
        async with contextlib.AsyncExitStack() as stack:
            redis = await stack.enter_async_context(connected(redis_url, repeat=True))
            if embedder is None:
                embedder = await stack.enter_async_context(Embedder(cache=_EXPORTS))
            memory = cls(Store(redis), embedder, cap, at_hand)
            stack.push_async_callback(memory._aclose)
            yield memory

    async def remember(
        self,
        guild_id: str,
        text: str,
        *,
        kind: Kind = "message",
        author_id: str | None = None,
        author: str | None = None,
        channel_id: str | None = None,
        message_id: str | None = None,
        reply_to: str | None = None,
        at: float | None = None,
        tainted: bool = False,
    ) -> str:
        """Keep a text; the memory's id, that of the first one where the same author said the same before.

        Raises SecretRefusedError, ValueError on an empty or too long text or an unknown kind, and
        StoreUnavailableError within 20 s where Redis is away.
        """
        keys.checked(guild_id)
        text = clean(text)
        check(text, kind)
        said_at = round(time.time() if at is None else float(at), 3)  # as it is read back from Redis
        source = Source(channel_id=channel_id, message_id=message_id, kind=kind, at=said_at, tainted=tainted)
        name = None if author is None else clean(author)
        record = Record(id=token_hex(8), text=text, author_id=author_id, author=name, sources=(source,))
        return await self._remember(guild_id, record, reply_to)

    async def _remember(self, guild_id: str, record: Record, reply_to: str | None) -> str:
        source, text = record.sources[0], record.text
        async with self._places.using(guild_id) as place:
            shelf = shelf_of(place)
            follows = before(shelf, source, reply_to)
            known = record.key in shelf.by_key
        if follows is not None:
            record = replace(record, before=follows.id)
        vector = None if known else await self._embedded(in_context(follows, text))
        model_id = "" if vector is None else await self._embedder.model_id()
        row = b"" if vector is None else pack(vector)

        def plan(shelf: Shelf) -> Plan:
            same_model = shelf.model_id in {"", model_id} and len(row) in {shelf.rows.dim, 0}
            fits = same_model or not shelf.incarnation
            return planning.adding(shelf, record, row if fits else b"", self._cap)

        changed = await self._changes.change(guild_id, plan, model_id, len(row))
        if not row:
            self._mend_soon(guild_id)
        return changed.ids[0]

    @property
    def warming(self) -> bool:
        """The model is not loaded yet: what is found now is found by its words alone."""
        return self._at_hand is not None and not self._at_hand()

    async def recall(
        self,
        guild_id: str,
        query: str,
        k: int = 10,
        *,
        channels: Channels,
        kinds: Collection[Kind] | None = None,
    ) -> list[Recall]:
        """The best k that may be read in these channels; ALL_CHANNELS is named on purpose.

        Raises ValueError on an unknown kind, and StoreUnavailableError within 20 s where Redis is away.
        """
        return list((await self.search(guild_id, query, k, channels=channels, kinds=kinds)).hits)

    async def search(
        self,
        guild_id: str,
        query: str,
        k: int = 10,
        *,
        channels: Channels,
        kinds: Collection[Kind] | None = None,
        tainted: bool = True,
        parts: Parts = _ALL_PARTS,
    ) -> Found:
        """As `recall`, with how sure it is; `tainted=False` leaves out what strangers wrote."""
        keys.checked(guild_id)
        seen = Seen(channels=open_channels(channels), kinds=known_kinds(kinds), tainted=tainted)
        query = clean(query)[:_LONGEST_QUERY]
        k = min(k, MOST_HITS)
        if k < 1 or not query.strip():
            return Found(hits=(), best_cosine=0.0, best_words=0.0)
        async with self._places.using(guild_id) as place:
            if not len(shelf_of(place)):
                return Found(hits=(), best_cosine=0.0, best_words=0.0)
            stripped, _ = shelf_of(place).names.strip(query)
        asked = stripped if parts.strip_names else query
        vector = await self._embedded(asked, urgent=True) if parts.dense else None
        async with self._places.using(guild_id) as place:
            shelf = shelf_of(place)
            if vector is not None:
                vector = await self._of_one_model(guild_id, place, vector)
                shelf = shelf_of(place)
            _, named = shelf.names.strip(query)
            return await to_its_end(
                search, shelf, query, vector, named, seen=seen, k=k, now=time.time(), parts=parts
            )

    async def forget(
        self,
        guild_id: str,
        *,
        ids: Collection[str] | None = None,
        author_id: str | None = None,
        channel_id: str | None = None,
        everything: bool = False,
    ) -> int:
        """Remove what all the filters match; how many memories that were.

        Where only some of a memory's sources match, it loses those. Raises ValueError without a filter, and
        StoreUnavailableError within 20 s where Redis is away.
        """
        keys.checked(guild_id)
        if ids is None and author_id is None and channel_id is None:
            if not everything:
                raise ValueError("Say what to forget: ids, author_id, channel_id, or everything=True.")
            async with self._places.using(guild_id):
                count = await self._store.purge(guild_id)
                self._places.drop(guild_id)
            return count
        wanted = None if ids is None else frozenset(ids)

        def match(record: Record, source: Source) -> bool:
            return (
                (wanted is None or record.id in wanted)
                and (author_id is None or record.author_id == author_id)
                and (channel_id is None or source.channel_id == channel_id)
            )

        return await self.forget_where(guild_id, match)

    async def forget_messages(self, guild_id: str, message_ids: Collection[str]) -> int:
        """Remove what these messages said: they were deleted, or now say something else."""
        gone = frozenset(message_ids)
        return await self.forget_where(guild_id, lambda _, source: source.message_id in gone)

    async def forget_where(self, guild_id: str, match: Match) -> int:
        """Remove every source for which this is true; how many memories lost one."""
        changed = await self._changes.change(guild_id, lambda shelf: planning.removing(shelf, match))
        self._mend_soon(guild_id)
        return len(changed.ids)

    async def export(self, guild_id: str, author_id: str | None = None) -> list[dict[str, object]]:
        """Everything that is stored, oldest first; of one author only, where one is named."""
        mine = [
            one for one in await self.records(guild_id) if author_id is None or one.author_id == author_id
        ]
        return [exported(one) for one in sorted(mine, key=lambda one: (one.sources[0].at, one.id))]

    async def records(self, guild_id: str) -> list[Record]:
        """The same as they are kept, in no order that means anything."""
        keys.checked(guild_id)
        async with self._places.using(guild_id) as place:
            return [record for _, record in shelf_of(place)]

    async def channels(self, guild_id: str) -> frozenset[str]:
        """The channels and threads from which something is remembered."""
        keys.checked(guild_id)
        async with self._places.using(guild_id) as place:
            return shelf_of(place).channels()

    async def reworded(self, guild_id: str, message_id: str, text: str) -> None:
        """A message that is remembered says something else now, or nothing any more: then it is forgotten."""
        async with self._places.using(guild_id) as place:
            slot = shelf_of(place).by_message.get(message_id)
            record = None if slot is None else shelf_of(place).record(slot)
        if record is None or record.key == text_key(text, record.author_id, record.author):
            return
        source = next(one for one in record.sources if one.message_id == message_id)
        await self.forget_messages(guild_id, [message_id])
        await self.remember_again(guild_id, replace(record, sources=(source,)), text)

    async def remember_again(self, guild_id: str, record: Record, text: str) -> None:
        """Keep a memory that was forgotten, in other words. Nothing where these may not be remembered."""
        with contextlib.suppress(SecretRefusedError, ValueError):  # then it is forgotten, and that is all
            for source in record.sources:
                await self.remember(
                    guild_id,
                    text,
                    kind=source.kind,
                    author_id=record.author_id,
                    author=record.author,
                    channel_id=source.channel_id,
                    message_id=source.message_id,
                    at=source.at,
                    tainted=source.tainted,
                )

    async def stats(self, guild_id: str) -> Stats:
        """What a server has stored."""
        keys.checked(guild_id)
        async with self._places.using(guild_id) as place:
            shelf = shelf_of(place)
            records = [record for _, record in shelf]
            model_id = shelf.model_id
        redis_bytes = await self._store.size_bytes(guild_id)
        return await asyncio.to_thread(_stats, records, redis_bytes, model_id)

    async def mended(self, guild_id: str) -> None:
        """Wait until every memory of the server that lost its vector has one again."""
        self._mend_soon(guild_id)
        if task := self._mending.get(guild_id):
            await asyncio.wait({task})

    async def _embedded(self, text: str, *, urgent: bool = False) -> NDArray[np.float32] | None:
        """The vector, or None where the model cannot be used: words alone still find a memory."""
        if self.warming:
            return None
        try:
            return (await self._embedder.embed([text], urgent=urgent))[0]
        except StoreUnavailableError as error:
            log.warning("memory without meaning, by words only", reason=str(error))
            return None

    async def _of_one_model(
        self, guild_id: str, place: Place, vector: NDArray[np.float32]
    ) -> NDArray[np.float32] | None:
        """The vector, if the rows are of its model. Else they are dropped, and made anew behind it."""
        shelf = shelf_of(place)
        model_id = await self._embedder.model_id()
        if shelf.model_id == model_id and shelf.rows.dim == len(vector):
            return vector
        await self._store.adopt(guild_id, base_of(shelf), model_id, len(vector))
        await self._places.refresh(guild_id, place)
        self._mend_soon(guild_id)
        return vector if shelf_of(place).rows.dim == len(vector) else None

    def _mend_soon(self, guild_id: str) -> None:
        running = self._mending.get(guild_id)
        if running is None or running.done():
            self._mending[guild_id] = asyncio.create_task(self._mend(guild_id), name=f"mend {guild_id}")

    async def _mend(self, guild_id: str) -> None:
        """Embed every record that has no vector: its neighbour was forgotten, or the model is another."""
        try:
            while await self._mend_some(guild_id):
                pass
        except StoreUnavailableError as error:
            log.warning("memories stay without meaning for now", guild=guild_id, reason=str(error))

    async def _mend_some(self, guild_id: str) -> bool:
        async with self._places.using(guild_id) as place:
            shelf = shelf_of(place)
            found = [(slot, shelf.record(slot)) for slot in shelf.bare()[:_EMBEDDED_AT_ONCE]]
            bare = [(slot, record) for slot, record in found if record is not None]
            texts = [in_context(record_of(shelf, record.before), record.text) for _, record in bare]
        if not bare:
            return False
        vectors = await self._embedder.embed(texts)
        model_id = await self._embedder.model_id()
        async with self._places.using(guild_id) as place:
            await self._of_one_model(guild_id, place, vectors[0])
        rows = [(slot, one, pack(vector)) for (slot, one), vector in zip(bare, vectors, strict=True)]

        def plan(shelf: Shelf) -> Plan:
            return planning.embedding(shelf, rows if shelf.model_id == model_id else ())

        return bool((await self._changes.change(guild_id, plan, model_id, vectors.shape[1])).slots)

    async def _aclose(self) -> None:
        tasks = {task for task in self._mending.values() if not task.done()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._places.aclose()


def _stats(records: list[Record], redis_bytes: int, model_id: str) -> Stats:
    return Stats(
        memories=len(records),
        by_kind=dict(Counter(one.sources[0].kind for one in records)),
        authors=len({one.author_id or one.author for one in records}),
        tainted=sum(all(source.tainted for source in one.sources) for one in records),
        redis_bytes=redis_bytes,
        model_id=model_id,
    )
