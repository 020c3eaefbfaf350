"""`python -m bot doctor`: look at every part for real, say what is wrong, how to mend it. Changes nothing."""

import asyncio
import errno
import platform
import shutil
import socket
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import aiohttp
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

import sandbox
from agent_core.errors import (
    StartError,
    StoreUnavailableError,
)
from agent_core.memory import weights
from agent_core.model import Model, probe
from agent_core.storage.bucket import Bucket
from agent_core.storage.embedded import EmbeddedRedis
from agent_core.storage.program import choose
from agent_core.storage.redis import check_server, connected, place
from agent_core.values import Usage
from bot.settings import Settings
from bot.webcheck import look_outside

LATER: tuple[str, ...] = ()
"""Settings whose part is not built yet; to say nothing about them would be a lie."""

_EACH_WITHIN_S = 90.0
_ANSWER_WITHIN_S = 15.0
_NEIGHBOUR_WITHIN_S = 2.0
_MOST_BYTES = 1 << 20
_LITTLE_BYTES = 1 << 30
_LEAST_BYTES = 100 << 20
_CONTENT_INTENT = 1 << 18 | 1 << 19
"""Flags of an application: message content, and the same for a bot that is in few servers."""


class Health(StrEnum):
    """How a part is doing."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One part and how it is doing."""

    part: str
    health: Health = Health.OK
    text: str
    mend: str = ""
    """What to do about it; empty where there is nothing to do, or `text` says it."""


def run_doctor(settings: Settings, console: Console | None = None) -> int:
    """Examine, print the table, and give the exit code: 1 where a part fails."""
    rows = asyncio.run(examine(settings))
    (console or Console()).print(table(rows))
    return int(any(row.health is Health.FAIL for row in rows))


async def examine(settings: Settings) -> list[Row]:
    """A row or more per part, in the order in which the parts start."""
    checks: dict[str, Callable[[Settings], Awaitable[list[Row]]]] = {
        "System": _system,
        "Settings": _settings,
        "Data folder": _data_folder,
        "Redis": _redis,
        "Discord": _playground if settings.plays else _discord,
        "Model": _model,
        "Sandbox": _sandbox,
        "Web": _web,
        "Memory": _memory,
    }
    rows: list[Row] = []
    for part, check in checks.items():
        try:
            async with asyncio.timeout(_EACH_WITHIN_S):
                rows += await check(settings)
        except TimeoutError:
            late = f"did not answer within {_EACH_WITHIN_S:.0f} s"
            rows.append(
                Row(part=part, health=Health.FAIL, text=late, mend="See whether this machine is overloaded.")
            )
    return rows


def table(rows: Sequence[Row]) -> Table:
    """The rows for a terminal."""
    signs = {
        Health.OK: Text("ok", "green"),
        Health.WARN: Text("look", "yellow"),
        Health.FAIL: Text("wrong", "red"),
    }
    drawn = Table("Part", "", "What was found, and what to do", show_lines=True)
    for row in rows:
        found = Text(row.text)
        if row.mend:
            found.append(f"\n{row.mend}", "bold")
        drawn.add_row(row.part, signs[row.health], found)
    return drawn


async def _system(_: Settings) -> list[Row]:
    system = f"{platform.system()} {platform.release()} ({platform.machine()})"
    found = f"Python {platform.python_version()} on {system}"
    if sys.platform == "linux":
        return [Row(part="System", text=found)]
    mend = "Code runs on Linux alone: use Docker or Podman, or WSL2 on Windows."
    return [Row(part="System", health=Health.FAIL, text=found, mend=mend)]


async def _settings(settings: Settings) -> list[Row]:
    given = [name.upper() for name in Settings.model_fields if name in settings.model_fields_set]
    text = f"set: {', '.join(given)}" if given else "nothing is set; all defaults"
    rows = [Row(part="Settings", text=text)]
    if early := [name for name in given if name in LATER]:
        text = f"{', '.join(early)}: without effect, this version does not have that part yet"
        rows.append(
            Row(part="Settings", health=Health.WARN, text=text, mend="Take it out, or wait for that part.")
        )
    return rows


