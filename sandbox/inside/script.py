"""Become the stranger's script as if Python, or the shell, had been started with it."""

# pathlib is a slow import, and the places here are the box's own
# ruff: noqa: PTH101, PTH102, PTH112, PTH123, PTH208, PTH211, S103, S108

import _sitebuiltins
import atexit
import builtins
import errno
import gc
import os
import random
import signal
import sys
import threading
from types import ModuleType
from typing import NoReturn

PATHS = ("/box/main.py", "/box/main.sh")
"""Where the code lies: a Python script, a shell script."""
RUNTIME = "/opt/python"
MEMORY, DISK = b"m", b"d"
"""What is noted for the host about an error that nobody caught."""
_FOLDER = "/workspace"
_LOST = 120
"""Python's exit code where the last of the output could not be written."""


def set_path(*, on_path: bool = False) -> None:
    """The import path of a script in the workspace, and what `site` would have set up."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    packages = f"{RUNTIME}/lib/{version}/site-packages"
    # without the folder this began in
    library = [path for path in sys.path if path.startswith("/") and path != packages]
    sys.path[:] = [*([_FOLDER] if on_path else []), *library, packages]
    sys.prefix = sys.exec_prefix = RUNTIME
    for name in ("quit", "exit"):
        setattr(builtins, name, _sitebuiltins.Quitter(name, "Ctrl-D (i.e. EOF)"))


def offer_fonts(temporary: str = "/tmp") -> None:
    """Point matplotlib at the font list of the runtime: building one takes seconds."""
    made, home = f"{RUNTIME}/matplotlib", f"{temporary}/.matplotlib"
    if not os.path.isdir(made):
        return
    os.mkdir(home, 0o777)
    os.chmod(home, 0o1777)
    for name in os.listdir(made):
        os.symlink(f"{made}/{name}", f"{home}/{name}")


def reseed() -> None:
    """Let no two boxes draw the same numbers."""
    random.seed()
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()


def run_shell() -> NoReturn:
    """Replace this process; environment and working directory are already right."""
    os.execv("/bin/sh", ["sh", PATHS[True]])  # noqa: S606 - this is what the box is for


def run_python(note_fd: int) -> NoReturn:
    """Run the script as `__main__`, then end as an interpreter does; never returns."""
    main = _main()
    sys.argv[:] = [PATHS[False]]
    sys.orig_argv[:] = [sys.executable, PATHS[False]]
    there = set(sys.modules)
    code = _outcome(main, note_fd, os.getpid())
    try:
        code = _end(main, there, code)
    finally:
        if code < 0:  # Python ends by the signal that nobody caught
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)
        os._exit(code)


def _main() -> ModuleType:
    """An empty `__main__`, and no trace of this package among the modules."""
    main = sys.modules["__main__"]
    names = vars(main)
    for name in [name for name in names if not name.startswith("__")]:
        del names[name]
    names.update(__file__=PATHS[False], __loader__=None, __cached__=None)
    for name in [name for name in sys.modules if name.split(".")[0] == "inside"]:
        del sys.modules[name]
    return main


def _outcome(main: ModuleType, note_fd: int, first: int) -> int:
    """Run the script; its exit code, -1 for an interrupt. Tracebacks have no trace of this file."""
    try:
        with open(PATHS[False], "rb") as file:
            source = file.read()
        exec(compile(source, PATHS[False], "exec", dont_inherit=True), vars(main))  # noqa: S102 - what it is for
    except SystemExit as error:
        return _exit_code(error)
    except BaseException as error:  # noqa: BLE001 - told as Python tells it
        if os.getpid() == first:
            _note(note_fd, error)
        trace = error.__traceback__
        while trace and trace.tb_frame.f_code.co_filename != PATHS[False]:
            trace = trace.tb_next
        kind = type(error)
        sys.last_type, sys.last_value, sys.last_traceback = kind, error, trace
        _told(error.with_traceback(trace))
        return -1 if kind is KeyboardInterrupt else 1
    return 0


def _told(error: BaseException) -> None:
    try:
        sys.excepthook(type(error), error, error.__traceback__)
    except SystemExit:
        pass
    except BaseException:  # noqa: BLE001 - the script's own hook failed
        sys.__excepthook__(*sys.exc_info())  # type: ignore[arg-type]


def _exit_code(error: SystemExit) -> int:
    code = error.code
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    try:
        print(code, file=sys.stderr)
    except (OSError, ValueError):
        return 1
    return 1


def _end(main: ModuleType, there: set[str], code: int) -> int:
    """Threads, handlers, then what the script holds: closes its files. The packages are left as they are."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()  # pyright: ignore[reportPrivateUsage]
    _flush()
    mine = [module for name, module in list(sys.modules.items()) if name not in there]
    for module in [main, *mine]:
        names = getattr(module, "__dict__", {})
        for name in [name for name in names if not name.startswith("__")]:
            names[name] = None
    sys.last_value = sys.last_traceback = None
    gc.collect()
    return code if _flush() or code else _LOST


def _flush() -> bool:
    well = True
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            well = getattr(stream, "closed", True)
    return well


def _note(note_fd: int, error: BaseException) -> None:
    note = b""
    if isinstance(error, MemoryError):
        note = MEMORY
    elif isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        note = DISK
    try:  # noqa: SIM105 - contextlib is a slow import
        os.write(note_fd, note)
    except OSError:
        pass  # the script closed it
