"""Interactions: started by people, answered by bots within 3 seconds, amended for 15 minutes."""

import secrets
from collections.abc import Sequence
from dataclasses import replace

from playground import limits
from playground.actions.access import require_open
from playground.actions.bodies import (
    COMPONENTS_V2,
    EPHEMERAL,
    LOADING,
    SUPPRESS_EMBEDS,
    SUPPRESS_NOTIFICATIONS,
    Draft,
    Upload,
    is_empty,
    read_draft,
    require_new_files,
)
from playground.actions.commands import choice_value
from playground.actions.components import read_components
from playground.actions.messages import apply_edit, publish, remove
from playground.entities import Channel, Interaction, Message, Reference
from playground.errors import ApiError, Problem
from playground.events import Event
from playground.forms import Form
from playground.shapes.commands import interaction_event
from playground.wire import Payload
from playground.world import World

PING, COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 1, 2, 3, 4, 5
REPLY, DEFER_REPLY, DEFER_UPDATE, UPDATE, CHOICES, SHOW_MODAL = 4, 5, 6, 7, 8, 9
ALLOWED_ANSWERS = {
    COMMAND: frozenset({REPLY, DEFER_REPLY, SHOW_MODAL}),
    COMPONENT: frozenset({REPLY, DEFER_REPLY, DEFER_UPDATE, UPDATE, SHOW_MODAL}),
    AUTOCOMPLETE: frozenset({CHOICES}),
    MODAL: frozenset({REPLY, DEFER_REPLY, DEFER_UPDATE, UPDATE}),
}


_SETTABLE = EPHEMERAL | SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | COMPONENTS_V2


def start(
    world: World,
    kind: int,
    *,
    application_id: str,
    channel: Channel,
    user_id: str,
    data: Payload,
    message_id: str | None = None,
    triggered_by: Payload | None = None,
) -> Interaction:
    """Tell a bot that a person did something; what it answers is kept in the interaction."""
    require_open(channel)
    interaction = Interaction(
        id=world.ids.mint(),
        token=secrets.token_urlsafe(120),
        application_id=application_id,
        type=kind,
        channel_id=channel.id,
        guild_id=channel.guild_id,
        user_id=user_id,
        data=data,
        created_at=world.clock.now(),
        message_id=message_id,
        triggered_by=triggered_by,
    )
    world.save(interaction)
    world.emit(
        Event(
            name="INTERACTION_CREATE",
            shape=lambda _: interaction_event(world, interaction),
            guild_id=channel.guild_id,
            only=frozenset({application_id}),
        )
    )
    return interaction


def forget_old(world: World) -> None:
    """Drop interactions whose token has died a while ago."""
    dead = world.clock.now() - 2 * limits.TOKEN_LIFE_S
    for interaction in [one for one in world.interactions.values() if one.created_at < dead]:
        world.drop(interaction)


def by_token(world: World, application_id: str, token: str) -> Interaction:
    """The interaction of a webhook address, while its token lives: else 10015, or 50027 when it died."""
    interaction = world.interactions.get(world.interaction_ids.get(token, ""))
    if interaction is None or interaction.application_id != application_id:
        raise ApiError(Problem.UNKNOWN_WEBHOOK)
    if world.clock.now() - interaction.created_at >= limits.TOKEN_LIFE_S:
        raise ApiError(Problem.BAD_WEBHOOK_TOKEN)
    return interaction


def answerable(world: World, interaction_id: str, token: str) -> Interaction:
    """The interaction of a callback address, within its 3 seconds: else 10062 or 40060."""
    interaction = world.interactions.get(interaction_id)
    if interaction is None or interaction.token != token:
        raise ApiError(Problem.UNKNOWN_INTERACTION)
    if interaction.answered_at is not None:
        raise ApiError(Problem.ALREADY_ANSWERED)
    if world.clock.now() - interaction.created_at > limits.ANSWER_WITHIN_S:
        raise ApiError(Problem.UNKNOWN_INTERACTION)
    return interaction


