"""/stop, /pause and /resume: one goal, or everything on the server."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing

from discord import app_commands

from agent_core.errors import RefusedError, StoreUnavailableError
from agent_core.session import State
from agent_core.signals import PauseAsked, ResumeAsked, Signal, StopAsked
from agent_core.values import Right, ServerRules, SessionRef, Status
from bot import access
from bot.access import Member
from bot.commands.answer import Asking, Slash, answer, asker, defer, slash
from bot.commands.desk import Desk, guild_of, the_session
from bot.render.escape import clean

_CHOICES = 25
_MOST_LOOKED_AT = 200

Allowed = Callable[[Member, ServerRules, str], bool]
"""(member, rules, the starter's id) -> whether they may."""


def stop(desk: Desk) -> Slash:
    """The command that ends."""

    async def goals(interaction: Asking, current: str) -> list[app_commands.Choice[str]]:
        try:
            live = await living(desk, guild_of(interaction), current)
        except (RefusedError, StoreUnavailableError):
            return []
        return [app_commands.Choice(name=_shown(state.goal), value=state.ref.id) for state in live]

    async def everything(guild_id: str, member: Member) -> str:
        count = await desk.control.halt(guild_id, member.person)
        return f"🛑 Everything is stopped ({count} running). Nothing starts until `/resume` with `all`."

    def one(state: State, member: Member) -> tuple[Signal, str]:
        _alive(state)
        return StopAsked(person=member.person), "🛑 Stopping."

    @app_commands.describe(
        all="Every goal of this server; none starts again until /resume all.",
        goal="Another one than this thread's, such as a goal whose thread is gone.",
    )
    @app_commands.autocomplete(goal=goals)
    async def command(interaction: Asking, all: bool = False, goal: str | None = None) -> None:
        if all:
            await _everything(desk, interaction, everything)
        else:
            await _one(desk, interaction, access.may_stop, one, goal)

    return slash("stop", "End the goal of this thread, or everything on this server.", command)


async def living(desk: Desk, guild_id: str, wanted: str) -> list[State]:
    """The newest goals that have not ended and have these words in them, as many as can be picked from."""
    live = set(await desk.control.live(guild_id))
    newest = [ref for ref in await desk.control.recent(guild_id, _MOST_LOOKED_AT) if ref in live]
    found: list[State] = []
    async with aclosing(desk.control.states(newest)) as states:
        async for state in states:
            if wanted.casefold() in state.goal.casefold():
                found.append(state)
            if len(found) == _CHOICES:
                break
    return found


async def _meant(desk: Desk, interaction: Asking, goal: str | None) -> SessionRef:
    """The goal that was picked, or typed; without one, this thread's. Raises RefusedError."""
    if goal is None:
        return await the_session(desk, interaction)
    picked = SessionRef(guild_of(interaction), goal.strip())
    if picked in await desk.control.live(picked.guild_id):
        return picked
    named = await living(desk, picked.guild_id, goal.strip())
    if len(named) == 1:
        return named[0].ref
    raise RefusedError(
        f"{'Several goals' if named else 'No running goal'} here can be meant: pick one from the list."
    )


def _shown(goal: str) -> str:
    return " ".join(clean(goal).split())[:100] or "a goal"


def pause(desk: Desk) -> Slash:
    """The command that lets a goal stand still."""

    def one(state: State, member: Member) -> tuple[Signal, str]:
        _alive(state)
        if state.paused:
            raise RefusedError("This goal is paused already. `/resume` goes on.")
        return PauseAsked(by=member.name, reason=f"{member.name} paused it."), "⏸️ Pausing at the next step."

    async def command(interaction: Asking) -> None:
        await _one(desk, interaction, access.may_stop, one)

    return slash("pause", "Let the goal of this thread stand still until /resume.", command)


def resume(desk: Desk) -> Slash:
    """The command that lets things go on."""

    async def everything(guild_id: str, _member: Member) -> str:
        await desk.control.unhalt(guild_id)
        return "▶️ Goals can start again."

    def one(state: State, member: Member) -> tuple[Signal, str]:
        waits_for_a_day = state.limit is not None and state.limit.until is not None
        if state.status is not Status.PAUSED and state.failure is None and not waits_for_a_day:
            raise RefusedError(f"This goal is not paused: it is {state.status}.")
        return ResumeAsked(person=member.person), "▶️ Going on."

    @app_commands.describe(all="Let goals start again after /stop all.")
    async def command(interaction: Asking, all: bool = False) -> None:
        if all:
            await _everything(desk, interaction, everything)
        else:
            await _one(desk, interaction, access.may_steer, one)

    return slash("resume", "Go on with the paused goal of this thread.", command)


async def _everything(desk: Desk, interaction: Asking, work: Callable[[str, Member], Awaitable[str]]) -> None:
    """Do something to the whole server, for those who may configure it."""
    member = asker(interaction)
    await defer(desk.api, interaction, ephemeral=True)
    rules = await desk.control.rules(guild_of(interaction))
    if not access.may(member, Right.CONFIGURE, rules):
        raise RefusedError(access.why(Right.CONFIGURE, rules))
    await answer(desk.api, interaction, await work(guild_of(interaction), member))


async def _one(
    desk: Desk,
    interaction: Asking,
    allowed: Allowed,
    work: Callable[[State, Member], tuple[Signal, str]],
    goal: str | None = None,
) -> None:
    """Say something to the session of this thread, or to the one picked, for those who are allowed to."""
    member = asker(interaction)
    await defer(desk.api, interaction, ephemeral=True)
    rules = await desk.control.rules(guild_of(interaction))
    ref = await _meant(desk, interaction, goal)
    state = await desk.control.read(ref)
    if not allowed(member, rules, state.starter.id):
        raise RefusedError(access.why(Right.STEER, rules))
    signal, text = work(state, member)
    await desk.control.signal(ref, signal)
    await answer(desk.api, interaction, text)


def _alive(state: State) -> None:
    if state.status.ended:
        raise RefusedError(f"This goal has ended already ({state.status}).")
