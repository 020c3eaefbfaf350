"""The journal of a session becomes what its thread shows: each post once, at Discord's pace."""

from bot.reporter.card import Pace
from bot.reporter.reporter import Reporter

__all__ = ["Pace", "Reporter"]
