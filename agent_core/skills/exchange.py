"""Skills as a zip: `successes/` and `failures/`, in them one Agent Skill folder for each skill.

What comes in is a stranger's: names, sizes and numbers are bounded before anything is read, and nothing is
ever written to a disk.
"""

import io
import json
import re
import stat
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, cast

import yaml

from agent_core.errors import RefusedError
from agent_core.skills.library import Held
from agent_core.skills.normal import interface
from agent_core.skills.values import MOST_SOURCE, Parameter, Script

MOST_BYTES = 8_000_000
"""Of a zip that comes in."""
MOST_UNPACKED = 32_000_000
MOST_ENTRIES = 2_000
MOST_SKILLS = 200
_SHELVES = ("successes", "failures")
_HEAD, _MAIN, _CHECK = "SKILL.md", "scripts/main.py", "scripts/check.py"
_MOST_FILE = {_HEAD: 64_000, _MAIN: 4 * MOST_SOURCE, _CHECK: 4 * MOST_SOURCE}
_FRONT = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_WHEN = (1980, 1, 1, 0, 0, 0)
_PLAIN = re.compile(r"[^\x00-\x1f\x7f\\:]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One folder of a zip: a script and its check, whatever shelf it lay on."""

    folder: str
    script: Script
    check: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoilt:
    """A folder that is no skill."""

    folder: str
    why: str


def packed(held: Iterable[tuple[Held, str]]) -> bytes:
    """The zip of these skills with their whole checks. Takes a while: not for the event loop."""
    data = io.BytesIO()
    taken: set[str] = set()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for shelf in _SHELVES:
            archive.writestr(zipfile.ZipInfo(f"{shelf}/", _WHEN), b"")
        for one, check in held:
            folder = f"{one.skill.shelf}/{one.card.script.name}"
            folder = folder if folder not in taken else f"{folder}-{one.skill.id}"[:120]
            taken.add(folder)
            for name, text in ((_HEAD, _head(one)), (_MAIN, one.card.script.source), (_CHECK, check)):
                entry = zipfile.ZipInfo(f"{folder}/{name}", _WHEN)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, text.encode("utf-8", "replace"))
    return data.getvalue()


