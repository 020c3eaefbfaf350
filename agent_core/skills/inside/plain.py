"""Values as plain data, the only thing that passes between a check and the script that it judges."""
# pyright: basic, reportUndefinedVariable=false, reportOptionalMemberAccess=false, reportArgumentType=false

import json
import math
import socket
from typing import Any

MOST_BYTES = 8_000_000
_MOST_ITEMS = 100_000
_DEEPEST = 60
_NAMED = (
    "decimal.Decimal",
    "fractions.Fraction",
    "uuid.UUID",
    "datetime.date",
    "datetime.datetime",
    "datetime.time",
)


class PlainError(TypeError):
    """A value that is no plain data."""


def pack(value: Any, keep: Any, depth: int = 0) -> Any:  # noqa: C901 - one case per type
    """The value as JSON has it; `keep` gives the handle of what stays where it is. Raises PlainError."""
    if depth > _DEEPEST:
        raise PlainError("a value is nested too deeply")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return {"i": hex(int.__add__(value, 0))}
    if isinstance(value, float):
        plain = float.__add__(value, 0.0)
        return plain if math.isfinite(plain) else {"f": repr(plain)}
    if isinstance(value, str):
        return str.__getitem__(value, slice(None))
    if isinstance(value, (bytes, bytearray)):
        return {"b": bytes(value).hex()}
    if isinstance(value, complex):
        return {"c": [repr(value.real), repr(value.imag)]}
    for tag, kind in (("l", list), ("t", tuple), ("s", set), ("z", frozenset)):
        if isinstance(value, kind):
            items = list(kind.__iter__(value))
            return {tag: [pack(item, keep, depth + 1) for item in _capped(items)]}
    if isinstance(value, dict):
        pairs = _capped(list(dict.items(value)))
        return {"d": [[pack(key, keep, depth + 1), pack(item, keep, depth + 1)] for key, item in pairs]}
    return _pack_other(value, keep, depth)


def _pack_other(value: Any, keep: Any, depth: int) -> Any:
    kind = type(value)
    name = f"{kind.__module__}.{kind.__qualname__}"
    if name in _NAMED:
        return {"o": [name, value.isoformat() if kind.__module__ == "datetime" else str(value)]}
    if kind.__module__.partition(".")[0] == "numpy" and hasattr(value, "tolist"):
        listed = pack(value.tolist(), keep, depth + 1)
        return {"n": [str(value.dtype), listed]} if hasattr(value, "shape") and value.shape else listed
    if hasattr(value, "__next__"):
        return {
            "y": [pack(item, keep, depth + 1) for _, item in zip(range(_MOST_ITEMS), value, strict=False)]
        }
    return keep(value)


def unpack(data: Any, held: Any) -> Any:  # noqa: C901, PLR0911 - one case per tag
    """The inverse of `pack`; `held` finds or makes what a handle stands for, given its tag and number."""
    if not isinstance(data, dict):
        return data
    ((tag, inner),) = data.items()
    if tag == "i":
        return int(inner, 16)
    if tag == "f":
        return float(inner)
    if tag == "b":
        return bytes.fromhex(inner)
    if tag == "c":
        return complex(float(inner[0]), float(inner[1]))
    if tag in "ltsz":
        kind = {"l": list, "t": tuple, "s": set, "z": frozenset}[tag]
        return kind(unpack(item, held) for item in inner)
    if tag == "d":
        return {unpack(key, held): unpack(item, held) for key, item in inner}
    if tag == "o":
        return _unpack_named(*inner)
    if tag == "n":
        import numpy

        return numpy.array(unpack(inner[1], held), dtype=inner[0])
    if tag == "y":
        return iter([unpack(item, held) for item in inner])
    return held(tag, inner)


def _unpack_named(name: str, text: str) -> Any:
    if name not in _NAMED:  # the other side is not to be believed: it may name what would act here
        raise PlainError(f"{name!r} is no plain data")
    module, _, kind = name.rpartition(".")
    made = getattr(__import__(module), kind)
    return made.fromisoformat(text) if module == "datetime" else made(text)


def _capped(items: list[Any]) -> list[Any]:
    if len(items) > _MOST_ITEMS:
        raise PlainError(f"a value has more than {_MOST_ITEMS} items")
    return items


def send(link: socket.socket, message: dict[str, Any]) -> None:
    """One message: its length in four bytes, then JSON."""
    data = json.dumps(message).encode()
    if len(data) > MOST_BYTES:
        raise PlainError("a value is too large")
    link.sendall(len(data).to_bytes(4, "big") + data)


def receive(link: socket.socket) -> dict[str, Any]:
    """The next message. Raises EOFError where there is none."""
    size = int.from_bytes(_exactly(link, 4), "big")
    if size > MOST_BYTES:
        raise EOFError("the message is too large")
    return json.loads(_exactly(link, size))


def _exactly(link: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = link.recv(min(size - len(data), 1 << 20))
        if not piece:
            raise EOFError("the other side has gone")
        data += piece
    return data
