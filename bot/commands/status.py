"""/status: the goal of this thread, or all that live on the server."""

from agent_core.session import State
from agent_core.values import ServerRules
from bot.commands.answer import Asking, Slash, answer, asker, defer, slash, visible
from bot.commands.desk import Desk, guild_of, session_here
from bot.render.card import show_card
from bot.render.escape import line

_MOST = 15


def status(desk: Desk) -> Slash:
    """The command."""

    async def command(interaction: Asking) -> None:
        asker(interaction)
        await defer(desk.api, interaction, ephemeral=True)
        guild_id = guild_of(interaction)
        rules = await desk.control.rules(guild_id)
        if ref := await session_here(desk, interaction):
            card = show_card(await desk.control.read(ref), rules)
            await answer(desk.api, interaction, card)
            return
        states = await desk.control.live_states(guild_id)
        rows = _rows([state for state in states if visible(interaction, state.channel_id)], rules)
        await answer(desk.api, interaction, "\n".join(rows) or "No goal is running. `/goal` starts one.")

    return slash("status", "How this goal stands; outside a thread: what is running.", command)


def _rows(states: list[State], rules: ServerRules) -> list[str]:
    rows = [f"{show_card(state, rules).splitlines()[0]} · {_where(state)}" for state in states[:_MOST]]
    if len(states) > _MOST:
        rows.append(f"… and {len(states) - _MOST} more")
    if rules.halted:
        rows.append("Everything is stopped; `/resume` with `all` lets goals start again.")
    return rows


def _where(state: State) -> str:
    place = f"<#{state.thread_id}> · " if state.thread_id else ""
    return f"{place}{line(state.goal, 60)}"
