"""What is embedded with a message: the one that it answers or follows, since a line of a chat says little."""

from agent_core.memory.shelf import Shelf
from agent_core.memory.values import Record, Source

LONGEST_BEFORE = 400
"""Characters of the message before that go into a vector."""


def before(shelf: Shelf, source: Source, reply_to: str | None) -> Record | None:
    """The message that this one answers or follows."""
    if source.kind != "message" or source.channel_id is None:
        return None
    if reply_to is not None and (slot := shelf.by_message.get(reply_to)) is not None:
        found = shelf.record(slot)
        if found is not None and any(one.channel_id == source.channel_id for one in found.sources):
            return found
    return shelf.preceding(source.channel_id, source.at)


def record_of(shelf: Shelf, memory_id: str | None) -> Record | None:
    """The memory of this id, if it is there."""
    slot = shelf.by_id.get(memory_id) if memory_id else None
    return None if slot is None else shelf.record(slot)


def in_context(before: Record | None, text: str) -> str:
    """What is embedded: a line of a chat alone means little."""
    return text if before is None else f"{before.text[-LONGEST_BEFORE:]}\n{text}"
