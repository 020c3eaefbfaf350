"""Addresses that strangers may have planted: nothing that Discord would open by itself. Pure.

What stands in code is left exact: Discord opens nothing there, and people have to see what they allow.
"""

import re
from dataclasses import replace
from pathlib import PurePosixPath

from agent_core.values import FileRef, NamedFile
from bot.render.post import Attachment

_CODE = re.compile(r"(?<![\\`])(`+)(?!`)(?:.*?[^`])\1(?!`)", re.DOTALL)
_ADDRESS = re.compile(r"http(s?)(?=://(?!discord\.com/channels/\d))", re.IGNORECASE)
_INVITE = re.compile(r"\b(discord(?:app)?)\.(gg|com/invite)(?=/)", re.IGNORECASE)
LOOK_FIRST = "this goal has read pages of strangers, look before you run it"
_PLAIN = frozenset(
    {
        *(".md", ".txt", ".csv", ".tsv", ".json", ".jsonl", ".yaml", ".yml", ".log", ".pdf"),
        *(".png", ".jpg", ".jpeg", ".gif", ".webp", ".mp3", ".wav", ".ogg", ".mp4", ".zip", ".gz"),
        *(".xlsx", ".docx", ".pptx", ".parquet", ".npy", ".npz", ".sqlite", ".db"),
    }
)
"""Endings of files that no program runs when somebody opens them."""


def defanged(text: str) -> str:
    """The text with addresses that can be read and not followed."""
    pieces: list[str] = []
    end = 0
    for code in _CODE.finditer(text):
        pieces += [_harmless(text[end : code.start()]), code[0]]
        end = code.end()
    return "".join([*pieces, _harmless(text[end:])])


def is_risky(file: Attachment) -> bool:
    """Whether opening it could run what a stranger wrote: a page, a drawing, a script, a program."""
    if not isinstance(file.content, NamedFile):
        return False  # made here, to show something
    return could_run(file.name, file.content.file)


def could_run(name: str, file: FileRef) -> bool:
    """Whether a program would run it when somebody opens it."""
    return PurePosixPath(name).suffix.lower() not in _PLAIN or bool(file.mode & 0o111)


def packed(files: tuple[Attachment, ...]) -> tuple[tuple[Attachment, ...], str]:
    """The files of a session that has read strangers' texts, risky ones to be zipped, and the label."""
    risky = [file for file in files if is_risky(file)]
    if not risky:
        return files, ""
    names = ", ".join(f"`{file.name.replace('`', 'ˋ')[:60]}`" for file in risky[:5])
    more = f" and {len(risky) - 5} more" if len(risky) > 5 else ""
    label = f"-# 📦 zipped: {names}{more} · {LOOK_FIRST}"
    return tuple(replace(file, zipped=True) if file in risky else file for file in files), label


def _harmless(text: str) -> str:
    text = _ADDRESS.sub(lambda found: f"hxxp{found[1].lower()}", text)
    return _INVITE.sub(r"\1[.]\2", text)
