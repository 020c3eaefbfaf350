"""The connection to Discord: `make_client`, `Events` for what comes over it, `Gateway` to keep it up."""

from bot.gateway.client import guard_parsers, log_in, make_client, point_at
from bot.gateway.events import Events
from bot.gateway.gateway import Gateway
from bot.gateway.probe import Patience

__all__ = ["Events", "Gateway", "Patience", "guard_parsers", "log_in", "make_client", "point_at"]
