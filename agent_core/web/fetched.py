"""Plain values of the fetcher."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What a server answered, whatever its status."""

    url: str
    """Where the answer came from, after all redirects."""
    status: int
    content_type: str
    """As the server sent it, with parameters; empty where it sent none. Not to be believed."""
    body: bytes
    """Already decompressed and within the cap."""
    wait_s: float | None = None
    """How long the server asks to wait before it is asked again; None where it does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """Which hosts a server's rules open and close. A host stands for itself and everything below it."""

    allow: tuple[str, ...] = ()
    """Only these, where there are any."""
    deny: tuple[str, ...] = ()
    """Never these; stronger than `allow`."""

    def permit(self, host: str) -> bool:
        """Whether the lists let this host pass."""
        name = host.rstrip(".").lower()
        if any(_below(name, entry) for entry in self.deny):
            return False
        return not self.allow or any(_below(name, entry) for entry in self.allow)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRecord:
    """One line of the audit: what was asked, and what came of it."""

    url: str
    outcome: str
    """`fetched`, or the class of the error."""
    reason: str = ""
    final_url: str = ""
    status: int = 0
    size: int = 0
    """Bytes of the decompressed body."""
    sent: int = 0
    """Bytes that went out, where they are counted."""
    addresses: tuple[str, ...] = ()
    """Every address dialled, in order."""
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """On whose behalf something is fetched: the server's lists, and who keeps the audit."""

    hosts: Hosts = Hosts()
    records: list[FetchRecord] | None = None
    """Every fetch is appended here too."""
    leads: Callable[[str], bool] | None = None
    """Which addresses a redirect may lead to; None is any."""


NO_VISIT = Visit()


def _below(name: str, entry: str) -> bool:
    parent = entry.strip().strip(".").lower()
    return bool(parent) and (name == parent or name.endswith("." + parent))
