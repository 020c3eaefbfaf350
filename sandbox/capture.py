"""Keep the first and the last part of a stream that may be endless."""

KEPT = 512 << 10
"""Bytes kept of each end."""


class Capture:
    """One output stream of a run: never holds more than twice KEPT and a chunk."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self.total = 0

    def add(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        self.total += len(data)
        room = KEPT - len(self._head)
        self._head += data[:room]
        self._tail += data[max(room, 0) :]
        if len(self._tail) > 2 * KEPT:
            del self._tail[:-KEPT]

    def text(self) -> str:
        """The stream as text, with a line that says how much is missing where something is."""
        if self.total <= 2 * KEPT:
            return bytes(self._head + self._tail).decode("utf-8", "replace")
        head, tail = _whole_end(bytes(self._head)), _whole_start(bytes(self._tail[-KEPT:]))
        missing = self.total - len(head) - len(tail)
        gap = f"\n[... {missing:,} bytes left out ...]\n"
        return head.decode("utf-8", "replace") + gap + tail.decode("utf-8", "replace")


def _whole_end(data: bytes) -> bytes:
    """Without the beginning of a character whose rest was cut off."""
    for back in range(1, min(4, len(data) + 1)):
        byte = data[-back]
        if byte < 0x80:
            break
        if byte >= 0xC0:
            needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return data[:-back] if back < needed else data
    return data


def _whole_start(data: bytes) -> bytes:
    """Without the end of a character whose beginning was cut off."""
    for front in range(min(3, len(data))):
        if data[front] & 0xC0 != 0x80:
            return data[front:]
    return data
