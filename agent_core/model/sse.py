"""Bytes of a streamed body -> JSON events, in every dialect of server-sent events. Pure."""

from dataclasses import dataclass

from pydantic import JsonValue

from agent_core.model.shapes import load

MAX_LINE = 8 * 1024 * 1024
"""Bytes; a longer line is given up as damage."""
_IDLE_WORDS = frozenset(
    {"", "ping", "pong", "keepalive", "keep-alive", "keep_alive", "heartbeat", "ok", "null"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEvent:
    """One event of a stream."""

    data: JsonValue = None
    name: str = ""
    done: bool = False
    """The closing mark of the stream."""
    damaged: bool = False
    """Its bytes were no UTF-8; `data` holds replacement characters."""
    unreadable: bool = False
    """It was no JSON; something of the reply may be lost."""


class EventReader:
    """Feed it bytes, take events. A data line that is JSON by itself is an event, blank line or not."""

    def __init__(self) -> None:
        self._tail = bytearray()
        self._pending: list[str] = []
        self._damaged = False
        self._name = ""
        self.lines = 0
        """Whole lines so far, comments too: a sign of life, which a dripping server does not give."""

    def feed(self, data: bytes) -> list[StreamEvent]:
        """The events that these bytes complete."""
        self._tail += data
        events: list[StreamEvent] = []
        if b"\n" in data or b"\r" in data:
            lines = self._tail.splitlines(keepends=True)
            self._tail = bytearray() if lines[-1].endswith((b"\n", b"\r")) else lines.pop()
            for line in lines:
                self.lines += 1
                events.extend(self._line(bytes(line.rstrip(b"\r\n"))))
        if len(self._tail) > MAX_LINE:
            self._tail.clear()
            events.append(StreamEvent(unreadable=True))
        return events

    def end(self) -> list[StreamEvent]:
        """The events left when the body has ended; a cut last line is unreadable."""
        last, self._tail = bytes(self._tail), bytearray()
        return [*(self._line(last) if last else []), *self._flush()]

    def _line(self, line: bytes) -> list[StreamEvent]:
        try:
            text = line.decode()
            damaged = False
        except UnicodeDecodeError:
            text = line.decode(errors="replace")
            damaged = True
        text = text.lstrip("\ufeff")
        if not text.strip():
            return self._flush()
        if text[0] == "{":
            field, value = "data", text
        else:
            field, _, value = text.partition(":")
        match field.strip():
            case "data":
                return self._data(value.strip(), damaged=damaged)
            case "event":
                flushed = self._flush()
                self._name = value.strip()
                return flushed
            case _:
                return []

    def _data(self, value: str, *, damaged: bool) -> list[StreamEvent]:
        if value.startswith("[DONE]"):
            return [*self._flush(), StreamEvent(done=True)]
        if value.lower().strip(':"') in _IDLE_WORDS:
            return []
        try:
            whole = load(value)
        except ValueError:
            return self._piece(value, damaged=damaged)
        before = self._flush() if self._pending else []
        return [*before, self._event(whole, damaged=damaged)]

    def _piece(self, value: str, *, damaged: bool) -> list[StreamEvent]:
        if sum(map(len, self._pending)) + len(value) > MAX_LINE:
            self._pending.clear()
            return [StreamEvent(unreadable=True)]
        self._pending.append(value)
        self._damaged = self._damaged or damaged
        return []

    def _flush(self) -> list[StreamEvent]:
        if not self._pending:
            self._name = ""
            return []
        pending, self._pending = "\n".join(self._pending), []
        damaged, self._damaged = self._damaged, False
        try:
            return [self._event(load(pending), damaged=damaged)]
        except ValueError:
            self._name = ""
            return [StreamEvent(unreadable=True, damaged=damaged)]

    def _event(self, data: JsonValue, *, damaged: bool) -> StreamEvent:
        name, self._name = self._name, ""
        return StreamEvent(data=data, name=name, damaged=damaged)
