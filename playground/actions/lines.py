"""Lines that Discord itself writes into a channel: a thread was made, renamed, a message pinned."""

from playground.actions.telling import tell_message
from playground.entities import Channel, Message, Reference
from playground.world import World

RENAMED, PINNED, CREATED, STARTER = 4, 6, 18, 21


def add_line(
    world: World,
    channel: Channel,
    author_id: str,
    kind: int,
    *,
    content: str = "",
    reference: Reference | None = None,
) -> None:
    """Write a line on behalf of who caused it."""
    line = Message(
        id=world.ids.mint(),
        channel_id=channel.id,
        guild_id=channel.guild_id,
        author_id=author_id,
        content=content,
        type=kind,
        reference=reference,
    )
    world.save(line)
    channel.last_message_id = line.id
    world.save(channel)
    tell_message(world, "MESSAGE_CREATE", line)
