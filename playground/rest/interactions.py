"""Answers to interactions: the callback, and the webhook that amends it."""

from playground.actions import interactions
from playground.actions.bodies import Draft
from playground.entities import Interaction
from playground.events import Viewer
from playground.rest.call import NOTHING, Call, Reply
from playground.shapes.commands import callback_object
from playground.shapes.messages import message_object


def _tier(call: Call, interaction: Interaction) -> int:
    guild = call.world.guilds.get(interaction.guild_id or "")
    return guild.premium_tier if guild else 0


def callback(call: Call) -> Reply:
    """POST /interactions/{interaction_id}/{token}/callback."""
    interaction = interactions.answerable(call.world, call.params["interaction_id"], call.params["token"])
    body = call.form()
    kind, data = body.integer("type"), body.raw("data")
    body.check()
    draft = interactions.draft_of(
        interaction, kind, data, call.uploads, premium_tier=_tier(call, interaction), world=call.world
    )
    interactions.answer(call.world, interaction, call.body, draft)
    if call.query.get("with_response", "").lower() not in {"true", "1"}:
        return NOTHING
    return Reply(body=callback_object(call.world, interaction))


def _interaction(call: Call) -> Interaction:
    return interactions.by_token(call.world, call.params["webhook_id"], call.params["token"])


def _draft(call: Call, interaction: Interaction, *, flags_before: int = 0) -> Draft:
    return call.draft(interaction.guild_id, flags_before=flags_before)


def _shaped(call: Call, interaction: Interaction, message_id: str) -> Reply:
    message = interactions.own_message(call.world, interaction, message_id)
    viewer = Viewer(user_id=interaction.application_id)
    return Reply(body=message_object(call.world, message, viewer))


def follow_up(call: Call) -> Reply:
    """POST /webhooks/{application_id}/{token}: always answers the message, as for interactions."""
    interaction = _interaction(call)
    message = interactions.follow_up(call.world, interaction, _draft(call, interaction))
    return _shaped(call, interaction, message.id)


def get(call: Call) -> Reply:
    """GET /webhooks/{application_id}/{token}/messages/{message_id}, also @original."""
    return _shaped(call, _interaction(call), call.params["message_id"])


def edit(call: Call) -> Reply:
    """PATCH the same."""
    interaction = _interaction(call)
    message = interactions.own_message(call.world, interaction, call.params["message_id"])
    draft = _draft(call, interaction, flags_before=message.flags)
    interactions.amend(call.world, interaction, message, draft)
    return _shaped(call, interaction, message.id)


def delete(call: Call) -> Reply:
    """DELETE the same."""
    interaction = _interaction(call)
    message = interactions.own_message(call.world, interaction, call.params["message_id"])
    interactions.withdraw(call.world, interaction, message)
    return NOTHING
