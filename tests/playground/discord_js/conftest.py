"""discord.js, installed with npm into pytest's cache the first time, without a lock file."""

import shutil
import subprocess
from pathlib import Path

import pytest

VERSION = "14.28.1"
INSTALL_S = 100.0


@pytest.fixture(scope="session")
def modules(pytestconfig: pytest.Config) -> Path:
    """A folder with discord.js in node_modules. Skips where node or the package is not to be had."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("node is not installed: discord.js cannot be tried")
    folder = Path(pytestconfig.cache.mkdir(f"discord_js_{VERSION}"))
    if not (folder / "node_modules" / "discord.js" / "package.json").is_file():
        flags = ["--no-package-lock", "--no-audit", "--no-fund", "--prefix", str(folder)]
        command = [npm, "install", *flags, f"discord.js@{VERSION}"]
        try:
            done = subprocess.run(command, timeout=INSTALL_S, capture_output=True, text=True, check=False)
        except subprocess.TimeoutExpired:
            pytest.skip(f"npm did not install discord.js within {INSTALL_S:.0f} s")
        if done.returncode != 0:
            pytest.skip(f"npm could not install discord.js: {done.stderr.strip()[-300:]}")
    return folder / "node_modules"
