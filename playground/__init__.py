"""Stand-ins for the outside world, reached only over sockets: a Discord-compatible server with a web page."""

from playground.errors import PlaygroundError
from playground.server import Playground

__all__ = ["Playground", "PlaygroundError"]
