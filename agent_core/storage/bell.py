"""Tells this process that something has come into an inbox: one subscription, however many sessions listen.

Only a hint: a ring may be lost with a connection, so whoever waits also looks by itself now and then.
"""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from agent_core.storage import keys
from agent_core.storage.redis import text
from agent_core.values import SessionRef

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

_AGAIN_S = 0.5
_LISTEN_S = 5.0


class Bell:
    """Rung by every `Inbox.put`, in every process."""

    def __init__(self, redis: Redis) -> None:
        self._redis: Any = redis
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._task: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._listen(), name="bell")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        while self._task is not None and not self._task.done():
            # Again where it did not help: a cancel that meets the client in mid read can get lost there.
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=0.2)

    @contextmanager
    def listening(self, ref: SessionRef) -> Generator[asyncio.Event]:
        """An event that is set whenever something comes into this inbox."""
        rung = asyncio.Event()
        waiting = self._waiting.setdefault(str(ref), set())
        waiting.add(rung)
        try:
            yield rung
        finally:
            waiting.discard(rung)
            if not waiting:
                self._waiting.pop(str(ref), None)

    async def _listen(self) -> None:
        while not self._closing.is_set():
            try:
                async with self._redis.pubsub() as channel:
                    await channel.subscribe(keys.BELL)
                    while not self._closing.is_set():
                        message = await channel.get_message(ignore_subscribe_messages=True, timeout=_LISTEN_S)
                        if message is not None:
                            self._ring(text(message["data"]))
            except RedisError as error:
                log.warning("inbox bell is silent for a moment", error=str(error))
                await asyncio.sleep(_AGAIN_S)

    def _ring(self, ref: str) -> None:
        for rung in self._waiting.get(ref, ()):
            rung.set()
