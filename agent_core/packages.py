"""Packages for code in the sandbox: wheels from the host's own index, kept apart from every workspace.

pip runs out here and only unpacks: wheels alone are taken, so no stranger's code runs in it. What a session
has is in its journal by name, version and hash; the cache can be lost and is filled again.
"""

import asyncio
import hashlib
import os
import shutil
import sys
import tempfile
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import parse_wheel_filename

from agent_core.errors import ToolError
from agent_core.values import Package
from sandbox import Pool, default_runtime

PIP_WITHIN_S = 300.0
MOST_BYTES = 500_000_000
"""Of all wheels of one order together."""
MOST_POOLS = 4
_SAID = 1500


class Packages:
    """The cache of wheels, and the boxes' Python with the packages of a session laid in."""

    def __init__(self, folder: Path, environment: Mapping[str, str], runtime: Path | None = None) -> None:
        """`environment`: what pip may see of the host's, its own configuration among it."""
        self._wheels = folder / "wheels"
        self._runtimes = folder / "runtimes"
        self._environment = {**environment, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
        self._runtime = runtime
        self._pools: OrderedDict[str, Pool] = OrderedDict()
        self._one_at_a_time = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pool in self._pools.values():
            await asyncio.to_thread(pool.close)
        self._pools.clear()

    async def download(self, requirements: Sequence[str]) -> tuple[Package, ...]:
        """The wheels that these ask for, with all that they need. Raises ToolError."""
        wanted = [_plain(one) for one in requirements]
        async with self._one_at_a_time:
            return await self._fetch(wanted)

    async def pool(self, packages: Sequence[Package]) -> Pool:
        """Boxes that can import these. Raises ToolError where one cannot be had again as it was."""
        name = _digest(packages)
        async with self._one_at_a_time:
            if name not in self._pools:
                runtime = self._runtimes / name
                if not runtime.is_dir():
                    for package in packages:
                        await self._have(package)
                    await self._make(runtime, packages)
                self._pools[name] = Pool(runtime=runtime, warm=False)
            self._pools.move_to_end(name)
            while len(self._pools) > MOST_POOLS:
                _, old = self._pools.popitem(last=False)
                await asyncio.to_thread(old.close)
            return self._pools[name]

    async def _have(self, package: Package) -> None:
        if self._place(package).is_file():
            return
        again = await self._fetch([f"{package.name}=={package.version}"], "--no-deps")
        if package not in again:
            raise ToolError(
                f"{package.name} {package.version} cannot be had again: the index gives another file than "
                "the one that was installed. Install it anew."
            )

    async def _fetch(self, wanted: Sequence[str], *more: str) -> tuple[Package, ...]:
        await asyncio.to_thread(self._wheels.mkdir, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._wheels, prefix="new-") as folder:
            words = ["download", "--only-binary", ":all:", "--dest", folder, "--quiet", *more]
            await self._pip(*words, "--", *wanted)
            return await asyncio.to_thread(self._take, Path(folder))

    def _take(self, folder: Path) -> tuple[Package, ...]:
        files = sorted(folder.glob("*.whl"))
        if sum(file.stat().st_size for file in files) > MOST_BYTES:
            raise ToolError(f"Nothing was installed: that is more than {MOST_BYTES // 10**6} MB.")
        found: list[Package] = []
        for file in files:
            name, version, _, _ = parse_wheel_filename(file.name)
            with file.open("rb") as data:
                digest = hashlib.file_digest(data, "sha256").hexdigest()
            package = Package(name=str(name), version=str(version), file=file.name, sha256=digest)
            self._place(package).parent.mkdir(exist_ok=True)
            file.replace(self._place(package))
            found.append(package)
        return tuple(found)

    def _place(self, package: Package) -> Path:
        return self._wheels / package.sha256 / Path(package.file).name

    async def _make(self, runtime: Path, packages: Sequence[Package]) -> None:
        """The boxes' Python once more, the same files, with the packages beside its own."""
        await asyncio.to_thread(self._runtimes.mkdir, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._runtimes, prefix="new-") as folder:
            copy = Path(folder) / "runtime"
            await asyncio.to_thread(_copied, self._runtime or default_runtime(), copy)
            wheels = [str(self._place(package)) for package in packages]
            site = next((copy / "lib").glob("python*/site-packages"))
            with tempfile.TemporaryDirectory(dir=folder) as target:
                words = ("install", "--no-index", "--no-deps", "--no-compile", "--quiet", "--target", target)
                await self._pip(*words, "--", *wheels)
                await asyncio.to_thread(_laid, Path(target), site)
            await asyncio.to_thread(_moved, copy, runtime)

    async def _pip(self, *words: str) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-m", "pip", *words,
            env=self._environment, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            async with asyncio.timeout(PIP_WITHIN_S):
                said, _ = await process.communicate()
        except TimeoutError as error:
            raise ToolError(f"Nothing was installed: pip did not end within {PIP_WITHIN_S:.0f} s.") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            words_said = said.decode("utf-8", "replace")[-_SAID:].strip()
            raise ToolError(f"Nothing was installed. Only wheels are taken. pip said:\n{words_said}")


def _plain(text: str) -> str:
    """A requirement by name and version alone: no address, no path, no option. Raises ToolError."""
    try:
        found = Requirement(text.strip())
    except InvalidRequirement as error:
        raise ToolError(f"{text[:80]!r} names no package. Give names like 'six' or 'six>=1.16'.") from error
    if found.url:
        raise ToolError(f"{text[:80]!r} names an address. Packages come from the host's index, by name.")
    return str(found)


def _digest(packages: Sequence[Package]) -> str:
    words = "\n".join(sorted(package.sha256 for package in packages))
    return hashlib.sha256(f"{sys.version}\n{words}".encode()).hexdigest()[:32]


def _copied(source: Path, target: Path) -> None:
    """The same files where the file system can name them twice: nothing of it is ever written to."""

    def link(one: str, other: str) -> str:
        try:
            os.link(one, other, follow_symlinks=False)
        except OSError:
            shutil.copy2(one, other, follow_symlinks=False)
        return other

    shutil.copytree(source, target, symlinks=True, copy_function=link)


def _laid(target: Path, site: Path) -> None:
    """Put what was unpacked among the packages of the runtime; what is there already gives way."""
    for entry in target.iterdir():
        if entry.name == "bin":
            continue
        there = site / entry.name
        if there.is_dir() and not there.is_symlink():
            shutil.rmtree(there)
        elif there.exists() or there.is_symlink():
            there.unlink()
        shutil.move(entry, there)
        for path in [there, *there.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() else 0o644)


def _moved(copy: Path, runtime: Path) -> None:
    copy.chmod(0o755)
    if not runtime.is_dir():
        copy.rename(runtime)
