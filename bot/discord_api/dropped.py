"""Files that people drop: streamed into the blob store at once, because their links expire."""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import aiohttp
import discord

from agent_core.errors import RefusedError, StoreUnavailableError
from agent_core.storage import BlobStore
from agent_core.values import FileRef, NamedFile

LONGEST_NAME = 255
"""Bytes of UTF-8, as file systems have it."""

_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff/\\]")
"""Separators, controls, and what makes a name read backwards."""
_CHUNK = 1 << 20
_TRIES = 3
_PER_FILE_S = 300.0
_PATIENCE = aiohttp.ClientTimeout(total=None, sock_connect=10.0, sock_read=30.0)

Again = Callable[[], Awaitable[Sequence[discord.Attachment]]]
"""Asks Discord for the same attachments with fresh links."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """How much people may drop."""

    files: int = 10
    """In one message."""
    bytes: int = 100 * 1024 * 1024
    """In one file."""
    session_files: int = 200
    session_bytes: int = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What became of the files of a message."""

    files: tuple[NamedFile, ...] = ()
    refused: tuple[str, ...] = ()
    """One sentence per file that was not taken."""


class _StaleLinkError(Exception):
    """The link does not work any more; a fresh one may."""


class DroppedFiles:
    """Takes attachments in. `http` belongs to whoever made it."""

    def __init__(self, *, http: aiohttp.ClientSession, blobs: BlobStore, caps: Caps | None = None) -> None:
        self._http = http
        self._blobs = blobs
        self._caps = caps or Caps()

    async def receive(
        self,
        guild_id: str,
        dropped: Sequence[discord.Attachment],
        *,
        held: Sequence[FileRef] = (),
        again: Again | None = None,
    ) -> Received:
        """Store these attachments. `held`: what people have dropped in this session before."""
        files: list[NamedFile] = []
        refused: list[str] = []
        for attachment in dropped:
            name = safe_name(shown_name(attachment))
            if why := self._too_much(attachment, [*held, *(one.file for one in files)], len(files)):
                refused.append(f"`{_quoted(name)}` was not taken: {why}.")
                continue
            try:
                file = await self._fetch(guild_id, attachment, again)
            except RefusedError as error:
                refused.append(f"`{_quoted(name)}` was not taken: {error}")
            else:
                files.append(NamedFile(path=f"inputs/{name}", file=file))
        return Received(files=tuple(files), refused=tuple(refused))

    def _too_much(self, attachment: discord.Attachment, held: Sequence[FileRef], count: int) -> str | None:
        caps = self._caps
        if attachment.size > caps.bytes:
            return f"it has {_mib(attachment.size)}, and {_mib(caps.bytes)} is the most for one file"
        if count >= caps.files:
            return f"{caps.files} files are the most for one message"
        if len(held) >= caps.session_files:
            return f"{caps.session_files} files are the most for one goal"
        if sum(file.size for file in held) + attachment.size > caps.session_bytes:
            return f"the files dropped for one goal may have {_mib(caps.session_bytes)} together"
        return None

    async def _fetch(self, guild_id: str, attachment: discord.Attachment, again: Again | None) -> FileRef:
        url = attachment.url
        for _ in range(_TRIES):
            try:
                async with asyncio.timeout(_PER_FILE_S):
                    return await self._stream(guild_id, url, attachment.size)
            except StoreUnavailableError as error:
                raise RefusedError(
                    "There is no room for it on the bot's disk. Tell whoever runs it."
                ) from error
            except _StaleLinkError:
                url = await _fresh_url(attachment, again) or url
            except (aiohttp.ClientError, OSError):
                continue  # a broken download starts again; half a file is never kept
        raise RefusedError("It could not be fetched from Discord. Drop it again.")

    async def _stream(self, guild_id: str, url: str, size: int) -> FileRef:
        headers = {"Accept-Encoding": "identity"}
        async with self._http.get(url, headers=headers, timeout=_PATIENCE, allow_redirects=False) as response:
            if response.status in (401, 403, 404, 410):
                raise _StaleLinkError
            if response.status != 200:
                raise aiohttp.ClientPayloadError(f"status {response.status}")
            async with self._blobs.writer(guild_id, max_bytes=size) as writer:
                received = 0
                async for chunk in response.content.iter_chunked(_CHUNK):
                    received += len(chunk)
                    await writer.write(chunk)
                if received != size:
                    raise aiohttp.ClientPayloadError(f"{received} of {size} bytes")
        return writer.file


async def _fresh_url(attachment: discord.Attachment, again: Again | None) -> str | None:
    if again is None:
        return None
    with contextlib.suppress(RefusedError):
        return next((one.url for one in await again() if one.id == attachment.id), None)
    return None


def shown_name(attachment: discord.Attachment) -> str:
    """The name that the person gave it: Discord keeps it apart where it had to change the file's."""
    if not attachment.title:
        return attachment.filename
    suffix = PurePosixPath(attachment.filename).suffix
    return attachment.title if attachment.title.endswith(suffix) else f"{attachment.title}{suffix}"


def safe_name(name: str) -> str:
    """A name for one file in one folder. Letters of every script stay; its ending survives a cut."""
    plain = _FORBIDDEN.sub("_", name).strip().strip("\u200b\ufeff")
    if not plain.strip("."):
        return "file"
    path = PurePosixPath(plain)
    ending = path.suffix if len(path.suffix.encode()) <= 32 else ""
    room = LONGEST_NAME - len(ending.encode())
    stem = plain.removesuffix(ending).encode()[:room].decode(errors="ignore")
    return f"{stem}{ending}"


def _quoted(name: str) -> str:
    return name.replace("`", "ˋ")[:100]


def _mib(count: int) -> str:
    return f"{count / 1024 / 1024:.1f} MiB"
