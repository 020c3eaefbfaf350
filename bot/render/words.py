"""How numbers, names and files are written, so that every post says them alike. Pure."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from agent_core.values import NamedFile, Right, ServerRules
from bot.render.escape import clean, code, cut
from bot.render.split import size

_TITLE_ROOM = 90

LANGUAGES = {
    ".py": "python",
    ".sh": "sh",
    ".md": "md",
    ".json": "json",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".toml": "ini",
    ".ini": "ini",
    ".html": "html",
    ".xml": "xml",
    ".css": "css",
    ".js": "js",
    ".ts": "ts",
    ".sql": "sql",
    ".c": "c",
    ".h": "c",
    ".cpp": "cpp",
    ".rs": "rust",
    ".go": "go",
    ".java": "java",
    ".tex": "tex",
    ".diff": "diff",
}
"""File extension -> the language of its code fence."""


def dollars(amount: float) -> str:
    """US$ with two decimals, more where the amount is small."""
    return f"${amount:.4f}" if 0 < amount < 0.1 else f"${amount:.2f}"


def data_size(count: int) -> str:
    """Bytes as people read them."""
    if count < 1000:
        return counted(count, "byte")
    for unit, step in (("KB", 1e3), ("MB", 1e6)):
        if count < step * 1000:
            return f"{count / step:.1f} {unit}"
    return f"{count / 1e9:.1f} GB"


def counted(count: int, one: str) -> str:
    """A number and its noun."""
    return f"{count:,} {one}" if count == 1 else f"{count:,} {one}s"


def language_of(path: str) -> str:
    """The fence language for a file; none for what has no colours."""
    return LANGUAGES.get(PurePosixPath(path).suffix.lower(), "")


def named(files: Iterable[NamedFile], *, most: int = 8) -> str:
    """The files of a list with their sizes, in one line."""
    every = list(files)
    shown = [f"{code(file.path, 60)} ({data_size(file.file.size)})" for file in every[:most]]
    left = len(every) - len(shown)
    return ", ".join(shown) + (f" and {left} more" if left else "")


def thread_title(goal: str) -> str:
    """The name of a goal's thread: its first words, with room for an emoji before them."""
    words = " ".join(clean(goal).split())
    if size(words) > _TITLE_ROOM:
        end = words.rfind(" ", 40, _TITLE_ROOM)
        words = cut(words[:end] if end > 0 else words, _TITLE_ROOM)
    return words or "Goal"


def who(rules: ServerRules, right: Right) -> str:
    """Who holds a right, without pinging anybody."""
    roles = rules.roles.get(right, ())
    shown = ", ".join(f"<@&{role}>" for role in roles[:5]) + (" …" if len(roles) > 5 else "")
    return shown or "members with Manage Server"
