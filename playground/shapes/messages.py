"""Messages, attachments and reactions as Discord's objects, as one viewer sees them."""

from playground.clock import iso
from playground.entities import Attachment, Message, Reaction
from playground.events import Viewer
from playground.ids import time_of
from playground.shapes.people import member_object, user_object
from playground.shapes.places import thread_object
from playground.wire import Payload
from playground.world import World

SUPPRESS_EMBEDS = 1 << 2


def attachment_object(world: World, channel_id: str, attachment: Attachment) -> Payload:
    """A file of a message, under a fresh signed address."""
    url = world.links(channel_id, attachment)
    shaped: Payload = {
        "id": attachment.id,
        "filename": attachment.filename,
        "size": attachment.size,
        "url": url,
        "proxy_url": url,
        "content_type": attachment.content_type,
    }
    if attachment.description is not None:
        shaped["description"] = attachment.description
    if attachment.width is not None and attachment.height is not None:
        shaped |= {"width": attachment.width, "height": attachment.height}
    if attachment.ephemeral:
        shaped["ephemeral"] = True
    return shaped


def emoji_object(emoji: str) -> Payload:
    """A unicode emoji, or a custom one written "name:id"."""
    name, _, emoji_id = emoji.partition(":")
    return {"id": emoji_id or None, "name": name}


def reaction_object(reaction: Reaction, viewer_id: str) -> Payload:
    """An emoji under a message with its count."""
    return {
        "emoji": emoji_object(reaction.emoji),
        "count": len(reaction.users),
        "count_details": {"burst": 0, "normal": len(reaction.users)},
        "burst_colors": [],
        "me_burst": False,
        "me": viewer_id in reaction.users,
    }


def message_object(world: World, message: Message, viewer: Viewer, *, nested: bool = False) -> Payload:
    """A message; `nested` is the one inside `referenced_message`."""
    sees = sees_content(message, viewer)
    shaped: Payload = {
        "id": message.id,
        "type": message.type,
        "channel_id": message.channel_id,
        "author": user_object(world.user(message.author_id)),
        "content": message.content if sees else "",
        "timestamp": iso(time_of(message.id)),
        "edited_timestamp": iso(message.edited_at) if message.edited_at else None,
        "flags": message.flags,
        "tts": message.tts,
        "pinned": message.pinned_at is not None,
        "mention_everyone": message.mention_everyone,
        "mentions": [user_object(world.user(user_id)) for user_id in message.mentions],
        "mention_roles": list(message.mention_roles),
        "attachments": _attachments(world, message) if sees else [],
        "embeds": _embeds(world, message) if sees and not message.flags & SUPPRESS_EMBEDS else [],
        "components": [_component(world, message, one) for one in message.components] if sees else [],
    }
    if message.reactions and not nested:
        shaped["reactions"] = [reaction_object(r, viewer.user_id) for r in message.reactions]
    _add_origin(world, shaped, message)
    if message.reference is not None and not nested:
        _add_reference(world, shaped, message, viewer)
    thread = world.channels.get(message.id)
    if thread is not None and thread.thread is not None:
        shaped["thread"] = thread_object(world, thread, viewer_id=viewer.user_id)
    return shaped


def message_event(world: World, message: Message, viewer: Viewer) -> Payload:
    """A message as the gateway carries it: with guild and member, and its nonce for its author."""
    shaped = message_object(world, message, viewer)
    if message.guild_id is None:
        return shaped
    shaped["guild_id"] = message.guild_id
    author = world.members.get((message.guild_id, message.author_id))
    if author is not None:
        shaped["member"] = member_object(world, author, with_user=False)
    for mention in shaped["mentions"]:
        member = world.members.get((message.guild_id, mention["id"]))
        if member is not None:
            mention["member"] = member_object(world, member, with_user=False)
    return shaped


def sees_content(message: Message, viewer: Viewer) -> bool:
    """The message content rule: own messages, DMs and mentions are readable without the intent."""
    return (
        viewer.sees_content
        or message.author_id == viewer.user_id
        or message.guild_id is None
        or viewer.user_id in message.mentions
    )


