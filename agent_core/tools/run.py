"""Run code in the sealed sandbox."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pydantic import Field

from agent_core.errors import SandboxRefusedError
from agent_core.packages import Packages
from agent_core.session import State
from agent_core.tools.base import Outcome, Tool, ToolArguments
from agent_core.workspace import Workspaces
from sandbox import Limits, Pool, RunResult, Sandbox, SandboxUnavailableError

STOPPED = {
    "time": "stopped: it ran past its time",
    "memory": "stopped: it needed more memory than it may have",
    "disk": "stopped: it wrote more than its disk holds",
    "output": "stopped: it printed more than it may",
}
MOST_NAMED = 20


class RunPython(ToolArguments):
    """Arguments of `run_python`."""

    code: str = Field(min_length=1)


class RunShell(ToolArguments):
    """Arguments of `run_shell`."""

    command: str = Field(min_length=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Boxes:
    """Where code of sessions runs."""

    workspaces: Workspaces
    limits: Limits
    pool: Pool | None
    packages: Packages | None = None

    async def pool_of(self, state: State) -> Pool | None:
        """The usual boxes, or those that can import what the session has installed."""
        if self.packages is None or not state.marks.installed:
            return self.pool
        return await self.packages.pool(state.marks.installed)


def run_python(boxes: Boxes) -> Tool[RunPython]:
    """The tool that runs a Python script."""

    async def run(args: RunPython, state: State) -> Outcome:
        return await in_box(boxes, state, lambda box: box.run_python(args.code))

    description = "Run a Python script in the sandbox, in the workspace, where its files stay."
    return Tool(name="run_python", description=description, args=RunPython, run=run)


def run_shell(boxes: Boxes) -> Tool[RunShell]:
    """The tool that runs a shell command."""

    async def run(args: RunShell, state: State) -> Outcome:
        return await in_box(boxes, state, lambda box: box.run_shell(args.command))

    description = "Run a command line of /bin/sh in the sandbox, in the workspace."
    return Tool(name="run_shell", description=description, args=RunShell, run=run)


async def in_box(boxes: Boxes, state: State, work: Callable[[Sandbox], Awaitable[RunResult]]) -> Outcome:
    """Do the work in a box of this session; what it left in the workspace is kept."""
    workspaces = boxes.workspaces
    pool = await boxes.pool_of(state)
    workspace = await workspaces.open(state.ref, state.files)
    try:
        async with Sandbox(limits=boxes.limits, workspace=workspace.folder, pool=pool) as box:
            result = await work(box)
        changed = await workspace.keep_all({file.path: file.mode for file in result.changed})
    except SandboxUnavailableError as error:
        raise SandboxRefusedError(str(error)) from error
    except BaseException:
        workspaces.distrust(state.ref)
        raise
    for path in result.removed:
        workspace.forget(path)
    return Outcome(
        text=_in_words(result),
        is_error=result.exit_code != 0,
        changed=tuple(changed),
        removed=result.removed,
    )


def _in_words(result: RunResult) -> str:
    """What the model reads of a run."""
    lines = [f"exit code {result.exit_code}"]
    if result.stopped_by:
        lines.append(STOPPED[result.stopped_by])
    lines += [part.rstrip("\n") for part in (result.stdout, result.stderr) if part]
    if result.changed:
        lines.append(f"files written: {_names([file.path for file in result.changed])}")
    if result.removed:
        lines.append(f"files removed: {_names(list(result.removed))}")
    if result.left_out:
        left_out = [f"{one.path} ({one.reason})" for one in result.left_out]
        lines.append(f"not kept: {_names(left_out)}")
    return "\n".join(lines)


def _names(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
