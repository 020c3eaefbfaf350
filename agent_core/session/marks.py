"""Where the texts of a session come from. Folded from events, so that no summary can lose it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from agent_core.events import Event, PersonSpoke, SessionStarted, WordsChanged
from agent_core.links import canonical, keys_of, links_in
from agent_core.outside import Installed, Marked
from agent_core.thinking import Recalled
from agent_core.values import Inherited, NamedFile, Package, Source

MEMORY = "memory:server"
"""What stands for an address where a text was recalled."""


@dataclass(slots=True, kw_only=True)
class Marks:
    """The two marks with their reasons, the addresses that are known, and what was installed."""

    sources: list[Source] = field(default_factory=list[Source])
    """Every text of a stranger so far; not empty means tainted."""
    private: list[str] = field(default_factory=list[str])
    """Everything private so far; not empty means private."""
    addresses: set[str] = field(default_factory=set[str])
    """Keys of addresses that a person gave, or that stood in a hit or a page."""
    installed: list[Package] = field(default_factory=list[Package])

    @property
    def tainted(self) -> bool:
        """The context holds a stranger's text."""
        return bool(self.sources)

    @property
    def places(self) -> tuple[str, ...]:
        """Where the texts of strangers came from, the newest last."""
        return tuple(source.url for source in self.sources)

    def take(self, event: Event) -> None:
        """Fold one event in; most change nothing here."""
        match event:
            case SessionStarted():
                self.mark(event.marks.tainted, event.marks.private, event.marks.addresses)
                self._hear(f"{event.goal}\n{event.done_when}", event.files)
            case PersonSpoke():
                self._hear(event.text, event.files)
            case WordsChanged():
                self._hear(event.text or "", ())
            case Marked():
                self.mark(event.tainted, event.private, event.addresses)
            case Recalled():
                self._recall(event)
            case Installed():
                self._install(event)
            case _:
                pass

    def mark(self, tainted: Iterable[Source], private: Iterable[str], addresses: Iterable[str]) -> None:
        """Add to what is there, the newest last; a source that is known keeps its number."""
        for source in tainted:
            known = any(one.number == source.number for one in self.sources)
            if known and source.how == "hit":
                continue  # it was read since, or found before
            self.sources = [one for one in self.sources if one.number != source.number]
            self.sources.append(source)
        self.private += [what for what in dict.fromkeys(private) if what not in self.private]
        self.addresses |= set(addresses)

    def number_of(self, url: str) -> int:
        """The number of this source, a new one where it is new."""
        wanted = canonical(url)
        found = (source.number for source in self.sources if canonical(source.url) == wanted)
        return next(found, max((source.number for source in self.sources), default=0) + 1)

    def passed_on(self) -> Inherited:
        """What a session that starts from this one begins with."""
        return Inherited(
            tainted=tuple(self.sources), private=tuple(self.private), addresses=tuple(sorted(self.addresses))
        )

    def _hear(self, text: str, files: Iterable[NamedFile]) -> None:
        """A person's words make addresses known, their files are private."""
        self.mark((), (one.path for one in files), keys_of(links_in(text)))

    def _recall(self, recalled: Recalled) -> None:
        """Memories that strangers wrote, or that not everybody may read."""
        source = Source(number=self.number_of(MEMORY), url=MEMORY, title="this server's memory", how="memory")
        self.mark((source,) if recalled.tainted else (), (MEMORY,) if recalled.private else (), ())

    def _install(self, installed: Installed) -> None:
        """Of one name the newer stands."""
        names = {package.name for package in installed.packages}
        self.installed = [package for package in self.installed if package.name not in names]
        self.installed += installed.packages
