"""Read an answer, whatever it turns out to be: a stream of events, JSON, lines of JSON, a web page."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

from agent_core.model.codec import Fold
from agent_core.model.failures import broken, excerpt, not_a_server, page_title
from agent_core.model.gauge import Gauge
from agent_core.model.reply import BrokenReplyError, Draft
from agent_core.model.shapes import load
from agent_core.model.sse import EventReader, StreamEvent
from agent_core.model.wire import Answer

_BLANK = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"
_BIG = 1024 * 1024
"""Bytes of JSON from which on it is parsed off the event loop."""
_AFTER_FINISH_S = 5.0
"""Seconds for the bill and the closing mark, once the reason for ending has come."""
_AFTER_DONE_S = 0.25
"""Seconds for the end of the body after the closing mark; then the connection is given up instead of kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a stream may show no sign of life: a whole line, comments too. A drip of bytes is none."""

    first_s: float = 300.0
    """Until the first line: a local server reads the prompt in silence."""
    idle_s: float = 120.0


async def receive(
    answer: Answer,
    fold: Fold,
    tell: Callable[[str], None],
    patience: Patience | None,
    gauge: Gauge | None = None,
) -> Draft:
    """Read the whole answer. `patience` is None for a request that asked for no stream.

    A stream that fills the gauge is left where it is: the draft then ends as one that met its limit.

    Raises BrokenReplyError; the caller bounds the whole time.
    """
    gauge = gauge or Gauge(None)
    head = await _head(answer.chunks, patience)
    first = head.removeprefix(_BOM).lstrip(_BLANK)[:1]
    cut = False
    if first == b"<":
        raise BrokenReplyError(not_a_server(f"it answered with {page_title(head.decode(errors='replace'))}"))
    if first in (b"{", b"[", b'"'):
        await _document(head, answer.chunks, fold, tell)
    else:
        cut = await _Stream(fold, tell, patience or Patience(), gauge).read(head, answer)
    tell(fold.end())
    draft = fold.draft(cut=cut)
    return (
        replace(draft, finish="length", ended=True, cut=False) if gauge.full and not fold.finished else draft
    )


async def _head(chunks: AsyncIterator[bytes], patience: Patience | None) -> bytes:
    """The body up to the first chunk that is not blank."""
    head = b""
    limit = asyncio.timeout(patience.first_s if patience else None)
    try:
        async with limit:
            async for chunk in chunks:
                head += chunk
                if head.removeprefix(_BOM).lstrip(_BLANK):
                    return head
    except TimeoutError:
        if not limit.expired():
            raise
    raise BrokenReplyError(broken("its answer was empty"))


async def _document(
    head: bytes, chunks: AsyncIterator[bytes], fold: Fold, tell: Callable[[str], None]
) -> None:
    body = bytearray(head)
    async for chunk in chunks:
        body += chunk
    data = bytes(body).removeprefix(_BOM)
    text = data.decode(errors="replace")
    damaged = "\ufffd" in text and "\ufffd".encode() not in data
    try:
        value = await asyncio.to_thread(load, text) if len(text) > _BIG else load(text)
    except ValueError:
        _lines(data, fold, tell)
        return
    if isinstance(value, str):
        raise BrokenReplyError(not_a_server(f"it answered with the text {excerpt(value)[:100]!r}"))
    tell(fold.whole(value, damaged=damaged))


def _lines(data: bytes, fold: Fold, tell: Callable[[str], None]) -> None:
    """A document that is no JSON as a whole may be one object a line."""
    reader = EventReader()
    events = [*reader.feed(data), *reader.end()]
    if len(events) < 2 or any(event.unreadable for event in events):
        raise BrokenReplyError(broken("its answer was no whole JSON"))
    for event in events:
        tell(fold.feed(event))


class _Stream:
    def __init__(self, fold: Fold, tell: Callable[[str], None], patience: Patience, gauge: Gauge) -> None:
        self._fold = fold
        self._gauge = gauge
        self._tell = tell
        self._patience = patience
        self._reader = EventReader()
        self._events = 0
        self._done = False

    async def read(self, head: bytes, answer: Answer) -> bool:
        """Feed every event to the fold; true where the stream broke off after its reason for ending."""
        self._take(self._reader.feed(head))
        cut = await self._rest(answer.chunks)
        if self._full:
            return False
        if self._done or cut:
            return cut and not self._done
        self._take(self._reader.end())
        if not self._events and "event-stream" not in answer.content_type:
            shown = excerpt(head[:400].decode(errors="replace"))[:100]
            raise BrokenReplyError(not_a_server(f"it answered with the text {shown!r}"))
        return False

    async def _rest(self, chunks: AsyncIterator[bytes]) -> bool:
        loop = asyncio.get_running_loop()
        lines, alive = -1, loop.time()
        chunk: bytes | None = b""
        while chunk is not None:
            self._take(self._reader.feed(chunk))
            if self._full:
                return False
            if self._reader.lines > lines:
                lines, alive = self._reader.lines, loop.time()
            limit = self._limit()
            timer = asyncio.timeout_at(alive + limit)
            try:
                async with timer:
                    chunk = await anext(chunks, None)
            except TimeoutError:
                if self._fold.finished:
                    return False
                raise BrokenReplyError(broken(f"nothing whole came for {limit:.0f} s")) from None
            except BrokenReplyError:
                if self._fold.finished:
                    return True
                raise
        return False

    @property
    def _full(self) -> bool:
        """It says more than it was allowed to, and has not ended by itself."""
        return self._gauge.full and not self._fold.finished

    def _limit(self) -> float:
        if self._done:
            return _AFTER_DONE_S
        if self._fold.finished:
            return _AFTER_FINISH_S
        return self._patience.idle_s if self._events else self._patience.first_s

    def _take(self, events: list[StreamEvent]) -> None:
        for event in events:
            if self._done or self._full:
                return
            self._gauge.feed(event)
            self._events += 1
            self._done = event.done
            self._tell(self._fold.feed(event))