def _embeds(world: World, message: Message) -> list[Payload]:
    """The embeds, with pictures that lie in the message's own attachments under their addresses."""
    links = {f"attachment://{one.filename}": one for one in message.attachments}
    return [_with_links(world, message.channel_id, embed, links) for embed in message.embeds]


def _with_links(world: World, channel_id: str, embed: Payload, links: dict[str, Attachment]) -> Payload:
    shaped = dict(embed)
    for part in ("image", "thumbnail", "author", "footer"):
        key = "url" if part in {"image", "thumbnail"} else "icon_url"
        attachment = links.get(embed.get(part, {}).get(key, ""))
        if attachment is not None:
            url = world.links(channel_id, attachment)
            shaped[part] = embed[part] | {key: url, f"proxy_{key}": url}
    return shaped


def _component(world: World, message: Message, component: Payload) -> Payload:
    """A component with its media unfurled: pictures and files of the message under their addresses."""
    shaped = dict(component)
    if "media" in shaped:
        shaped["media"] = _unfurled(world, message, shaped["media"]["url"])
    if "items" in shaped:
        shaped["items"] = [
            item | {"media": _unfurled(world, message, item["media"]["url"])} for item in shaped["items"]
        ]
    if "file" in shaped:
        shaped["file"] = media = _unfurled(world, message, shaped["file"]["url"])
        named = [one for one in message.attachments if one.id == media.get("attachment_id")]
        shaped |= {"name": named[0].filename, "size": named[0].size} if named else {}
    if "components" in shaped:
        shaped["components"] = [_component(world, message, one) for one in shaped["components"]]
    if "accessory" in shaped:
        shaped["accessory"] = _component(world, message, shaped["accessory"])
    return shaped


def _unfurled(world: World, message: Message, url: str) -> Payload:
    for attachment in message.attachments:
        if url == f"attachment://{attachment.filename}":
            link = world.links(message.channel_id, attachment)
            return {
                "id": attachment.id,
                "url": link,
                "proxy_url": link,
                "width": attachment.width,
                "height": attachment.height,
                "content_type": attachment.content_type,
                "attachment_id": attachment.id,
            }
    return {
        "id": message.id,
        "url": url,
        "proxy_url": url,
        "width": None,
        "height": None,
        "content_type": None,
    }


def _attachments(world: World, message: Message) -> list[Payload]:
    return [attachment_object(world, message.channel_id, attachment) for attachment in message.attachments]


def _add_origin(world: World, shaped: Payload, message: Message) -> None:
    if message.application_id is not None:
        shaped["application_id"] = message.application_id
        shaped["webhook_id"] = message.application_id
    if message.interaction is not None:
        shaped["interaction_metadata"] = metadata_object(world, message.interaction)
        if message.command_name is not None:
            shaped["interaction"] = {
                "id": message.interaction["id"],
                "type": message.interaction["type"],
                "name": message.command_name,
                "user": user_object(world.user(message.interaction["user_id"])),
            }


def metadata_object(world: World, stored: Payload) -> Payload:
    """`interaction_metadata` with its user filled in."""
    shaped = {key: value for key, value in stored.items() if key != "user_id"}
    shaped["user"] = user_object(world.user(stored["user_id"]))
    if "triggering_interaction_metadata" in shaped:
        shaped["triggering_interaction_metadata"] = metadata_object(
            world, shaped["triggering_interaction_metadata"]
        )
    return shaped


def _add_reference(world: World, shaped: Payload, message: Message, viewer: Viewer) -> None:
    reference = message.reference
    if reference is None:
        return
    shaped["message_reference"] = {
        "type": reference.type,
        "message_id": reference.message_id,
        "channel_id": reference.channel_id,
    }
    if reference.guild_id is not None:
        shaped["message_reference"]["guild_id"] = reference.guild_id
    if message.type in {19, 21, 23}:
        target = world.history(reference.channel_id).get(reference.message_id)
        shaped["referenced_message"] = message_object(world, target, viewer, nested=True) if target else None
