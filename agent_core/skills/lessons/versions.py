"""What code in the sandbox runs with: the version of Python, and of each package by its import name."""

import asyncio
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

from agent_core.errors import SandboxRefusedError
from sandbox import Limits, Pool, Sandbox, SandboxUnavailableError

PYTHON = "python"

_SCRIPT = """\
import json, platform
from importlib import metadata
found = {"python": platform.python_version()}
for name, owners in metadata.packages_distributions().items():
    found[name] = metadata.version(owners[0])
print(json.dumps(found))
"""
_LOOKS_S = 20.0


class Versions:
    """Asks a box once for what it has."""

    def __init__(self, pool: Pool | None) -> None:
        self._pool = pool
        self._known: Mapping[str, str] | None = None
        self._asking = asyncio.Lock()

    async def now(self) -> Mapping[str, str]:
        """Import name -> version. Raises SandboxRefusedError where there is no box."""
        async with self._asking:
            if self._known is None:
                self._known = await self._ask()
        return self._known

    async def _ask(self) -> Mapping[str, str]:
        if self._pool is None:
            raise SandboxRefusedError("There is no sandbox here, so nothing can be run again.")
        try:
            with tempfile.TemporaryDirectory(prefix="versions-") as folder:
                async with Sandbox(Path(folder), Limits(timeout_s=_LOOKS_S), self._pool) as box:
                    result = await box.run_python(_SCRIPT)
        except SandboxUnavailableError as error:
            raise SandboxRefusedError(str(error)) from error
        if result.exit_code:
            raise SandboxRefusedError(f"A box does not say what it has: {result.stderr[-300:]}")
        found: dict[str, str] = json.loads(result.stdout)
        return found
