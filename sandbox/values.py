"""What goes into a run and what comes out of it. Plain values, no behaviour."""

from dataclasses import dataclass
from typing import Literal

StoppedBy = Literal["time", "memory", "disk", "output"]

EXIT_TIME = 124
EXIT_UNAVAILABLE = 125
EXIT_MEMORY = 137


class SandboxUnavailableError(Exception):
    """No box can be had here. The text is one sentence that says what to do; the code was not run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one run may use. Sizes in MiB, times in seconds."""

    timeout_s: float = 60.0
    memory_mb: int = 1024
    disk_mb: int = 1024
    """Workspace and temporary files together."""
    processes: int = 128
    """Processes and threads alive at once."""
    files: int = 20_000
    """Files and folders alive at once, in the workspace and the temporary folder."""
    descriptors: int = 512
    """Open files of one process."""
    output_mb: int = 64
    """Standard output and standard error together; past it the run is ended."""

    def __post_init__(self) -> None:
        for name in ("timeout_s", "memory_mb", "disk_mb", "processes", "files", "descriptors", "output_mb"):
            if not getattr(self, name) > 0:
                raise ValueError(f"The limit {name!r} must be greater than 0.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFile:
    """A regular file that a run made or changed, as it lies in the workspace afterwards."""

    path: str
    """Relative to the workspace, with `/`."""
    size: int
    sha256: str
    mode: int
    """Permission bits only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Something that a run left behind and that was not brought into the workspace."""

    path: str
    """Relative to the workspace; bytes that are not UTF-8 are written as backslash escapes."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """How one run ended. A script that failed is a result, never an exception."""

    exit_code: int
    """The script's own; 128 + n where signal n ended it; 124 stopped for time, 137 for memory or output."""
    stdout: str
    """UTF-8 with invalid bytes replaced; past 1 MiB only the first and the last 512 KiB."""
    stderr: str
    stopped_by: StoppedBy | None
    duration_s: float
    changed: tuple[ChangedFile, ...]
    removed: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
