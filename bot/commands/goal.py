"""/goal: check, promise an answer, store the files, start the session, open its thread."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

import discord
from discord import app_commands

from agent_core.control import Order
from agent_core.errors import RefusedError
from agent_core.ledger import refuse_plan
from agent_core.signals import StopAsked
from agent_core.values import Autonomy, Right, SessionRef
from bot.commands.answer import Asking, Slash, answer, defer, slash
from bot.commands.desk import Desk, guild_of, let_in
from bot.commands.opening import starter, whole_goal
from bot.discord_api import DiscordError, UnavailableError
from bot.render.escape import clean

_NEEDED = (
    "view_channel",
    "create_public_threads",
    "send_messages_in_threads",
    "read_message_history",
    "attach_files",
    "add_reactions",
)


Template = Literal["entrepreneur"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody typed."""

    goal: str
    dropped: tuple[discord.Attachment, ...]
    autonomy: Autonomy | None
    budget_usd: float | None
    done_when: str
    template: Template | None = None


def goal(desk: Desk) -> Slash:
    """The command."""

    @app_commands.describe(
        text="What you want, in your own words.",
        file="A file that the work needs.",
        autonomy="How much I may do without asking; guarded unless the server says otherwise.",
        budget="The most that this goal may cost, in US$.",
        done_when="How you would see that it is done.",
        file2="Another file.",
        file3="Another file.",
        template="entrepreneur: I read the books, review experiments, and propose the next one.",
    )
    async def command(  # noqa: PLR0917 - the parameters are the options
        interaction: Asking,
        text: app_commands.Range[str, 1, 4000],
        file: discord.Attachment | None = None,
        autonomy: Literal["guarded", "ask", "auto"] | None = None,
        budget: app_commands.Range[float, 0.01, 1_000_000.0] | None = None,
        done_when: app_commands.Range[str, 1, 2000] | None = None,
        file2: discord.Attachment | None = None,
        file3: discord.Attachment | None = None,
        template: Template | None = None,
    ) -> None:
        dropped = [one for one in (file, file2, file3) if one is not None]
        wish = Wish(
            goal=text,
            dropped=tuple(dropped),
            autonomy=Autonomy(autonomy) if autonomy else None,
            budget_usd=budget,
            done_when=done_when or "",
            template=template,
        )
        await _start(desk, interaction, wish)

    return slash("goal", "Give me a goal; I work on it in a thread of its own.", command)


def templated(goal: str, template: Template | None) -> str:
    """The goal as the session gets it: a template is a page among its inputs that it is told to follow."""
    if template is None:
        return goal
    refuse_plan(goal)
    return f"{goal}\n\nWork as an entrepreneur: read inputs/{template}.md first and follow it."


async def _start(desk: Desk, interaction: Asking, wish: Wish) -> None:
    member = await let_in(desk, interaction, Right.START)
    if not clean(wish.goal).strip():
        raise RefusedError("Say in a few words what you want.")

    async def order(ref: SessionRef, channel_id: str) -> Order:
        received = await desk.dropped.receive(ref.guild_id, wish.dropped)
        if received.refused:
            raise RefusedError("\n".join((*received.refused, "So nothing was started.")))
        papers = await desk.papers(ref.guild_id) if wish.template else ()
        return Order(
            ref=ref,
            goal=templated(wish.goal, wish.template),
            starter=member.person,
            channel_id=channel_id,
            autonomy=wish.autonomy,
            done_when=wish.done_when,
            budget_usd=wish.budget_usd,
            files=(*papers, *received.files),
        )

    await launch(desk, interaction, order)


async def launch(
    desk: Desk, interaction: Asking, make: Callable[[SessionRef, str], Awaitable[Order]]
) -> None:
    """Promise an answer, start the session and open its thread; `make` gets its name and its channel's id."""
    channel = channel_of(interaction)
    ref = SessionRef(guild_of(interaction), str(interaction.id))
    async with desk.openings.one(ref):
        await defer(desk.api, interaction, ephemeral=channel.id != interaction.channel_id)
        order = await make(ref, str(channel.id))
        desk.openings.late.add(ref)  # whatever happens from here on, its thread opens
        try:
            await desk.control.start(order)
        except RefusedError:
            desk.openings.late.discard(ref)
            raise
        await _open(desk, interaction, order)
        desk.openings.late.discard(ref)


async def _open(desk: Desk, interaction: Asking, order: Order) -> None:
    state = await desk.control.read(order.ref)
    try:
        if str(interaction.channel_id) == order.channel_id:
            message = await answer(desk.api, interaction, starter(state.started), whole_goal(state.started))
            message_id = str(message.id) if message else await desk.openings.post(state)
            await desk.openings.finish(state, message_id, interaction.filesize_limit)
        else:
            message_id = await desk.openings.post(state)
            thread_id = await desk.openings.finish(state, message_id, interaction.filesize_limit)
            await answer(desk.api, interaction, f"It has a thread of its own: <#{thread_id}>")
    except UnavailableError as error:
        raise RefusedError(
            "Discord does not answer just now. The goal is kept, and its thread opens later."
        ) from error
    except DiscordError as error:
        desk.openings.late.discard(order.ref)
        await desk.control.signal(order.ref, StopAsked(person=order.starter))
        raise RefusedError(f"I cannot open a thread here, so the goal was stopped. {error}") from error


def channel_of(interaction: Asking) -> discord.TextChannel:
    """Where the thread will hang. Raises RefusedError where none can."""
    place = interaction.channel
    if isinstance(place, discord.Thread):
        place = place.parent
    if not isinstance(place, discord.TextChannel):
        raise RefusedError(
            "A goal needs a thread, and there can be none here. Use `/goal` in a text channel."
        )
    granted = interaction.app_permissions
    missing = [name for name in _NEEDED if not getattr(granted, name)]
    if missing:
        names = ", ".join(name.replace("_", " ") for name in missing)
        raise RefusedError(f"I lack permissions in this channel: {names}. Ask an admin to grant them to me.")
    return place
