"""Which folder under DATA_DIR is this process's alone: several workers of one machine may share the rest."""

import fcntl
import itertools
import os
from contextlib import ExitStack
from pathlib import Path

from agent_core.errors import StartError


def own_folder(stack: ExitStack, root: Path) -> Path:
    """A folder that no other process uses as long as this one lives; after a kill the next one takes it over.

    Raises StartError where nothing can be written there.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        for number in itertools.count():
            lock = os.open(root / f"{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
            else:
                stack.callback(os.close, lock)
                return root / str(number)
    except OSError as error:
        raise StartError(
            f"{root} cannot be used ({error.strerror}): make it writable, or set DATA_DIR to another folder."
        ) from error
    raise AssertionError(root)
