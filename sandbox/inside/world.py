"""What the fork server has and every copy of it needs."""

import os
import struct

LOWEST = 3
END = struct.Struct("ic")
"""How a script ended: its exit code, and what is noted of an error that nobody caught."""


class World:
    """A plain class: dataclasses take 20 ms to import."""

    def __init__(self, owner: int, owners: int, views: tuple[int, int], filters: tuple[bytes, bytes]) -> None:
        self.owner = owner
        """The user to become, or -1: nobody else."""
        self.owners = owners
        """A user namespace that shows root's files as `owner`'s, or -1."""
        self.can_lay = owner < 0 or owners >= 0
        """Whether the files of a workspace can be the box's own where they lie."""
        self.home, self.base = views
        """Mount namespaces: the server's, which has the machine's files; and what boxes begin with."""
        self.rehearses = True
        """Whether a box does ahead what every script takes: memory for time, where scripts are short."""
        self.filters = filters
        """Seccomp programs: for the keeper, which may mount; for what runs the code."""

    def descriptors(self) -> tuple[int, ...]:
        """Those that must stay open until a job comes."""
        return (self.owners, self.home, self.base)


def close_all_but(*kept: int) -> None:
    """Let go of every descriptor but the standard ones and `kept`."""
    first = LOWEST
    for fd in sorted({fd for fd in kept if fd >= LOWEST}):
        os.closerange(first, fd)
        first = fd + 1
    os.closerange(first, 1 << 20)
