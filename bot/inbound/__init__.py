"""What people do in the threads of goals, turned into signals: `Words` for messages, `Presses` for emoji.

And `Threads`, which keeps the threads awake in which people are waited for.
"""

from bot.inbound.notes import Notes
from bot.inbound.presses import Presses
from bot.inbound.threads import Threads
from bot.inbound.words import Words

__all__ = ["Notes", "Presses", "Threads", "Words"]
