"""The way into the library: whose check judges, how it comes out, and where the script is put."""

import asyncio
from dataclasses import dataclass, replace

from agent_core.errors import RefusedError
from agent_core.memory.values import Channels
from agent_core.session import State
from agent_core.skills.cases import halved
from agent_core.skills.checking import Checker
from agent_core.skills.gate import Gate, Judgement
from agent_core.skills.library import Held, Library
from agent_core.skills.normal import skill_key
from agent_core.skills.shelves import Skill
from agent_core.skills.values import MOST_SOURCE, Card, How, Origin, Script, checked
from agent_core.skills.writing import SHARPENED, Ask, sharpened, written
from sandbox import Limits, Pool

CHECK_S = 20.0
"""Seconds that a check may take: a skill is no simulation."""

_FILED = frozenset({None, "fails", "no script"})
"""What is the script's own doing. Where the check is worth nothing, nothing is filed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A script that wants to join, and who offers it."""

    card: Card
    check: str = ""
    """Used where the script is new; empty: one is written, and sharpened where it notices too little."""
    channels: Channels
    """What whoever offers it may read."""
    parents: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    """Ids of the skills that whoever offers it was to improve, or to combine."""
    quarantined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """How an offer came out."""

    skill: Skill | None
    """None: nothing was filed, since the check is worth nothing."""
    judgement: Judgement
    twin: bool = False
    """It was there already."""
    stored_check: bool = False
    """Judged by the check that was there, not by the one given."""


def origin_of(state: State, how: How = "goal") -> Origin:
    """Where a script of this session comes from."""
    return Origin(
        how=how,
        channel_id=state.thread_id or state.channel_id,
        session=state.ref.id,
        person=state.starter.id,
        model=state.started.model,
        tainted=state.tainted,
    )


class Admission:
    """Judges what is offered and files it."""

    def __init__(self, library: Library, limits: Limits) -> None:
        self.library = library
        self._limits = replace(limits, timeout_s=min(limits.timeout_s, CHECK_S))

    def gate(self, pool: Pool | None) -> Gate:
        """The judge, with boxes of this pool."""
        return Gate(Checker(self._limits, pool))

    async def offer(self, guild_id: str, offer: Offer, pool: Pool | None, ask: Ask | None = None) -> Admitted:
        """Judge the script and file it. `ask`: writes and sharpens checks; None: that is not to be had.

        Raises RefusedError where it cannot be judged, SandboxRefusedError, and what `ask` raises.
        """
        script = checked(offer.card.script)
        offer = replace(offer, card=replace(offer.card, script=script))
        bound = await self.library.binding(guild_id, script, channels=offer.channels)
        key = await asyncio.to_thread(skill_key, script.source, script.dependencies)
        same = bound is not None and bound.skill.filed.key == key
        if bound and same and bound.skill.proven and not bound.skill.archived:
            told = Judgement(fault=None, text="It was in the library already.")
            return Admitted(skill=bound.skill, judgement=told, twin=True, stored_check=True)
        check = await self._check(guild_id, offer, bound, ask)
        gate = self.gate(pool)
        judgement = await gate.judge(check, script.source)
        own = bound is None and not offer.check.strip()
        if judgement.fault == "weak check" and own and ask is not None:
            check, judgement = await _sharpen(gate, ask, script, check, judgement)
        if judgement.fault not in _FILED:
            return Admitted(skill=None, judgement=judgement, stored_check=bound is not None)
        offer = replace(
            offer, parents=offer.parents or await self._parents(guild_id, offer, bound, same=same)
        )
        skill = await self.file(guild_id, offer, check, judgement)
        return Admitted(skill=skill, judgement=judgement, stored_check=bound is not None)

    async def file(self, guild_id: str, offer: Offer, check: str, judgement: Judgement) -> Skill:
        """File what was judged by this check."""
        return await self.library.file(
            guild_id,
            offer.card,
            check,
            judgement,
            channels=offer.channels,
            parents=offer.parents,
            quarantined=offer.quarantined,
        )

    async def again(self, guild_id: str, held: Held, pool: Pool | None) -> Judgement:
        """Judge a skill anew by its own check, and move it where it belongs now."""
        check = await self.library.check_of(guild_id, held.skill)
        judgement = await self.gate(pool).judge(check, held.card.script.source)
        if judgement.fault in _FILED:
            place = held.card.origin.channel_id
            channels = {place} if place else set[str]()
            await self.library.file(guild_id, held.card, check, judgement, channels=channels, moves=True)
        return judgement

    async def _parents(
        self, guild_id: str, offer: Offer, bound: Held | None, *, same: bool
    ) -> tuple[str, ...]:
        """A newer script under a taken name is a child of what stands there, or was to be improved."""
        if bound is None:
            return offer.subjects if len(offer.subjects) > 1 else ()
        if same:
            return ()
        held = await self.library.held(guild_id, channels=offer.channels, archived=None)
        name = offer.card.script.name
        named = [
            one.skill.id for one in held if one.skill.id in offer.subjects and one.card.script.name == name
        ]
        return tuple(named) or (bound.skill.id,)

    async def _check(self, guild_id: str, offer: Offer, bound: Held | None, ask: Ask | None) -> str:
        if bound is not None:
            return await self.library.check_of(guild_id, bound.skill)
        if len(offer.check) > MOST_SOURCE:
            raise RefusedError(f"A check has at most {MOST_SOURCE:,} characters.")
        if offer.check.strip():
            try:
                return await asyncio.to_thread(halved, offer.check)
            except SyntaxError as error:
                raise RefusedError(f"The check is no Python: {error}") from error
        check = await written(ask, offer.card.script) if ask else None
        if check is None:
            raise RefusedError("There is no check that could judge this script. Give one.")
        return check


async def _sharpen(
    gate: Gate, ask: Ask, script: Script, check: str, judgement: Judgement
) -> tuple[str, Judgement]:
    """The first check that is worth its name and holds; else what there was."""
    best, told = check, judgement
    for _ in range(SHARPENED):
        newer = await sharpened(ask, script, best, told.caught, told.mutants)
        if newer is None:
            continue
        found = await gate.judge(newer, script.source)
        if found.passed:
            return newer, found
        if found.fault == "weak check" and found.caught > told.caught:
            best, told = newer, found
    return check, judgement
