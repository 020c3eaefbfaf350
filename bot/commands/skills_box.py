"""What of `/skills` needs the sandbox: running one, and bringing some in."""

import asyncio
import shlex
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex

import discord
from pydantic import JsonValue, TypeAdapter, ValidationError

from agent_core.errors import RefusedError, SandboxRefusedError
from agent_core.memory.values import AllChannels, Channels
from agent_core.skills import Card, Held, Offer, Origin, call, of_run
from agent_core.skills.exchange import MOST_BYTES, Parcel, Spoilt, unpacked
from agent_core.storage.threads import to_its_end
from agent_core.values import Right
from bot import access
from bot.access import Member
from bot.commands.answer import Asking, answer
from bot.commands.desk import Desk, guild_of
from bot.discord_api import Upload, safe_name
from bot.render.books import fitted
from bot.render.escape import fenced, line
from bot.render.skills import ROOM, admitted_row
from sandbox import RunResult, Sandbox, SandboxUnavailableError

_OBJECT: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])
_ANY: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)
_PROGRESS_S = 4.0
_UNTIL_S = 780.0
"""Seconds of an import: Discord takes an answer for fifteen minutes."""
_MOST_FILES = 9
_SHOWN = 1500


async def run_it(desk: Desk, interaction: Asking, held: Held, arguments: str) -> None:
    """Run a proven skill with what somebody typed, and answer with what it said and made."""
    script = held.card.script
    if not held.skill.usable:
        raise RefusedError(f"{script.name} is not to be used: look at `/skills show`.")
    if script.dependencies:
        raise RefusedError(
            f"{script.name} needs {', '.join(script.dependencies)}: only a goal can install it."
        )
    given = typed(arguments)
    with tempfile.TemporaryDirectory(prefix="skill-") as folder:
        try:
            async with Sandbox(Path(folder), desk.box_limits, desk.pool) as box:
                result = await box.run_python(call(script, given))
        except SandboxUnavailableError as error:
            raise RefusedError(str(error)) from error
        await _count(desk, guild_of(interaction), held, result)
        files = await asyncio.to_thread(_made, Path(folder), result, interaction.filesize_limit)
        said = "\n".join(part.strip() for part in (result.stdout, result.stderr) if part.strip())
        if len(said) > _SHOWN:
            files.append(Upload(name="output.txt", source=said.encode("utf-8", "replace")))
            said = f"{said[:_SHOWN]}…"
        ended = f", stopped for {result.stopped_by}" if result.stopped_by else ""
        head = f"**{line(script.name, 64)}** · exit code {result.exit_code}{ended}"
        await answer(desk.api, interaction, f"{head}\n{fenced(said) if said else ''}", files)


def typed(arguments: str) -> dict[str, JsonValue]:
    """What somebody typed as arguments: an object of JSON, or words as name=value. Raises RefusedError."""
    text = arguments.strip()
    if not text:
        return {}
    try:
        if text.startswith("{"):
            return _OBJECT.validate_json(text)
        pairs = [word.partition("=") for word in shlex.split(text)]
    except (ValidationError, ValueError) as error:
        raise RefusedError('Write the arguments as JSON, such as {"n": 3}, or as n=3 m=4.') from error
    if not all(name and equals for name, equals, _ in pairs):
        raise RefusedError('Write the arguments as JSON, such as {"n": 3}, or as n=3 m=4.')
    return {name: _value(value) for name, _, value in pairs}


