"""The long-term memory of every server: what was said, told, learnt. Found by meaning and by words.

`Memory` is the door. Each call names its server, each key carries its id, and no index spans two of them.
"""

from agent_core.memory.embedder import Embedder
from agent_core.memory.memory import Found, Memory, Stats
from agent_core.memory.secrecy import secret_in
from agent_core.memory.sessions import SessionMemory
from agent_core.memory.values import ALL_CHANNELS, AllChannels, Channels, Kind, Recall, Record, Seen
from agent_core.memory.weights import DEFAULT_MODEL

__all__ = [
    "ALL_CHANNELS",
    "DEFAULT_MODEL",
    "AllChannels",
    "Channels",
    "Embedder",
    "Found",
    "Kind",
    "Memory",
    "Recall",
    "Record",
    "Seen",
    "SessionMemory",
    "Stats",
    "secret_in",
]