def unpacked(data: bytes) -> list[Parcel | Spoilt]:
    """What is in a zip, in order of its folders. Blocks. Raises RefusedError where none of it is taken."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _refuse(entries)
            return _parcels(archive, entries)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, OSError, ValueError) as error:
        raise RefusedError(f"This is no zip that can be read: {error}") from error
    except (NotImplementedError, RuntimeError) as error:
        raise RefusedError(f"This zip cannot be opened without more: {error}") from error


def _refuse(entries: list[zipfile.ZipInfo]) -> None:
    """Raises RefusedError where anything about its list of files is not as it should be."""
    if len(entries) > MOST_ENTRIES:
        raise RefusedError(f"The zip has {len(entries):,} entries; {MOST_ENTRIES:,} are the most. Split it.")
    if (size := sum(entry.file_size for entry in entries)) > MOST_UNPACKED:
        raise RefusedError(
            f"The zip unpacks to {size:,} bytes; {MOST_UNPACKED:,} are the most. Nothing was unpacked."
        )
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename
        shown = repr(name[:80])
        path = PurePosixPath(name)
        if not _PLAIN.fullmatch(name) or path.is_absolute() or ".." in path.parts or len(name) > 400:
            raise RefusedError(f"The zip holds a name that leads elsewhere: {shown}. Nothing was taken.")
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise RefusedError(f"The zip holds a link or a device: {shown}. Nothing was taken.")
        if entry.flag_bits & 1:
            raise RefusedError(f"The zip is locked with a password: {shown}. Nothing was taken.")
        if name.casefold() in seen:
            raise RefusedError(f"The zip holds a name twice: {shown}. Nothing was taken.")
        seen.add(name.casefold())


def _parcels(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> list[Parcel | Spoilt]:
    folders: dict[str, dict[str, zipfile.ZipInfo]] = {}
    for entry in entries:
        parts = PurePosixPath(entry.filename).parts
        if len(parts) > 2 and parts[0] in _SHELVES and not entry.is_dir():
            folders.setdefault("/".join(parts[:2]), {})["/".join(parts[2:])] = entry
    if not folders:
        raise RefusedError(
            "There is no skill in it: a zip holds `successes/` and `failures/`, in them a folder for each"
            f" skill with {_HEAD}, {_MAIN} and {_CHECK}."
        )
    if len(folders) > MOST_SKILLS:
        raise RefusedError(f"The zip holds {len(folders):,} skills; {MOST_SKILLS} are the most. Split it.")
    return [_parcel(archive, folder, files) for folder, files in sorted(folders.items())]


def _parcel(archive: zipfile.ZipFile, folder: str, files: dict[str, zipfile.ZipInfo]) -> Parcel | Spoilt:
    texts: dict[str, str] = {}
    for name, most in _MOST_FILE.items():
        if name not in files:
            return Spoilt(folder=folder, why=f"{name} is missing")
        with archive.open(files[name]) as stream:
            data = stream.read(most + 1)  # however large it says it is
        if len(data) > most:
            return Spoilt(folder=folder, why=f"{name} is larger than {most:,} bytes")
        try:
            texts[name] = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            return Spoilt(folder=folder, why=f"{name} is no UTF-8")
    front = _front(texts[_HEAD])
    if front is None:
        return Spoilt(folder=folder, why=f"{_HEAD} does not begin with front matter between two lines of ---")
    script = Script(
        name=_text(front.get("name")) or PurePosixPath(folder).name,
        description=_text(front.get("description")),
        source=texts[_MAIN],
        parameters=_parameters(front.get("parameters")),
        dependencies=tuple(_text(one) for one in _list(front.get("dependencies"))),
    )
    return Parcel(folder=folder, script=script, check=texts[_CHECK])


def _front(text: str) -> dict[str, Any] | None:
    found = _FRONT.match(text)
    if found is None:
        return None
    try:
        loaded: object = yaml.safe_load(found[1])
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", loaded) if isinstance(loaded, dict) else None


def _parameters(value: object) -> tuple[Parameter, ...]:
    found: list[Parameter] = []
    for one in _list(value):
        if isinstance(one, dict):
            row = cast("dict[str, object]", one)
            found.append(Parameter(name=_text(row.get("name")), description=_text(row.get("description"))))
        else:
            found.append(Parameter(name=_text(one)))
    return tuple(one for one in found if one.name)


def _list(value: object) -> list[object]:
    return cast("list[object]", value)[:100] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value[:2000] if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""


def _head(one: Held) -> str:
    """SKILL.md: the front matter, and how it is used."""
    script, origin, filed = one.card.script, one.card.origin, one.skill.filed
    front = {
        "name": script.name,
        "description": script.description,
        "parameters": [{"name": it.name, "description": it.description} for it in script.parameters],
        "dependencies": list(script.dependencies),
        "metadata": {
            "id": one.skill.id,
            "made": origin.how,
            "session": origin.session,
            "channel": origin.channel_id or "",
            "model": origin.model,
            "parents": ", ".join(filed.parents),
            "error": str(filed.signature or ""),
            "runs": str(one.skill.runs),
            "worked": str(one.skill.worked),
        },
    }
    offers = interface(script.source) or "a program"
    rows = "\n".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in front.items())
    return (
        f"---\n{rows}\n---\n\n# {script.name}\n\n{script.description}\n\n`scripts/main.py` offers:\n\n"
        f"```python\n{offers}\n```\n\n`python scripts/check.py scripts/main.py` proves it, with"
        " `--cases open` or `--cases sealed` half of it.\n"
    )
