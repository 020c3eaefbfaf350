"""Clears blobs that nothing names any more. What is named, or was put within a day, stays.

A blob is named where its hash stands in any key of its server (journals and inboxes, packed or not, books,
memories, whatever comes), or in a snapshot or an archive that such a key names. Who puts a blob has a day to
write its name down: a put makes it young, also one that was there. Keys are looked at first, then blobs, so
what is put meanwhile is young as well.
"""

import re
import secrets
import zlib
from collections.abc import Collection, Iterable
from typing import Any, cast

import structlog
from redis.asyncio import Redis

from agent_core.errors import NewerEventError, StoreUnavailableError
from agent_core.storage import keys
from agent_core.storage.blobs import BlobStore
from agent_core.storage.packing import unpack, unpack_lines
from agent_core.storage.redis import answered, pages, raw, text

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

YOUNG_S = 86_400.0

_HASH = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_PAGE = 500
Names = set[bytes]
"""Hashes as 32 bytes each: there may be millions."""


class Rubbish:
    """The blobs of all servers."""

    def __init__(self, redis: Redis, blobs: BlobStore) -> None:
        self._redis = redis
        self._blobs = blobs

    async def clear(self, guilds: Collection[str], young_s: float = YOUNG_S) -> int:
        """Remove what nothing names in these servers; how many blobs went.

        None goes where something cannot be read: it might name any. Raises StoreUnavailableError.
        """
        if not await self.is_ours():
            log.warning("blobs are kept: they belong to another Redis")
            return 0
        gone = 0
        for guild_id, named in (await self._named(guilds)).items():
            async for page in self._blobs.old(guild_id, young_s):
                unnamed = [name for name in page if bytes.fromhex(name) not in named]
                gone += await self._blobs.remove(guild_id, unnamed, young_s)
        log.info("blobs cleared", servers=len(guilds), blobs=gone)
        return gone

    async def is_ours(self) -> bool:
        """Whether this Redis is the one that the blobs were put for: another names none of them."""
        noted = await self._blobs.owner()
        if noted is None:
            mine = secrets.token_hex(16)
            await answered(self._redis.set(keys.OWNER, mine, nx=True))
            await self._blobs.set_owner(text(await answered(self._redis.get(keys.OWNER)) or mine))
            noted = await self._blobs.owner()
        owner = await answered(self._redis.get(keys.OWNER))
        return owner is not None and text(owner) == noted

    async def _named(self, guilds: Collection[str]) -> dict[str, Names]:
        """What each server names; those that hold something unreadable are left out."""
        named: dict[str, Names] = {guild_id: set() for guild_id in guilds}
        redis: Any = self._redis
        async for found in pages(lambda cursor: redis.scan(cursor, match=keys.EVERY, count=_PAGE)):
            for key in map(text, cast(list[bytes], found)):
                guild_id = keys.guild_of(key)
                if guild_id not in named:
                    continue
                try:
                    await self._look(guild_id, key, named[guild_id])
                except (NewerEventError, zlib.error) as error:
                    log.warning("blobs are kept: a key cannot be read", key=key, reason=str(error))
                    del named[guild_id]
        return named

    async def _look(self, guild_id: str, key: str, named: Names) -> None:
        """Add what this key names."""
        kind = text(await answered(self._redis.type(key)))
        match kind:
            case "string":
                value = raw(await answered(self._redis.get(key)) or b"")
                _add(named, [value])
                await self._look_into(guild_id, key, value, named)
            case "stream":
                await self._look_along(key, named)
            case "hash" | "set" | "zset":
                await self._look_through(kind, key, named)
            case "list":
                _add(named, map(raw, await answered(self._redis.lrange(key, 0, -1))))
            case _:
                pass  # gone meanwhile

    async def _look_into(self, guild_id: str, key: str, value: bytes, named: Names) -> None:
        """Add what a blob names that holds names itself."""
        is_archive = keys.is_archive(key)
        if not is_archive and not keys.is_snapshot(key):
            return
        (sha256,) = _HASH.findall(value)[:1] or [b""]
        try:
            data = await self._blobs.read(guild_id, sha256.decode())
        except StoreUnavailableError:
            if is_archive:
                raise  # for want of it nothing may go
            return  # a snapshot that is lost is of no use, and its journal names the same
        _add(named, unpack_lines(data) if is_archive else [data])

    async def _look_along(self, key: str, named: Names) -> None:
        after, page = "-", [()]
        while page:
            page: list[Any] = await answered(self._redis.xrange(key, min=after, count=_PAGE)) or []
            for _, fields in page:
                packed = {raw(name): raw(value) for name, value in fields.items()}
                _add(named, [unpack(packed)] if keys.is_journal(key) else packed.values())
            after = f"({text(page[-1][0])}" if page else after

    async def _look_through(self, kind: str, key: str, named: Names) -> None:
        redis: Any = self._redis
        scan = {"hash": redis.hscan, "set": redis.sscan, "zset": redis.zscan}[kind]
        async for found in pages(lambda cursor: scan(key, cursor, count=_PAGE)):
            values: list[Any] = [*found, *found.values()] if kind == "hash" else [*found]
            _add(named, [raw(value[0] if kind == "zset" else value) for value in values])


def _add(named: Names, values: Iterable[bytes]) -> None:
    for value in values:
        named.update(bytes.fromhex(found.decode()) for found in _HASH.findall(value))
