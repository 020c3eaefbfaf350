"""/sessions: the goals of this server, running ones first, then the last that ended."""

from discord import app_commands

from agent_core.session import State
from bot.commands.answer import Asking, Slash, answer, asker, defer, slash, visible
from bot.commands.desk import Desk, guild_of
from bot.render.card import EMOJI
from bot.render.escape import line
from bot.render.words import dollars

_PAGE = 10
_MOST = 200


def sessions(desk: Desk) -> Slash:
    """The command."""

    @app_commands.describe(page="Which ten, from 1.", mine="Only those that you started.")
    async def command(
        interaction: Asking, page: app_commands.Range[int, 1, 100] = 1, mine: bool = False
    ) -> None:
        member = asker(interaction)
        await defer(desk.api, interaction, ephemeral=True)
        states = [
            state
            for state in await _all(desk, guild_of(interaction))
            if visible(interaction, state.channel_id) and (not mine or state.starter.id == member.id)
        ]
        first = (page - 1) * _PAGE
        rows = [_row(state) for state in states[first : first + _PAGE]]
        pages = (len(states) + _PAGE - 1) // _PAGE
        if not rows:
            text = (
                "There are no goals yet. `/goal` starts one." if not states else f"There are {pages} pages."
            )
        else:
            text = "\n".join((*rows, *([f"-# page {page} of {pages}"] if pages > 1 else [])))
        await answer(desk.api, interaction, text)

    return slash("sessions", "The goals of this server: how each stands, and where.", command)


async def _all(desk: Desk, guild_id: str) -> list[State]:
    """The newest sessions that you can find, those that live before those that have ended."""
    newest = await desk.control.recent(guild_id, _MOST)
    found = [state async for state in desk.control.states(newest)]
    return sorted(found, key=lambda state: state.status.ended)


def _row(state: State) -> str:
    place = f"<#{state.thread_id}>" if state.thread_id else line(state.goal, 40)
    about = f"step {state.step} · {dollars(state.cost_usd)} · {line(state.starter.name, 32)}"
    waits = f" for {state.waiting}" if state.waiting else ""
    return f"{EMOJI[state.status]} {place} {state.status}{waits} · {about} · <t:{int(state.at)}:R>"
