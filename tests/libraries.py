"""The library of skills as tests look into it: it finds by words, so that nothing is loaded."""

from agent_core.clock import Clock
from agent_core.memory import Embedder
from agent_core.skills import Library
from agent_core.storage import Storage


def library_of(storage: Storage, clock: Clock | None = None) -> Library:
    """The skills in these stores."""
    return Library(
        records=storage.skills,
        blobs=storage.blobs,
        clock=clock or Clock(),
        embedder=Embedder(),
        at_hand=lambda: False,
    )
