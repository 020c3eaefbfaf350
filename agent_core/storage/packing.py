"""How a commit lies in Redis: as JSON, or compressed with words that are common in journals.

The name of the field says which: `commit` is JSON, `z1` is raw deflate with the first dictionary, `z2` the
same of a commit without what it says twice. Entries are stored for ever, so neither the dictionary nor what a
name means may ever change; a better one is `z3`.
"""

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from agent_core.errors import NewerEventError
from agent_core.storage.twice import shortened, whole

_PLAIN = b"commit"
_DEFLATED = b"z1"
_SHORTENED = b"z2"
_DICTIONARY = Path(__file__).with_name("dictionary_1.txt")
_DICTIONARY_SHA256 = "19fe0d9666e56f0dc67fcbc6af855b2f4f120b464ff0607186e5d90443c92b98"
_LEVEL = 6
_RAW = -15  # deflate without header and checksum: an entry of Redis has an id of its own


def pack(data: bytes) -> tuple[bytes, bytes]:
    """The name of the field, and its value: the smaller of the two."""
    short = shortened(data)
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW, 9, zlib.Z_DEFAULT_STRATEGY, _dictionary())
    packed = deflate.compress(data if short is None else short) + deflate.flush()
    name = _DEFLATED if short is None else _SHORTENED
    return (name, packed) if len(packed) < len(data) else (_PLAIN, data)


def unpack(fields: Mapping[bytes, bytes]) -> bytes:
    """The inverse of `pack`.

    Raises NewerEventError for a name of a later version of the program, and zlib.error for damaged bytes.
    """
    if _PLAIN in fields:
        return fields[_PLAIN]
    if _DEFLATED in fields:
        return _inflated(fields[_DEFLATED])
    if _SHORTENED in fields:
        try:
            return whole(_inflated(fields[_SHORTENED]))
        except ValueError:
            raise zlib.error("the entry cannot be written out") from None
    raise NewerEventError(f"This journal holds an entry packed as {sorted(fields)}.")


def _inflated(packed: bytes) -> bytes:
    inflate = zlib.decompressobj(_RAW, _dictionary())
    data = inflate.decompress(packed) + inflate.flush()
    if not inflate.eof:
        raise zlib.error("the entry ends too early")
    return data


def pack_lines(lines: Sequence[bytes]) -> bytes:
    """A whole journal for the archive: its commits as JSON, one a line, compressed together."""
    return zlib.compress(b"".join(line + b"\n" for line in lines), 9)


def unpack_lines(data: bytes) -> list[bytes]:
    """The inverse of `pack_lines`. Raises zlib.error where it is none."""
    return zlib.decompress(data).split(b"\n")[:-1]


@cache
def _dictionary() -> bytes:
    data = _DICTIONARY.read_bytes()
    if hashlib.sha256(data).hexdigest() != _DICTIONARY_SHA256:
        raise RuntimeError(f"{_DICTIONARY} was changed; journals cannot be read without it as it was.")
    return data
