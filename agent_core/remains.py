"""What was found so far of one member's words, in the sessions and the memories of a server."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agent_core.memory import Record
from agent_core.memory.sessions import FRAME
from agent_core.quotes import Quotes, quotes_of
from agent_core.tombstones import Gone
from agent_core.traces import Trace, families


@dataclass(slots=True, kw_only=True)
class Remains:
    """Grows while it is looked for, until nothing new comes up."""

    guild_id: str
    person_id: str
    traces: dict[str, Trace] = field(default_factory=dict[str, Trace])
    """Session id -> what it has of the member."""
    memories: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Memories that go -> what in them is the member's."""
    skills: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Skills that go -> the words in which they were shown."""
    quotes: set[str] = field(default_factory=set[str])
    """By which files are known to hold their words; casefolded."""
    files: set[str] = field(default_factory=set[str])
    """sha256 of what the sessions named that hold something of theirs."""
    _heard: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """Session id -> what of theirs it ever held: once it is taken out, the journal no longer says."""

    def families(self) -> list[list[Trace]]:
        """The sessions in which something of theirs may stand, those that are tied to each other together."""
        return [family for family in families(self.traces.values()) if any(map(self.holds, family))]

    def holds(self, one: Trace) -> bool:
        """Whether the session itself held something of theirs."""
        return one.touched or bool(self._shown(one)) or one.ref.id in self._heard

    def gone(self, family: Sequence[Trace], files: frozenset[str] = frozenset()) -> Gone:
        """What is to go from these sessions. `files`: those that were found to hold their words."""
        dropped = frozenset(sha256 for one in family for sha256 in one.dropped)
        return Gone(
            person_id=self.person_id,
            quotes=self._quotes_of(family),
            messages=frozenset(message for one in family for message in one.messages),
            files=dropped | files,
            after_own=any(one.own for one in family),
        )

    def derived(self, records: Sequence[Record]) -> dict[str, Quotes]:
        """The memories that the agent made of their words, and what in them is theirs."""
        rare: set[str] = set()
        here: dict[str, Quotes] = {}
        for family in self.families():
            quotes = self._quotes_of(family)
            here |= {one.thread_id: quotes for one in family if one.thread_id is not None}
            rare |= quotes.rare
        anywhere = quotes_of(rare, ())
        found: dict[str, Quotes] = {}
        for record in records:
            if any(source.kind == "message" for source in record.sources):
                continue  # what others said is theirs
            near = [here[one.channel_id] for one in record.sources if one.channel_id in here]
            held = next((one for one in near if one.among(record.text)), None)
            if held or any(one in record.text.casefold() for one in rare):
                found[record.id] = held or anywhere
        return found

    def gather(self) -> None:
        """Note by which quotes files and skills are known."""
        for family in self.families():
            self.quotes |= self._quotes_of(family).telling

    def _shown(self, one: Trace) -> frozenset[str]:
        """Ids of the memories and skills that the session was shown and that go."""
        shown = {each.id for each in one.shown}
        return one.of_them | {name for name in shown if name in self.memories or name in self.skills}

    def _quotes_of(self, family: Sequence[Trace]) -> Quotes:
        ids: set[str] = set()
        for one in family:
            if self.holds(one):
                ids |= self._shown(one)
                self._hear(one)
        theirs = [text for one in family for text in self._heard.get(one.ref.id, ())]
        others = [FRAME, *(text for one in family for text in one.others)]
        others += [
            shown.text
            for one in family
            for shown in one.shown
            if shown.kind == "message" and shown.id not in ids
        ]
        return quotes_of(theirs, others, ids, [text for name in ids for text in self.skills.get(name, ())])

    def _hear(self, one: Trace) -> None:
        heard = self._heard.setdefault(one.ref.id, set())
        heard.update(one.theirs)
        heard.update(text for name in self._shown(one) for text in self.memories.get(name, ()))
        heard.update(shown.text for shown in one.shown if shown.id in one.of_them)