def answer(world: World, interaction: Interaction, body: object, draft: Draft | None) -> None:
    """The callback: exactly one per interaction. `draft` is `data` read as a message, where it is one."""
    form = Form(body)
    kind = form.choice("type", ALLOWED_ANSWERS[interaction.type])
    if kind is None:
        form.wrong("type", "BASE_TYPE_REQUIRED", "This field is required")
    form.check()
    channel = world.channel(interaction.channel_id)
    match kind:
        case 4 | 5:
            _reply(
                world, interaction, channel, draft or Draft(given=frozenset()), deferred=kind == DEFER_REPLY
            )
        case 6:
            interaction.original_id = interaction.message_id
        case 7:
            interaction.original_id = interaction.message_id
            message = world.message(channel.id, interaction.message_id or "")
            apply_edit(world, channel, message, draft or Draft(given=frozenset()))
        case 8:
            interaction.choices = _read_choices(form, _focused_kind(interaction.data))
        case _:
            interaction.modal = _read_modal(form)
    interaction.answered_at = world.clock.now()
    interaction.answer_type = kind
    world.save(interaction)
    answered: Payload = {"interaction_id": interaction.id, "channel_id": channel.id, "type": kind}
    world.emit(
        Event(
            name="INTERACTION_ANSWERED",
            shape=lambda _: answered,
            only=frozenset({interaction.user_id}),
            page_only=True,
        )
    )


def _reply(world: World, interaction: Interaction, channel: Channel, draft: Draft, *, deferred: bool) -> None:
    message = _message(world, interaction, channel, draft)
    require_new_files(draft)
    if deferred:
        message.flags = message.flags & EPHEMERAL | LOADING
        message.content, message.embeds, message.components = "", [], []
        draft = replace(draft, content="", uploads=(), given=frozenset())
    elif is_empty(message) and not draft.uploads:
        raise ApiError(Problem.EMPTY_MESSAGE)
    publish(world, channel, message, draft)
    interaction.original_id = message.id


def _message(world: World, interaction: Interaction, channel: Channel, draft: Draft) -> Message:
    """An answer's message before it is published."""
    named = interaction.type == COMMAND
    message = Message(
        id=world.ids.mint(),
        channel_id=channel.id,
        guild_id=channel.guild_id,
        author_id=interaction.application_id,
        application_id=interaction.application_id,
        content=draft.content,
        flags=draft.flags & _SETTABLE,
        tts=draft.tts,
        embeds=list(draft.embeds),
        components=list(draft.components),
        interaction=metadata(interaction),
        command_name=full_name(interaction.data) if named else None,
    )
    if named:
        message.type = 20 if interaction.data.get("type", 1) == 1 else 23
    if draft.flags & EPHEMERAL:
        message.ephemeral_to = interaction.user_id
    return message


def full_name(data: Payload) -> str:
    """A command's name with its group and subcommand."""
    words = [str(data["name"])]
    options: list[Payload] = data.get("options") or []
    while options and options[0]["type"] in {1, 2}:
        words.append(str(options[0]["name"]))
        options = options[0].get("options") or []
    return " ".join(words)


def metadata(interaction: Interaction) -> Payload:
    """`interaction_metadata` as it is stored with a message."""
    shaped: Payload = {
        "id": interaction.id,
        "type": interaction.type,
        "user_id": interaction.user_id,
        "authorizing_integration_owners": {"0": interaction.guild_id}
        if interaction.guild_id
        else {"1": interaction.user_id},
    }
    if interaction.type == COMPONENT:
        shaped["interacted_message_id"] = interaction.message_id
    if interaction.type == MODAL and interaction.triggered_by is not None:
        shaped["triggering_interaction_metadata"] = interaction.triggered_by
    return shaped


def _focused_kind(data: Payload) -> int:
    """The kind of the option that is being typed."""
    options: list[Payload] = data.get("options") or []
    for option in options:
        if option.get("focused"):
            return int(option["type"])
        if option["type"] in {1, 2}:
            return _focused_kind(option)
    return 3


