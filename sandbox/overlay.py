"""Read the upper layer of an overlay: what it holds, what it hides of the one below, what shines through."""

import os
import stat

from sandbox.files import Entry, open_folder

_OPAQUE = "user.overlay.opaque"


def overlaid(upper: dict[bytes, Entry], lower: list[Entry], disk: int) -> dict[bytes, Entry]:
    """The tree that both layers show together; `lower` with parents first, `disk` a descriptor of the upper.

    A device 0/0 in the upper hides the name; a folder with a mark hides all below it, and so does whatever is
    no folder. Only the kernel makes these: a script has no call to set a mark, and makes no device.
    """
    hidden: set[bytes] = set()
    shown = {path: entry for path, entry in upper.items() if not _is_whiteout(entry)}
    for below in lower:
        parent, _, _ = below.path.rpartition(b"/")
        above = upper.get(below.path)
        if parent in hidden:
            hidden.add(below.path)
        elif above is None:
            shown[below.path] = below
        elif above.kind not in {"folder", "deep"} or below.kind != "folder" or _is_opaque(disk, above):
            hidden.add(below.path)
    return shown


def _is_whiteout(entry: Entry) -> bool:
    return stat.S_ISCHR(entry.status.st_mode) and entry.status.st_rdev == 0


def _is_opaque(disk: int, folder: Entry) -> bool:
    fd = open_folder(folder.path, inside=disk)
    try:
        return os.getxattr(fd, _OPAQUE) == b"y"
    except OSError:
        return False
    finally:
        os.close(fd)