async def _data_folder(settings: Settings) -> list[Row]:
    folder = settings.data_dir.absolute()
    mend = f"Make {folder} writable for this user, or set DATA_DIR to another folder."
    try:
        free = await asyncio.to_thread(_try_folder, folder)
    except OSError as error:
        reason = error.strerror or str(error)
        return [Row(part="Data folder", health=Health.FAIL, text=f"{folder}: {reason}", mend=mend)]
    text = f"{folder}, {free / (1 << 30):.1f} GiB free"
    health = Health.WARN if free >= _LEAST_BYTES else Health.FAIL
    full = Row(part="Data folder", health=health, text=text, mend="Free some space, or set DATA_DIR.")
    return [full if free < _LITTLE_BYTES else Row(part="Data folder", text=text), *await _bucket(settings)]


async def _bucket(settings: Settings) -> list[Row]:
    if settings.blob_url is None:
        return []
    mend = "Correct BLOB_URL, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
    try:
        await Bucket.at(settings.blob_url).check()
    except (StartError, StoreUnavailableError) as error:
        return [Row(part="Blob store", health=Health.FAIL, text=str(error), mend=mend)]
    return [Row(part="Blob store", text=f"{settings.blob_url}: written, read and removed an object")]


def _try_folder(folder: Path) -> int:
    """Write where the bot would write; the bytes that are free there."""
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    with tempfile.TemporaryFile(dir=nearest) as file:
        file.write(b"goalkeeper")
        file.flush()
    return shutil.disk_usage(nearest).free


async def _redis(settings: Settings) -> list[Row]:
    try:
        if settings.redis_url is not None:
            return await _look_at_redis(settings.redis_url.get_secret_value())
        program = await choose(settings.data_dir.absolute() / "redis")
        with tempfile.TemporaryDirectory(prefix="gk-") as folder:
            # in a folder of its own: a bot may be running on the real one
            async with EmbeddedRedis(Path(folder)) as redis:
                return await _look_at_redis(redis.url, name=f"{program}, embedded")
    except StartError as error:
        return [Row(part="Redis", health=Health.FAIL, text=str(error))]


async def _look_at_redis(url: str, name: str = "") -> list[Row]:
    async with connected(url, repeat=False) as client:
        warnings = await check_server(client, url)
    looks = [Row(part="Redis", health=Health.WARN, text=warning.text) for warning in warnings]
    return [Row(part="Redis", text=name or f"answers at {place(url)}"), *looks]


