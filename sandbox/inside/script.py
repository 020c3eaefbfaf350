"""Become the stranger's script as if Python, or the shell, had been started with it."""

# pathlib is a slow import, and the places here are the box's own
# ruff: noqa: PTH101, PTH102, PTH112, PTH123, PTH208, PTH211, S103, S108

import _sitebuiltins
import atexit
import builtins
import errno
import gc
import itertools
import os
import random
import signal
import sys
import threading
from types import ModuleType
from typing import NoReturn

from .world import END

PATHS = ("/box/main.py", "/box/main.sh")
"""Where the code lies: a Python script, a shell script."""
RUNTIME = "/opt/python"
NOTHING, MEMORY, DISK = b"-", b"m", b"d"
"""What is noted for the host about an error that nobody caught."""
_FOLDER = "/workspace"
# as they are before the script may change them
_exit, _getpid, _kill, _write = os._exit, os.getpid, os.kill, os.write
_LOST = 120
"""Python's exit code where the last of the output could not be written."""


def set_path(*, on_path: bool = False) -> None:
    """The import path of a script in the workspace, and what `site` would have set up."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    packages = f"{RUNTIME}/lib/{version}/site-packages"
    # without the folder this began in
    library = [path for path in sys.path if path.startswith("/") and path not in {packages, _FOLDER}]
    sys.path[:] = [*([_FOLDER] if on_path else []), *library, packages]
    sys.prefix = sys.exec_prefix = RUNTIME
    for name in ("quit", "exit"):
        setattr(builtins, name, _sitebuiltins.Quitter(name, "Ctrl-D (i.e. EOF)"))


def offer_fonts() -> None:
    """Point matplotlib at the font list of the runtime: building one takes seconds."""
    made, home = f"{RUNTIME}/matplotlib", "/tmp/.matplotlib"
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
    processes = sys.modules.get("multiprocessing.process")
    if processes is not None:  # its key was drawn when it was imported, ahead
        processes.current_process().authkey = os.urandom(32)


def run_shell() -> NoReturn:
    """Replace this process; environment and working directory are already right."""
    os.execv("/bin/sh", ["sh", PATHS[True]])  # noqa: S606 - this is what the box is for


def rehearse() -> None:
    """Do once what every script takes: memory that is touched now need not be copied later."""
    module = ModuleType("rehearsal")
    source = "def f(): return 1\nprint(f())"
    exec(compile(source, PATHS[False], "exec", dont_inherit=True), vars(module))  # noqa: S102
    _clear([module])


def prepare() -> None:
    """Be an interpreter that has not begun with its script yet."""
    _main()
    set_path(on_path=True)
    sys.argv[:] = [PATHS[False]]
    sys.orig_argv[:] = [sys.executable, PATHS[False]]
    gc.collect()
    gc.freeze()


def run_python(word_fd: int) -> NoReturn:
    """Run the script as `__main__`, then end as an interpreter does; never returns."""
    main = sys.modules["__main__"]
    there, first = len(sys.modules), _getpid()
    code, note = _outcome(main)
    try:
        code = _end(main, there, code)
    finally:
        if code < 0:  # Python ends by the signal that nobody caught
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            _kill(_getpid(), signal.SIGINT)
        if _getpid() == first:
            _say(word_fd, code, note)
        _exit(code)


def _main() -> None:
    """An empty `__main__`, and no trace of this package among the modules."""
    main = sys.modules["__main__"]
    names = vars(main)
    for name in [name for name in names if not name.startswith("__")]:
        del names[name]
    names.update(__file__=PATHS[False], __loader__=None, __cached__=None)
    package = sys.modules.pop(
        "inside"
    )  # by what it holds: to ask each of all modules would copy their memory
    for name in vars(package):
        sys.modules.pop(f"inside.{name}", None)


def _outcome(main: ModuleType) -> tuple[int, bytes]:
    """Run the script; its exit code, -1 for an interrupt, and a note. No traceback shows this file."""
    try:
        with open(PATHS[False], "rb") as file:
            source = file.read()
        exec(compile(source, PATHS[False], "exec", dont_inherit=True), vars(main))  # noqa: S102 - what it is for
    except SystemExit as error:
        return _exit_code(error), NOTHING
    except BaseException as error:  # noqa: BLE001 - told as Python tells it
        trace = error.__traceback__
        while trace and trace.tb_frame.f_code.co_filename != PATHS[False]:
            trace = trace.tb_next
        kind = type(error)
        sys.last_type, sys.last_value, sys.last_traceback = kind, error, trace
        _told(error.with_traceback(trace))
        return -1 if kind is KeyboardInterrupt else 1, _note(error)
    return 0, NOTHING


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


def _end(main: ModuleType, there: int, code: int) -> int:
    """Threads, handlers, then what the script holds: closes its files. The packages are left as they are."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()  # pyright: ignore[reportPrivateUsage]
    _flush()
    mine = len(sys.modules) - there  # the latest: to ask each of all modules would copy their memory
    _clear([main, *itertools.islice(reversed(sys.modules.values()), max(mine, 0))])
    return code if _flush() or code else _LOST


def _clear(modules: list[ModuleType]) -> None:
    """Let go of what the script holds, which closes its files."""
    for module in modules:
        names = getattr(module, "__dict__", {})
        for name in [name for name in names if not name.startswith("__")]:
            names[name] = None
    sys.last_value = sys.last_traceback = None
    gc.collect()


def _flush() -> bool:
    well = True
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            well = getattr(stream, "closed", True)
    return well


def _note(error: BaseException) -> bytes:
    if isinstance(error, MemoryError):
        return MEMORY
    full = isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}
    return DISK if full else NOTHING


def _say(word_fd: int, code: int, note: bytes) -> None:
    """Tell the keeper that this is the end: its own takes the kernel longer than most scripts."""
    try:  # noqa: SIM105 - contextlib is a slow import
        _write(word_fd, END.pack(code, note))
    except OSError:
        pass  # the script closed it
