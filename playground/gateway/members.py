"""Answers to REQUEST_GUILD_MEMBERS. Pure."""

from collections.abc import Iterator

from playground.entities import Member
from playground.forms import Form
from playground.shapes.people import member_object
from playground.wire import Payload
from playground.world import World

CHUNK = 1000


def member_chunks(world: World, bot_id: str, form: Form) -> Iterator[Payload]:
    """GUILD_MEMBERS_CHUNK payloads of at most 1,000 members: by ids, or by the start of a name."""
    guild_id = form.snowflake("guild_id") or ""
    if (guild_id, bot_id) not in world.members:
        return
    wanted = form.snowflakes("user_ids") if isinstance(form.raw("user_ids"), list) else []
    single = form.snowflake("user_ids") if isinstance(form.raw("user_ids"), str) else None
    ids = [*wanted, *([single] if single else [])]
    found = _found(world, guild_id, ids, form)
    chunks = [found[at : at + CHUNK] for at in range(0, len(found), CHUNK)] or [[]]
    known = {member.user_id for member in found}
    for index, chunk in enumerate(chunks):
        payload: Payload = {
            "guild_id": guild_id,
            "members": [member_object(world, member) for member in chunk],
            "chunk_index": index,
            "chunk_count": len(chunks),
            "not_found": [user_id for user_id in ids if user_id not in known],
        }
        nonce = form.text("nonce")
        yield payload if nonce is None else payload | {"nonce": nonce}


def _found(world: World, guild_id: str, ids: list[str], form: Form) -> list[Member]:
    members = world.guild_members(guild_id)
    if ids:
        return [member for member in members if member.user_id in ids]
    query = (form.text("query") or "").lower()
    limit = form.integer("limit") or len(members)
    named = [
        member
        for member in members
        if world.user(member.user_id).name.startswith(query) or (member.nick or "").lower().startswith(query)
    ]
    return named[:limit]
