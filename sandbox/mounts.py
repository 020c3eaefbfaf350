"""What of this machine a box can see, read-only: programs, libraries, the interpreter, the runtime."""

import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

RUNTIME = "/opt/python"
LAUNCHER = "/run/box"
HOST = "/host"
"""Where the fork server has the machine's files, read-only, to find workspaces; a box takes it away first."""

_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
_ETC = ("/etc/ld.so.cache", "/etc/alternatives", _CERTIFICATES)
_SHARE = ("zoneinfo", "fonts", "perl", "perl5", "misc")
_PROGRAMS = ("bin", "lib", "lib32", "lib64", "libx32")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
_LINKS = {
    "/dev/fd": "/proc/self/fd",
    "/dev/stdin": "/proc/self/fd/0",
    "/dev/stdout": "/proc/self/fd/1",
    "/dev/stderr": "/proc/self/fd/2",
}
_POINTS = ("/tmp", "/workspace", "/dev/shm", "/box")  # noqa: S108 - places in the box, which it fills itself


def arguments(runtime: Path) -> Iterator[str]:
    """The whole view in bubblewrap's words; it ends read-only."""
    shown = {**_system(), **_interpreter(), **_own(runtime)}
    folders = {str(folder) for place in (*shown, *_DEVICES) for folder in Path(place).parents} - {"/"}
    for folder in sorted(folders):
        # those that bubblewrap makes by itself may be closed to everybody but root
        yield from ("--perms", "0755", "--dir", folder)
    for place, source in shown.items():
        yield from ("--ro-bind", source, place)
    covered = _installed_by_others()
    if covered is not None:
        yield from ("--perms", "0555", "--tmpfs", covered, "--remount-ro", covered)
    for device in _DEVICES:
        yield from ("--dev-bind", device, device)
    for link, target in {**_LINKS, **_merged()}.items():
        yield from ("--symlink", target, link)
    for point in _POINTS:
        yield from ("--dir", point)
    yield from ("--proc", "/proc", "--ro-bind", "/", HOST, "--remount-ro", "/", "--chdir", LAUNCHER)


def _system() -> dict[str, str]:
    """Of /etc and /usr/share what programs cannot do without; nothing of /usr/local, /opt, /var, /home."""
    places = [f"/usr/{name}" for name in _PROGRAMS]
    places += [f"/{name}" for name in _PROGRAMS if not Path("/", name).is_symlink()]
    places += [f"/usr/share/{name}" for name in _SHARE]
    return {place: place for place in (*places, *_ETC) if Path(place).exists()}


def _merged() -> dict[str, str]:
    """/bin and its like, where they are links into /usr."""
    tops = [Path("/", name) for name in _PROGRAMS]
    return {str(top): str(top.readlink()) for top in tops if top.is_symlink()}


def _interpreter() -> dict[str, str]:
    """The interpreter where it was built to be: program, shared library, standard library."""
    program = Path(sys.executable).resolve()
    library = Path(str(sysconfig.get_config_var("LIBDIR")), str(sysconfig.get_config_var("INSTSONAME")))
    places = [str(program), *_standard_library()]
    if library.suffix != ".a" and library.exists():
        places.append(str(library))
    return {
        place: place for place in places if not place.startswith(("/usr/bin/", "/usr/lib/", "/usr/lib64/"))
    }


def _standard_library() -> list[str]:
    base = {"base": sys.base_prefix, "platbase": sys.base_exec_prefix}
    base |= {f"installed_{name}": prefix for name, prefix in base.items()}
    return sorted({sysconfig.get_path("stdlib", vars=base), sysconfig.get_path("platstdlib", vars=base)})


def _installed_by_others() -> str | None:
    """The folder beside the standard library that holds what somebody installed for himself."""
    folder = Path(_standard_library()[0], "site-packages")
    return str(folder) if folder.is_dir() and str(folder) not in _system() else None


def _own(runtime: Path) -> dict[str, str]:
    etc = {f"/etc/{stub.name}": str(stub) for stub in (runtime / "etc").iterdir()}
    inside = Path(__file__).parent / "inside"
    return {RUNTIME: str(runtime), f"{LAUNCHER}/inside": str(inside), **etc}
