"""What people do in the threads of goals, turned into signals: `Words` for messages, `Presses` for emoji."""

from bot.inbound.notes import Notes
from bot.inbound.presses import Presses
from bot.inbound.words import Words

__all__ = ["Notes", "Presses", "Words"]
