"""What a call would change in one server's copy, as slots to write. Pure: thought over on a conflict."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from agent_core.memory.shelf import Shelf
from agent_core.memory.store import Slot
from agent_core.memory.values import Record, Source

Match = Callable[[Record, Source], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be written, and what the caller is told when it is."""

    slots: tuple[Slot, ...]
    size: int
    """Slots afterwards."""
    ids: tuple[str, ...]
    """The memories that the call is about."""


def adding(shelf: Shelf, record: Record, row: bytes, cap: int | None) -> Plan:
    """Write a record, or one more source of the same text; make room where there are too many."""
    known = shelf.by_key.get(record.key)
    there = shelf.record(known) if known is not None else None
    if known is not None and there is not None:
        merged = there.also(record.sources[0])
        changed = (Slot(slot=known, record=merged, row=b""),) if merged is not there else ()
        return Plan(slots=changed, size=shelf.size, ids=(there.id,))
    if record.before is not None and record.before not in shelf.by_id:
        record, row = replace(record, before=None), b""  # forgotten meanwhile, and its text is in the vector
    evicted = shelf.least(len(shelf) + 1 - cap) if cap is not None and len(shelf) >= cap else []
    slot = shelf.free_slot()
    row = row or _no_row(shelf)
    written = [Slot(slot=slot, record=record, row=row), *_without(shelf, evicted)]
    return Plan(slots=tuple(written), size=max(shelf.size, slot + 1), ids=(record.id,))


def removing(shelf: Shelf, match: Match) -> Plan:
    """Take every source away that matches, and the memories that none is left of."""
    gone: list[int] = []
    changed: list[Slot] = []
    ids: list[str] = []
    for slot, record in shelf:
        left = tuple(source for source in record.sources if not match(record, source))
        if len(left) == len(record.sources):
            continue
        ids.append(record.id)
        if left:
            changed.append(Slot(slot=slot, record=replace(record, sources=left), row=b""))
        else:
            gone.append(slot)
    written = {one.slot: one for one in _without(shelf, gone)}
    for one in changed:
        other = written.get(one.slot)
        alone = other is not None and other.record is not None
        record = replace(one.record, before=None) if alone and one.record else one.record
        written[one.slot] = Slot(slot=one.slot, record=record, row=other.row if other else b"")
    return Plan(slots=tuple(written.values()), size=shelf.size, ids=tuple(ids))


def embedding(shelf: Shelf, texts: Iterable[tuple[int, Record, bytes]]) -> Plan:
    """Give vectors to records that have none, where they are still what was embedded."""
    slots = tuple(
        Slot(slot=slot, record=record, row=row)
        for slot, record, row in texts
        if shelf.record(slot) == record and not shelf.rows.has(slot)
    )
    return Plan(slots=slots, size=shelf.size, ids=tuple(one.record.id for one in slots if one.record))


def _without(shelf: Shelf, gone: Iterable[int]) -> list[Slot]:
    """These slots emptied; and whoever has a text of theirs in its vector loses the vector."""
    written = {slot: Slot(slot=slot, record=None, row=_no_row(shelf)) for slot in gone}
    for slot in list(written):
        for follower in shelf.after(slot):
            record = shelf.record(follower)
            if follower not in written and record is not None:
                written[follower] = Slot(
                    slot=follower, record=replace(record, before=None), row=_no_row(shelf)
                )
    return list(written.values())


def _no_row(shelf: Shelf) -> bytes:
    return bytes(shelf.rows.dim)
