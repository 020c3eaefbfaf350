"""/rewind and /fork: back to an earlier step of a goal, here or in a thread of its own."""

from discord import app_commands

from agent_core.control import Fork, no_such_step
from agent_core.errors import RefusedError, StoreUnavailableError
from agent_core.events import Thought
from agent_core.session import State
from agent_core.signals import RewindAsked
from agent_core.values import Right, SessionRef
from bot import access
from bot.commands.answer import Asking, Slash, answer, asker, defer, slash
from bot.commands.desk import Desk, guild_of, let_in, session_here, the_session
from bot.discord_api import DiscordError, UnavailableError
from bot.render.escape import clean

_CHOICES = 25
_CHOICE_ROOM = 100
Choices = list[app_commands.Choice[int]]


def rewind(desk: Desk) -> Slash:
    """The command that goes back in this thread."""

    async def steps(interaction: Asking, current: int | str) -> Choices:
        return await _steps(desk, interaction, str(current), last=False)

    @app_commands.describe(step="The last step that still counts; 0 begins anew.")
    @app_commands.autocomplete(step=steps)
    async def command(interaction: Asking, step: app_commands.Range[int, 0, 1_000_000]) -> None:
        member = asker(interaction)
        await defer(desk.api, interaction, ephemeral=True)
        ref = await the_session(desk, interaction)
        state = await desk.control.read(ref)
        rules = await desk.control.rules(ref.guild_id)
        if not access.may_steer(member, rules, state.starter.id):
            raise RefusedError(access.why(Right.STEER, rules))
        if state.status.ended:
            raise RefusedError(
                f"This goal has ended ({state.status}). `/fork` goes on from a step in a thread of its own,"
                " and what you write here begins a new goal with its files."
            )
        if state.child:
            raise RefusedError("A delegate is at work for this step. `/stop` it first, or wait for it.")
        if step not in state.after_steps:
            raise RefusedError(no_such_step(state, step))
        asked = RewindAsked(person=member.person, step=step, id=str(interaction.id))
        await desk.control.signal(ref, asked)
        await answer(
            desk.api,
            interaction,
            f"⏪ Going back to step {step}. Words there or `/resume` let it go on.",
        )

    return slash("rewind", "Take this goal back to how it stood after a step.", command)


def fork(desk: Desk) -> Slash:
    """The command that goes on from a step elsewhere."""

    async def steps(interaction: Asking, current: int | str) -> Choices:
        return await _steps(desk, interaction, str(current), last=True)

    @app_commands.describe(step="The step to go on from; 0 is the beginning.")
    @app_commands.autocomplete(step=steps)
    async def command(interaction: Asking, step: app_commands.Range[int, 0, 1_000_000]) -> None:
        member = await let_in(desk, interaction, Right.START)
        ref = SessionRef(guild_of(interaction), str(interaction.id))
        async with desk.openings.one(ref):
            await defer(desk.api, interaction, ephemeral=True)
            source = await the_session(desk, interaction)
            state = await desk.control.read(source)
            order = Fork(
                ref=ref, source=source, step=step, starter=member.person, channel_id=state.channel_id
            )
            await desk.control.fork(order)
            await answer(desk.api, interaction, await _opened(desk, interaction, ref))

    return slash("fork", "Go on from a step of this goal in a thread of its own.", command)


async def _opened(desk: Desk, interaction: Asking, ref: SessionRef) -> str:
    state = await desk.control.read(ref)
    try:
        message_id = await desk.openings.post(state)
        thread_id = await desk.openings.finish(state, message_id, interaction.filesize_limit)
    except UnavailableError:
        desk.openings.late.add(ref)
        return "Discord does not answer just now. The fork is kept, and its thread opens later."
    except DiscordError as error:
        raise RefusedError(f"I cannot open a thread for the fork. {error}") from error
    return f"🍴 It goes on in <#{thread_id}>."


async def _steps(desk: Desk, interaction: Asking, current: str, *, last: bool) -> Choices:
    """The steps that can be gone back to, the newest first, with their first words."""
    try:
        ref = await session_here(desk, interaction)
        state = await desk.control.read(ref) if ref else None
    except (RefusedError, StoreUnavailableError):
        return []
    if state is None:
        return []
    there: set[int] = set(state.after_steps) | ({state.step} if last else set())
    numbers = sorted(there, reverse=True)
    words = _words(state)
    wanted = current.strip().casefold()
    named = [(number, f"{number}: {words.get(number, 'the beginning')}"[:_CHOICE_ROOM]) for number in numbers]
    found = [(number, name) for number, name in named if wanted in name.casefold()]
    return [app_commands.Choice(name=name, value=number) for number, name in found[:_CHOICES]]


def _words(state: State) -> dict[int, str]:
    thoughts = (item for item in state.history if isinstance(item, Thought))
    return {
        thought.step: " ".join(clean(thought.text).split())
        or ", ".join(action.name for action in thought.actions)
        or "no words"
        for thought in thoughts
    }
