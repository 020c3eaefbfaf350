"""The second process of a box: seals itself, waits for the word, and becomes the script."""

# pathlib is a slow import, and the places here are the box's own
# ruff: noqa: PTH123

import os
import struct
from typing import NoReturn

from . import kernel, script
from .order import Order, limit_all
from .world import World, close_all_but

USER = 1000
_NICE = 5
_NAMESPACE_KINDS = ("user", "pid", "mnt", "net", "ipc", "uts", "cgroup", "time")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_LINE = 4096
_ERRORS = 2


class Runner:
    """`settings` leads to the kernel's settings per user; the last two to the keeper and from it."""

    def __init__(self, world: World, settings: int, telling: int, going: int) -> None:
        self._world = world
        self._settings = settings
        self._telling = telling
        self._going = going

    def stand_by(self, streams: list[int]) -> NoReturn:
        """Do all that can be done before the job is known; never returns.

        `streams` are where its output, its errors and its last word go.
        """
        try:
            data, word = self._seal(streams)
            order = Order(os.read(self._going, _LINE))
            for fd in (self._going, self._telling):
                os.close(fd)
            self._telling = _ERRORS
            order.limit(0 if order.shell else data)
            os.chdir("/workspace")
        except (OSError, ValueError, IndexError) as error:
            os.write(self._telling, b"e" + str(error).encode(errors="replace")[:1000])
            os._exit(1)
        if order.shell:
            script.run_shell()
        if order.read_only:
            script.set_path()
        script.run_python(word)

    def _seal(self, streams: list[int]) -> tuple[int, int]:
        """Be what the script may be; the bytes of private mappings so far, and where the last word goes."""
        out, err, word = streams
        os.setsid()
        if self._world.rehearses:
            script.rehearse()
        script.reseed()
        script.offer_fonts()
        _become_nobody()
        self._limit_namespace()
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.nice(_NICE)
        limit_all()
        close_all_but(word, self._telling, self._going)
        kernel.drop_capabilities()
        kernel.set_dumpable()
        kernel.load_filter(self._world.filters[1])
        script.prepare()
        data, resident = _memory()
        os.write(self._telling, b"h" + struct.pack("<q", resident))
        return data, word

    def _limit_namespace(self) -> None:
        """No further namespace of any kind."""
        for kind in _NAMESPACE_KINDS:
            kernel.set_value(f"max_{kind}_namespaces", "0", inside=self._settings)


def _become_nobody() -> None:
    """A user namespace of which nothing around us is part."""
    inner = os.geteuid()
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")
    kernel.unshare(kernel.CLONE_NEWUSER)
    kernel.set_dumpable()
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{USER} {inner} 1"),
        ("gid_map", f"{USER} {inner} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _memory() -> tuple[int, int]:
    """Bytes of private mappings, and bytes in use that are no file's: what the packages brought along."""
    with open("/proc/self/statm") as file:
        _, resident, shared, _, _, data, _ = map(int, file.read().split())
    return data * _PAGE, (resident - shared) * _PAGE
