"""How frames go over the socket: plain text, one zlib stream, or one zstd frame per connection."""

import struct
import zlib
from typing import Protocol


class Transport(Protocol):
    """Turns a frame's text into what is sent."""

    def pack(self, text: str) -> str | bytes:
        """A str goes as a text frame, bytes as a binary one."""
        ...


class PlainText:
    """Text frames."""

    def pack(self, text: str) -> str:
        """As it is."""
        return text


class ZlibStream:
    """One zlib context for the connection; each message ends with a sync flush (00 00 ff ff)."""

    def __init__(self) -> None:
        self._context = zlib.compressobj()

    def pack(self, text: str) -> bytes:
        """The next part of the stream."""
        return self._context.compress(text.encode()) + self._context.flush(zlib.Z_SYNC_FLUSH)


_MAGIC, _DESCRIPTOR, _WINDOW_128_KIB = 0xFD2FB528, 0x00, 0x38
_BLOCK = 1 << 17


class ZstdStream:
    """One zstd frame for the connection that never ends, made of raw blocks: valid, only not smaller.

    RFC 8878: magic, frame header (no size, no checksum), then blocks of at most 128 KiB, each with a header
    of 3 bytes: last << 0 | type << 1 | size << 3; type 0 is raw.
    """

    def __init__(self) -> None:
        self._started = False

    def pack(self, text: str) -> bytes:
        """The next blocks of the frame."""
        data = text.encode()
        head = b"" if self._started else struct.pack("<IBB", _MAGIC, _DESCRIPTOR, _WINDOW_128_KIB)
        self._started = True
        parts = [data[at : at + _BLOCK] for at in range(0, len(data), _BLOCK)]
        return head + b"".join((len(part) << 3).to_bytes(3, "little") + part for part in parts)


def transport_for(compress: str | None) -> Transport | None:
    """The transport that a client asks for; None when there is no such one."""
    match compress:
        case None | "":
            return PlainText()
        case "zlib-stream":
            return ZlibStream()
        case "zstd-stream":
            return ZstdStream()
        case _:
            return None
