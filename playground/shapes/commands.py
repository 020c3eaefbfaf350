"""Application commands and interactions as Discord's objects."""

from playground.entities import Channel, Command, Interaction
from playground.events import Viewer
from playground.limits import upload_limit
from playground.shapes.messages import message_object
from playground.shapes.people import member_object, user_object
from playground.shapes.places import channel_object
from playground.wire import Payload
from playground.world import World


def command_object(command: Command) -> Payload:
    """A registered command."""
    shaped: Payload = {
        "id": command.id,
        "application_id": command.application_id,
        "version": command.version,
        "default_member_permissions": None,
        "type": 1,
        "description": "",
        "nsfw": False,
    } | command.body
    if command.guild_id is not None:
        shaped["guild_id"] = command.guild_id
    return shaped


def invoker_object(world: World, channel: Channel, user_id: str) -> Payload:
    """The `member` of an interaction in a guild: with the permissions it has in the channel."""
    member = world.member(channel.guild_id or "", user_id)
    return member_object(world, member) | {"permissions": str(world.permissions(channel, user_id))}


def interaction_channel(world: World, channel: Channel, user_id: str) -> Payload:
    """The `channel` of an interaction: whole, with the person's permissions."""
    shaped = channel_object(world, channel, viewer_id=user_id)
    return shaped | {"permissions": str(world.permissions(channel, user_id))}


def interaction_event(world: World, interaction: Interaction) -> Payload:
    """The INTERACTION_CREATE that the bot gets."""
    channel = world.channel(interaction.channel_id)
    owners = {"1": interaction.user_id} if channel.guild_id is None else {"0": channel.guild_id}
    tier = world.guild(channel.guild_id).premium_tier if channel.guild_id else 0
    shaped: Payload = {
        "id": interaction.id,
        "application_id": interaction.application_id,
        "type": interaction.type,
        "data": interaction.data,
        "channel_id": channel.id,
        "channel": interaction_channel(world, channel, interaction.user_id),
        "token": interaction.token,
        "version": 1,
        "locale": "en-US",
        "entitlements": [],
        "entitlement_sku_ids": [],
        "authorizing_integration_owners": owners,
        "context": 1 if channel.guild_id is None else 0,
        "attachment_size_limit": upload_limit(tier),
        "app_permissions": str(world.permissions(channel, interaction.application_id)),
    }
    if channel.guild_id is not None:
        shaped["guild_id"] = channel.guild_id
        shaped["guild"] = {"id": channel.guild_id, "locale": "en-US", "features": []}
        shaped["guild_locale"] = "en-US"
        shaped["member"] = invoker_object(world, channel, interaction.user_id)
    else:
        shaped["user"] = user_object(world.user(interaction.user_id))
    if interaction.message_id is not None:
        message = world.message(interaction.channel_id, interaction.message_id)
        shaped["message"] = message_object(world, message, Viewer(user_id=interaction.application_id))
    return shaped


def callback_object(world: World, interaction: Interaction) -> Payload:
    """What `with_response` answers: the interaction and, unless it was deferred, what was made."""
    about: Payload = {"id": interaction.id, "type": interaction.type, "channel_id": interaction.channel_id}
    if interaction.guild_id is not None:
        about["guild_id"] = interaction.guild_id
    shaped: Payload = {"interaction": about}
    kind = interaction.answer_type
    message = (
        world.history(interaction.channel_id).get(interaction.original_id)
        if interaction.original_id
        else None
    )
    if message is not None and kind in {4, 5, 6, 7}:
        about["response_message_id"] = message.id
        about["response_message_loading"] = kind == 5
        about["response_message_ephemeral"] = message.ephemeral_to is not None
    if message is not None and kind in {4, 7}:
        viewer = Viewer(user_id=interaction.application_id)
        shaped["resource"] = {"type": kind, "message": message_object(world, message, viewer)}
    return shaped