async def bring_in(
    desk: Desk, interaction: Asking, file: discord.Attachment, member: Member, channels: Channels
) -> None:
    """Judge everything in a zip, telling how far it has come, and answer with what became of each."""
    guild_id = guild_of(interaction)
    if desk.pool is None:
        raise RefusedError("There is no sandbox here, so no check can be run. `make doctor` says why.")
    parcels = await to_its_end(unpacked, await _received(desk, guild_id, file))
    here = _place(interaction)
    seen = channels if isinstance(channels, AllChannels) else frozenset({*channels, here})
    rules = await desk.control.rules(guild_id)
    origin = Origin(how="import", channel_id=here, person=member.id)
    strange = not access.may(member, Right.CONFIGURE, rules)

    def offered(parcel: Parcel) -> Offer:
        card = Card(script=parcel.script, origin=origin)
        return Offer(card=card, check=parcel.check, channels=seen, quarantined=strange)

    began = told = time.monotonic()
    rows: list[str] = []
    for number, parcel in enumerate(parcels):
        if time.monotonic() - began > _UNTIL_S:
            rows.append(f"⏳ {len(parcels) - number} were not looked at: bring those in again.")
            break
        if time.monotonic() - told > _PROGRESS_S:
            told = time.monotonic()
            await answer(desk.api, interaction, f"Checked {number} of {len(parcels)} …")
        rows.append(await _take(desk, guild_id, parcel, offered))
    head = f"**{len(parcels)} looked at**: " + ", ".join(
        f"{sum(row.startswith(mark) for row in rows)} {what}"
        for mark, what in (("✅", "proven"), ("❌", "failed"), ("➖", "known"), ("🚫", "refused"))
    )
    files = [Upload(name="import.txt", source="\n".join(rows).encode("utf-8", "replace"))]
    text = fitted([head, *rows], ROOM)
    await answer(desk.api, interaction, text, files if len(rows) > text.count("\n") else ())


def _place(interaction: Asking) -> str:
    """The channel that it is brought into; a thread is read by whoever reads its channel."""
    channel = interaction.channel
    public = isinstance(channel, discord.Thread) and not channel.is_private()
    return str(
        channel.parent_id if isinstance(channel, discord.Thread) and public else interaction.channel_id
    )


async def _take(
    desk: Desk, guild_id: str, parcel: Parcel | Spoilt, offered: Callable[[Parcel], Offer]
) -> str:
    if isinstance(parcel, Spoilt):
        return f"🚫 **{line(parcel.folder, 80)}** was not taken: {parcel.why}"
    try:
        found = await desk.admission.offer(guild_id, offered(parcel), desk.pool)
        return admitted_row(parcel.script.name, found)
    except (RefusedError, SandboxRefusedError) as error:
        return f"🚫 **{line(parcel.script.name, 64)}** was not taken: {line(str(error), 160)}"


async def _received(desk: Desk, guild_id: str, file: discord.Attachment) -> bytes:
    if file.size > MOST_BYTES:
        raise RefusedError(f"The zip has {file.size:,} bytes; {MOST_BYTES:,} are the most. Split it.")
    received = await desk.dropped.receive(guild_id, [file])
    if not received.files:
        raise RefusedError(" ".join(received.refused))
    stored = received.files[0].file
    blobs = desk.control.storage.blobs
    return await blobs.read(guild_id, stored.sha256)  # nothing names it: the chores clear it away


async def _count(desk: Desk, guild_id: str, held: Held, result: RunResult) -> None:
    wrong = result.exit_code != 0
    signature = of_run(f"{result.stdout}\n{result.stderr}", result.stopped_by) if wrong else None
    await desk.library.ran(
        guild_id, held.skill.id, f"person:{token_hex(8)}", signature, round(result.duration_s, 3)
    )


def _value(text: str) -> JsonValue:
    """A number, a truth or a list where it reads as one; else the text."""
    try:
        return _ANY.validate_json(text)
    except ValidationError:
        return text


def _made(folder: Path, result: RunResult, room: int) -> list[Upload]:
    """The files that it wrote, as far as they can be sent."""
    files: list[Upload] = []
    for one in result.changed[:_MOST_FILES]:
        if one.size <= room // _MOST_FILES:
            name = safe_name(Path(one.path).name)
            files.append(Upload(name=name, source=(folder / one.path).read_bytes()))
    return files
