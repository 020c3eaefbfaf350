"""/files: what a goal has made and been given; and any of it again as an attachment."""

import asyncio
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

from discord import app_commands

from agent_core.errors import RefusedError, StoreUnavailableError
from agent_core.session import State
from agent_core.values import FileRef
from bot.commands.answer import Asking, Slash, answer, asker, defer, slash
from bot.commands.desk import Desk, session_here, the_session
from bot.discord_api import Upload
from bot.render.defang import LOOK_FIRST, could_run
from bot.render.escape import clean, code
from bot.render.files import plain_name
from bot.render.words import counted, data_size

_CHOICES = 25
_CHOICE_ROOM = 100
_LISTED = 40
_WORTH_ZIPPING = 20
"""A file so many times over the limit is not even tried as a zip."""


def files(desk: Desk) -> Slash:
    """The command."""

    async def paths(interaction: Asking, current: str) -> list[app_commands.Choice[str]]:
        try:
            ref = await session_here(desk, interaction)
            state = await desk.control.read(ref) if ref else None
        except (RefusedError, StoreUnavailableError):
            return []
        names = sorted(state.files) if state else []
        wanted = current.casefold()
        found = [name for name in names if wanted in name.casefold() and len(name) <= _CHOICE_ROOM]
        return [app_commands.Choice(name=_shown(name), value=name) for name in found[:_CHOICES]]

    @app_commands.describe(path="Which file to send.")
    @app_commands.autocomplete(path=paths)
    async def command(interaction: Asking, path: str | None = None) -> None:
        asker(interaction)
        await defer(desk.api, interaction, ephemeral=True)
        state = await desk.control.read(await the_session(desk, interaction))
        if path is None:
            await answer(desk.api, interaction, _listed(state))
            return
        file = state.files.get(path.removeprefix("./"))
        if file is None:
            raise RefusedError(
                f"There is no file {code(path, 200)}. `/files` without a path lists what there is."
            )
        await _send(desk, interaction, state, plain_name(PurePosixPath(path).name), file)

    return slash("files", "The files of this goal; with a path, that file again.", command)


def _shown(path: str) -> str:
    """The path in one line, as a choice to pick."""
    return " ".join(clean(path).split())[:_CHOICE_ROOM] or "file"


def _listed(state: State) -> str:
    if not state.files:
        return "There are no files yet."
    rows = [
        f"- {code(path, 90)} {data_size(file.size)}" + (" · handed over" if path in state.delivered else "")
        for path, file in sorted(state.files.items())
    ]
    head = f"{counted(len(rows), 'file')}, {data_size(sum(file.size for file in state.files.values()))}"
    shown = rows[:_LISTED]
    while len("\n".join(shown)) > 1800:
        shown.pop()
    left = [f"… and {len(rows) - len(shown)} more"] if len(shown) < len(rows) else []
    return "\n".join((head, *shown, *left))


async def _send(desk: Desk, interaction: Asking, state: State, name: str, file: FileRef) -> None:
    blob = await desk.control.storage.blobs.find(state.ref.guild_id, file.sha256)
    if blob is None:
        raise RefusedError(f"The bytes of {code(name)} are not on this host any more.")
    limit = interaction.filesize_limit
    risky = state.marks.tainted and could_run(name, file)
    if file.size <= limit and not risky:
        await answer(desk.api, interaction, code(name), [Upload(name=name, source=blob)])
        return
    with tempfile.TemporaryDirectory() as folder:
        packed = Path(folder) / "packed.zip"
        if (
            file.size <= limit * _WORTH_ZIPPING
            and await asyncio.to_thread(_pack, blob, name, packed) <= limit
        ):
            why = LOOK_FIRST if risky else f"it has {data_size(file.size)}"
            text = f"{code(name)}, zipped: {why}."
            await answer(desk.api, interaction, text, [Upload(name=f"{name}.zip", source=packed)])
            return
    raise RefusedError(
        f"{code(name)} has {data_size(file.size)}, and Discord takes {data_size(limit)} here, also zipped."
        " Ask the goal to split it."
    )


def _pack(blob: Path, name: str, target: Path) -> int:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(blob, name)
    return target.stat().st_size
