"""Files by their content in an object store, as BLOB_URL names it: `<guild>/<first two of sha>/<sha256>`.

What the store acknowledged is kept. Credentials come from the store's own variables (AWS_ACCESS_KEY_ID and so
on), which the library reads.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, MemoryStore, ObjectStore, S3Store

from agent_core.errors import StartError, StoreUnavailableError
from agent_core.storage import keys
from agent_core.storage.shelf import checked_sha

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import S3Config

T = TypeVar("T")

_CONNECT_WITHIN_S = 5.0
_QUIET_S = 30.0
"""The longest that one request may take; the library repeats what can pass."""
_ANSWER_WITHIN_S = 60.0
"""The longest for all of them together, plus a second per MiB."""
_RETRIES = 4
_PAGE = 1000
_NOTE = ".owner"
_FORM = (
    "s3://bucket/prefix, or s3://bucket/prefix?endpoint=https://host&region=name for another store than AWS"
)


class Bucket:
    """An object store. Every call may raise StoreUnavailableError."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @classmethod
    def at(cls, url: str) -> "Bucket":
        """The store at this address. Raises StartError where the address is none."""
        try:
            return cls(_store(url))
        except (BaseError, ValueError, TypeError) as error:
            raise StartError(f"BLOB_URL is no address of a store; it looks like {_FORM}.") from error

    async def check(self) -> None:
        """Write, read and remove a small object. Raises StoreUnavailableError."""
        name = f".check/{time.time_ns()}"
        await self._ask(obstore.put_async(self._store, name, b"goalkeeper"))
        await self._ask(obstore.get_async(self._store, name))
        await self._ask(obstore.delete_async(self._store, name))

    async def put(self, guild_id: str, sha256: str, path: Path, size: int) -> None:
        """Store the file under its hash; what is there already is written again, and so is young again."""
        await self._ask(obstore.put_async(self._store, _name(guild_id, sha256), path), size)

    async def fetch(self, guild_id: str, sha256: str, into: BinaryIO) -> int | None:
        """Write the bytes of a file; how many, or None where the store has none of this name.

        Raises StoreUnavailableError also where what came is damaged.
        """
        digest = hashlib.sha256()
        size = 0
        try:
            found = await self._ask(obstore.get_async(self._store, _name(guild_id, sha256)), may_lack=True)
        except FileNotFoundError:
            return None
        async with asyncio.timeout(_ANSWER_WITHIN_S + found.meta["size"] / (1 << 20)):
            async for chunk in found.stream():
                digest.update(chunk)
                await asyncio.to_thread(into.write, bytes(chunk))
                size += len(chunk)
        if digest.hexdigest() != sha256:
            raise StoreUnavailableError(f"The blob store gave damaged bytes for {sha256}.")
        return size

    async def old(self, guild_id: str, older_than_s: float) -> AsyncGenerator[str]:
        """The files of a server that were not put for so long."""
        before = time.time() - older_than_s
        listed = self._store.list(f"{keys.checked(guild_id)}/", chunk_size=_PAGE)  # pyright: ignore[reportUnknownMemberType]
        while page := await self._ask(_next(listed)):
            for one in page:
                if one["last_modified"].timestamp() <= before:
                    yield one["path"].rpartition("/")[2]

    async def remove(self, guild_id: str, sha256: str, older_than_s: float) -> bool:
        """Remove a file, unless it was put again meanwhile; whether it went."""
        name = _name(guild_id, sha256)
        with suppress(FileNotFoundError):
            meta = await self._ask(obstore.head_async(self._store, name), may_lack=True)
            if time.time() - meta["last_modified"].timestamp() >= older_than_s:
                await self._ask(obstore.delete_async(self._store, name))
                return True
        return False

    async def note(self) -> str | None:
        """What was noted about the whole store."""
        try:
            found = await self._ask(obstore.get_async(self._store, _NOTE), may_lack=True)
            return bytes(await self._ask(found.bytes_async())).decode("ascii").strip()
        except FileNotFoundError:
            return None

    async def set_note(self, text: str) -> None:
        """Note it."""
        await self._ask(obstore.put_async(self._store, _NOTE, text.encode("ascii")))

    async def _ask(self, reply: Awaitable[T], size: int = 0, *, may_lack: bool = False) -> T:
        """What the store answered. Raises StoreUnavailableError; with `may_lack`, FileNotFoundError too."""
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S + size / (1 << 20)):
                return await reply
        except TimeoutError as error:
            raise StoreUnavailableError("The blob store did not answer in time.") from error
        except (BaseError, OSError) as error:
            if may_lack and isinstance(error, FileNotFoundError):
                raise
            raise StoreUnavailableError(f"The blob store cannot be used: {_first_line(error)}.") from error


async def _next(pages: AsyncIterator["Sequence[ObjectMeta]"]) -> "Sequence[ObjectMeta] | None":
    return await anext(pages, None)


def _name(guild_id: str, sha256: str) -> str:
    return f"{keys.checked(guild_id)}/{checked_sha(sha256)[:2]}/{sha256}"


def _first_line(error: Exception) -> str:
    """The library quotes whole answers after it."""
    return str(error).partition("\n")[0][:200]


def _store(url: str) -> ObjectStore:
    """A client for this address; nothing is sent yet. Raises ValueError for what it does not know."""
    parts = urlsplit(url)
    plain = urlunsplit(parts._replace(query="", fragment=""))
    match parts.scheme:
        case "memory":
            return MemoryStore()
        case "file":
            return LocalStore(parts.path, mkdir=True)
        case "s3" if parts.netloc:
            return _s3(plain, dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {})
        case _:
            raise ValueError(url)


def _s3(url: str, options: Mapping[str, str]) -> S3Store:
    if unknown := set(options) - {"endpoint", "region"}:
        raise ValueError(f"unknown: {sorted(unknown)}")
    config: S3Config = {}
    endpoint = options.get("endpoint", "")
    if endpoint:
        config = {"endpoint": endpoint, "virtual_hosted_style_request": False, "region": "us-east-1"}
    if "region" in options:
        config["region"] = options["region"]
    return S3Store.from_url(
        url,
        config=config,
        client_options={
            "timeout": timedelta(seconds=_QUIET_S),
            "connect_timeout": timedelta(seconds=_CONNECT_WITHIN_S),
            "allow_http": endpoint.startswith("http://"),
        },
        retry_config={"max_retries": _RETRIES, "retry_timeout": timedelta(seconds=_ANSWER_WITHIN_S)},
    )
