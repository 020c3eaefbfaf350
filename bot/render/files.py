"""Which files go into which message: at most ten, within one request, each within the limit. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from agent_core.values import NamedFile
from bot.render.escape import clean
from bot.render.post import Attachment

MOST_FILES = 10
REQUEST_LIMIT = 24 * 1024 * 1024
"""Bytes of files in one request, a little under what Discord takes."""
_LONGEST_NAME = 100


def attachments(files: Iterable[NamedFile]) -> tuple[Attachment, ...]:
    """Workspace files as attachments, named by the last part of their path."""
    return tuple(Attachment(name=PurePosixPath(file.path).name, content=file) for file in files)


def batches(files: Sequence[Attachment], upload_limit: int) -> list[tuple[Attachment, ...]]:
    """The files of each message. One over the limit is marked to be zipped, in a message of its own."""
    done: list[tuple[Attachment, ...]] = []
    batch: list[Attachment] = []
    total = 0
    for file in files:
        if file.size > upload_limit:
            done.append(_apart([replace(file, zipped=True)]))
            continue
        if batch and (len(batch) == MOST_FILES or total + file.size > REQUEST_LIMIT):
            done.append(_apart(batch))
            batch, total = [], 0
        batch.append(file)
        total += file.size
    return [_apart(batch), *done] if batch else done


def _apart(files: Sequence[Attachment]) -> tuple[Attachment, ...]:
    """The files under names that differ within their message and that Discord takes as they are."""
    taken: set[str] = set()
    named: list[Attachment] = []
    for file in files:
        plain = PurePosixPath(plain_name(file.name))
        name, number = plain, 2
        while name.name.lower() in taken:
            name, number = plain.with_name(f"{plain.stem} ({number}){plain.suffix}"), number + 1
        taken.add(name.name.lower())
        named.append(replace(file, name=name.name))
    return tuple(named)


def plain_name(name: str) -> str:
    """The name in one line, without what would be a folder or a quote, and not too long."""
    flat = "".join("_" if character in '\\/:"\n\t' else character for character in clean(name)).strip(" ")
    if flat.strip(".") == "":
        return "file"
    stem, suffix = PurePosixPath(flat).stem, PurePosixPath(flat).suffix[:20]
    return stem[: _LONGEST_NAME - len(suffix)] + suffix
