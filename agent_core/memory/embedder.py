"""Texts into vectors without stopping anybody: one thread, small batches, questions before what is stored.

Nothing is loaded until it is first asked for, or `warm` is called.
"""

import asyncio
import contextlib
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import numpy as np

from agent_core.errors import GoalkeeperError, StoreUnavailableError
from agent_core.memory import encoders, weights
from agent_core.memory.encoders import Encoder, Vectors

_BATCH = 16
_GATHER_S = 0.004
"""How long a batch that is not full waits for more."""
_QUERIES = 512
"""Vectors of questions that are kept: a retry is free."""
_LOAD_WITHIN_S = 300.0
_EMBED_WITHIN_S = 60.0


class Embeds(Protocol):
    """What a Memory needs of an embedder."""

    async def model_id(self) -> str:
        """Names the model: vectors of two ids are never compared."""
        ...

    async def embed(self, texts: Sequence[str], *, urgent: bool = False) -> Vectors:
        """A unit vector per text, shape (n, dim). Urgent ones go first."""
        ...


@dataclass(slots=True)
class _Order:
    text: str
    done: asyncio.Future[Vectors] = field(repr=False)


class Embedder:
    """One model of this process. Use it as `async with Embedder(...) as embedder`."""

    def __init__(self, name: str = weights.DEFAULT_MODEL, cache: Path | None = None) -> None:
        """`cache`: the folder in which the exported model is kept; None: without export, by torch."""
        self._name = name
        self._cache = cache
        self._halt = threading.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="embedder")
        self._loading: asyncio.Task[tuple[str, Encoder]] | None = None
        self._worker: asyncio.Task[None] | None = None
        self._urgent: deque[_Order] = deque()
        self._later: deque[_Order] = deque()
        self._more = asyncio.Event()
        self._queries: OrderedDict[str, Vectors] = OrderedDict()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._halt.set()
        tasks = {task for task in (self._worker, self._loading) if task is not None}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for order in (*self._urgent, *self._later):
            order.done.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)

    @property
    def name(self) -> str:
        """The model's name."""
        return self._name

    @property
    def ready(self) -> bool:
        """Whether an embedding takes milliseconds by now."""
        return self._loading is not None and self._loading.done() and not self._failed(self._loading)

    @property
    def backend(self) -> str | None:
        """What runs the model; None before it is loaded."""
        return self._loading.result()[1].name if self.ready and self._loading else None

    def at_hand(self) -> bool:
        """As `ready`, and begins to load where it is not."""
        self.warm()
        return self.ready

    def warm(self) -> None:
        """Begin to load, without waiting for it."""
        if self._loading is None or (self._loading.done() and self._failed(self._loading)):
            self._loading = asyncio.create_task(self._load(), name="load embedder")
            # Whoever asks gets the error; where nobody does, nobody is told of a lost one.
            self._loading.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def model_id(self) -> str:
        """Names the model by its weights. Waits until they are loaded; raises StoreUnavailableError."""
        return (await self._loaded())[0]

    async def embed(self, texts: Sequence[str], *, urgent: bool = False) -> Vectors:
        """A unit vector per text. Raises StoreUnavailableError where the model cannot be used."""
        await self._loaded()
        if urgent and len(texts) == 1 and texts[0] in self._queries:
            self._queries.move_to_end(texts[0])
            return self._queries[texts[0]]
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work(), name="embedder")
        loop = asyncio.get_running_loop()
        orders = [_Order(text, loop.create_future()) for text in texts]
        (self._urgent if urgent else self._later).extend(orders)
        self._more.set()
        try:
            async with asyncio.timeout(_EMBED_WITHIN_S + 0.2 * (len(self._later) + len(texts))):
                vectors = np.stack([await order.done for order in orders])
        except TimeoutError as error:
            raise StoreUnavailableError("The embedding model does not answer.") from error
        if urgent and len(texts) == 1:
            self._queries[texts[0]] = vectors
            if len(self._queries) > _QUERIES:
                self._queries.popitem(last=False)
        return vectors

    async def _loaded(self) -> tuple[str, Encoder]:
        self.warm()
        loading = self._loading
        if loading is None:
            raise StoreUnavailableError("The embedding model is closed.")
        try:
            async with asyncio.timeout(_LOAD_WITHIN_S):
                return await asyncio.shield(loading)
        except TimeoutError as error:
            raise StoreUnavailableError("The embedding model is still being loaded.") from error
        except GoalkeeperError as error:
            raise StoreUnavailableError(f"The embedding model cannot be used: {error}") from error

    async def _load(self) -> tuple[str, Encoder]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, _load, self._name, self._cache, self._halt)

    async def _work(self) -> None:
        _, encoder = await self._loaded()
        loop = asyncio.get_running_loop()
        while True:
            await self._more.wait()
            if not self._urgent and len(self._later) < _BATCH:
                await self._gather()
            self._more.clear()
            while batch := self._next_batch():
                texts = [order.text for order in batch]
                work = loop.run_in_executor(self._thread, encoder.encode, texts)
                try:
                    vectors = await work
                except (RuntimeError, ValueError, OSError) as error:
                    refused = StoreUnavailableError(f"The embedding model failed: {error}")
                    _settle(batch, refused)
                else:
                    for order, vector in zip(batch, vectors, strict=True):
                        if not order.done.done():
                            order.done.set_result(vector)

    async def _gather(self) -> None:
        until = time.monotonic() + _GATHER_S
        while not self._urgent and len(self._later) < _BATCH and (left := until - time.monotonic()) > 0:
            self._more.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._more.wait()

    def _next_batch(self) -> list[_Order]:
        queue = self._urgent or self._later
        batch: list[_Order] = []
        while queue and len(batch) < _BATCH:
            order = queue.popleft()
            if not order.done.done():  # else nobody waits for it any more
                batch.append(order)
        return batch

    @staticmethod
    def _failed(task: "asyncio.Task[tuple[str, Encoder]]") -> bool:
        return task.cancelled() or task.exception() is not None


def _load(name: str, cache: Path | None, halt: threading.Event) -> tuple[str, Encoder]:
    found = weights.find(name)
    return found.model_id, encoders.load(found, cache, halt)


def _settle(batch: list[_Order], error: Exception) -> None:
    for order in batch:
        if not order.done.done():
            order.done.set_exception(error)
