"""Paths of a workspace as the model writes them. Pure: nothing here touches a disk."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from agent_core.errors import ToolError
from agent_core.values import Manifest, NamedFile

LONGEST_NAME = 255
LONGEST_PATH = 1024


def normal_path(path: str) -> str:
    """The path relative to the workspace root, "." for the root. Raises ToolError on any other place."""
    text = path.strip().removeprefix("/workspace")
    if not text.strip("/"):
        return "."
    parts = [part for part in PurePosixPath(text.lstrip("/")).parts if part != "."]
    outside = path.strip().startswith("/") and not path.strip().startswith("/workspace")
    if outside or ".." in parts or "\0" in text:
        message = f"{path!r} is outside the workspace. Give a path relative to its root, such as 'report.md'."
        raise ToolError(message)
    if len(text) > LONGEST_PATH or any(len(part.encode()) > LONGEST_NAME for part in parts):
        message = (
            f"The path {path[:60]!r}... is too long: {LONGEST_NAME} bytes a name, {LONGEST_PATH} in all."
        )
        raise ToolError(message)
    return "/".join(parts) or "."


def under(files: Manifest, path: str) -> list[NamedFile]:
    """The file of this path, or all files of this folder. Raises ToolError where there is nothing."""
    wanted = normal_path(path)
    found = [
        NamedFile(path=name, file=file)
        for name, file in sorted(files.items())
        if wanted in (".", name) or name.startswith(f"{wanted}/")
    ]
    if not found:
        have = ", ".join(sorted(files)[:20]) or "nothing yet"
        raise ToolError(f"There is no file or folder {path!r} in the workspace. It holds: {have}.")
    return found


def named(files: Manifest, paths: Iterable[str]) -> tuple[NamedFile, ...]:
    """All files that these paths name, each once. Raises ToolError where one names nothing."""
    found = {one.path: one for path in paths for one in under(files, path)}
    return tuple(found.values())
