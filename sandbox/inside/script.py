"""Become the stranger's script as if Python, or the shell, had been started with it."""

# pathlib is a slow import, and the places here are the box's own
# ruff: noqa: PTH101, PTH102, PTH112, PTH123, PTH208, PTH211, S103, S108

import _sitebuiltins
import builtins
import errno
import os
import sys

PATHS = ("/box/main.py", "/box/main.sh")
"""Where the code lies: a Python script, a shell script."""
RUNTIME = "/opt/python"
MEMORY, DISK = b"m", b"d"
"""What is noted for the host about an error that nobody caught."""


def set_path(*, on_path: bool) -> None:
    """The import path of a script in the workspace, and what `site` would have set up."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    library = [path for path in sys.path if path.startswith("/")]  # without the folder this began in
    sys.path[:] = [*(["/workspace"] if on_path else []), *library, f"{RUNTIME}/lib/{version}/site-packages"]
    sys.prefix = sys.exec_prefix = RUNTIME
    for name in ("quit", "exit"):
        setattr(builtins, name, _sitebuiltins.Quitter(name, "Ctrl-D (i.e. EOF)"))
    _offer_fonts()


def run_shell() -> None:
    """Replace this process; environment and working directory are already right."""
    os.execv("/bin/sh", ["sh", PATHS[True]])  # noqa: S606 - this is what the box is for


def run_python(note_fd: int) -> None:
    """Run the script as `__main__`, its tracebacks without a trace of this file."""
    main = sys.modules["__main__"]
    names = vars(main)
    for name in [name for name in names if not name.startswith("__")]:
        del names[name]
    names.update(__file__=PATHS[False], __loader__=None, __cached__=None)
    for name in [name for name in sys.modules if name.split(".")[0] == "inside"]:
        del sys.modules[name]
    sys.argv[:] = [PATHS[False]]
    first = os.getpid()
    try:
        code = compile(_source(), PATHS[False], "exec", dont_inherit=True)
        exec(code, names)  # noqa: S102 - this is what the box is for
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001 - told as Python tells it
        if os.getpid() == first:
            _note(note_fd, error)
        trace = error.__traceback__
        while trace and trace.tb_frame.f_code.co_filename != PATHS[False]:
            trace = trace.tb_next
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        sys.exit(1)


def _source() -> bytes:
    with open(PATHS[False], "rb") as file:
        return file.read()


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


def _offer_fonts() -> None:
    """Point matplotlib at the font list of the runtime: building one takes seconds."""
    made, home = f"{RUNTIME}/matplotlib", "/tmp/.matplotlib"
    if not os.path.isdir(made):
        return
    os.mkdir(home, 0o777)
    os.chmod(home, 0o1777)
    for name in os.listdir(made):
        os.symlink(f"{made}/{name}", f"{home}/{name}")
