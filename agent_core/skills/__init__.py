"""What learning stands on: checks that a script cannot reach, and what to try first, from past tries."""

from agent_core.skills.checking import Checker, Verdict
from agent_core.skills.gate import Gate, Judgement
from agent_core.skills.selection import Credit, Experience, View, Worth
from agent_core.skills.signature import Severity, Signature, of_difference, of_run

__all__ = [
    "Checker",
    "Credit",
    "Experience",
    "Gate",
    "Judgement",
    "Severity",
    "Signature",
    "Verdict",
    "View",
    "Worth",
    "of_difference",
    "of_run",
]
