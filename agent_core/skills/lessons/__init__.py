"""What a server has learnt about writing code: what failed, what mended it, what showing that is worth."""

from agent_core.skills.lessons.lessons import Attempt, Lessons
from agent_core.skills.lessons.notebook import Known, Notebook, Noted, Task, hint, skill_hint
from agent_core.skills.lessons.records import (
    Came,
    Forgot,
    Learnt,
    Reviewed,
    Standing,
    Stood,
    Tried,
    Undone,
    Viewed,
)
from agent_core.skills.lessons.text import Lesson
from agent_core.skills.lessons.versions import Versions

__all__ = [
    "Attempt",
    "Came",
    "Forgot",
    "Known",
    "Learnt",
    "Lesson",
    "Lessons",
    "Notebook",
    "Noted",
    "Reviewed",
    "Standing",
    "Stood",
    "Task",
    "Tried",
    "Undone",
    "Versions",
    "Viewed",
    "hint",
    "skill_hint",
]
