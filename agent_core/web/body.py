"""Read an answer's body to a cap that counts what comes out of the compression, whatever the headers say."""

import zlib
from collections.abc import AsyncIterator
from typing import Protocol

from agent_core.errors import FetchFailedError

_GZIP = 16 + zlib.MAX_WBITS
_CHUNK = 64 * 1024
# what may arrive for the cap: compression makes nothing larger, but for a few bytes a block
_SLACK = 64 * 1024


class Inflater(Protocol):
    """What `zlib.decompressobj` returns."""

    @property
    def unconsumed_tail(self) -> bytes:
        """What was given and not yet looked at."""
        ...

    @property
    def eof(self) -> bool:
        """Whether the compressed data have ended."""
        ...

    def decompress(self, data: bytes, max_length: int = 0, /) -> bytes:
        """At most max_length bytes of what comes out."""
        ...


def inflater(encoding: str) -> Inflater | None:
    """A decompressor for a Content-Encoding, None where there is nothing to do."""
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip":
            return zlib.decompressobj(_GZIP)
        case "deflate":
            return zlib.decompressobj()
        case other:
            raise FetchFailedError(
                f"The server compressed its answer as {other[:60]!r}, which was not offered."
            )


async def read_capped(chunks: AsyncIterator[bytes], encoding: str, max_bytes: int) -> bytes:
    """The decompressed body.

    Raises:
        FetchFailedError: more than max_bytes would come out, or the compressed data are broken.
    """
    unpack = inflater(encoding)
    body = bytearray()
    arrived = 0
    async for chunk in chunks:
        arrived += len(chunk)
        if arrived > max_bytes + _SLACK:
            raise _too_large(max_bytes)
        if unpack is None:
            body += chunk
        else:
            if (
                arrived == len(chunk)
                and encoding.strip().lower() == "deflate"
                and not _has_zlib_header(chunk)
            ):
                unpack = zlib.decompressobj(-zlib.MAX_WBITS)  # many servers send it bare
            body += _unpacked(unpack, chunk, max_bytes - len(body) + 1)
        if len(body) > max_bytes:
            raise _too_large(max_bytes)
    return bytes(body)


def _unpacked(unpack: Inflater, chunk: bytes, room: int) -> bytes:
    out = bytearray()
    try:
        while chunk and len(out) < room and not unpack.eof:
            out += unpack.decompress(chunk, min(room - len(out), _CHUNK))
            chunk = unpack.unconsumed_tail
    except zlib.error as error:
        raise FetchFailedError("The server's answer is broken: it could not be decompressed.") from error
    return bytes(out)


def _has_zlib_header(start: bytes) -> bool:
    return len(start) < 2 or (start[0] & 0x0F == 8 and (start[0] << 8 | start[1]) % 31 == 0)


def _too_large(max_bytes: int) -> FetchFailedError:
    return FetchFailedError(f"The answer is larger than {max_bytes / 1e6:g} MB, which is more than is read.")
