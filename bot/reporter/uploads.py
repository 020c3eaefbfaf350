"""The files of a post as they can be sent: what is over the limit packed, what cannot be sent named."""

import asyncio
import io
import tempfile
import zipfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from agent_core.storage import BlobStore
from bot.discord_api import Upload
from bot.render.escape import code
from bot.render.post import Attachment
from bot.render.words import data_size

MOST_PACKED = 1024 * 1024 * 1024
"""Bytes; larger files are not even tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What to send, and what to say of the rest."""

    uploads: tuple[Upload, ...] = ()
    notes: tuple[str, ...] = ()


@asynccontextmanager
async def prepared(
    files: Sequence[Attachment], blobs: BlobStore, guild_id: str, upload_limit: int
) -> AsyncGenerator[Prepared]:
    """The files ready to send; whatever had to be packed is removed at the end."""
    if not files:
        yield Prepared()
        return
    with tempfile.TemporaryDirectory(prefix="goalkeeper-") as folder:
        uploads: list[Upload] = []
        notes: list[str] = []
        for number, file in enumerate(files):
            source = await _source(file, blobs, guild_id)
            if source is None:
                notes.append(f"⚠️ {code(file.name)} is lost: its bytes are not in the store any more.")
            elif not file.zipped:
                uploads.append(Upload(name=file.name, source=source))
            elif packed := await _packed(file, source, Path(folder) / str(number), upload_limit):
                uploads.append(packed)
            else:
                notes.append(over_limit(file, upload_limit))
        yield Prepared(uploads=tuple(uploads), notes=tuple(notes))


def over_limit(file: Attachment, upload_limit: int) -> str:
    """Why the file is not attached, and where it is."""
    packed = ", also as a zip" if file.zipped else ""
    return (
        f"⚠️ {code(file.name)} ({data_size(file.size)}) is over the limit of {data_size(upload_limit)} "
        f"here{packed}: it is kept, see `/files`."
    )


async def size_of(upload: Upload) -> int:
    """How many bytes the upload has."""
    if isinstance(upload.source, bytes):
        return len(upload.source)
    return (await asyncio.to_thread(upload.source.stat)).st_size


async def _source(file: Attachment, blobs: BlobStore, guild_id: str) -> Path | bytes | None:
    content = file.content
    return content if isinstance(content, bytes) else await blobs.find(guild_id, content.file.sha256)


async def _packed(file: Attachment, source: Path | bytes, target: Path, limit: int) -> Upload | None:
    """The file as a zip; None where that is over the limit too."""
    if file.size > MOST_PACKED:
        return None
    fits = await asyncio.to_thread(_zip, file.name, source, target, limit)
    return Upload(name=f"{file.name}.zip", source=target) if fits else None


def _zip(name: str, source: Path | bytes, target: Path, limit: int) -> bool:
    """Whether the packed file is within the limit; given up as soon as it is not. Blocks.

    The same file gives the same bytes: its time is left out.
    """
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    out = io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
    with (
        out,
        target.open("wb") as disk,
        zipfile.ZipFile(disk, "w") as archive,
        archive.open(entry, "w", force_zip64=True) as into,
    ):
        while disk.tell() <= limit and (chunk := out.read(1 << 20)):
            into.write(chunk)
    return target.stat().st_size <= limit
