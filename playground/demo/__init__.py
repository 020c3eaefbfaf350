"""A demo model behind the OpenAI protocol: it plays real work for the goals it knows, and says so."""

from playground.demo.goals import GOALS, DemoGoal
from playground.demo.server import DemoModel

__all__ = ["GOALS", "DemoGoal", "DemoModel"]