async def _playground(settings: Settings) -> list[Row]:
    url = settings.playground_url
    host, port = settings.playground_bind or "127.0.0.1", settings.playground_port
    try:
        await asyncio.to_thread(_try_port, host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE and await _is_playground(url):
            return [Row(part="Discord", text=f"the playground, running at {url}")]
        taken = error.errno == errno.EADDRINUSE
        reason = "is taken by another program" if taken else error.strerror or str(error)
        text = f"playground: {host}:{port} {reason}"
        mend = "Stop that program, or set PLAYGROUND_PORT (and PLAYGROUND_BIND) to another."
        return [Row(part="Discord", health=Health.FAIL, text=text, mend=mend)]
    why = "no DISCORD_TOKEN" if settings.discord_token is None else "PLAYGROUND=1"
    return [Row(part="Discord", text=f"the playground in its place ({why}), {url} is free")]


def _try_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe_socket:
        # as a server does it, so that a connection in TIME_WAIT does not count as taken
        probe_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe_socket.bind((host, port))
        probe_socket.listen()


async def _is_playground(url: str) -> bool:
    try:
        _, body = await _get(f"{url}/api/v10/gateway", within_s=_NEIGHBOUR_WITHIN_S)
    except (aiohttp.ClientError, TimeoutError):
        return False
    return b"ws://" in body


async def _get(url: str, *, within_s: float = _ANSWER_WITHIN_S, **headers: str) -> tuple[int, bytes]:
    """Status and body, which is cut at 1 MiB. Raises aiohttp.ClientError or TimeoutError."""
    timeout = aiohttp.ClientTimeout(total=within_s)
    async with aiohttp.ClientSession(timeout=timeout) as web, web.get(url, headers=headers) as answer:
        body = bytearray()
        async for chunk in answer.content.iter_chunked(1 << 16):
            body += chunk
            if len(body) >= _MOST_BYTES:
                break
        return answer.status, bytes(body)


async def _discord(settings: Settings) -> list[Row]:
    if settings.discord_token is None:
        mend = "Set DISCORD_TOKEN, or take PLAYGROUND=0 out."
        return [Row(part="Discord", health=Health.FAIL, text="there is nothing to join", mend=mend)]
    address = f"{settings.discord_api_url}/oauth2/applications/@me"
    try:
        answer = await _get(address, Authorization=f"Bot {settings.discord_token.get_secret_value()}")
        return [_application(*answer)]
    except (aiohttp.ClientError, TimeoutError) as error:
        text = f"{settings.discord_api_url} did not answer ({str(error) or type(error).__name__})"
        mend = "Look at this machine's way to the internet, or correct DISCORD_API_URL."
        return [Row(part="Discord", health=Health.FAIL, text=text, mend=mend)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Application:
    name: str
    flags: int = 0


def _application(status: int, body: bytes) -> Row:
    if status == 401:
        mend = "Copy it again: Developer Portal, your application, Bot, Reset Token. Then set DISCORD_TOKEN."
        return Row(part="Discord", health=Health.FAIL, text="the token was refused", mend=mend)
    try:
        application = TypeAdapter(_Application).validate_json(body if status == 200 else b"")
    except ValidationError:
        text = f"what answers there is not Discord's API (status {status})"
        return Row(
            part="Discord", health=Health.FAIL, text=text, mend="Correct DISCORD_API_URL, or try again later."
        )
    if application.flags & _CONTENT_INTENT:
        return Row(part="Discord", text=f"logs in as {application.name}; reads messages")
    text = f"logs in as {application.name}; the message content intent is off, so replies cannot steer"
    mend = "Developer Portal, your application, Bot: switch it on. Until then: /steer and mentions."
    return Row(part="Discord", health=Health.WARN, text=text, mend=mend)


async def _model(settings: Settings) -> list[Row]:
    if settings.demo_model:
        text = "the demo model; OPENAI_API_KEY or OPENAI_BASE_URL brings a real one"
        return [Row(part="Model", text=text)]
    return [await _ask_model(settings, settings.smart_model)]


async def _ask_model(settings: Settings, name: str) -> Row:
    key = settings.openai_api_key
    model = Model(
        base_url=settings.openai_base_url,
        api_key=None if key is None else key.get_secret_value(),
        name=name,
        api=settings.model_api,
        prices=settings.model_prices,
    )
    async with model:
        found = await probe(model, within_s=_ANSWER_WITHIN_S)
    if found.failed:
        mend = {
            "auth": "Correct OPENAI_API_KEY.",
            "config": "Correct SMART_MODEL, or the flags of that server.",
            "quota": "Top that account up, or use another.",
            "bad_server": "Correct OPENAI_BASE_URL; it usually ends with /v1.",
        }.get(found.error, "Look whether OPENAI_BASE_URL is right and that server is up.")
        text = f"{name} ({found.error}): {found.failed}"
        return Row(part="Model", health=Health.FAIL, text=text, mend=mend)
    if model.most(Usage(prompt_tokens=1, completion_tokens=1)) is None:
        mend = "Set MODEL_PRICES, to free where it costs nothing."
        text = f"no price is known for {name}; {found.line()}"
        return Row(part="Model", health=Health.WARN, text=text, mend=mend)
    if not found.drives:
        mend = "Pick a model that calls tools well; with this one goals may stall."
        return Row(part="Model", health=Health.WARN, text=found.line(), mend=mend)
    return Row(part="Model", text=found.line())


async def _sandbox(_: Settings) -> list[Row]:
    tried = await sandbox.probe()
    if all(attempt.ok for attempt in tried):
        names = ", ".join(attempt.name for attempt in tried)
        return [Row(part="Sandbox", text=f"a box starts and holds; tried: {names}")]
    return [_hole(attempt.name, attempt.detail) for attempt in tried if not attempt.ok]


def _hole(name: str, detail: str) -> Row:
    found, typed, line = detail.partition("; type: ")
    return Row(
        part="Sandbox", health=Health.FAIL, text=f"{name}: {found}", mend=f"Type: {line}" if typed else ""
    )


async def _web(settings: Settings) -> list[Row]:
    found = await look_outside(settings)
    return [
        Row(part="Web", health=Health.OK if one.ok else Health.WARN, text=one.text, mend=one.mend)
        for one in found
    ]


async def _memory(settings: Settings) -> list[Row]:
    """The weights of the embedding model, read and checked; they are not loaded."""
    try:
        found = await asyncio.to_thread(weights.find, settings.embedding_model)
    except StartError as error:
        mend = "Correct EMBEDDING_MODEL, or install anew. Until then memories are found by their words alone."
        return [Row(part="Memory", health=Health.FAIL, text=str(error), mend=mend)]
    return [Row(part="Memory", text=f"embedding by {found.name}, in {found.folder}")]
