"""The box's Python: a virtual environment of its own, made once and never written to by a box."""

import hashlib
import shutil
import subprocess
import sys
import venv
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

_STAMP = "made-from"
_PACKAGES = "runtime.txt"
_BASE_ONLY = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "MPLBACKEND": "Agg"}
_FONTS = "import matplotlib.font_manager"
_STUBS = {
    "passwd": "root:x:0:0:root:/:/usr/sbin/nologin\nbox:x:1000:1000:box:/tmp:/bin/sh\n",
    "group": "root:x:0:\nbox:x:1000:\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}


def default_runtime() -> Path:
    """Where the box's Python is looked for when nobody says otherwise."""
    return Path(sys.prefix) / "box"


def is_ready(runtime: Path) -> bool:
    """Whether `runtime` was made by this interpreter from the list as it is now."""
    try:
        return (runtime / _STAMP).read_text(encoding="utf-8") == _wanted()
    except OSError:
        return False


def install(runtime: Path) -> bool:
    """Make the runtime where it is missing or stale; says whether there was anything to do.

    The packages come from wherever pip is pointed. Raises subprocess.CalledProcessError when pip fails, which
    has then said why.
    """
    if is_ready(runtime):
        return False
    making = runtime.with_name(f"{runtime.name}.new")
    shutil.rmtree(making, ignore_errors=True)
    venv.EnvBuilder(symlinks=True, with_pip=False).create(making)
    python = making / "bin" / "python"
    with resources.as_file(_list()) as packages:
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
        words = ["--only-binary", ":all:", "--no-deps", "--requirement", str(packages)]
        subprocess.run([*pip, *words], check=True, umask=0o022)
    etc = making / "etc"
    etc.mkdir(mode=0o755)
    for name, text in _STUBS.items():
        (etc / name).write_text(text, encoding="utf-8")
    _list_fonts(making, python)
    _make_readable(making)
    (making / _STAMP).write_text(_wanted(), encoding="utf-8")
    shutil.rmtree(runtime, ignore_errors=True)
    making.rename(runtime)
    return True


def _list_fonts(runtime: Path, python: Path) -> None:
    """Let matplotlib look at the fonts once, so that no run has to."""
    folder = runtime / "matplotlib"
    folder.mkdir(mode=0o755)
    environment = {**_BASE_ONLY, "MPLCONFIGDIR": str(folder), "HOME": str(folder)}
    subprocess.run([str(python), "-c", _FONTS], env=environment, check=True, umask=0o022)


def _make_readable(runtime: Path) -> None:
    """Readable by the user that a box runs as, writable by its owner alone."""
    for path in (runtime, *runtime.rglob("*")):
        if not path.is_symlink():
            path.chmod((path.stat().st_mode | 0o444 | (0o111 if path.is_dir() else 0)) & 0o755)


def _wanted() -> str:
    interpreter = f"{sys.version}\n{sys.base_prefix}\n"
    stubs = repr(sorted(_STUBS.items()))
    return hashlib.sha256((interpreter + _list().read_text(encoding="utf-8") + stubs).encode()).hexdigest()


def _list() -> Traversable:
    return resources.files(__package__ or "sandbox").joinpath(_PACKAGES)
