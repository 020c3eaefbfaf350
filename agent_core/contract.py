"""Run the checks of a contract: outside the workspace, in fresh boxes, on copies of the files."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

from agent_core.errors import SandboxRefusedError
from agent_core.packages import Packages
from agent_core.session import State
from agent_core.session.files import laid_over
from agent_core.values import Check, CheckResult, Manifest
from agent_core.workspace import Workspaces
from sandbox import Limits, Pool, Sandbox, SandboxUnavailableError

MOST_OUTPUT = 1500


class ContractRunner:
    """Judges files by a contract's checks. Each check gets a box and a read-only copy of its own."""

    def __init__(
        self,
        workspaces: Workspaces,
        folder: Path,
        limits: Limits,
        pool: Pool | None,
        packages: Packages | None = None,
    ) -> None:
        self._workspaces = workspaces
        self._folder = folder
        self._limits = limits
        self._pool = pool
        self._packages = packages

    async def run(self, state: State, checks: Iterable[Check], files: Manifest) -> tuple[CheckResult, ...]:
        """Run every check that has code. Raises SandboxRefusedError where nothing can be run."""
        self._folder.mkdir(parents=True, exist_ok=True)
        pool = self._pool
        if self._packages and state.marks.installed:
            pool = await self._packages.pool(state.marks.installed)
        results: list[CheckResult] = []
        for check in checks:
            if check.code.strip():
                with tempfile.TemporaryDirectory(dir=self._folder) as copy:
                    await self._workspaces.copy(state.ref, files, Path(copy))
                    results.append(await self._judge(check, Path(copy), pool))
        return tuple(results)

    async def _judge(self, check: Check, copy: Path, pool: Pool | None) -> CheckResult:
        try:
            async with Sandbox(limits=self._limits, workspace=copy, pool=pool, read_only=True) as box:
                result = await box.run_python(check.code)
        except SandboxUnavailableError as error:
            raise SandboxRefusedError(str(error)) from error
        output = f"{result.stdout}{result.stderr}".strip()
        if result.stopped_by:
            output = f"stopped by {result.stopped_by}\n{output}".strip()
        return CheckResult(name=check.name, holds=result.exit_code == 0, output=output[-MOST_OUTPUT:])


def judged_files(state: State, finishing: Manifest) -> Manifest:
    """What the checks see: what was and is handed over, and what people dropped, as they dropped it.

    A goal that hands nothing over is judged on its workspace as it stands.
    """
    handed_over = laid_over(state.delivered, finishing)
    return laid_over(handed_over or state.files, state.inputs)


def broken(result: CheckResult) -> bool:
    """The check itself does not compile. Faults of files that it reads have a traceback."""
    last = result.output.rsplit("\n", 1)[-1]
    return (
        last.startswith(("SyntaxError", "IndentationError", "TabError")) and "Traceback" not in result.output
    )


def in_words(results: Iterable[CheckResult]) -> str:
    """The failing checks, by name, with what they printed."""
    lines = [f"- {one.name}: {one.output or 'it printed nothing'}" for one in results if not one.holds]
    return "\n".join(lines)
