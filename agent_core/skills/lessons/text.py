"""What a lesson says: a case, the code that failed it, the code that mends that, and what both ran with."""

import ast
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from pydantic import TypeAdapter

from agent_core.skills.signature import Signature
from agent_core.skills.values import Origin

MOST_SHOWN = 1_500
"""Characters of a lesson that a model is shown."""
_LONGEST_TASK = 300
_LONGEST_CASE = 400
_NAME = 12
"""Hexadecimal digits of a lesson's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A repair, with the case that shows it."""

    task: str
    signature: Signature
    before: str
    after: str
    case: str
    origin: Origin
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of Python and of each package that it imports, when its case last held."""

    @property
    def id(self) -> str:
        """Equal for repairs that are the same."""
        whole = "\0".join((str(self.signature), self.before, self.after))
        return sha256(whole.encode("utf-8", "replace")).hexdigest()[:_NAME]

    def shown(self) -> str:
        """The lesson as a model reads it: the error, the case, and what was changed."""
        changed = difflib.unified_diff(
            self.before.splitlines(), self.after.splitlines(), "before", "after", lineterm="", n=2
        )
        lines = [
            f"Error: {self.signature}",
            f"Met in: {' '.join(self.task.split())[:_LONGEST_TASK]}",
            f"Case: {self.case.strip()[:_LONGEST_CASE]}",
            "Mended by:",
            *changed,
        ]
        return "\n".join(lines)[:MOST_SHOWN]

    def imported(self) -> frozenset[str]:
        """The top names of what it imports."""
        return imported(self.before) | imported(self.after) | imported(self.case)


TEXT: TypeAdapter[Lesson] = TypeAdapter(Lesson)
"""How it is kept."""


def imported(source: str) -> frozenset[str]:
    """The top names of the modules that a source imports; nothing where it is no Python."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    names = {one.name for node in nodes if isinstance(node, ast.Import) for one in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return frozenset(name.partition(".")[0] for name in names)