def _read_choices(form: Form, kind: int) -> list[Payload]:
    data = form.inner("data") or form.beside("data", {})
    choices = [
        {"name": choice.text("name", least=1, most=100, needed=True), "value": choice_value(choice, kind)}
        for _, choice in data.inners("choices", most=25)
    ]
    data.check()
    return choices


def _read_modal(form: Form) -> Payload:
    data = form.inner("data") or form.beside("data", {})
    modal: Payload = {
        "custom_id": data.text("custom_id", least=1, most=100, needed=True),
        "title": data.text("title", least=1, most=45, needed=True),
        "components": read_components(data, modal=True),
    }
    data.check()
    return modal


def original(world: World, interaction: Interaction) -> Message:
    """The message that answered; 10008 where there is none."""
    message = (
        world.history(interaction.channel_id).get(interaction.original_id)
        if interaction.original_id
        else None
    )
    if message is None:
        raise ApiError(Problem.UNKNOWN_MESSAGE)
    return message


def own_message(world: World, interaction: Interaction, message_id: str) -> Message:
    """The original ("@original") or a followup of this interaction; else 10008."""
    if message_id == "@original":
        return original(world, interaction)
    message = world.message(interaction.channel_id, message_id)
    source = message.interaction or {}
    if message.application_id != interaction.application_id or source.get("id") != interaction.id:
        raise ApiError(Problem.UNKNOWN_MESSAGE)
    return message


def amend(world: World, interaction: Interaction, message: Message, draft: Draft) -> Message:
    """Edit an answer. The first edit of a deferred one fills it."""
    channel = world.channel(interaction.channel_id)
    return apply_edit(world, channel, message, draft, first_fill=bool(message.flags & LOADING))


def follow_up(world: World, interaction: Interaction, draft: Draft) -> Message:
    """Another message. While the answer is still deferred, the first one fills it instead."""
    if interaction.answered_at is None:
        raise ApiError(Problem.UNKNOWN_WEBHOOK)
    channel = world.channel(interaction.channel_id)
    first = (
        world.history(interaction.channel_id).get(interaction.original_id)
        if interaction.original_id
        else None
    )
    if first is not None and first.flags & LOADING:
        return amend(world, interaction, first, replace(draft, given=draft.given | {"content"}))
    require_new_files(draft)
    message = _message(world, interaction, channel, replace(draft, flags=draft.flags & ~LOADING))
    message.type = 0
    message.command_name = None
    if first is not None:
        message.type = 19
        message.reference = Reference(message_id=first.id, channel_id=channel.id, guild_id=channel.guild_id)
    if is_empty(message) and not draft.uploads:
        raise ApiError(Problem.EMPTY_MESSAGE)
    return publish(world, channel, message, draft)


def withdraw(world: World, interaction: Interaction, message: Message) -> None:
    """Delete an answer."""
    remove(world, message)
    if interaction.original_id == message.id:
        interaction.original_id = None
        world.save(interaction)


def complete(world: World, interaction: Interaction) -> bool:
    """Whether a person has all of the answer: it came, and if it was deferred it is filled."""
    if interaction.answered_at is None:
        return False
    if interaction.answer_type != DEFER_REPLY:
        return True
    first = (
        world.history(interaction.channel_id).get(interaction.original_id)
        if interaction.original_id
        else None
    )
    return first is None or not first.flags & LOADING


def draft_of(
    interaction: Interaction,
    kind: int | None,
    data: object,
    uploads: Sequence[Upload],
    *,
    premium_tier: int,
    world: World,
) -> Draft | None:
    """`data` of a callback as a message, where the answer is one."""
    if kind not in {REPLY, DEFER_REPLY, UPDATE}:
        return None
    updated = interaction.message_id if kind == UPDATE else None
    before = world.history(interaction.channel_id).get(updated or "")
    return read_draft(
        {} if data is None else data,
        uploads,
        premium_tier=premium_tier,
        path="data",
        flags_before=0 if before is None else before.flags,
    )
