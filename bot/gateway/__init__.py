"""The connection to Discord: `make_client`, `Events` for what comes over it, `Gateway` to keep it up."""

from bot.gateway.client import guard_parsers, log_in, make_client, point_at
from bot.gateway.events import Events
from bot.gateway.gateway import Gateway

__all__ = ["Events", "Gateway", "guard_parsers", "log_in", "make_client", "point_at"]
