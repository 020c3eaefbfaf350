"""Goals that begin by themselves: once or again and again, each moment once, whatever dies."""

from agent_core.schedule.phrases import Rhythm, following, understand
from agent_core.schedule.plan import MOST, MOST_FAILURES, Plan
from agent_core.schedule.plans import Plans

__all__ = ["MOST", "MOST_FAILURES", "Plan", "Plans", "Rhythm", "following", "understand"]
