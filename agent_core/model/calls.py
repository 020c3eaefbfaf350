"""Put the tool calls of a stream together from its pieces, whatever a server does to the ids. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from agent_core.model.parts import is_opaque
from agent_core.model.reply import Call
from agent_core.model.shapes import JsonObject, dump, integer, load, mapping, string

MAX_CALLS = 128
"""Calls of one reply; more are left out."""


def is_object(text: str) -> bool:
    """The text is one whole JSON object."""
    if not text.rstrip().endswith("}"):
        return False
    try:
        return isinstance(load(text), dict)
    except ValueError:
        return False


def _as_text(arguments: JsonValue) -> str:
    """Arguments come as a string, some servers send the object itself."""
    if isinstance(arguments, str):
        return arguments
    return "" if arguments is None else dump(arguments)


@dataclass(slots=True, kw_only=True)
class _Slot:
    id: str = ""
    name: str = ""
    pieces: list[str] = field(default_factory=list[str])
    extras: JsonObject = field(default_factory=dict[str, JsonValue])

    @property
    def raw(self) -> str:
        if len(self.pieces) > 1:
            self.pieces = ["".join(self.pieces)]
        return self.pieces[0] if self.pieces else ""

    def whole(self) -> bool:
        """Its arguments are complete; asked only where a piece may begin another call."""
        return bool(self.pieces) and self.pieces[-1].rstrip().endswith("}") and is_object(self.raw)

    def add(self, piece: str) -> None:
        """Append a piece of the arguments; one that repeats all before it replaces them."""
        opens = piece.lstrip().startswith("{")
        if opens and self.pieces:
            raw = self.raw
            if raw == "{}" or (raw.lstrip().startswith("{") and piece.startswith(raw)):
                self.pieces = []
        if piece:
            self.pieces.append(piece)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    index: int | None
    id: str
    name: str
    arguments: str
    extras: JsonObject


def _read(value: JsonValue) -> _Piece:
    source = mapping(value)
    # Cloudflare, among others, puts name and arguments beside the id
    function = mapping(source.get("function")) or mapping(source.get("custom")) or source
    given = (function.get(key) for key in ("arguments", "input", "parameters"))
    arguments = next((one for one in given if one is not None), None)
    return _Piece(
        index=integer(source.get("index")),
        id=string(source.get("id")).strip(),
        name=string(function.get("name")).strip(),
        arguments=_as_text(arguments),
        extras={key: item for key, item in source.items() if item is not None and is_opaque(key)},
    )


class CallFold:
    """Feed it the `tool_calls` of each delta, take the calls at the end."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._slots: list[_Slot] = []
        self._by_index: dict[int, _Slot] = {}

    def feed(self, values: Sequence[JsonValue], *, whole: bool = False) -> None:
        """The `tool_calls` of one delta, or of a whole message: then each is a call of its own."""
        touched: list[_Slot] = []
        for value in values[:MAX_CALLS]:
            piece = _read(value)
            if not (piece.id or piece.name or piece.arguments or piece.extras):
                continue
            slot = None if whole else self._find(piece)
            again = piece.index is None and bool(piece.name) and any(slot is other for other in touched)
            if (slot is None or again) and len(self._slots) < MAX_CALLS:
                slot = _Slot()
                self._slots.append(slot)
            if slot is not None:
                touched.append(slot)
                self._add(slot, piece)

    def _add(self, slot: _Slot, piece: _Piece) -> None:
        if piece.index is not None:
            self._by_index[piece.index] = slot
        slot.id = slot.id or piece.id
        slot.name = self._joined_name(slot.name, piece.name)
        slot.extras.update(piece.extras)
        slot.add(piece.arguments)

    def calls(self) -> tuple[Call, ...]:
        """All calls in the order in which they began."""
        return tuple(
            Call(id=slot.id, name=slot.name, raw=slot.raw, extras=slot.extras) for slot in self._slots
        )

    def _find(self, piece: _Piece) -> _Slot | None:
        """The call that this piece goes on with; None where it begins a new one."""
        if piece.index is not None:
            slot = self._by_index.get(piece.index)
            return None if slot is None or self._begins_anew(slot, piece) else slot
        if piece.id:
            slot = next((slot for slot in reversed(self._slots) if slot.id == piece.id), None)
            if slot is None and self._slots and not piece.name:
                slot = self._slots[-1]  # a fresh id on every piece
            return None if slot is None or self._begins_anew(slot, piece) else slot
        slot = self._slots[-1] if self._slots else None
        return None if slot is None or self._begins_anew(slot, piece) else slot

    def _begins_anew(self, slot: _Slot, piece: _Piece) -> bool:
        """Some servers give every call the same index, or none, or the same id."""
        if not piece.name or not slot.name:
            return False  # only a piece with a name can begin a call
        if not self._same_name(slot.name, piece.name):
            return True
        if slot.id and piece.id and slot.id != piece.id:
            return not piece.arguments or slot.whole()
        return is_object(piece.arguments) and slot.raw not in (piece.arguments, "{}") and slot.whole()

    def _same_name(self, old: str, new: str) -> bool:
        """The new name repeats the old one, or goes on with it."""
        if old == new:
            return True
        if old in self._names:
            return False
        return new.startswith(old) or any(name.startswith(old + new) for name in self._names)

    def _joined_name(self, old: str, new: str) -> str:
        if not old or not new or old == new:
            return old or new
        return new if new.startswith(old) else old + new
