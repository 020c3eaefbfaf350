"""The composition root: builds the parts of one role, joins them, and closes them in order."""

from bot.app.running import Running, running
from bot.app.serve import serve

__all__ = ["Running", "running", "serve"]
