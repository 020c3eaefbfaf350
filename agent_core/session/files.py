"""Paths of a workspace as the model writes them. Pure: nothing here touches a disk."""

from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import PurePosixPath

from agent_core.errors import ToolError
from agent_core.values import FileRef, Manifest, NamedFile

LONGEST_NAME = 255
LONGEST_PATH = 1024
"""Bytes of UTF-8, as file systems count."""

INPUTS = "inputs"
"""The folder of what people drop."""

_ROOT = "/workspace"
_SHOWN = 200


def normal_path(path: str) -> str:
    """The path relative to the workspace root, "." for the root. Raises ToolError on any other place."""
    text = path.strip()
    absolute = text.startswith("/")
    if text == _ROOT or text.startswith(f"{_ROOT}/"):
        text, absolute = text.removeprefix(_ROOT), False
    parts = [part for part in PurePosixPath(text.lstrip("/")).parts if part != "."]
    sizes = [len(part.encode("utf-8", "surrogatepass")) for part in parts]
    if sum(sizes) + len(sizes) > LONGEST_PATH or max(sizes, default=0) > LONGEST_NAME:
        message = (
            f"The path {path[:60]!r}... is too long: {LONGEST_NAME} bytes a name, {LONGEST_PATH} in all."
        )
        raise ToolError(message)
    if (absolute and parts) or ".." in parts:
        message = f"{path!r} is outside the workspace. Give a path relative to its root, such as 'report.md'."
        raise ToolError(message)
    if _storable(text) != text:
        raise ToolError(f"{path!r} holds characters that no file name can have. Choose another name.")
    found = "/".join(parts) or "."
    return found if found == found.strip() else normal_path(found)  # what it says is read the same again


def folders_above(path: str) -> list[str]:
    """The folders that hold this path, the outermost first; the root is not among them."""
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def laid_over(files: Manifest, newer: Manifest) -> dict[str, FileRef]:
    """Both together; of two that cannot lie in one workspace, a file and a folder of its name, the newer."""
    folders = {folder for path in newer for folder in folders_above(path)}
    kept = {
        path: file
        for path, file in files.items()
        if path not in folders and not any(folder in newer for folder in folders_above(path))
    }
    return {**kept, **newer}


def is_free(files: Manifest, path: str) -> bool:
    """Whether a new file may have this path: it is no file, no folder, and below no file."""
    if path in files or any(folder in files for folder in folders_above(path)):
        return False
    return not any(name.startswith(f"{path}/") for name in files)


def free_path(files: Manifest, folder: str, name: str) -> str:
    """A path for a new file of this name, in this folder or, where that is a file, in one beside it."""
    place = next(place for place in _numbered(folder, "") if place not in files)
    return next(path for path in _numbered(*_split(f"{place}/{name}")) if is_free(files, path))


def dropped_apart(files: Manifest, dropped: Iterable[NamedFile]) -> tuple[NamedFile, ...]:
    """What somebody dropped, under `inputs/NAME` and beside what is there: no dropped file is replaced."""
    taken = {path: file for path, file in files.items() if path != INPUTS}  # such a file gives way
    named: list[NamedFile] = []
    for one in dropped:
        path = next(
            path
            for path in _numbered(*_split(f"{INPUTS}/{_safe_name(one.path)}"))
            if is_free(taken, path) or (path in taken and taken[path].sha256 == one.file.sha256)
        )
        taken[path] = one.file
        named.append(NamedFile(path=path, file=one.file))
    return tuple(named)


def _numbered(stem: str, ending: str) -> Iterator[str]:
    yield f"{stem}{ending}"
    yield from (f"{stem} ({number}){ending}" for number in count(2))


def _safe_name(path: str) -> str:
    """The last name of a path, as one that a file can have, with room for a number."""
    name = _storable(path).rpartition("/")[2]
    if name in {"", ".", ".."}:
        return "file"
    stem, ending = _split(name)
    room = LONGEST_NAME - len(ending.encode()) - len(" (1000)")
    return stem.encode()[:room].decode("utf-8", "ignore") + ending


def _split(path: str) -> tuple[str, str]:
    """The path without its ending, and the ending; empty where it is no sensible one."""
    ending = PurePosixPath(path).suffix
    return (path.removesuffix(ending), ending) if len(ending.encode()) < LONGEST_NAME // 2 else (path, "")


def _storable(text: str) -> str:
    """The text without what neither a file name nor the journal can hold: NUL and lone surrogates."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()


def under(files: Manifest, path: str) -> list[NamedFile]:
    """The file of this path, or all files of this folder. Raises ToolError where there is nothing."""
    wanted = path if path in files else normal_path(path)
    found = [
        NamedFile(path=name, file=file)
        for name, file in sorted(files.items())
        if wanted in (".", name) or name.startswith(f"{wanted}/")
    ]
    if not found:
        have = ", ".join(sorted(files)[:20]) or "nothing yet"
        raise ToolError(f"There is no file or folder {path[:_SHOWN]!r} in the workspace. It holds: {have}.")
    return found


def named(files: Manifest, paths: Iterable[str]) -> tuple[NamedFile, ...]:
    """All files that these paths name, each once. Raises ToolError where one names nothing."""
    found = {one.path: one for path in paths for one in under(files, path)}
    return tuple(found.values())
