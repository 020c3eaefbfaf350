"""The skills of every server: what was proven and what failed, kept, found, changed and forgotten.

Each call names its server. Whoever reads says which channels they may read, as with memories.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from functools import partial

from agent_core.clock import Clock
from agent_core.errors import RefusedError, StoreUnavailableError
from agent_core.memory.embedder import Embeds
from agent_core.memory.values import Channels
from agent_core.skills.finding import Finder, Hit
from agent_core.skills.gate import Judgement
from agent_core.skills.normal import skill_key
from agent_core.skills.records import FORMAT, STORED, Filed, Forgot, Ran, Record, Standing, Stood
from agent_core.skills.shelves import Change, Shelves, Skill
from agent_core.skills.signature import Signature
from agent_core.skills.undoing import Undone
from agent_core.skills.values import CARD, Card, Script, Shelf, checked
from agent_core.storage.blobs import BlobStore
from agent_core.storage.chronicle import Chronicle, Records

_MOST_KEPT = 2000
"""Cards that are kept in memory, of all servers together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A skill with its card."""

    skill: Skill
    card: Card


class Library:
    """The door to the skills."""

    def __init__(
        self,
        *,
        records: Chronicle,
        blobs: BlobStore,
        clock: Clock,
        embedder: Embeds,
        at_hand: Callable[[], bool],
    ) -> None:
        """`at_hand`: whether the embedder is loaded; until then words alone find a skill."""
        self._records = Records(records, clock, begin=Shelves, stored=STORED, format=FORMAT)
        self._blobs = blobs
        self._clock = clock
        self._finder = Finder(embedder, at_hand)
        self._texts: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    async def shelves(self, guild_id: str) -> Shelves:
        """Everything as it is now. To be read only. Raises StoreUnavailableError."""
        return await self._records.of(guild_id)

    async def history(self, guild_id: str) -> list[Change]:
        """Every change, oldest first."""
        return (await self.shelves(guild_id)).changes()

    async def held(
        self,
        guild_id: str,
        *,
        channels: Channels,
        shelf: Shelf | None = None,
        archived: bool | None = False,
    ) -> list[Held]:
        """The skills that may be read in these channels, the newest filing last; `archived` None: both."""
        wanted = [
            skill
            for skill in (await self.shelves(guild_id)).skills.values()
            if shelf in (None, skill.shelf) and archived in (None, skill.archived)
        ]
        return await self._readable(guild_id, wanted, channels)

    async def find(
        self,
        guild_id: str,
        query: str,
        k: int = 5,
        *,
        channels: Channels,
        shelf: Shelf = "successes",
        quarantined: bool = False,
    ) -> list[Hit]:
        """The best k for this by meaning and words; those in quarantine only where they are asked for."""
        held = await self.held(guild_id, channels=channels, shelf=shelf)
        among = [(one.skill, one.card) for one in held if quarantined or not one.skill.quarantined]
        return await self._finder.find(query, among, k, self._clock.now())

    async def named(self, guild_id: str, name: str, *, channels: Channels) -> Held:
        """The skill of this id or name, of several the best proven, then the newest. Raises RefusedError."""
        plain = name.strip().strip("`").lower()
        fitting = [
            one
            for one in await self.held(guild_id, channels=channels, archived=None)
            if plain in (one.skill.id, one.card.script.name)
        ]
        if not fitting:
            raise RefusedError(f"There is no skill {name[:80]!r} here. `/skills list` shows those there are.")
        exact = [one for one in fitting if one.skill.id == plain]
        best = [one for one in fitting if one.skill.usable] or [one for one in fitting if one.skill.proven]
        return (exact or best or fitting)[-1]

    async def check_of(self, guild_id: str, skill: Skill) -> str:
        """The check that judges a skill, its sealed half too."""
        return (await self._text(guild_id, skill.filed.check.sha256)).decode("utf-8", "replace")

    async def binding(self, guild_id: str, script: Script, *, channels: Channels) -> Held | None:
        """Whose check judges this script: that of the same script, else of one of its name; None: it is new.

        A check that is stored is never replaced by one that is given.
        """
        key = await asyncio.to_thread(skill_key, script.source, script.dependencies)
        fitting = await self._twins(guild_id, key, channels)
        if not fitting:
            held = await self.held(guild_id, channels=channels, archived=None)
            fitting = [one for one in held if one.card.script.name == script.name]
        proven = [one for one in fitting if one.skill.proven]
        return (proven or fitting or [None])[-1]

    async def file(
        self,
        guild_id: str,
        card: Card,
        check: str,
        judgement: Judgement,
        *,
        channels: Channels,
        parents: Collection[str] = (),
        quarantined: bool = False,
        moves: bool = False,
    ) -> Skill:
        """Put a judged script where it belongs, once however often it is offered.

        `channels`: what whoever offers it may read; only a twin there is one. `moves`: what is proven goes to
        the failures where it fails now, else that is only counted. What a tainted session made is quarantined
        whatever is said here. Raises RefusedError.
        """
        card = replace(card, script=checked(card.script))
        key = await asyncio.to_thread(skill_key, card.script.source, card.script.dependencies)
        twins = await self._twins(guild_id, key, channels)
        twin = next((one for one in twins if one.skill.proven), twins[0] if twins else None)
        if twin is not None:
            card = twin.card
        card_file = await self._blobs.put_bytes(guild_id, CARD.dump_json(card))
        filed = Filed(
            skill=twin.skill.id if twin else await self._free_id(guild_id, key, card),
            key=key,
            shelf="successes" if judgement.passed else "failures",
            card=card_file,
            check=await self._blobs.put_bytes(guild_id, check.encode("utf-8", "replace")),
            parents=tuple(parents),
            quarantined=quarantined or card.origin.tainted,
            signature=judgement.signature,
            why=judgement.text[:300],
            caught=judgement.caught,
            mutants=judgement.mutants,
            duration_s=judgement.duration_s,
        )
        due = partial(_filing, filed, moves=moves)
        return (await self._records.write(guild_id, due)).skills[filed.skill]

    async def ran(
        self, guild_id: str, skill: str, run_id: str, signature: Signature | None, duration_s: float = 0.0
    ) -> None:
        """Count a use of a skill, once for each run; `signature`: how it failed."""
        ran = Ran(skill=skill, id=run_id, signature=signature, duration_s=duration_s)
        await self._write(guild_id, ran)

    async def stand(
        self, guild_id: str, skill: str, standing: Standing, *, by: str = "", why: str = ""
    ) -> bool:
        """Release, quarantine, archive or restore a skill; False where it stood so. Raises RefusedError."""
        changed = False

        def due(shelves: Shelves) -> Record | None:
            nonlocal changed
            there = shelves.skills.get(skill)
            room = shelves.crowded_out(there.shelf, skill) if there and standing == "active" else ()
            record = Stood(skill=skill, standing=standing, by=by, why=why[:300], archived=room)
            changed = shelves.allow(record)
            return record if changed else None

        await self._records.write(guild_id, due)
        return changed

    async def undo(self, guild_id: str, number: int, *, by: str = "") -> bool:
        """Take a change back, or back again; False where it was taken back before. Raises RefusedError."""
        changed = False

        def due(shelves: Shelves) -> Record | None:
            nonlocal changed
            record = Undone(number=number, by=by)
            changed = shelves.allow(record)
            return record if changed else None

        await self._records.write(guild_id, due)
        return changed

    async def channels(self, guild_id: str) -> frozenset[str]:
        """The channels and threads from which some skill comes."""
        cards = [
            await self._card(guild_id, skill) for skill in (await self.shelves(guild_id)).skills.values()
        ]
        return frozenset(card.origin.channel_id for card in cards if card and card.origin.channel_id)

    async def forget(self, guild_id: str, *, person: str, quotes: Iterable[str] = ()) -> int:
        """Remove for good what was made for this member, and what quotes them; how many skills.

        `quotes`: pieces of text in lower case. No undoing brings it back. Raises StoreUnavailableError; then
        do it again.
        """
        gone = set(await self.quoting(guild_id, person=person, quotes=quotes))
        blobs: dict[str, set[str]] = {}
        for filed in await self._filed(guild_id):
            blobs.setdefault(filed.skill, set()).update((filed.card.sha256, filed.check.sha256))
        if not gone:
            return 0
        kept = {sha256 for skill, names in blobs.items() if skill not in gone for sha256 in names}
        away = {sha256 for skill in gone for sha256 in blobs[skill]} - kept
        await self._write(guild_id, Forgot(skills=tuple(sorted(gone))))
        for sha256 in away:
            self._texts.pop((guild_id, sha256), None)
        await self._blobs.remove(guild_id, sorted(away), 0.0)
        return len(gone)

    async def quoting(
        self, guild_id: str, *, person: str, quotes: Iterable[str] = ()
    ) -> dict[str, tuple[str, ...]]:
        """The skills that `forget` would remove, each with the words in which goals were shown it."""
        wanted = [quote for quote in quotes if quote]
        found: dict[str, tuple[str, ...]] = {}
        for filed in await self._filed(guild_id):
            if await self._is_of(guild_id, filed, person, wanted):
                data = await self._text_or_none(guild_id, filed.card.sha256)
                words = () if data is None else CARD.validate_json(data).lines
                found[filed.skill] = (*found.get(filed.skill, ()), *words)
        return found

    async def _filed(self, guild_id: str) -> list[Filed]:
        changes = await self.history(guild_id)
        return [change.record for change in changes if isinstance(change.record, Filed)]

    def drop(self, guild_id: str) -> None:
        """Let go of what is kept in memory of a server that is purged."""
        for key in [key for key in self._texts if key[0] == guild_id]:
            del self._texts[key]

    async def _is_of(self, guild_id: str, filed: Filed, person: str, quotes: Collection[str]) -> bool:
        card = await self._text_or_none(guild_id, filed.card.sha256)
        check = await self._text_or_none(guild_id, filed.check.sha256)
        if card is not None and CARD.validate_json(card).origin.person == person:
            return True
        words = b"\n".join((card or b"", check or b"")).decode("utf-8", "replace").casefold()
        return any(quote in words for quote in quotes)

    async def _write(self, guild_id: str, record: Record) -> Shelves:
        return await self._records.write(guild_id, lambda there: record if there.allow(record) else None)

    async def _twins(self, guild_id: str, key: str, channels: Channels) -> list[Held]:
        """The same script, wherever it stands."""
        wanted = [one for one in (await self.shelves(guild_id)).skills.values() if one.filed.key == key]
        return await self._readable(guild_id, wanted, channels)

    async def _readable(self, guild_id: str, skills: Iterable[Skill], channels: Channels) -> list[Held]:
        cards = [(skill, await self._card(guild_id, skill)) for skill in skills]
        return [
            Held(skill=skill, card=card)
            for skill, card in cards
            if card is not None and card.origin.may_be_read(channels)
        ]

    async def _free_id(self, guild_id: str, key: str, card: Card) -> str:
        """The script's own name; a longer one where somebody else's twin has it whom nobody here knows."""
        taken = (await self.shelves(guild_id)).skills
        return f"{key}-{card.origin.channel_id or 'all'}" if key in taken else key

    async def _card(self, guild_id: str, skill: Skill) -> Card | None:
        """None where it has just been forgotten."""
        text = await self._text_or_none(guild_id, skill.filed.card.sha256)
        return CARD.validate_json(text) if text is not None else None

    async def _text_or_none(self, guild_id: str, sha256: str) -> bytes | None:
        try:
            return await self._text(guild_id, sha256)
        except StoreUnavailableError:
            return None

    async def _text(self, guild_id: str, sha256: str) -> bytes:
        key = (guild_id, sha256)
        if key not in self._texts:
            self._texts[key] = await self._blobs.read(guild_id, sha256)
        self._texts.move_to_end(key)
        while len(self._texts) > _MOST_KEPT:
            self._texts.popitem(last=False)
        return self._texts[key]


def _filing(filed: Filed, shelves: Shelves, *, moves: bool) -> Record | None:
    """What is to be written where this was judged; None where that is known."""
    there = shelves.skills.get(filed.skill)
    counted = Ran(
        skill=filed.skill,
        id=f"filed:{shelves.number}",
        signature=filed.signature,
        duration_s=filed.duration_s,
    )
    if there is None:
        return replace(filed, archived=shelves.crowded_out(filed.shelf, filed.skill))
    if there.proven:
        if filed.shelf == "successes":
            return None
        if not moves:
            return counted
    elif filed.shelf == "failures":
        return counted
    return replace(
        filed,
        parents=there.filed.parents,
        quarantined=there.quarantined or filed.quarantined,
        archived=shelves.crowded_out(filed.shelf, filed.skill),
    )
