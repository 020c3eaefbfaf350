"""Reading request bodies: JSON, or multipart with files that are staged on disk as they come."""

import asyncio
import json
import mimetypes
import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from playground.actions.bodies import Upload
from playground.errors import ApiError, Problem
from playground.limits import REQUEST_BYTES
from playground.pictures import size_of_picture
from playground.store import Store

_FILE_FIELD = re.compile(r"files?\[(\d{1,9})\]|file")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_DISCARD_BYTES = 4 * REQUEST_BYTES
"""How much of a request that is too large is still read, so that its sender gets the reply."""


@dataclass(slots=True)
class Body:
    """A request's body after reading."""

    json: Any = None
    uploads: tuple[Upload, ...] = ()


async def read_body(request: web.Request, store: Store) -> Body:
    """Read it all. Raises ApiError 40005 past 25 MiB, 50109 for JSON that is none."""
    if not request.can_read_body:
        return Body()
    if request.content_type.startswith("multipart/"):
        return await _read_multipart(request, store)
    raw = await _read_within(request)
    if not raw:
        return Body()
    return Body(json=parse_json(raw))


async def _read_within(request: web.Request) -> bytes:
    chunks: list[bytes] = []
    total = 0
    async for chunk in request.content.iter_chunked(1 << 16):
        total += len(chunk)
        if total <= REQUEST_BYTES:
            chunks.append(chunk)
        elif total > _DISCARD_BYTES:
            break
    if total > REQUEST_BYTES:
        raise ApiError(Problem.TOO_LARGE)
    return b"".join(chunks)


def parse_json(raw: bytes) -> Any:
    """JSON as it may be stored: no NaN, no half of a surrogate pair. Raises ApiError 50109."""
    try:
        parsed = json.loads(raw, parse_constant=_refuse_constant, parse_float=_finite)
        if _SURROGATE.search(raw):
            json.dumps(parsed, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ApiError(Problem.BAD_JSON) from error
    return parsed


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON.")


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"{text} is too large.")
    return value


async def _read_multipart(request: web.Request, store: Store) -> Body:
    body = Body()
    try:
        await _read_parts(request, store, body)
    except (ValueError, HttpProcessingError) as error:
        await asyncio.to_thread(discard, body.uploads)
        raise ApiError(Problem.INVALID_FORM) from error
    except BaseException:  # also an ApiError of ours, or a client that went away
        discard(body.uploads)
        raise
    body.uploads = tuple(sorted(body.uploads, key=lambda upload: int(upload.key)))
    return body


async def _read_parts(request: web.Request, store: Store, body: Body) -> None:
    """Fill the body part by part; what was staged so far is always in `body.uploads`."""
    fields: dict[str, Any] = {}
    total = 0
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader):
            continue
        data, total = await _read_part(part, total)
        if total > REQUEST_BYTES:
            continue
        match = _FILE_FIELD.fullmatch(part.name or "")
        if match and part.filename is not None:
            body.uploads += (await _stage(store, part, match[1] or "0", data),)
        elif part.name == "payload_json":
            body.json = parse_json(data)
        elif part.name:
            fields[part.name] = data.decode("utf-8", "replace")
    if total > REQUEST_BYTES:
        raise ApiError(Problem.TOO_LARGE)
    if body.json is None:
        body.json = fields


def discard(uploads: Sequence[Upload]) -> None:
    """Remove staged files that no message took. Blocks."""
    for upload in uploads:
        upload.path.unlink(missing_ok=True)


async def _read_part(part: BodyPartReader, total: int) -> tuple[bytes, int]:
    data = bytearray()
    while chunk := await part.read_chunk(1 << 16):
        total += len(chunk)
        if total > _DISCARD_BYTES:
            raise ApiError(Problem.TOO_LARGE)
        if total <= REQUEST_BYTES:
            data += chunk
    return bytes(data), total


async def _stage(store: Store, part: BodyPartReader, key: str, data: bytes) -> Upload:
    name = (part.filename or "unknown").encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    for code, char in (("%22", '"'), ("%0D", "\r"), ("%0A", "\n")):  # all that a browser's form escapes
        name = name.replace(code, char)
    return await stage_file(store, name, data, key=key, declared=part.headers.get("Content-Type"))


async def stage_file(
    store: Store, name: str, data: bytes, *, key: str, declared: str | None = None
) -> Upload:
    """Write a file into the staging folder, off the event loop."""
    path = await asyncio.to_thread(store.stage, data)
    size = size_of_picture(data)
    return Upload(
        name=name,
        key=key,
        path=path,
        size=len(data),
        content_type=_content_type(name, declared),
        width=size[0] if size else None,
        height=size[1] if size else None,
    )


def _content_type(name: str, declared: str | None) -> str:
    guessed = mimetypes.guess_type(name)[0]
    if guessed is None:
        guessed = declared or "application/octet-stream"
    return (
        f"{guessed}; charset=utf-8" if guessed.startswith("text/") and "charset" not in guessed else guessed
    )
