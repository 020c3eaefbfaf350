"""What learning stands on: checks that a script cannot reach, and what to try first, from past tries."""

from agent_core.skills.checking import Checker, Verdict
from agent_core.skills.gate import Gate, Judgement
from agent_core.skills.selection import Experience, Lesson, book, choose
from agent_core.skills.signature import Severity, Signature, of_difference, of_run

__all__ = [
    "Checker",
    "Experience",
    "Gate",
    "Judgement",
    "Lesson",
    "Severity",
    "Signature",
    "Verdict",
    "book",
    "choose",
    "of_difference",
    "of_run",
]
